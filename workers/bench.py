"""What the jobs of one worker process share, and how they bear a store that is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import Counter

from server.faults import Unavailable
from server.logs import logger
from server.orders.reopen import reopen_lost_shows
from server.outbox.carry_out import Courier
from server.services import Services

JOBS = Counter("frontrow_jobs", "Jobs run, by what became of them.", ["job", "outcome"])


@dataclass(slots=True)
class Bench:
    """The services and the courier of one process."""

    services: Services
    courier: Courier
    _busy: set[str] = field(default_factory=set)
    _missed: set[str] = field(default_factory=set)

    async def singly(self, job: str, deed: Callable[[], Awaitable[object]]) -> None:
        """Run *deed*, or have the run under way look once more: a slow mail server must not stack up jobs.

        Bears `Unavailable`: the rows it would have touched wait in Postgres for the next run.
        """
        if job in self._busy:
            self._missed.add(job)
            return
        self._busy.add(job)
        try:
            while True:
                self._missed.discard(job)
                await deed()
                JOBS.labels(job, "done").inc()
                if job not in self._missed:
                    return
        except Unavailable as fault:
            JOBS.labels(job, "unavailable").inc()
            logger().warning("job.put_off", job=job, reason=str(fault))
        finally:
            self._busy.discard(job)

    async def reopen_lost(self) -> None:
        """Rebuild what Valkey lost."""
        await reopen_lost_shows(self.courier.desk, self.courier.reopen)
