"""The part of a chart that the hub needs: which seat is in which section and category."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Layout:
    """Section and category of every seat k; a removed seat has section -1. *section_count* includes sections without seats."""

    section: Ints
    category: NDArray[np.uint8]
    section_count: int
    area_count: int = 0

    @property
    def seat_count(self) -> int:
        """Count the seats, removed ones included: k is below it."""
        return len(self.section)

    @cached_property
    def ranges(self) -> tuple[tuple[Range, ...], ...]:
        """List for each section the half-open stretches of k it occupies; more than one after seats were appended."""
        stretches: list[list[Range]] = [[] for _ in range(self.section_count)]
        if self.seat_count:
            bounds = [0, *(np.flatnonzero(np.diff(self.section)) + 1).tolist(), self.seat_count]
            for k0, k1 in pairwise(bounds):
                if (section := int(self.section[k0])) >= 0:
                    stretches[section].append((k0, k1))
        return tuple(tuple(found) for found in stretches)

    def sections_in(self, wanted: Iterable[Sequence[int]]) -> tuple[int, ...]:
        """Name, in order, the sections touched by the half-open ranges *wanted*; what lies outside the chart is ignored."""
        found: set[int] = set()
        for k0, k1 in wanted:
            found.update(np.unique(self.section[max(k0, 0) : max(k1, 0)]).tolist())
        return tuple(sorted(found - {-1}))

    def seats_in(self, sections: Sequence[int]) -> int:
        """Count the seats of *sections*."""
        return sum(k1 - k0 for section in sections for k0, k1 in self.ranges[section])
