"""Tell the workers that something waits for them: one job per burst, however many orders are in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from redis.exceptions import RedisError

from server.logs import logger

if TYPE_CHECKING:
    from arq.connections import ArqRedis

# A job starts when its slot is over, so whatever is committed within the slot is seen by it: no wake-up is lost, and none is
# sent twice. (The sweep looks every second anyway.)
# An arq job costs some 3 ms of processor time; a quarter of a second is soon enough for seats that are held until then.
SLOT_MS = 250
JOB = "drain"


class Wake(Protocol):
    """Say that inbox or outbox have something new. Never fails: the rows are there, the sweep finds them."""

    async def __call__(self) -> None: ...


class ArqWake:
    """`Wake` by a deferred arq job."""

    def __init__(self, jobs: ArqRedis, *, now: Callable[[], float] = time.time) -> None:
        self._jobs, self._now = jobs, now
        self._sent = 0

    async def __call__(self) -> None:
        """Enqueue the job of the current slot, once per process and slot."""
        slot = int(self._now() * 1000) // SLOT_MS + 1
        if slot == self._sent:
            return
        self._sent = slot
        at = datetime.fromtimestamp(slot * SLOT_MS / 1000, UTC)
        try:
            await self._jobs.enqueue_job(JOB, _job_id=f"{JOB}:{slot}", _defer_until=at)
        except (RedisError, OSError) as error:
            self._sent = 0
            logger().warning("workers.not_woken", reason=str(error))


async def no_wake() -> None:
    """Leave it to the sweep."""
