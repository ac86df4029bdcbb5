"""A line on a real store, with its clock in the test's hand."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis

from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from waitingroom.model import Claimed, Joined, LineRefused, Moved, RoomKey, RoomPlan
from waitingroom.scripts import Library
from waitingroom.valkey_line import ValkeyLine

KEY = RoomKey(5, 1)


def person(number: int) -> bytes:
    """Name somebody as the line knows them."""
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=8).digest()


class Hooked:
    """A store's connection that does something just before one function is called."""

    def __init__(self, store: ValkeyPipeline, function: str, before: Callable[[], Awaitable[object]]) -> None:
        self._store, self._function, self._before = store, function.encode(), before
        self.command = store.command

    async def send(self, packed: bytes) -> Any:
        """Run one packed command."""
        if self._function in packed:
            await self._before()
        return await self._store.send(packed)


class Scene:
    """A room without a lobby unless asked for, in an hour that stands still, and several processes at its line."""

    def __init__(self, redis: Redis, library: Library | None = None, processes: int = 4) -> None:
        self.redis = redis
        # Patient: tens of thousands of calls at once on a machine others use too.
        self.stores = [ValkeyPipeline(redis, timeout_s=60) for _ in range(processes)]
        self.lines = [ValkeyLine(store, FunctionMissing, library) for store in self.stores]
        self.line = self.lines[0]
        self.now_ms = (int(time.time()) + 3600) * 1000
        self.fence = 0

    async def close(self) -> None:
        """Close the connections."""
        for store in self.stores:
            await store.aclose()

    async def open(self, lobby_ms: int = 0, **changes: Any) -> None:
        """Open the room and stop its clock."""
        settings = {"cap": 1000, "rate_per_min": 100_000, "shows": (1, 2), **changes}
        plan = RoomPlan(self.now_ms, self.now_ms + lobby_ms, **settings)
        await self.line.open_room(KEY, plan)
        await self.on(0)
        fence = await self.line.lead(KEY, "usher", 10**12)
        assert fence is not None
        self.fence = fence

    async def on(self, by_ms: int) -> None:
        """Let the store's clock jump."""
        self.now_ms += by_ms
        await self.line.stop_clock(KEY, self.now_ms)

    async def run(self, by_ms: int) -> None:
        """Let time pass as it does with a leader: the turn clock moves with it."""
        await self.move(0)
        end_ms = self.now_ms + by_ms
        while self.now_ms < end_ms:
            await self.on(min(5_000, end_ms - self.now_ms))
            await self.move(0)

    async def move(self, people: int) -> Moved:
        """Call so many more."""
        state = await self.line.read(KEY)
        assert state is not None
        moved = await self.line.move(KEY, self.fence, state.served + people)
        assert isinstance(moved, Moved)
        return moved

    async def join(self, number: int, tier: int = 0) -> Joined:
        """Somebody joins, who may."""
        joined = await self.line.join(KEY, person(number), tier)
        assert isinstance(joined, Joined)
        return joined

    async def crowd(self, count: int) -> None:
        """Persons 0 … *count* - 1 join, in that order."""
        for number in range(count):
            assert (await self.join(number)).index == number

    async def claim(self, number: int, index: int | None = None) -> Claimed | LineRefused:
        """Person *number* claims the place they have."""
        at = number if index is None else index
        return await self.line.claim(KEY, at, person(number), f"visitor{number}", "key")

    async def visits(self) -> int:
        """Count who is inside."""
        state = await self.line.read(KEY)
        assert state is not None
        return state.visits
