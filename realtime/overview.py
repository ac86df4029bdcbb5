"""Count what is free per section and from which price: the live picture of a house seen from afar."""

import numpy as np
from numpy.typing import NDArray

from realtime.frames import States
from realtime.layout import Layout

FREE = 0
NOT_SOLD = np.iinfo(np.int64).max

# section, free seats, lowest amount or None
Row = tuple[int, int, int | None]


def overview_rows(layout: Layout, states: States, lowest: NDArray[np.int64]) -> list[Row]:
    """Count free seats of every section and find the lowest amount among them.

    *lowest* gives per category the lowest amount of any ticket type, `NOT_SOLD` when it has none; seats of such categories do not count.
    """
    lowest = _for_every_category(lowest)
    for_sale = (states == FREE) & (layout.section >= 0) & (lowest[layout.category] != NOT_SOLD)
    section = layout.section[for_sale]
    free = np.bincount(section, minlength=layout.section_count)
    cheapest = np.full(layout.section_count, NOT_SOLD, dtype=np.int64)
    np.minimum.at(cheapest, section, lowest[layout.category[for_sale]])
    return [
        (index, count, amount if count else None)
        for index, (count, amount) in enumerate(zip(free.tolist(), cheapest.tolist(), strict=True))
    ]


def section_counts(layout: Layout, states: States) -> list[tuple[int, int, int, int, int]]:
    """Count per section the free, held, sold and off-sale seats."""
    known = layout.section >= 0
    cell = layout.section[known].astype(np.int64) * 4 + states[known]
    table = np.bincount(cell, minlength=layout.section_count * 4).reshape(-1, 4).tolist()
    return [(index, free, held, sold, off_sale) for index, (free, held, sold, off_sale) in enumerate(table)]


def _for_every_category(lowest: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stretch to the 256 categories a byte can name, so that a category without prices needs no test."""
    padded = np.full(256, NOT_SOLD, dtype=np.int64)
    padded[: len(lowest)] = lowest
    return padded
