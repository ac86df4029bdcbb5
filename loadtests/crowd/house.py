"""A show as a buyer's page knows it: the drawing, the prices, and where to click."""

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from loadtests.crowd.picture import Picture, Seat
from seatmap.chart.attributes import ACCESSIBLE
from seatmap.chart.compiled import CompiledChart


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for: seats as `[k, type]` or places as `[area, type, how many]`."""

    seats: list[list[int]]
    areas: list[list[int]]
    accessible: bool = False

    @property
    def places(self) -> int:
        """How many admissions."""
        return len(self.seats) + sum(area[2] for area in self.areas)


class House:
    """Drawing and prices of one show; shared by its buyers, as a browser's cache would."""

    def __init__(self, show: dict[str, Any], chart: CompiledChart) -> None:
        self.show_id = int(show["id"])
        self.page = str(show["page"])
        self.limit = min(int(show["per_order_max"]), int(show["per_visitor_max"]))
        self.types: dict[int, list[int]] = defaultdict(list)
        for price in show["prices"]:
            self.types[int(price["category"])].append(int(price["type_id"]))
        self.category: list[int] = chart.category.tolist()
        self.areas = [(a, area.category) for a, area in enumerate(chart.areas)]
        self._run: list[int] = chart.run.tolist()
        self._reserved = (chart.attributes & int(ACCESSIBLE) != 0).tolist()
        self._seats_of: dict[int, list[int]] = defaultdict(list)
        for k, section in enumerate(chart.section.tolist()):
            if section >= 0:
                self._seats_of[section].append(k)

    def type_for(self, category: int, random_: random.Random) -> int | None:
        """Choose a ticket type: mostly the first (adult), sometimes another."""
        types = self.types.get(category)
        if not types:
            return None
        return types[0] if random_.random() < 0.8 else random_.choice(types)

    def learn_reserved(self, seats: list[int]) -> None:
        """Remember seats that the gateway keeps for people who need them; the drawing alone does not tell all of them."""
        for k in seats:
            self._reserved[k] = True

    def free(self, picture: Picture) -> int:
        """Count what could still be bought."""
        return picture.count(Seat.FREE) + sum(picture.areas)

    def range_of(self, random_: random.Random) -> list[list[int]]:
        """Zoom in: the range of seats of one section."""
        seats = self._seats_of[random_.choice(list(self._seats_of))]
        return [[min(seats), max(seats) + 1]]

    def choose(
        self, picture: Picture, party: int, near_stage: float, random_: random.Random, *, last_seats: bool = False
    ) -> Request | None:
        """Pick on the map: neighbours if there are any, places in an area otherwise; None when nothing is left.

        With *last_seats* also the places kept for wheelchairs are asked for, once nothing else is left.
        """
        party = min(party, self.limit)
        room = sum(picture.areas)
        seats = picture.count(Seat.FREE)
        if room and random_.random() < room / (room + seats):
            return self._places(picture, party, random_)
        chosen = self._neighbours(picture, party, near_stage, random_)
        accessible = not chosen and last_seats
        if accessible:
            chosen = self._stretch(picture.seats, 0, len(self.category), 1, reserved=True)
        if not chosen:
            return self._places(picture, party, random_)
        kind = self.type_for(self.category[chosen[0]], random_)
        typed = [[k, kind if kind in self.types[self.category[k]] else self.types[self.category[k]][0]] for k in chosen]
        return Request([[k, kind] for k, kind in typed if kind is not None], [], accessible)

    def _places(self, picture: Picture, party: int, random_: random.Random) -> Request | None:
        open_ = [(a, category) for a, category in self.areas if picture.areas[a] > 0 and self.types.get(category)]
        if not open_:
            return None
        a, category = random_.choice(open_)
        kind = self.type_for(category, random_)
        assert kind is not None
        return Request([], [[a, kind, min(party, picture.areas[a])]])

    def _neighbours(self, picture: Picture, party: int, near_stage: float, random_: random.Random) -> list[int]:
        """Look at a few places of the map and take free neighbours there; shorter runs when nothing longer is seen."""
        states, total = picture.seats, len(self.category)
        best: list[int] = []
        for _ in range(6 if total else 0):
            start = random_.randrange(total)
            stretch = self._stretch(states, start, min(start + 400, total), party)
            if len(stretch) > len(best) or (len(stretch) == len(best) and random_.random() < 0.3):
                best = stretch
            if len(best) == party and (near_stage < 0.7 or self.category[best[0]] == 0):
                return best
        return best or self._stretch(states, 0, total, party)

    def _stretch(self, states: bytearray, start: int, end: int, party: int, *, reserved: bool = False) -> list[int]:
        """Find the first run of free neighbours of full length between *start* and *end*, else the longest."""
        longest: list[int] = []
        current: list[int] = []
        k = states.find(Seat.FREE, start, end)
        while k >= 0:
            if self._reserved[k] == reserved and self.category[k] in self.types:
                beside = current and current[-1] == k - 1 and self._run[k - 1] == self._run[k]
                current = [*current, k] if beside else [k]
                if len(current) > len(longest):
                    longest = current
                if len(longest) == party:
                    break
            k = states.find(Seat.FREE, k + 1, end)
        return longest
