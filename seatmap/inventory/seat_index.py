"""A chart laid out for picking: seats in line order, window costs per party size. Built once per chart, read only after.

In *line order* neighbours in a row are neighbours in the array, so a party is a slice. `k_of` leads back to k.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatmap.chart.attributes import ACCESSIBLE, Attribute
from seatmap.chart.compiled import CompiledChart

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

POOL_ACCESSIBLE = 1
PARTY_MAX = 32
# Shares of parties by size in theatre sales; what the loss of leaving a run of some length is reckoned with.
PARTY_MIX: Mapping[int, float] = {1: 0.08, 2: 0.50, 3: 0.11, 4: 0.20, 5: 0.05, 6: 0.04, 8: 0.02}
STRANDED = 0.9  # expected loss of a single seat: parties of one come, but not for every such seat
_STATES = np.array([[byte >> 6, byte >> 4 & 3, byte >> 2 & 3, byte & 3] for byte in range(256)], dtype=np.uint8)


@dataclass(frozen=True)
class SeatIndex:
    """All arrays are in line order. *cost* runs from 0 (best) to 1; *first* and *last* bound each seat's run."""

    seat_count: int
    k_of: Ints
    line_of: Ints
    x: Floats
    y: Floats
    section: Ints
    row: Ints
    category: NDArray[np.uint8]
    protected: Bools
    anchor: Bools
    cost: Floats
    last: Ints
    starts: Bools
    companions: Mapping[int, tuple[int, ...]]
    _windows: dict[int, tuple[Bools, Floats]] = field(default_factory=dict, repr=False)

    @cached_property
    def loss(self) -> Floats:
        """Give the expected number of seats never sold of a free run, by its length (seatmap research 4.1)."""
        return run_losses(int((self.last - np.arange(len(self.last)) + 1).max(initial=1)))

    def windows(self, size: int) -> tuple[Bools, Floats]:
        """Give, for each seat as the first of *size*: does the row reach that far, and the mean cost."""
        if size not in self._windows:
            n = len(self.k_of)
            reaches = np.zeros(n, dtype=bool)
            mean = np.full(n, np.inf, dtype=np.float32)
            if size <= n:
                at = np.arange(n - size + 1)
                total = np.concatenate(([0.0], np.cumsum(self.cost, dtype=np.float64)))
                reaches[: n - size + 1] = self.last[: n - size + 1] >= at + size - 1
                mean[: n - size + 1] = (total[size:] - total[:-size]) / size
            self._windows[size] = (reaches, mean)
        return self._windows[size]

    @cached_property
    def _first(self) -> Ints:
        """Give the first seat of each seat's run of neighbours."""
        at = np.arange(len(self.starts), dtype=np.int32)
        return np.maximum.accumulate(np.where(self.starts, at, 0)).astype(np.int32)

    def rows_of(self, seats: NDArray[np.intp]) -> Ints:
        """List, in line order, all seats of the rows that the *seats* (k) are in."""
        lines = self.line_of[seats]
        rows = sorted(set(self._first[lines[lines >= 0]].tolist()))
        if not rows:
            return np.zeros(0, dtype=np.int32)
        return np.concatenate([np.arange(row, self.last[row] + 1, dtype=np.int32) for row in rows])

    def part(self, at: Ints, size: int) -> "SeatIndex":
        """Cut out whole rows (*at*, ascending), enough of them to find windows of *size*: everything costs what it costs here."""
        reaches, mean = self.windows(size)
        new = np.zeros(len(self.k_of), dtype=np.int32)
        new[at] = np.arange(len(at), dtype=np.int32)
        found = replace(
            self,
            k_of=self.k_of[at],
            section=self.section[at],
            category=self.category[at],
            protected=self.protected[at],
            cost=self.cost[at],
            last=new[self.last[at]],
            starts=self.starts[at],
            _windows={size: (reaches[at], mean[at])},
        )
        found.__dict__["loss"] = self.loss
        return found

    def lines(self, by_k: NDArray[Any]) -> NDArray[Any]:
        """Bring an array over k into line order."""
        return by_k[self.k_of]

    def seats(self, at: int, size: int) -> tuple[int, ...]:
        """List the seats of a window as k."""
        return tuple(self.k_of[at : at + size].tolist())


def build_index(chart: CompiledChart, pools: bytes = b"") -> SeatIndex:
    """Lay out a compiled chart; *pools* as in `ShowPlan` (empty: the chart's own accessible pool)."""
    protected = np.frombuffer(pools or accessible_pool(chart), dtype=np.uint8) != 0
    anchor = (chart.attributes & int(Attribute.WHEELCHAIR_SPACE)) != 0
    far = np.hypot(chart.x - chart.focal_point[0], chart.y - chart.focal_point[1])
    live = (chart.run >= 0) & ~chart.removed
    return lay_out(
        x=chart.x,
        y=chart.y,
        section=chart.section,
        row=chart.row,
        pos=chart.pos,
        run=chart.run,
        live=live,
        category=chart.category,
        protected=protected,
        anchor=anchor,
        distance=far,
        companions=chart.companions,
    )


def accessible_pool(chart: CompiledChart) -> bytes:
    """Mark the seats kept for accessible bookings as `ShowPlan.pools` wants it: spaces, transfer seats, companions."""
    marked = chart.attributes & int(ACCESSIBLE | Attribute.COMPANION) != 0
    marked[[k for seats in chart.companions.values() for k in seats]] = True
    return np.where(marked, POOL_ACCESSIBLE, 0).astype(np.uint8).tobytes()


def lay_out(
    *,
    x: NDArray[Any],
    y: NDArray[Any],
    section: NDArray[Any],
    row: NDArray[Any],
    pos: NDArray[Any],
    run: NDArray[Any],
    live: Bools,
    category: NDArray[np.uint8],
    protected: Bools,
    anchor: Bools,
    distance: NDArray[Any],
    companions: Mapping[int, tuple[int, ...]],
) -> SeatIndex:
    """Lay out arrays over k. Runs end where *run* changes or *pos* skips; seats that are not *live* are left out."""
    chosen = np.flatnonzero(live)
    k_of = chosen[np.lexsort((pos[chosen], run[chosen]))].astype(np.int32)
    n = len(k_of)
    line_of = np.full(len(x), -1, dtype=np.int32)
    line_of[k_of] = np.arange(n, dtype=np.int32)
    starts = np.ones(n, dtype=bool)
    starts[1:] = (np.diff(run[k_of]) != 0) | (np.diff(pos[k_of]) != 1)
    ends = np.flatnonzero(np.append(starts[1:], True))
    last = ends[np.cumsum(starts) - 1].astype(np.int32) if n else np.zeros(0, dtype=np.int32)
    far = distance[k_of].astype(np.float32)
    return SeatIndex(
        seat_count=len(x),
        k_of=k_of,
        line_of=line_of,
        x=x[k_of].astype(np.float32),
        y=y[k_of].astype(np.float32),
        section=section[k_of].astype(np.int32),
        row=row[k_of].astype(np.int32),
        category=category[k_of],
        protected=protected[k_of],
        anchor=anchor[k_of],
        cost=far / max(float(far.max(initial=0)), 1e-6),
        last=last,
        starts=starts,
        companions=companions,
    )


def unpack_states(packed: bytes, seat_count: int) -> NDArray[np.uint8]:
    """Unpack a snapshot's two bits per seat into one byte per k."""
    return _STATES[np.frombuffer(packed, dtype=np.uint8)].reshape(-1)[:seat_count]


def pack_states(states: NDArray[np.uint8]) -> bytes:
    """Pack one byte per k into a snapshot's two bits per seat."""
    quads = np.zeros((-(-len(states) // 4), 4), dtype=np.uint8)
    quads.reshape(-1)[: len(states)] = states
    return (quads[:, 0] << 6 | quads[:, 1] << 4 | quads[:, 2] << 2 | quads[:, 3]).tobytes()


def run_losses(length_max: int) -> Floats:
    """Reckon the expected loss of runs 0..*length_max*: a random party that fits sits at the edge, then the rest."""
    loss = [0.0, STRANDED]
    for length in range(2, length_max + 1):
        fitting = {size: share for size, share in PARTY_MIX.items() if size <= length}
        rest = sum(share * loss[length - size] for size, share in fitting.items())
        loss.append(rest / sum(fitting.values()))
    return np.array(loss[: length_max + 1], dtype=np.float32)
