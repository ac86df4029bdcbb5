"""Named SQL blocks from `sql/*.sql`, so that queries are read, linted and planned as SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from server.faults import Misuse

_HEAD = re.compile(r"^-- name: (\w+)[^\n]*\n", re.MULTILINE)


@cache
def load_blocks(package: str, file: str) -> Mapping[str, str]:
    """Return the blocks of `<package>/sql/<file>` by name.

    A block starts with `-- name: insert_order` and ends where the next begins. Raises `Misuse` for a name used twice.
    """
    text = files(package).joinpath("sql", file).read_text(encoding="utf-8")
    parts = _HEAD.split(text)
    blocks: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in blocks:
            raise Misuse(f"{package}/sql/{file} names {name} twice")
        blocks[name] = body.strip().rstrip(";")
    return MappingProxyType(blocks)
