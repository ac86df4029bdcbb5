"""The windows of parties asked for lately, kept true to what is free by reckoning the changed rows again, and no others.

In a sale a handful of parties asks for the same again and again, and between two of them a few seats change. Reckoning all
windows of a 60,000-seat house takes some 2 ms, the rows that changed 0.1 ms; the answer is the same, bit for bit.
"""

from collections import OrderedDict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from seatmap.inventory.seat_index import Bools, Floats, SeatIndex
from seatmap.inventory.windows import Mode, Party, find_windows

KEPT: Final = 8  # kinds of party, each with 4 bytes a seat
CHANGED_MAX: Final = 2000  # with more seats than these changed, the whole house is as quick


class WindowsMemory:
    """The windows of one chart. Whoever asks says what is free; what changed since is found by comparing."""

    def __init__(self, index: SeatIndex) -> None:
        self._index = index
        self._kept: OrderedDict[tuple[Party, Mode], tuple[Bools, Floats]] = OrderedDict()

    def costs(self, free: Bools, party: Party, mode: Mode = "priced") -> Floats:
        """Give for each seat in line order what the window beginning there costs; infinite where there is none.

        *free* is over k. The array belongs to the memory: look, and leave it as it was.
        """
        key = (party, mode)
        known = self._kept.pop(key, None)
        changed = None if known is None else np.flatnonzero(known[0] != free)
        if known is None or changed is None or len(changed) > CHANGED_MAX:
            known = (free.copy(), self._everywhere(free, party, mode))
        elif len(changed):
            self._again(known[1], free, party, mode, changed)
            known[0][changed] = free[changed]
        self._kept[key] = known
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return known[1]

    def _everywhere(self, free: Bools, party: Party, mode: Mode) -> Floats:
        index = self._index
        found = find_windows(index, index.lines(free), party, party.size, mode)
        costs = np.full(len(index.k_of), np.inf, dtype=np.float32)
        costs[found.at] = found.cost
        return costs

    def _again(self, costs: Floats, free: Bools, party: Party, mode: Mode, changed: NDArray[np.intp]) -> None:
        """Reckon the whole rows of the *changed* seats (k): neither run nor window reaches beyond a row."""
        at = self._index.rows_of(changed)
        if len(at):
            part = self._index.part(at, party.size)
            found = find_windows(part, free[part.k_of], party, party.size, mode)
            costs[at] = np.inf
            costs[at[found.at]] = found.cost
