"""The composition root of the workers: arq runs the jobs; a loopback port says how they are."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import orjson
from arq import cron, func
from arq.worker import Worker
from redis.exceptions import RedisError

from server.app import open_services
from server.faults import Unavailable
from server.logs import logger
from server.orders.addresses import base_url
from server.orders.desk import desk_of
from server.orders.reopen import reopener
from server.outbox.carry_out import Courier
from server.outbox.letters import OrderLetters
from server.outbox.wake import JOB
from server.rooms.visits import visit_ender
from server.services import Services
from server.settings import Settings
from server.vitals import publishing
from workers import jobs
from workers.bench import Bench
from workers.pages import serve_pages
from workers.rehearsal import rehearsing
from workers.usher.usher import ushering

# How often the queue is looked at: the most a burst waits before its first order is delivered, beyond its slot.
POLL_S = 0.1
RESTART_S = 1.0
EVERY_SECOND = set(range(60))


def make_bench(services: Services) -> Bench:
    """Return what the jobs share, on top of a process's services."""
    letters = OrderLetters(
        services.database, services.shows, services.mailer, services.templates, base_url(services.settings)
    )

    async def announce(changed: set[tuple[int, int]]) -> None:
        """Tell dashboards; a lost message costs them one tick."""
        with contextlib.suppress(RedisError, OSError):
            async with services.redis.pipeline(transaction=False) as pipe:
                for org_id, show_id in changed:
                    pipe.publish(f"activity:{org_id}", orjson.dumps({"show": show_id, "kind": "order"}))
                await pipe.execute()

    return Bench(services, Courier(desk_of(services), letters, reopener(services), announce, visit_ender(services)))


def make_worker(bench: Bench, *, burst: bool = False) -> Worker:
    """Return arq's worker with our jobs. Jobs carry no arguments and no results: the rows in Postgres say what to do."""
    return Worker(
        functions=[func(jobs.drain, name=JOB, max_tries=1, keep_result=0)],
        cron_jobs=[
            cron(jobs.tick, name="tick", second=EVERY_SECOND, max_tries=1, keep_result=0, run_at_startup=True),
            cron(jobs.measure, name="measure", second={0, 15, 30, 45}, max_tries=1, keep_result=0),
            cron(jobs.reconcile, name="reconcile", minute=set(range(0, 60, 5)), second=30, max_tries=1, keep_result=0),
        ],
        redis_pool=bench.services.jobs,
        queue_name=bench.services.jobs.default_queue_name,
        burst=burst,
        handle_signals=False,
        ctx={"bench": bench},
        poll_delay=POLL_S,
        keep_result=0,
        max_jobs=10,
        job_timeout=120,
        log_results=False,
        # Not pickle: whoever can write to Valkey must not be able to run code here.
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
    )


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is under way is finished first."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        opened(settings, stop) as (services, bench),
        serve_pages(services, settings.workers_port),
        rehearsing(services),
        ushering(services),
        publishing(services.redis, "workers", services.database),
    ):
        logger().info("workers.ready")
        await work(bench, stop)
    logger().info("workers.stopped")


async def work(bench: Bench, stop: asyncio.Event) -> None:
    """Run the worker, again after every loss of Valkey, until *stop*."""
    stopping = asyncio.create_task(stop.wait(), name="workers.stop")
    while not stop.is_set():
        worker = make_worker(bench)
        working = asyncio.create_task(worker.main(), name="workers.main")
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            await _finish(worker, working)
            return
        error = working.exception()
        if not isinstance(error, (RedisError, OSError)):
            raise error or RuntimeError("arq's worker returned")
        logger().warning("workers.without_valkey", reason=str(error))
        await _finish(worker, working)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stopping), RESTART_S)


async def _finish(worker: Worker, working: asyncio.Task[Any]) -> None:
    """Take no more jobs and let those under way end."""
    worker.allow_pick_jobs = False
    if worker.tasks:
        await asyncio.wait(list(worker.tasks.values()), timeout=20)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError, RedisError, OSError):
        await working


@asynccontextmanager
async def opened(settings: Settings, stop: asyncio.Event) -> AsyncIterator[tuple[Services, Bench]]:
    """Open the services, waiting for stores that are not there yet."""
    while True:
        try:
            context = open_services(settings, "workers")
            services = await context.__aenter__()
            break
        except Unavailable as fault:
            logger().warning("workers.waiting", reason=str(fault))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RESTART_S)
            if stop.is_set():
                raise
    try:
        yield services, make_bench(services)
    finally:
        await context.__aexit__(None, None, None)
