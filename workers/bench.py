"""What the jobs of one worker process share, and how they bear a store that is away."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import Counter

from server.faults import Unavailable
from server.logs import logger
from server.orders.reopen import reopen_lost_shows
from server.outbox.carry_out import Courier
from server.services import Services

JOBS = Counter("frontrow_jobs", "Jobs run, by what became of them.", ["job", "outcome"])
# Everything a job waits for has its own bound (Valkey 5 s, a statement 20 s, the provider 30 s). A run that outlasts them all is
# stuck, and since the next run would wait for it, nothing would be delivered any more.
STUCK_S = 60.0


@dataclass(slots=True)
class Bench:
    """The services and the courier of one process."""

    services: Services
    courier: Courier
    stuck_s: float = STUCK_S
    _busy: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)

    async def singly(self, job: str, deed: Callable[[], Awaitable[object]]) -> None:
        """Run *deed*, or have the run under way look once more: a slow mail server must not stack up jobs.

        Bears `Unavailable`: the rows it would have touched wait in Postgres for the next run. A run is given up after `stuck_s`,
        and what it was waiting for goes into the log.
        """
        if job in self._busy:
            self._missed.add(job)
            return
        self._busy.add(job)
        try:
            while True:
                self._missed.discard(job)
                if not await self._bounded(job, deed):
                    return
                JOBS.labels(job, "done").inc()
                if job not in self._missed:
                    return
        except Unavailable as fault:
            JOBS.labels(job, "unavailable").inc()
            logger().warning("job.put_off", job=job, reason=str(fault))
        finally:
            self._busy.discard(job)

    async def _bounded(self, job: str, deed: Callable[[], Awaitable[object]]) -> bool:
        """Run *deed* once; False when it was given up."""
        running = asyncio.ensure_future(deed())
        try:
            done, _ = await asyncio.wait({running}, timeout=self.stuck_s)
            if done:
                running.result()
                return True
            JOBS.labels(job, "stuck").inc()
            logger().error("job.stuck", job=job, seconds=self.stuck_s, waits=_waits())
            return False
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait({running})

    async def reopen_lost(self) -> None:
        """Rebuild what Valkey lost."""
        await reopen_lost_shows(self.courier.desk, self.courier.reopen)


def _waits() -> list[str]:
    """Say where every task of this process waits."""
    lines = []
    for task in asyncio.all_tasks():
        text = io.StringIO()
        task.print_stack(limit=3, file=text)
        lines.append(text.getvalue())
    return lines
