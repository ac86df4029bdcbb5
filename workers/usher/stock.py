"""How much there is left to buy through a room: free and held places of all its shows."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from redis.asyncio import Redis
from redis.exceptions import RedisError

from seatmap.inventory.keys import part_key
from seatmap.inventory.model import ShowKey, Snapshot
from seatmap.inventory.port import Inventory
from server.faults import Unavailable
from server.rooms.facts import RoomFacts

# Free and held seats in a byte of four.
_FREE: Final = np.array([sum((byte >> shift & 3) == 0 for shift in (0, 2, 4, 6)) for byte in range(256)])
_HELD: Final = np.array([sum((byte >> shift & 3) == 1 for shift in (0, 2, 4, 6)) for byte in range(256)])


class Left(NamedTuple):
    """*free* places can be held now; *held* ones may come back."""

    free: int
    held: int

    @property
    def sold_out(self) -> bool:
        """Whether nothing is left and nothing can come back but by a refund."""
        return self.free == 0 and self.held == 0


class Stock:
    """Reads what rooms have left to sell."""

    def __init__(self, inventory: Inventory, redis: Redis) -> None:
        self._inventory, self._redis = inventory, redis

    async def left(self, facts: RoomFacts) -> Left | None:
        """Count what the room's shows have left. None when that is not known: no shows, or one whose seats are being rebuilt."""
        total = Left(0, 0)
        for show_id in facts.shows:
            key = ShowKey(facts.event_id, show_id)
            if (snapshot := await self._inventory.read(key)) is None:
                return None
            left = count(snapshot)
            if left.sold_out and snapshot.remaining:
                left = Left(0, await self._holds(key))  # of areas the snapshot does not say how many are held
            total = Left(total.free + left.free, total.held + left.held)
        return total if facts.shows else None

    async def _holds(self, key: ShowKey) -> int:
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zcard(part_key(key, "expiry"))
                pipe.zcard(part_key(key, "paying"))
                return sum(await pipe.execute())
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error


def count(snapshot: Snapshot) -> Left:
    """Count the free and held places of one show."""
    seats = np.frombuffer(snapshot.seats, dtype=np.uint8)
    padding = 4 * len(seats) - snapshot.seat_count  # the last byte's unused bits look free
    return Left(int(_FREE[seats].sum()) - padding + sum(snapshot.remaining), int(_HELD[seats].sum()))
