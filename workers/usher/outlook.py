"""How the line looks ahead: who still stands where, how fast it goes, and for how long somebody will wait."""

from __future__ import annotations

from typing import Final

from waitingroom import density
from waitingroom.forecast import Forecaster, Tick
from waitingroom.model import PRESENCE_BLOCK, LineState, Moved, RoomKey
from waitingroom.port import Line
from workers.usher.due import Due

# Presence is reported every three seconds; looking more often shows nothing new.
LOOK_MS: Final = 3_000
LEARN_MS: Final = 1_000
COVERAGE_WEIGHT: Final = 0.05


class Outlook:
    """One room's density and forecast. It begins with nothing known, and is warm after ten seconds."""

    def __init__(self) -> None:
        self.forecaster = Forecaster()
        self._coverage = density.Coverage()
        self._shares: tuple[float, ...] = (1.0,) * density.BLOCKS
        self._from, self._covered = 0, 0.0
        self._look, self._learn = Due(LOOK_MS), Due(LEARN_MS)

    def shares(self, served: int) -> tuple[float, ...]:
        """Return the density as seen from *served*."""
        return density.shifted(self._shares, max(0, served - self._from))

    async def look(self, port: Line, key: RoomKey, line: LineState, served: int, show_share: float) -> None:
        """Count who stands where and who is connected, when it is time."""
        if not self._look.now(line.now_ms):
            return
        end = max(served, line.next)
        standing = await port.count_waiting(key, density.edges_from(served, end))
        if not standing:
            return
        now = density.crowd(served, end, standing, await port.presence(key), PRESENCE_BLOCK)
        self._coverage = self._coverage.observed(now, COVERAGE_WEIGHT)
        self._covered = self._coverage.of(show_share)
        self._shares = density.shares_of(now, served, end, coverage=self._covered, without=show_share)
        self._from = served

    def learn(self, line: LineState, moved: Moved, level: float) -> None:
        """Show the tick to the forecaster, when it is time."""
        if not self._learn.now(line.now_ms):
            return
        self.forecaster.observe(
            Tick(
                turn_ms=moved.turn_ms,
                served=moved.served,
                end=max(line.next, moved.served),
                shares=self.shares(moved.served),
                rate_per_min=line.plan.rate_per_min,
                level=level,
                waiting=line.waiting,
                coverage=self._covered,
            )
        )

    def waiting(self, line: LineState, served: int) -> int:
        """Return how many people wait, as far as one can see."""
        people = density.people_within(self.shares(served), max(0, line.next - served))
        return min(line.waiting, round(people))
