"""Waking workers and waiting after failures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from server.outbox.drain import BACKOFF_MAX_S, TRIES_MAX, backoff_s
from server.outbox.effects import DEADLINE_S
from server.outbox.wake import SLOT_MS, ArqWake


class Jobs:
    """A queue that remembers what was put in."""

    def __init__(self) -> None:
        self.enqueued: list[tuple[str, datetime]] = []
        self.broken = False

    async def enqueue_job(self, _name: str, *, _job_id: str, _defer_until: datetime) -> None:
        if self.broken:
            raise RedisConnectionError("away")
        self.enqueued.append((_job_id, _defer_until))


def waker(jobs: Any, at: list[float]) -> ArqWake:
    return ArqWake(jobs, now=lambda: at[0])


async def test_one_job_per_burst_and_none_lost() -> None:
    """However often it is woken within a slot there is one job, and it starts after the slot: it sees all of the burst."""
    jobs, at = Jobs(), [1000.0]
    wake = waker(jobs, at)
    for step in range(10):
        at[0] = 1000.0 + step * SLOT_MS / 10_000
        await wake()
    assert len(jobs.enqueued) == 1
    assert jobs.enqueued[0][1].timestamp() * 1000 > at[0] * 1000
    at[0] += SLOT_MS / 1000
    await wake()
    assert len({job for job, _ in jobs.enqueued}) == 2


async def test_a_queue_that_is_away_is_not_an_error() -> None:
    """The order is committed whatever the queue says; the next order tries again."""
    jobs, at = Jobs(), [1000.0]
    wake = waker(jobs, at)
    jobs.broken = True
    await wake()
    jobs.broken = False
    await wake()
    assert len(jobs.enqueued) == 1


def test_waiting_grows_and_is_bounded() -> None:
    """1 s, 2 s, 4 s … five minutes; giving up takes hours, the alarm rings long before."""
    waits = [backoff_s(tries) for tries in range(1, TRIES_MAX + 1)]
    assert waits[:3] == [1, 2, 4]
    assert max(waits) == BACKOFF_MAX_S
    assert waits == sorted(waits)
    assert sum(waits) > 2 * 3600 > max(DEADLINE_S.values())
