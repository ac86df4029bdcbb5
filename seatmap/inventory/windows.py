"""Windows: stretches of free neighbouring seats a party could have, and what each costs.

The cost is the mean cost of its seats plus what the leftovers of the run are expected to lose (seatmap research 4.1).
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from seatmap.inventory.seat_index import Bools, Floats, Ints, SeatIndex

Mode = Literal["priced", "hard"]
FRAGMENTATION: Final = 0.05  # weight of an expected lost seat against the mean cost of a window
ORPHAN: Final = 10.0  # hard mode: above any difference in cost


@dataclass(frozen=True, slots=True)
class Party:
    """*size* people; *categories* and *sections* by index, None for any; *accessible* of them need a wheelchair space."""

    size: int
    categories: frozenset[int] | None = None
    sections: frozenset[int] | None = None
    accessible: int = 0


class Windows(NamedTuple):
    """Candidate windows: line index of the first seat, and cost."""

    at: Ints
    cost: Floats


def wanted_lines(index: SeatIndex, lines: Bools, party: Party) -> Bools:
    """Mark the free seats the party may have: its categories, its sections, nothing protected."""
    wanted = lines & ~index.protected
    if party.categories is not None:
        chosen = np.zeros(256, dtype=bool)
        chosen[list(party.categories)] = True
        wanted &= chosen[index.category]
    if party.sections is not None:
        chosen = np.zeros(int(index.section.max(initial=0)) + 1, dtype=bool)
        chosen[[section for section in party.sections if section < len(chosen)]] = True
        wanted &= chosen[index.section]
    return wanted


def find_windows(index: SeatIndex, lines: Bools, party: Party, size: int, mode: Mode) -> Windows:
    """List every window of *size* seats with its cost. The whole free run counts as what may be broken up."""
    reaches, mean = index.windows(size)
    at = np.flatnonzero(together(wanted_lines(index, lines, party), size) & reaches).astype(np.int32)
    if not len(at):
        return Windows(at, np.zeros(0, dtype=np.float32))
    first, last = free_runs(index, lines & ~index.protected)
    left, right = at - first[at], last[at] - at - size + 1
    loss = index.loss
    cost = mean[at] + FRAGMENTATION * (loss[left] + loss[right] - loss[left + size + right])
    if mode == "hard":
        cost += ORPHAN * ((left == 1).astype(np.float32) + (right == 1))
    return Windows(at, cost.astype(np.float32))


def together(wanted: Bools, size: int) -> Bools:
    """Mark where *size* seats in line are all wanted, by doubling."""
    n, have, result = len(wanted), 1, wanted.copy()
    while have < size:
        step = min(have, size - have)
        result[: n - step] &= result[step:]
        result[n - step :] = False
        have += step
    return result


def free_runs(index: SeatIndex, lines: Bools) -> tuple[Ints, Ints]:
    """Give for each free seat the first and last seat of its free run (nothing meaningful for the others)."""
    n = len(lines)
    at = np.arange(n, dtype=np.int32)
    before = np.empty(n, dtype=bool)
    before[:1] = True
    before[1:] = ~lines[:-1] | index.starts[1:]
    first = np.maximum.accumulate(np.where(before, at, 0))
    after = np.empty(n, dtype=bool)
    after[-1:] = True
    after[:-1] = ~lines[1:] | index.starts[1:]
    last = np.minimum.accumulate(np.where(after, at, n - 1)[::-1])[::-1]
    return first.astype(np.int32), last.astype(np.int32)


def without(windows: Windows, at: int, taken: int, size: int) -> Windows:
    """Leave out windows of *size* that share a seat with the *taken* seats from *at*."""
    clear = (windows.at >= at + taken) | (windows.at + size <= at)
    return Windows(windows.at[clear], windows.cost[clear])
