"""From a hold to the lines of an order: what each place costs, at the price locked when it was held. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from seatmap.inventory.model import Hold
from server.faults import Corrupt
from server.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Line:
    """One admission: the seat *k*, or one place of *area*. Amounts in minor units."""

    k: int | None
    area: int | None
    category: int
    type_id: int
    price_version: int
    amount: int
    buyer_fee: int
    organiser_fee: int
    category_name: str
    type_name: str
    section: str
    row: str
    seat: str
    attendee: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the lines cost, what the buyer pays on top, what the organiser gives up, and what is charged."""

    subtotal: int
    buyer_fees: int
    organiser_fees: int

    @property
    def total(self) -> int:
        return self.subtotal + self.buyer_fees


@dataclass(frozen=True, slots=True)
class Named:
    """An attendee for one admission of a hold: seat *k*, or one place of (*area*, *type_id*)."""

    name: str
    k: int | None = None
    area: int | None = None
    type_id: int | None = None


class Tariff(Protocol):
    """What a show's places are called and cost (`server.catalog.facts.ShowFacts` through `ShowTariff`)."""

    def seat(self, k: int) -> tuple[int, str, str, str]:
        """Return category, section, row and label of a seat."""
        ...

    def area(self, a: int) -> tuple[int, str]:
        """Return category and name of a standing area."""
        ...

    def category_name(self, category: int) -> str: ...

    def type_name(self, type_id: int) -> str: ...

    def amount(self, category: int, type_id: int, version: int) -> int | None: ...

    def buyer_fee(self, amount: int) -> int: ...

    def organiser_fee(self, amount: int) -> int: ...


def lines_of(hold: Hold, tariff: Tariff, attendees: Sequence[Named] = ()) -> tuple[Line, ...] | Refusal:
    """Price every place of *hold* at its locked price and give it its attendee.

    Refusals: `attendee_unknown` for a name too many. Raises `Corrupt` for a place held at a price nobody ever set.
    """
    by_seat = {named.k: named.name for named in attendees if named.k is not None}
    by_area: dict[tuple[int, int], list[str]] = {}
    for named in attendees:
        if named.k is None and named.area is not None and named.type_id is not None:
            by_area.setdefault((named.area, named.type_id), []).append(named.name)
    lines = []
    for k, type_id, version in hold.seats:
        category, section, row, label = tariff.seat(k)
        named_as = by_seat.pop(k, "")
        lines.append(_line(tariff, k, None, category, type_id, version, section, row, label, named_as))
    for a, type_id, quantity, version in hold.areas:
        category, name = tariff.area(a)
        waiting = by_area.get((a, type_id), [])
        for _ in range(quantity):
            named_as = waiting.pop(0) if waiting else ""
            lines.append(_line(tariff, None, a, category, type_id, version, name, "", "", named_as))
    used = sum(1 for line in lines if line.attendee)
    if used != len(attendees):
        return Refusal("attendee_unknown", field="/attendees")
    return tuple(lines)


def totals_of(lines: Sequence[Line]) -> Totals:
    """Sum up the lines."""
    return Totals(
        sum(line.amount for line in lines),
        sum(line.buyer_fee for line in lines),
        sum(line.organiser_fee for line in lines),
    )


def _line(
    tariff: Tariff,
    k: int | None,
    area: int | None,
    category: int,
    type_id: int,
    version: int,
    section: str,
    row: str,
    seat: str,
    attendee: str,
) -> Line:
    amount = tariff.amount(category, type_id, version)
    if amount is None:
        raise Corrupt(f"a place is held at price version {version} of type {type_id} in category {category}: never set")
    return Line(
        k,
        area,
        category,
        type_id,
        version,
        amount,
        tariff.buyer_fee(amount),
        tariff.organiser_fee(amount),
        tariff.category_name(category),
        tariff.type_name(type_id),
        section,
        row,
        seat,
        attendee,
    )
