"""The facts of a show as the pricing rule reads them."""

from __future__ import annotations

from server.catalog.facts import ShowFacts


class ShowTariff:
    """`Tariff` over the catalogue's facts."""

    def __init__(self, facts: ShowFacts) -> None:
        self._facts = facts
        self._category_names = {category.category: category.name for category in facts.categories}

    def seat(self, k: int) -> tuple[int, str, str, str]:
        """Return category, section, row and label of a seat."""
        place = self._facts.chart.place(k)
        return int(self._facts.chart.category[k]), place.section, place.row, place.seat

    def area(self, a: int) -> tuple[int, str]:
        """Return category and name of a standing area."""
        area = self._facts.chart.areas[a]
        return area.category, area.name

    def category_name(self, category: int) -> str:
        return self._category_names.get(category, "")

    def type_name(self, type_id: int) -> str:
        return self._facts.type_names.get(type_id, "")

    def amount(self, category: int, type_id: int, version: int) -> int | None:
        """Return the price of *version*; a pair that version did not price costs what it costs now (see catalog/plan.py)."""
        locked = self._facts.amount(category, type_id, version)
        return self._facts.amount(category, type_id) if locked is None else locked

    def buyer_fee(self, amount: int) -> int:
        return self._facts.buyer_fee(amount)

    def organiser_fee(self, amount: int) -> int:
        return self._facts.organiser_fee(amount)
