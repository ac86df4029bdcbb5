"""Tick all shows of this process with one timer, which rests while nothing changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from realtime import metrics
from realtime.clock import StoreClock
from realtime.hub import Hub
from realtime.pace import FIRST_MS, TICK_MS, next_tick_ms


class Ticker:
    """Write the frames of shows that changed, at most once per tick."""

    def __init__(self, clock: StoreClock) -> None:
        self.tick_ms = TICK_MS
        self._clock = clock
        self._due: set[Hub] = set()
        self._last = 0.0
        self._last_cpu = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def changed(self, hub: Hub) -> None:
        """*hub* has something to tell."""
        self._due.add(hub)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            when = max(self._last + self.tick_ms / 1000, loop.time() + FIRST_MS / 1000)
            self._timer = loop.call_at(when, self._tick)

    def close(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        now, cpu = asyncio.get_running_loop().time(), time.process_time()
        # Frames are handed to the kernel after this turn of the loop, so only the time between two ticks shows what they cost.
        self.tick_ms = next_tick_ms(self.tick_ms, (cpu - self._last_cpu) / max(now - self._last, 0.001))
        self._timer, self._last, self._last_cpu = None, now, cpu
        due, self._due = self._due, set()
        with metrics.TICK_SECONDS.time():
            count(due, self._clock.now_ms())


def count(hubs: Iterable[Hub], now_ms: int) -> None:
    """Tick *hubs* and count what was written."""
    for hub in hubs:
        frames, delivered = hub.frames_made, hub.delivered
        hub.tick(now_ms)
        metrics.FRAMES.inc(hub.frames_made - frames)
        metrics.DELIVERED.inc(hub.delivered - delivered)
