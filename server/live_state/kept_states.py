"""The snapshots of this process: read from the inventory at most once a tick, compressed once per change."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

import brotli

from seatmap.inventory.model import Position, ShowKey
from seatmap.inventory.port import Inventory
from server.live_state.snapshot import StateSnapshot, encode_snapshot, packed_size

TICK_S = 0.1
# At 60,000 seats half sold: level 5 takes 1.2 ms for 8.3 KB; level 11 takes 40 ms for 3 % less.
BROTLI_QUALITY = 5
SHOWS_MAX = 500


@dataclass(frozen=True, slots=True)
class KeptState:
    """The state of a show in both forms it is sent in."""

    position: Position
    plain: bytes
    compressed: bytes

    @property
    def etag(self) -> str:
        """The position names the content: within an epoch the same number is the same state."""
        return f'"{self.position.epoch}-{self.position.seq}"'


class KeptStates:
    """Remember the last state of each show. A crowd that comes together is served from one read."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._kept: OrderedDict[ShowKey, tuple[float, KeptState]] = OrderedDict()
        self._reading: dict[ShowKey, asyncio.Task[KeptState | None]] = {}

    async def state(self, key: ShowKey) -> KeptState | None:
        """Return the state of a show, at most a tick old; None when the store does not know it."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic() - TICK_S:
            return kept[1]
        if (task := self._reading.get(key)) is None:
            task = self._reading[key] = asyncio.create_task(self._read(key))
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(task)

    async def _read(self, key: ShowKey) -> KeptState | None:
        read_at = time.monotonic()
        snapshot = await self._inventory.read(key)
        if snapshot is None:
            self._kept.pop(key, None)
            return None
        kept = self._kept.get(key)
        if kept is not None and kept[1].position == snapshot.position:
            state = kept[1]
        else:
            packed = snapshot.seats.ljust(packed_size(snapshot.seat_count), b"\0")
            plain = encode_snapshot(StateSnapshot(*snapshot.position, snapshot.seat_count, packed, snapshot.remaining))
            state = KeptState(snapshot.position, plain, brotli.compress(plain, quality=BROTLI_QUALITY))
        self._kept[key] = (read_at, state)
        self._kept.move_to_end(key)
        if len(self._kept) > SHOWS_MAX:
            self._kept.popitem(last=False)
        return state
