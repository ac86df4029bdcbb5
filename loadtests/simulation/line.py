"""The line in memory and in virtual time: what queue/waitingroom's store does, for a million places at once.

It keeps the rules of queue/waitingroom/rules with arrays instead of mappings, which a million places would be too slow for: order of
positions, claim window on the turn clock, one re-entry, cap and rate at the claim. `tests/simulation/test_line.py` plays random steps on
both and compares them place by place.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from waitingroom.model import CALLS_PER_ADMISSION_MAX, RATE_WINDOW_MS, PlaceState

Positions = npt.NDArray[np.int64]


class MemoryLine:
    """One room after its draw. Times are milliseconds of the turn clock."""

    def __init__(self, places: int, *, cap: int, rate_per_min: int, window_ms: int, reentries: int = 1) -> None:
        self.cap, self.rate_per_min, self.window_ms, self.reentries = cap, rate_per_min, window_ms, reentries
        self.state = np.zeros(places, dtype=np.uint8)
        self.called_ms = np.full(places, -1, dtype=np.int64)
        self.turn_ms = 0
        self.next = self.served = self.visits = 0
        self.called = self.claimed = self.lapsed = self.left = 0
        self.waiting = 0
        self._claims: deque[tuple[int, int]] = deque()
        self._calls: deque[tuple[int, int]] = deque()
        self.claimed_min = self.called_min = 0
        self._lapsing: deque[tuple[int, int]] = deque()
        self._lapsed_to = 0

    def join_until(self, index: int) -> None:
        """Let everybody before *index* join."""
        self.waiting += max(0, index - self.next)
        self.next = max(self.next, index)

    def leave(self, positions: Positions) -> None:
        """Give these places up, as far as nobody claimed them or let them lapse."""
        going = positions[self.state[positions] == PlaceState.WAITING]
        self.state[going] = PlaceState.LEFT
        self.left += len(going)
        self.waiting -= int(np.count_nonzero(going >= self.served))

    def move(self, people: int) -> Positions:
        """Call the next *people*, past those who left; return who was called."""
        self._forget()
        people = min(people, max(0, CALLS_PER_ADMISSION_MAX * self.rate_per_min - self.called_min))
        end, found = self.served, np.empty(0, dtype=np.int64)
        while len(found) < people and end < self.next:
            upto = min(self.next, end + max(64, 2 * (people - len(found))))
            here = end + np.flatnonzero(self.state[end:upto] == PlaceState.WAITING)
            found, end = np.concatenate([found, here]), upto
        called = found[:people]
        if len(called):
            self.served = int(called[-1]) + 1
            self.called_ms[called] = self.turn_ms
            self.called += len(called)
            self.waiting -= len(called)
            self._lapsing.append((self.turn_ms, self.served))
            self._calls.append((self.turn_ms, len(called)))
            self.called_min += len(called)
        return called

    def claim(self, positions: Positions) -> tuple[Positions, Positions]:
        """Let in whom cap and rate allow, in order of asking; return those let in, and those to ask again."""
        age = self.turn_ms - self.called_ms[positions]
        state = self.state[positions]
        open_still = (state == PlaceState.WAITING) | (state == PlaceState.LAPSED)
        asking = positions[open_still & (positions < self.served) & (age < (1 + self.reentries) * self.window_ms)]
        self._forget()
        room = max(0, min(self.cap - self.visits, self.rate_per_min - self.claimed_min))
        inside = asking[:room]
        if len(inside):
            self.lapsed -= int(np.count_nonzero(self.state[inside] == PlaceState.LAPSED))
            self.state[inside] = PlaceState.CLAIMED
            self.visits += len(inside)
            self.claimed += len(inside)
            self.claimed_min += len(inside)
            self._claims.append((self.turn_ms, len(inside)))
        return inside, asking[room:]

    def end_visits(self, count: int) -> None:
        """End so many visits."""
        self.visits -= count
        assert self.visits >= 0

    def lapse(self) -> int:
        """Let called places lapse whose window passed; return how many."""
        first, last = None, 0
        while self._lapsing and self.turn_ms - self._lapsing[0][0] >= self.window_ms:
            last = self._lapsing.popleft()[1]
            first = self._lapsed_to if first is None else first
        if first is None:
            return 0
        places = self.state[first:last]
        gone = places == PlaceState.WAITING
        places[gone] = PlaceState.LAPSED
        self._lapsed_to = last
        count = int(np.count_nonzero(gone))
        self.lapsed += count
        return count

    def standing(self, edges: tuple[int, ...]) -> tuple[int, ...]:
        """Count the places not left between each two edges, which start at `served` or after it."""
        here = self.state[edges[0] : edges[-1]] != PlaceState.LEFT
        sums = np.concatenate([[0], np.cumsum(here)])
        at = sums[np.array(edges) - edges[0]]
        return tuple(int(count) for count in np.diff(at))

    def refresh(self) -> None:
        """Let the minute's ledgers forget what is older."""
        self._forget()

    def _forget(self) -> None:
        while self._claims and self._claims[0][0] <= self.turn_ms - RATE_WINDOW_MS:
            self.claimed_min -= self._claims.popleft()[1]
        while self._calls and self._calls[0][0] <= self.turn_ms - RATE_WINDOW_MS:
            self.called_min -= self._calls.popleft()[1]
