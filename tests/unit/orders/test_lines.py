"""A hold priced: every place at its locked price, every name at its place, every cent accounted for."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatmap.inventory.model import AreaLine, Hold, SeatLine
from server.catalog.fees import FeeRule, buyer_fee, organiser_fee
from server.faults import Corrupt
from server.orders.lines import Named, lines_of, totals_of
from server.refusals import Refusal

ADULT, CHILD = 1, 2
RULES = (FeeRule("Service", 500, 50, "buyer"), FeeRule("Platform", 250, 0, "organiser"))


class Prices:
    """Two price versions; category 0 is seats, category 1 is standing."""

    amounts: ClassVar = {(0, ADULT, 1): 4000, (0, ADULT, 2): 5000, (0, CHILD, 1): 0, (1, ADULT, 1): 2500}

    def seat(self, k: int) -> tuple[int, str, str, str]:
        return 0, "Stalls", "A", str(k)

    def area(self, a: int) -> tuple[int, str]:
        return 1, f"Field {a}"

    def category_name(self, category: int) -> str:
        return ("Seats", "Standing")[category]

    def type_name(self, type_id: int) -> str:
        return {ADULT: "Adult", CHILD: "Child"}[type_id]

    def amount(self, category: int, type_id: int, version: int) -> int | None:
        return self.amounts.get((category, type_id, version))

    def buyer_fee(self, amount: int) -> int:
        return buyer_fee(RULES, amount)

    def organiser_fee(self, amount: int) -> int:
        return organiser_fee(RULES, amount)


def hold(seats: tuple[SeatLine, ...] = (), areas: tuple[AreaLine, ...] = ()) -> Hold:
    return Hold("v.x", "v", 0, 1, seats=seats, areas=areas)


def test_the_locked_price_counts() -> None:
    """Two seats held before and after a price change cost what they did when they were held."""
    lines = lines_of(hold((SeatLine(1, ADULT, 1), SeatLine(2, ADULT, 2))), Prices())
    assert not isinstance(lines, Refusal)
    assert [line.amount for line in lines] == [4000, 5000]
    totals = totals_of(lines)
    assert (totals.subtotal, totals.buyer_fees, totals.total) == (9000, 250 + 300, 9550)
    assert totals.organiser_fees == 100 + 125


def test_a_free_ticket_bears_no_fee() -> None:
    """Nothing is charged for what costs nothing."""
    lines = lines_of(hold((SeatLine(1, CHILD, 1),)), Prices())
    assert not isinstance(lines, Refusal)
    assert totals_of(lines).total == 0


def test_names_find_their_places() -> None:
    """A seat by its number, places of an area in the order they are named."""
    named = (Named("Ada", k=1), Named("Bob", area=0, type_id=ADULT), Named("Cid", area=0, type_id=ADULT))
    lines = lines_of(hold((SeatLine(1, ADULT, 1),), (AreaLine(0, ADULT, 3, 1),)), Prices(), named)
    assert not isinstance(lines, Refusal)
    assert [line.attendee for line in lines] == ["Ada", "Bob", "Cid", ""]
    assert [(line.section, line.row, line.seat) for line in lines[:2]] == [("Stalls", "A", "1"), ("Field 0", "", "")]


@pytest.mark.parametrize(
    "named",
    [(Named("X", k=9),), (Named("X"),), (Named("X", area=0, type_id=CHILD),), (Named("X", k=1), Named("Y", k=1))],
)
def test_a_name_too_many_is_refused(named: tuple[Named, ...]) -> None:
    """A name for a place that is not held, for no place, or for a place named already."""
    answer = lines_of(hold((SeatLine(1, ADULT, 1),)), Prices(), named)
    assert isinstance(answer, Refusal)
    assert answer.code == "attendee_unknown"


def test_a_price_nobody_set_is_corrupt() -> None:
    """A hold at an unknown price version is a contradiction between the stores, not a free ticket."""
    with pytest.raises(Corrupt):
        lines_of(hold((SeatLine(1, ADULT, 7),)), Prices())


@given(st.lists(st.integers(0, 400), unique=True, max_size=30), st.integers(0, 20))
def test_the_parts_are_the_whole(seats: list[int], standing: int) -> None:
    """One line per place, and the totals are the sums of the lines."""
    areas = (AreaLine(0, ADULT, standing, 1),) if standing else ()
    lines = lines_of(hold(tuple(SeatLine(k, ADULT, 1) for k in seats), areas), Prices())
    assert not isinstance(lines, Refusal)
    assert len(lines) == len(seats) + standing
    totals = totals_of(lines)
    assert totals.total == sum(line.amount + line.buyer_fee for line in lines)
    assert totals.organiser_fees <= totals.subtotal
