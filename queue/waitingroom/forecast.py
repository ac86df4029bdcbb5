"""The rate that the frame promises: how many people a minute the line will serve from now on, and how wrong that has been lately.

Three things are kept apart. *Aim*: what the organiser's rate and checkout's health ask for; a change of the rate is told at once, not
after an average has caught up. *Yield*: the share of the aim that really is served (visits that last long fill the floor, and
then the cap decides), smoothed. *Error*: every quarter of a minute the forecaster writes down what it would tell people at all
distances; when their turn comes it learns by how much it was wrong. The band is made of those errors, so it is as wide as the
truth was, not as wide as a formula thinks.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, expm1, log
from typing import Final

from waitingroom.density import EDGES, people_within
from waitingroom.eta import MINUTE_MS, wait_ms

YIELD_MEMORY_S: Final = 60.0
LEVEL_MEMORY_S: Final = 60.0
HAZARD_MEMORY_S: Final = 300.0
HAZARD_EVERY_S: Final = 30.0
HAZARD_MAX: Final = 0.2
# Below so many people the share that gives up in a quarter of a minute is noise.
HAZARD_PEOPLE_MIN: Final = 200
# Before this much turn time has passed with people served, no number is better than a guessed one.
WARM_UP_MS: Final = 10_000
# A yield above this is "the aim is met": then a higher aim is believed at once.
MET: Final = 0.9

NOTE_EVERY_MS: Final = 15_000
NOTE_MIN_MS, NOTE_MAX_MS = 60_000, 120 * 60_000
NOTES_MAX: Final = 20_000
ERRORS_KEPT: Final = 400
# Until errors were seen the band is that of a line served within some 10 %: so many imaginary errors, spread normally.
PRIOR_ERRORS: Final = 40
PRIOR_SPREAD: Final = 0.08
# Errors are known of those whose turn came; who waits longest is told of a time further off than any error yet seen.
WIDER: Final = 1.25
_NORMAL_QUANTILES: Final = tuple(
    PRIOR_SPREAD * z for z in (-1.96, -1.44, -1.15, -0.93, -0.76, -0.6, -0.45, -0.32, -0.19, -0.06)
)


@dataclass(frozen=True, slots=True)
class Tick:
    """What the forecaster sees of one tick.

    *shares* is the density from *served*; *end* the place after the last; *rate_per_min* what the organiser allows, *level* the share of
    it that health allows, *waiting* how many wait, *coverage* by what the density was divided (0: nobody is seen).
    """

    turn_ms: int
    served: int
    end: int
    shares: Sequence[float]
    rate_per_min: float
    level: float
    waiting: int
    coverage: float = 1.0

    @property
    def people(self) -> float:
        """People in the line, as the density counts them."""
        return people_within(self.shares, self.end - self.served)


@dataclass(slots=True)
class Forecaster:
    """One room's forecasts. A new leader begins with the prior band and is warm after ten seconds."""

    level: float = 1.0
    served_share: float = 1.0
    _gone: float = 0.0
    _hazards: int = 0
    _last: Tick | None = None
    _began_ms: int | None = None
    _aim: float = 0.0
    _noted_ms: int = 0
    _notes: list[tuple[int, int, int]] = field(default_factory=list)
    errors: deque[float] = field(default_factory=lambda: deque(maxlen=ERRORS_KEPT))
    _past: Tick | None = None

    @property
    def hazard(self) -> float:
        """The share of those waiting who give up, per minute."""
        return min(HAZARD_MAX, max(0.0, self._gone))

    def observe(self, tick: Tick) -> None:
        """Take in a tick; between two of them the line must have been the same one."""
        last, self._last = self._last, tick
        if last is None or tick.turn_ms <= last.turn_ms:
            return
        passed_s = (tick.turn_ms - last.turn_ms) / 1000
        people = people_within(last.shares, tick.served - last.served)
        if self._began_ms is None and people > 0:
            self._began_ms = last.turn_ms
        self.level += (tick.level - self.level) * -expm1(-passed_s / LEVEL_MEMORY_S)
        aim = tick.rate_per_min * self.level
        self._follow_aim(aim)
        if aim > 0 and tick.waiting > 0 and self._began_ms is not None:
            share = min(2.0, people / (aim * passed_s / 60))
            self.served_share += (share - self.served_share) * -expm1(-passed_s / YIELD_MEMORY_S)
        self._measure_hazard(tick)
        self._learn(tick)
        self._note(tick)

    def rate(self) -> tuple[float, float, float] | None:
        """Return people a minute, cautious, likely and hopeful; None while it is too early to say."""
        if self._last is None or self._began_ms is None or self._last.turn_ms - self._began_ms < WARM_UP_MS:
            return None
        likely = max(0.01, self._aim * self.served_share)
        low, middle, high = self._spread()
        return likely * exp(-high), likely * exp(-middle), likely * exp(-low)

    def _follow_aim(self, aim: float) -> None:
        """A higher aim is believed when the old one was met; else the floor, not the aim, decides what is served."""
        if self._aim > 0 and aim > 0 and self.served_share < MET:
            self.served_share = min(1.0, self.served_share * self._aim / aim)
        self._aim = aim

    def _measure_hazard(self, tick: Tick) -> None:
        """Compare the people of the same places over a quarter of a minute: who is missing and was not served gave up."""
        past = self._past
        if past is None or tick.turn_ms - past.turn_ms >= HAZARD_EVERY_S * 1000:
            self._past = tick
        if past is None or self._past is past:
            return
        moved, minutes = tick.served - past.served, (tick.turn_ms - past.turn_ms) / MINUTE_MS
        before = (past.people - people_within(past.shares, moved)) * past.coverage
        now = people_within(tick.shares, past.end - tick.served) * tick.coverage
        if before < HAZARD_PEOPLE_MIN or now <= 0 or past.coverage == 0 or tick.coverage == 0:
            return
        gone = log(before / now) / minutes  # may be negative by chance: cut off only after averaging
        self._hazards += 1
        self._gone += (gone - self._gone) * max(1 / self._hazards, -expm1(-minutes * 60 / HAZARD_MEMORY_S))

    def _note(self, tick: Tick) -> None:
        """Write down what people at every block edge would be told now."""
        if tick.turn_ms - self._noted_ms < NOTE_EVERY_MS or self.rate() is None:
            return
        self._noted_ms = tick.turn_ms
        likely = max(0.01, self._aim * self.served_share)
        for edge in EDGES[1:]:
            if tick.served + edge >= tick.end or len(self._notes) >= NOTES_MAX:
                return
            told = wait_ms(people_within(tick.shares, edge) + 1, likely, self.hazard)
            if told > NOTE_MAX_MS:
                return
            if told >= NOTE_MIN_MS:
                heapq.heappush(self._notes, (tick.served + edge, tick.turn_ms, told))

    def _learn(self, tick: Tick) -> None:
        """Compare with what was told to those who are called now."""
        while self._notes and self._notes[0][0] < tick.served:
            _, noted_ms, told = heapq.heappop(self._notes)
            self.errors.append(log(max(1, tick.turn_ms - noted_ms) / told))

    def _spread(self) -> tuple[float, float, float]:
        """Return the logarithmic errors at 10, 50 and 90 %, of those seen lately and the imaginary ones."""
        prior = [*_NORMAL_QUANTILES, *(-value for value in _NORMAL_QUANTILES)] * (PRIOR_ERRORS // 20)
        seen = sorted([*self.errors, *prior])
        low, middle, high = (seen[len(seen) * tenth // 10] for tenth in (1, 5, 9))
        return middle - WIDER * (middle - low), middle, middle + WIDER * (high - middle)
