"""Remember the last ticks of a show, so that whoever was away gets one frame instead of everything.

Bounded in age and in bytes. What is remembered are the changes, not frames: a gap over many ticks is merged until one state per seat is
left, and can be cut to any scope.
"""

from collections import deque
from dataclasses import dataclass

KEEP_MS = 90_000
BYTES_MAX = 16 << 20
# Two machine integers in a tuple, on average shared by the small-integer cache: measured 72 bytes per remembered change.
CHANGE_BYTES = 72
TICK_BYTES = 200

Changes = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Tick:
    """The changes of one tick: pairs of seat and state, ascending, that lead from *from_seq* - 1 to *to_seq*."""

    from_seq: int
    to_seq: int
    at_ms: int
    changes: Changes


class History:
    """The ticks of one epoch, oldest first, without a gap."""

    def __init__(self, seq: int, *, keep_ms: int = KEEP_MS, bytes_max: int = BYTES_MAX) -> None:
        self._ticks: deque[Tick] = deque()
        self._seq = seq
        self._bytes = 0
        self._keep_ms, self._bytes_max = keep_ms, bytes_max

    @property
    def oldest(self) -> int:
        """The earliest position that can still be continued."""
        return self._ticks[0].from_seq - 1 if self._ticks else self._seq

    def add(self, to_seq: int, at_ms: int, changes: Changes) -> None:
        """Append a tick that leads to *to_seq*; forget what is too old or too much."""
        assert to_seq > self._seq
        self._ticks.append(Tick(self._seq + 1, to_seq, at_ms, changes))
        self._seq = to_seq
        self._bytes += _size(changes)
        while self._ticks and (self._ticks[0].at_ms < at_ms - self._keep_ms or self._bytes > self._bytes_max):
            self._bytes -= _size(self._ticks.popleft().changes)

    def since(self, seq: int) -> tuple[int, Changes] | None:
        """Merge everything after *seq*: the first sequence number it covers, and the last state of each seat.

        None when *seq* is too old. The first number is that of the oldest tick needed, so all who were cut off in the same tick get
        the same answer.
        """
        if seq < self.oldest:
            return None
        merged: dict[int, int] = {}
        from_seq = self._seq + 1
        needed = []
        for tick in reversed(self._ticks):
            if tick.to_seq <= seq:
                break
            needed.append(tick)
        for tick in reversed(needed):
            merged.update(tick.changes)
        if needed:
            from_seq = needed[-1].from_seq
        return from_seq, tuple(sorted(merged.items()))

    def tick_of(self, seq: int) -> int:
        """Return the first sequence number that `since` would cover for *seq*: equal for all who get the same answer."""
        covered = self._seq + 1
        for tick in reversed(self._ticks):
            if tick.to_seq <= seq:
                break
            covered = tick.from_seq
        return covered


def _size(changes: Changes) -> int:
    return TICK_BYTES + CHANGE_BYTES * len(changes)
