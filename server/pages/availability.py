"""How much of a show is left, in words: read from the inventory at most every two seconds per show and process."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import numpy as np

from seatmap.inventory.model import ShowKey, Snapshot
from seatmap.inventory.port import Inventory
from server.catalog.facts import Show
from server.faults import Unavailable

# What a page says. `unknown` when the store does not answer: the page stands, and the map will tell.
Word = Literal[
    "good", "limited", "few", "held", "sold_out", "unknown", "before", "paused", "closed", "cancelled", "past"
]

FRESH_S = 2.0
SHOWS_MAX = 2_000
LIMITED_SHARE, FEW_SHARE, FEW_PLACES = 0.25, 0.03, 20
# Free seats and held seats in each value of a byte of four 2-bit states.
_FREE = np.array([sum((byte >> shift) & 3 == 0 for shift in (6, 4, 2, 0)) for byte in range(256)], dtype=np.uint32)
_HELD = np.array([sum((byte >> shift) & 3 == 1 for shift in (6, 4, 2, 0)) for byte in range(256)], dtype=np.uint32)


def count_places(snapshot: Snapshot) -> tuple[int, int]:
    """Return how many places are free and how many seats are held."""
    packed = np.bincount(np.frombuffer(snapshot.seats, dtype=np.uint8), minlength=256)
    padding = -snapshot.seat_count % 4  # the last byte's unused states read as free
    return int(packed @ _FREE) - padding + sum(snapshot.remaining), int(packed @ _HELD)


def left_in_words(free: int, held: int, capacity: int) -> Word:
    """Return the word for *free* of *capacity* places. Nothing free but seats held: some may come back."""
    if free <= 0:
        return "held" if held else "sold_out"
    if free <= FEW_PLACES or free <= FEW_SHARE * capacity:
        return "few"
    return "limited" if free <= LIMITED_SHARE * capacity else "good"


def word_for(show: Show, left: Word, now: datetime) -> Word:
    """Return what a page says of *show* at *now*, *left* being what its inventory says."""
    if show.state == "cancelled":
        return "cancelled"
    if (show.ends_at or show.starts_at) <= now:
        return "past"
    if show.state == "closed" or show.sale_closes_at <= now:
        return "closed"
    if now < show.sale_opens_at:
        return "before"
    return "paused" if show.state == "paused" else left


class Availability:
    """A process's memory of what is left."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._known: OrderedDict[ShowKey, tuple[float, Word]] = OrderedDict()
        self._reading: dict[ShowKey, asyncio.Task[Word]] = {}

    async def words(self, event_id: int, shows: Iterable[Show]) -> tuple[Word, ...]:
        """Return the word for each show; those not known freshly are read together."""
        return tuple(await asyncio.gather(*(self._word(ShowKey(event_id, s.show_id), s.capacity) for s in shows)))

    def known(self, event_id: int, shows: Iterable[Show]) -> tuple[Word, ...] | None:
        """Return the words without waiting, when all are fresh."""
        oldest = time.monotonic() - FRESH_S
        words = []
        for show in shows:
            known = self._known.get(ShowKey(event_id, show.show_id))
            if known is None or known[0] < oldest:
                return None
            words.append(known[1])
        return tuple(words)

    async def _word(self, key: ShowKey, capacity: int) -> Word:
        known = self._known.get(key)
        if known is not None and known[0] >= time.monotonic() - FRESH_S:
            return known[1]
        # A crowd that arrives together reads once.
        if (task := self._reading.get(key)) is None:
            task = self._reading[key] = asyncio.create_task(self._read(key, capacity))
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(task)

    async def _read(self, key: ShowKey, capacity: int) -> Word:
        try:
            snapshot = await self._inventory.read(key)
        except Unavailable:
            snapshot = None
        word: Word = "unknown" if snapshot is None else left_in_words(*count_places(snapshot), capacity)
        self._known[key] = (time.monotonic(), word)
        self._known.move_to_end(key)
        if len(self._known) > SHOWS_MAX:
            self._known.popitem(last=False)
        return word
