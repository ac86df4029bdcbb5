"""What is left, in words."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatmap.inventory.model import Position, SalePhase, ShowKey, Snapshot
from seatmap.inventory.port import Inventory
from server.catalog.facts import Show, Venue
from server.faults import Unavailable
from server.pages.availability import Availability, count_places, left_in_words, word_for

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
VENUE = Venue(1, "House", "", "Bremen", "", "DE", None, None, "Europe/Berlin")
SHOW = Show(
    7, "", "on_sale", NOW + timedelta(days=2), None, None, NOW - timedelta(hours=1), NOW + timedelta(days=1),
    None, None, 8, 8, 1, 1, 1, VENUE, (), {}, (),
)  # fmt: skip


def snapshot(states: list[int], remaining: tuple[int, ...] = ()) -> Snapshot:
    packed = bytearray(-(-len(states) // 4))
    for k, state in enumerate(states):
        packed[k >> 2] |= state << (6 - 2 * (k & 3))
    return Snapshot(Position(1, 1), len(states), bytes(packed), remaining, SalePhase(), 1, 0)


@given(st.lists(st.integers(0, 3), max_size=50), st.lists(st.integers(0, 500), max_size=3))
def test_places_are_counted_to_the_last(states: list[int], remaining: list[int]) -> None:
    """Free and held seats of any number, also one that does not fill the last byte, plus what is left in areas."""
    free, held = count_places(snapshot(states, tuple(remaining)))
    assert (free, held) == (states.count(0) + sum(remaining), states.count(1))


@pytest.mark.parametrize(
    ("free", "held", "capacity", "word"),
    [(0, 0, 100, "sold_out"), (0, 3, 100, "held"), (20, 0, 1000, "few"), (1700, 0, 60_000, "few"), (250, 0, 1000, "limited"),
     (251, 0, 1000, "good"), (5, 0, 5, "few")],
)  # fmt: skip
def test_the_word_follows_what_is_left(free: int, held: int, capacity: int, word: str) -> None:
    """Sold out is said only when nothing is held either; few is a share or a handful."""
    assert left_in_words(free, held, capacity) == word


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, "good"),
        ({"state": "paused"}, "paused"),
        ({"state": "closed"}, "closed"),
        ({"state": "cancelled"}, "cancelled"),
        ({"sale_opens_at": NOW + timedelta(seconds=1)}, "before"),
        ({"sale_closes_at": NOW}, "closed"),
        ({"starts_at": NOW - timedelta(hours=5)}, "past"),
        ({"starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1), "sale_closes_at": NOW}, "closed"),
        ({"state": "paused", "sale_opens_at": NOW + timedelta(seconds=1)}, "before"),
    ],
)
def test_the_sales_state_comes_before_what_is_left(change: dict[str, Any], word: str) -> None:
    """Cancelled, over, closed, not yet and paused say more than how many seats are free."""
    assert word_for(msgspec.structs.replace(SHOW, **change), "good", NOW) == word


class _Store:
    def __init__(self) -> None:
        self.reads, self.fails = 0, False

    async def read(self, key: ShowKey) -> Snapshot | None:
        self.reads += 1
        await asyncio.sleep(0)
        if self.fails:
            raise Unavailable("away")
        return snapshot([0] * 100)


async def test_a_crowd_that_arrives_together_reads_once() -> None:
    """A hundred pages at once ask the store one time, and the next ones not at all for two seconds."""
    store = _Store()
    availability = Availability(cast(Inventory, store))
    show = msgspec.structs.replace(SHOW, categories=())
    words = await asyncio.gather(*(availability.words(1, [show]) for _ in range(100)))
    assert store.reads == 1
    assert availability.known(1, [show]) == words[0]


async def test_a_store_that_is_away_leaves_the_page_standing() -> None:
    """Without an answer the page says that the map will tell, instead of failing."""
    store = _Store()
    store.fails = True
    assert await Availability(cast(Inventory, store)).words(1, [SHOW]) == ("unknown",)
