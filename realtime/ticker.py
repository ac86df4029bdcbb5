"""Tick all shows of this process with one timer, which rests while nothing changes."""

from __future__ import annotations

import asyncio
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
        loop = asyncio.get_running_loop()
        self._timer = None
        self._last = began = loop.time()
        due, self._due = self._due, set()
        count(due, self._clock.now_ms())
        busy_s = loop.time() - began
        metrics.TICK_SECONDS.observe(busy_s)
        self.tick_ms = next_tick_ms(self.tick_ms, busy_s * 1000)


def count(hubs: Iterable[Hub], now_ms: int) -> None:
    """Tick *hubs* and count what was written."""
    for hub in hubs:
        frames, delivered = hub.frames_made, hub.delivered
        hub.tick(now_ms)
        metrics.FRAMES.inc(hub.frames_made - frames)
        metrics.DELIVERED.inc(hub.delivered - delivered)
