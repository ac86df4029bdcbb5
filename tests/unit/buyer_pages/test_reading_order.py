"""Places are listed as a person reads them."""

from __future__ import annotations

import random

from server.buyer_pages.reading_order import in_reading_order
from server.orders.views import LineView


def line(position: int, section: str, row: str, seat: str) -> LineView:
    k = position if seat else None
    area = None if seat else 0
    return LineView(position, k, area, 0, "Standard", 1, "Adult", section, row, seat, 4500, 0, "")


def test_seats_are_sorted_by_section_row_and_printed_number() -> None:
    """Seat 9 stands before seat 14, row 2 before row 10, block 9 before block 10, and standing places come last."""
    expected = [
        ("Block 9", "A", "3"),
        ("Block 10", "2", "9"),
        ("Block 10", "2", "14"),
        ("Block 10", "2", "14a"),
        ("Block 10", "10", "1"),
        ("Block 10", "B", "1"),
        ("Arena floor", "", ""),
    ]
    mixed = random.Random(3).sample(expected, len(expected))
    lines = in_reading_order(line(position, *place) for position, place in enumerate(mixed))
    assert [(one.section, one.row, one.seat) for one in lines] == expected
