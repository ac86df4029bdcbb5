"""A process's own vital signs, for the usher: how long holds and checkouts took, whether payments work, how long a database connection
is waited for. Observed where they happen, kept for three seconds, published twice a second into one Valkey hash.

The hash is the whole installation's (`frontrow:health`, one field per process): the usher reads it once a tick however many rooms there
are, and a process that dies leaves a field that is too old to count.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.database import Database
from server.faults import Fault
from waitingroom.health import FORGOTTEN_MS, Vitals, encode_vitals

HEALTH_KEY: Final = "frontrow:health"
LOOK_BACK_S: Final = 3.0
EVERY_S: Final = 0.5
# Enough for a busy process's three seconds; beyond it the newest are kept.
SAMPLES_MAX: Final = 4_000
# A field nobody renews is taken away with the hash when everything is stopped.
KEPT_MS: Final = 10 * FORGOTTEN_MS

Clock = Callable[[], float]


class Recent:
    """What was observed in the last three seconds: a duration each, or 1.0 and 0.0 for yes and no."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque(maxlen=SAMPLES_MAX)

    def observe(self, value: float) -> None:
        """Add one."""
        self._seen.append((self._clock(), value))

    def values(self) -> list[float]:
        """Return what is recent."""
        oldest = self._clock() - LOOK_BACK_S
        while self._seen and self._seen[0][0] < oldest:
            self._seen.popleft()
        return [value for _, value in self._seen]

    def clear(self) -> None:
        """Forget everything (tests)."""
        self._seen.clear()


# Observed in seconds.
HOLDS: Final = Recent()
CHECKOUTS: Final = Recent()
# Calls to the payment provider: 1.0 answered (also with a no), 0.0 not.
PAYMENTS: Final = Recent()
_turned_away: deque[tuple[float, int]] = deque(maxlen=SAMPLES_MAX)


def turned_away(room_id: int) -> None:
    """Count a claim that cap or rate made wait a moment."""
    _turned_away.append((time.monotonic(), room_id))


def vitals(process: str, at_ms: int, pool_wait_s: float | None = None) -> Vitals:
    """Return this process's signs of the last three seconds."""
    holds, checkouts, payments = HOLDS.values(), CHECKOUTS.values(), PAYMENTS.values()
    oldest = time.monotonic() - LOOK_BACK_S
    return Vitals(
        process=process,
        at_ms=at_ms,
        holds=len(holds),
        hold_p95_ms=_p95_ms(holds),
        checkouts=len(checkouts),
        checkout_p95_ms=_p95_ms(checkouts),
        pool_wait_ms=None if pool_wait_s is None else pool_wait_s * 1000,
        payments=len(payments),
        payment_errors=payments.count(0.0),
        turned_away=dict(Counter(room for at, room in _turned_away if at >= oldest)),
    )


@asynccontextmanager
async def publishing(redis: Redis, process: str, database: Database | None = None) -> AsyncIterator[None]:
    """Publish this process's signs while the context lasts."""
    name = f"{process}:{socket.gethostname()}:{os.getpid()}"
    task = asyncio.create_task(_publish(redis, process, name, database), name="vitals")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        with contextlib.suppress(RedisError, OSError):
            await cast(Awaitable[int], redis.hdel(HEALTH_KEY, name))  # stopped on purpose: nobody has to miss it


async def publish(redis: Redis, name: str, signs: Vitals) -> None:
    """Write one process's signs. A store that is away loses them: silence is a sign too."""
    with contextlib.suppress(RedisError, OSError):
        async with redis.pipeline(transaction=False) as pipe:
            pipe.hset(HEALTH_KEY, name, encode_vitals(signs).decode())
            pipe.pexpire(HEALTH_KEY, KEPT_MS)
            await pipe.execute()


async def _publish(redis: Redis, process: str, name: str, database: Database | None) -> None:
    while True:
        began = time.monotonic()
        waited = None if database is None else await _pool_wait_s(database)
        await publish(redis, name, vitals(process, time.time_ns() // 1_000_000, waited))
        await asyncio.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))


async def _pool_wait_s(database: Database) -> float:
    """Stand in the line for a connection like everybody, and give it straight back. No database at all is the longest wait."""
    began = time.monotonic()
    with contextlib.suppress(Fault, TimeoutError):
        async with asyncio.timeout(LOOK_BACK_S / 2), database.statement():
            pass
    return time.monotonic() - began


def _p95_ms(seconds: Iterable[float]) -> float | None:
    ordered = sorted(seconds)
    return ordered[len(ordered) * 95 // 100] * 1000 if ordered else None
