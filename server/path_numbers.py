"""Numbers in addresses: `{show:number}` for an integer key, `{scan:serial}` for a bigint one.

Starlette's own `int` takes any number of digits: Postgres refuses what its column can not hold, Python what has more than 4300. Here a
number too great for the column is 0, which nothing has, and one with more digits than any is no address of ours.
"""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor

INTEGER_MAX, BIGINT_MAX = 2**31 - 1, 2**63 - 1
MOST = {"number": INTEGER_MAX, "serial": BIGINT_MAX}


class _Number(Convertor[int]):
    most: int

    def convert(self, value: str) -> int:
        number = int(value)
        return number if number <= self.most else 0

    def to_string(self, value: int) -> str:
        return str(value)


class _Integer(_Number):
    regex, most = r"[0-9]{1,10}", INTEGER_MAX


class _Bigint(_Number):
    regex, most = r"[0-9]{1,19}", BIGINT_MAX


def register() -> None:
    """Make both known to Starlette; to be called before the first route is made."""
    register_url_convertor("number", _Integer())
    register_url_convertor("serial", _Bigint())
