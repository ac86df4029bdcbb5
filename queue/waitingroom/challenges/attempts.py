"""How often somebody may try: an allowance per network, session and address that refills steadily (GCRA).

An allowance is one number, the **time it is paid up to**: every attempt pays *every_ms* into the future, and nobody may be more
than *burst* attempts ahead of now. So the answer to "when may I try again" is exact, and a refused attempt costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Allowance:
    """One attempt per *every_ms* in the long run, *burst* of them at once. *name* is stable: it is in keys and journals."""

    name: str
    every_ms: int
    burst: int

    def __post_init__(self) -> None:
        assert self.every_ms > 0 and 0 < self.burst <= 100_000


@dataclass(frozen=True, slots=True)
class Spent:
    """The attempt counts. *load* is the share of the last allowance named that is in use after it, 0 … 1."""

    load: float


@dataclass(frozen=True, slots=True)
class TooOften:
    """The attempt does not count; trying again after *retry_after_ms* will, unless others of the network are faster."""

    allowance: str
    retry_after_ms: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The solution was spent by somebody else before."""


def spend(
    paid_until_ms: Mapping[str, int],
    wanted: Sequence[Allowance],
    *,
    now_ms: int,
    spent_by: str | None = None,
    spender: str = "",
) -> tuple[dict[str, int], Spent | TooOften | Replayed]:
    """Take one attempt out of every allowance in *wanted*, or out of none.

    *spent_by* is who spent the attempt's solution before, None when nobody did; the same *spender* may show it again (its first
    answer was lost on the way). The allowances come first: who is refused for haste keeps the solution. The twin is
    lua/spend_attempt.lua.
    """
    after = {one.name: max(now_ms, paid_until_ms.get(one.name, 0)) + one.every_ms for one in wanted}
    waits = [(after[one.name] - now_ms - one.every_ms * one.burst, one.name) for one in wanted]
    if waits and max(wait for wait, _ in waits) > 0:
        wait = max(wait for wait, _ in waits)
        return dict(paid_until_ms), TooOften(next(name for long, name in waits if long == wait), wait)
    if spent_by is not None and spent_by != spender:
        return dict(paid_until_ms) | after, Replayed()
    last = wanted[-1] if wanted else None
    load = (after[last.name] - now_ms) / (last.every_ms * last.burst) if last else 0.0
    return dict(paid_until_ms) | after, Spent(load)


def per_minute(name: str, rate: int, burst: int) -> Allowance:
    """Return an allowance of *rate* attempts a minute."""
    return Allowance(name, 60_000 // rate, burst)


# A /24 can be a stadium's Wi-Fi or a carrier's gateway: 300 newcomers a minute after 600 at once is more than either sends in
# one on-sale, and a farm behind one address pays for every try in work besides.
JOIN_BY_NETWORK: Final = per_minute("net", 300, 600)
ASK_BY_NETWORK: Final = per_minute("asknet", 600, 1_200)
JOIN_BY_SESSION: Final = per_minute("session", 10, 10)
ASK_BY_SESSION: Final = per_minute("ask", 20, 20)
JOIN_BY_IDENTITY: Final = per_minute("identity", 10, 10)
MAIL_BY_ADDRESS: Final = Allowance("mail", 120_000, 3)
MAIL_BY_SESSION: Final = Allowance("mailsession", 60_000, 5)
MAIL_BY_NETWORK: Final = per_minute("mailnet", 60, 120)
CONTEST_BY_PLACE: Final = Allowance("contest", 60_000, 3)
