"""Follow the feeds of all watched shows with one reader per process."""

from __future__ import annotations

import asyncio
import time

from realtime import metrics
from realtime.shows import Shows
from seatmap.faults import Fault
from seatmap.inventory.port import Feed
from server.logs import logger

# A show that is opened while the reader waits is read after this time at the latest.
BLOCK_MS = 250
# Under load, entries are taken in handfuls: far below a tick, far above the cost of a read.
PAUSE_S = 0.01
RETRY_S = (0.1, 0.2, 0.5, 1.0)
# A read is answered after BLOCK_MS when nothing happens; one that takes this long has a store that does not answer.
SILENT_S = 1.5


class FeedReader:
    """Read the feed, for ever; after a break, make sure that nothing was missed."""

    def __init__(self, feed: Feed, shows: Shows) -> None:
        self._feed, self._shows = feed, shows
        self._failures = 0
        self._asked_at: float | None = None

    @property
    def healthy(self) -> bool:
        """Whether the last read was answered, and the one under way is not overdue."""
        overdue = self._asked_at is not None and time.monotonic() - self._asked_at > SILENT_S
        return self._failures == 0 and not overdue

    async def run(self) -> None:
        """Follow all watched shows."""
        while True:
            if not self._shows.positions:
                self._shows.arrived.clear()
                await self._shows.arrived.wait()
            try:
                await self._read()
            except Fault as fault:
                await self._wait(fault)

    async def _read(self) -> None:
        after_break = self._failures > 0
        positions = {key: session.hub.position for key, session in self._shows.positions.items()}
        self._asked_at = time.monotonic()
        try:
            found = await self._feed.changes(positions, BLOCK_MS)
        finally:
            self._asked_at = None
        for key, changes in found.items():
            await self._shows.take(key, changes)
        if after_break:
            # The store may have come back without its memory: then the feed stays silent, and only a fresh read shows it.
            for session in self._shows:
                await self._shows.verify(session)
            logger().info("feed.continued", failures=self._failures)
        self._failures = 0
        if found:
            await asyncio.sleep(PAUSE_S)

    async def _wait(self, fault: Fault) -> None:
        metrics.FEED_FAULTS.inc()
        if self._failures == 0:
            logger().warning("feed.broken", fault=str(fault))
        await asyncio.sleep(RETRY_S[min(self._failures, len(RETRY_S) - 1)])
        self._failures += 1
