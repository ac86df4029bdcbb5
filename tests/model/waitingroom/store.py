"""A real store under a synchronous hand: what a state machine steps, and everything it holds of one room laid open."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

from redis.asyncio import Redis

from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from waitingroom import keys, wire
from waitingroom.model import PlaceState, RoomKey
from waitingroom.rules.state import Row
from waitingroom.scripts import Library, compose, read_files
from waitingroom.valkey_line import ValkeyLine

T = TypeVar("T")
KEY = RoomKey(7, 1)
LOST_JOINS = 6  # as many indices as this test's failovers skip


def small_gaps(files: dict[str, str]) -> Library:
    """Compose the library, but skip a handful of indices after a failover instead of thousands."""
    real = "local LOST_JOINS_MAX = 20000"
    assert files["shared/room"].count(real) == 1
    return compose({**files, "shared/room": files["shared/room"].replace(real, f"local LOST_JOINS_MAX = {LOST_JOINS}")})


class Contents(NamedTuple):
    """Every fact the store keeps of the room."""

    plan: wire.PlanRecord
    line: wire.LineRecord
    next: int
    states: tuple[PlaceState, ...]
    positions: tuple[int, ...]
    called: tuple[Row, ...]
    admitted: tuple[tuple[int, int], ...]
    visits: dict[int, int]
    holders: dict[int, str]
    late: set[int]
    places: dict[bytes, tuple[int, int]]
    passes: dict[tuple[int, str], str]
    visiting: dict[str, str]


class Store:
    """A line on a store of its own, one loop kept for all steps."""

    def __init__(self, url: str, library: Library | None = None) -> None:
        self._runner = asyncio.Runner()
        self.redis = Redis.from_url(url)
        self.pipeline = ValkeyPipeline(self.redis)
        self.line = ValkeyLine(self.pipeline, FunctionMissing, library or small_gaps(read_files()))

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Take one step."""
        return self._runner.run(step)

    def empty(self) -> None:
        """Lose everything, functions included."""

        async def lose() -> None:
            await self.redis.flushall()
            await self.redis.function_flush()

        self.run(lose())

    def begin_life(self) -> None:
        """Do to the functions what a failover does: their memory is gone, the data is there."""

        async def forget() -> None:
            await self.redis.function_flush()

        self.run(forget())

    def close(self) -> None:
        """Close connections and loop."""

        async def close() -> None:
            await self.pipeline.aclose()
            await self.redis.aclose()

        self.run(close())
        self._runner.close()

    def contents(self) -> Contents:
        """Read everything, past the adapter."""
        return self.run(self._contents())

    async def _contents(self) -> Contents:
        name = {part: keys.part_key(KEY, part) for part in keys.ROOM_PARTS}
        others = sorted([key async for key in self.redis.scan_iter(f"{{e:{KEY.event_id}}}:*", count=500)])
        buckets = [key for key in others if b":i:" in key]
        passes = [key for key in others if b":pass:" in key]
        visits = [key for key in others if b":visit:" in key]
        pipe = self.redis.pipeline(transaction=False)
        for part in ("plan", "line", "next", "states", "positions"):
            pipe.get(name[part])
        for part in ("called", "admitted", "visits"):
            pipe.zrange(name[part], 0, -1, withscores=True)
        pipe.hgetall(name["holders"])
        pipe.smembers(name["late"])
        for key in buckets:
            pipe.hgetall(key)
        for key in (*passes, *visits):
            pipe.get(key)
        plan, line, number, states, positions, called, admitted, inside, holders, late, *rest = await pipe.execute()
        places, values = rest[: len(buckets)], [value.decode() for value in rest[len(buckets) :]]
        return Contents(
            wire.plan_record.decode(plan),
            wire.line_record.decode(line),
            int(number),
            tuple(map(PlaceState, wire.unpack_states(states or b"", int(number)).tolist())),
            tuple(wire.read_positions(positions or b"").tolist()),
            tuple(Row(int(turn), *map(int, row.split(b":"))) for row, turn in called),
            tuple((int(turn), int(row)) for row, turn in admitted),
            {int(position): int(ends) for position, ends in inside},
            {int(position): who.decode() for position, who in holders.items()},
            {int(index) for index in late},
            {
                keys.identity_of(int(key.rpartition(b":")[2]), field): divmod(int(place), wire.TIERS)
                for key, flat in zip(buckets, places, strict=True)
                for field, place in flat.items()
            },
            {_pass(key): value for key, value in zip(passes, values, strict=False)},
            {key.decode().rpartition(":")[2]: value for key, value in zip(visits, values[len(passes) :], strict=True)},
        )


def _pass(key: bytes) -> tuple[int, str]:
    """Read `{e:7}:s:<show>:pass:<visitor>`."""
    parts = key.decode().split(":")
    return int(parts[3]), parts[5]
