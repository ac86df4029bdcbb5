"""The gentle rule for human picks: do not leave a single seat nobody can buy, unless the row leaves no other way.

Judged by the caller on the seats it has in memory, before the hold: a race at worst strands a seat, it never sells one
twice. Lenient as measured in seatmap research 4.6: worth 4-6 points of fill.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seatmap.inventory.seat_index import Bools, Ints, SeatIndex
from seatmap.inventory.windows import free_runs


@dataclass(frozen=True, slots=True)
class Stranding:
    """The pick leaves *singles* (k) alone. *shifted* is the same party one seat aside, which leaves none (or empty)."""

    singles: tuple[int, ...]
    shifted: tuple[int, ...]


def stranded_single(index: SeatIndex, free: Bools, picked: Sequence[int]) -> Stranding | None:
    """Say whether picking seats *picked* (k, all free) strands a single; None when the pick is fine.

    Fine is also: seats protected or not in one stretch (judged piece by piece), and a pick whose free run has no window
    of that size without a single, so nobody is ever refused the last seats of a row.
    """
    lines = index.lines(free) & ~index.protected
    first, last = free_runs(index, lines)
    for piece in _stretches(index, picked):
        if not lines[piece].all():
            continue
        size, start, end = len(piece), int(first[piece[0]]), int(last[piece[0]])
        singles = _singles(piece[0], size, start, end)
        if not singles:
            continue
        legal = [at for at in range(start, end - size + 2) if not _singles(at, size, start, end)]
        if legal:
            aside = min(legal, key=lambda at: abs(at - piece[0]))
            return Stranding(tuple(int(index.k_of[at]) for at in singles), index.seats(aside, size))
    return None


def strands(index: SeatIndex, lines: Bools, at: Ints, size: int) -> Bools:
    """Say the same of many windows at once: *size* seats from each line index of *at*. *lines* is what is free, in line order.

    A run that has but one seat more than the party leaves it alone wherever they sit: that is nobody's fault.
    """
    first, last = free_runs(index, lines & ~index.protected)
    left, right = at - first[at], last[at] - at - size + 1
    alone: Bools = ((left == 1) | (right == 1)) & (left + right > 1)
    return alone


def _singles(at: int, size: int, start: int, end: int) -> list[int]:
    """List the seats left alone when *size* seats from *at* are taken out of the free run *start*..*end*."""
    return [start] * (at - start == 1) + [end] * (end - (at + size - 1) == 1)


def _stretches(index: SeatIndex, picked: Sequence[int]) -> list[list[int]]:
    lines = np.sort(index.line_of[[k for k in picked if 0 <= k < index.seat_count]])
    lines = lines[lines >= 0]
    cuts = np.flatnonzero((np.diff(lines) != 1) | index.starts[lines[1:]]) + 1
    return [piece.tolist() for piece in np.split(lines, cuts) if len(piece)]
