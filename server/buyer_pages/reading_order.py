"""The order in which a person reads places: section, row, then the seat's printed number. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from server.orders.views import LineView

_DIGITS = re.compile(r"(\d+)")


def in_reading_order(lines: Iterable[LineView]) -> list[LineView]:
    """Return *lines* with seat 9 before seat 10, rows and sections likewise, standing places after the seats."""
    return sorted(lines, key=lambda line: (line.k is None, *(_natural(part) for part in _place(line)), line.position))


def _place(line: LineView) -> tuple[str, str, str]:
    return line.section, line.row, line.seat


def _natural(label: str) -> list[tuple[bool, int, str]]:
    """Digits compare as numbers and stand before words, so that labels of both kinds have an order."""
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in _DIGITS.split(label) if part]
