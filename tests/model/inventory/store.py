"""A real store under a synchronous hand: what a state machine steps, and everything it holds laid open."""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

from redis.asyncio import Redis

from seatmap.inventory import keys, wire
from seatmap.inventory.model import Hold, ShowKey, Snapshot
from seatmap.inventory.scripts import Library
from seatmap.inventory.valkey_inventory import ValkeyInventory

T = TypeVar("T")
KEY = ShowKey(7, 1)


class Contents(NamedTuple):
    """Every fact the store keeps of the show."""

    snapshot: Snapshot | None
    holds: dict[str, Hold]
    holders: dict[int, str]
    expiry: dict[str, int]
    paying: dict[str, int]
    counters: dict[str, int]
    bought: dict[str, int]
    blocked: dict[int, str]
    orders: dict[int, tuple[str, tuple[Any, ...], tuple[Any, ...]]]


class Store:
    """An inventory on a store of its own, one loop kept for all steps."""

    def __init__(self, url: str, library: Library | None = None) -> None:
        self._runner = asyncio.Runner()
        self.redis = Redis.from_url(url)
        self.inventory = ValkeyInventory(self.redis, library=library)
        suffixes = itertools.count(1)
        self.inventory.new_suffix = lambda: str(next(suffixes))

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Take one step."""
        return self._runner.run(step)

    def empty(self) -> None:
        """Lose everything, functions included."""

        async def lose() -> None:
            await self.redis.flushall()
            await self.redis.function_flush()

        self.run(lose())

    def close(self) -> None:
        """Close connections and loop."""

        async def close() -> None:
            await self.inventory.aclose()
            await self.redis.aclose()

        self.run(close())
        self._runner.close()

    def contents(self) -> Contents:
        """Read everything, past the adapter."""
        return self.run(self._contents())

    async def _contents(self) -> Contents:
        name = {part: keys.part_key(KEY, part) for part in keys.SHOW_PARTS}
        snapshot = await self.inventory.read(KEY)
        pipe = self.redis.pipeline(transaction=False)
        for part in ("holds", "holders", "counters", "bought", "blocked", "orders"):
            pipe.hgetall(name[part])
        for part in ("expiry", "paying"):
            pipe.zrange(name[part], 0, -1, withscores=True)
        holds, holders, counters, bought, blocked, orders, expiry, paying = await pipe.execute()
        sales = {int(order): wire.read_order(int(order), body, None) for order, body in orders.items()}
        return Contents(
            snapshot,
            {visitor.decode(): wire.read_hold(body) for visitor, body in holds.items()},
            {int(slot[1:]): visitor.decode() for slot, visitor in holders.items()},  # fields are `#<k>`
            {visitor.decode(): int(score) for visitor, score in expiry},
            {visitor.decode(): int(score) for visitor, score in paying},
            {field.decode(): int(value) for field, value in counters.items()},
            {visitor.decode(): int(places) for visitor, places in bought.items() if int(places)},
            {int(k): reason.decode() for k, reason in blocked.items()},
            {order: (sale.visitor, sale.seats, sale.areas) for order, sale in sales.items()},
        )
