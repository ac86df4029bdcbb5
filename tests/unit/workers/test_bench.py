"""A worker's jobs run one at a time, bear a store that is away, and never wait for ever."""

import asyncio
from unittest.mock import sentinel

import pytest
from structlog.testing import capture_logs

from server.faults import Unavailable
from workers.bench import Bench


def bench(stuck_s: float = 5.0) -> Bench:
    """Return a bench whose services nobody asks for anything."""
    return Bench(sentinel.services, sentinel.courier, stuck_s=stuck_s)


async def test_a_run_that_is_stuck_is_given_up_and_the_next_one_works() -> None:
    """What waits for ever is cancelled, the log says where it waited, and the same job runs again."""
    ours, cancelled, done = bench(stuck_s=0.05), asyncio.Event(), asyncio.Event()

    async def waits_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def works() -> None:
        done.set()

    with capture_logs() as logs:
        await ours.singly("finalise", waits_for_ever)
    assert cancelled.is_set()
    (entry,) = logs
    assert entry["event"] == "job.stuck"
    assert any("waits_for_ever" in where for where in entry["waits"])
    await ours.singly("finalise", works)
    assert done.is_set()


async def test_who_asks_during_a_run_has_it_look_once_more() -> None:
    """Ten requests during one run make one more run, not ten."""
    ours, runs, first = bench(), [0], asyncio.Event()

    async def counted() -> None:
        runs[0] += 1
        if runs[0] == 1:
            await first.wait()

    running = asyncio.create_task(ours.singly("finalise", counted))
    while not runs[0]:
        await asyncio.sleep(0)
    for _ in range(10):
        await ours.singly("finalise", counted)
    first.set()
    await running
    assert runs[0] == 2


async def test_a_store_that_is_away_puts_the_job_off() -> None:
    """`Unavailable` ends the run in one line of the log; a defect is not swallowed."""
    ours = bench()

    async def away() -> None:
        raise Unavailable("Valkey does not answer")

    async def defect() -> None:
        raise KeyError("nothing of the sort was expected")

    with capture_logs() as logs:
        await ours.singly("finalise", away)
    assert [entry["event"] for entry in logs] == ["job.put_off"]
    with pytest.raises(KeyError):
        await ours.singly("finalise", defect)


async def test_ending_the_job_ends_what_it_runs() -> None:
    """A worker that stops leaves nothing running behind the job it cancels."""
    ours, begun, ended = bench(), asyncio.Event(), asyncio.Event()

    async def long() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    running = asyncio.create_task(ours.singly("deliver", long))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
