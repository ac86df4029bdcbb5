"""What to offer instead of seats that are gone: the nearest windows of the same size and category."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from seatmap.inventory.accessible_party import accessible_near
from seatmap.inventory.seat_index import Bools, SeatIndex
from seatmap.inventory.stranded import strands
from seatmap.inventory.windows import Mode, Party, Windows, find_windows, without

OTHER_SECTION: Final = 8.0  # metres a seat in another section must be nearer to be as good
VIEW: Final = 20.0  # metres a whole step from best to worst view is worth


def equivalents(
    index: SeatIndex,
    free: Bools,
    wanted: Sequence[int],
    count: int = 3,
    mode: Mode = "priced",
    *,
    accessible: bool = False,
) -> tuple[tuple[int, ...], ...]:
    """Offer up to *count* windows for *wanted* seats (k) that a hold was refused: nearest first, sharing no seat.

    Same party size, only categories that were asked for, nothing protected, nothing that strands a single seat. *free* is over k. Whoever needs a wheelchair
    space (*accessible*) and wanted one is offered as many spaces, with their company beside them; spaces come first.
    """
    asked = [int(index.line_of[k]) for k in wanted if 0 <= k < index.seat_count and index.line_of[k] >= 0]
    if not asked:
        return ()
    size = len(asked)
    categories = frozenset(index.category[asked].tolist())
    spaces = int(index.anchor[asked].sum()) if accessible else 0
    if spaces:
        party, place = Party(size, categories, accessible=spaces), (index.x[asked].mean(), index.y[asked].mean())
        found = accessible_near(index, index.lines(free), party, place, count)
        return tuple(tuple(index.k_of[list(lines)].tolist()) for lines in found)
    party = Party(size, categories)
    lines = index.lines(free)
    windows = _by_nearness(index, find_windows(index, lines, party, size, mode), asked)
    # What is offered must not be refused for the single seat it would leave.
    fine = ~strands(index, lines, windows.at, size)
    windows = Windows(windows.at[fine], windows.cost[fine])
    offers: list[tuple[int, ...]] = []
    while len(offers) < count and len(windows.at):
        at = int(windows.at[windows.cost.argmin()])
        offers.append(index.seats(at, size))
        windows = without(windows, at, size, size)
    return tuple(offers)


def _by_nearness(index: SeatIndex, windows: Windows, asked: list[int]) -> Windows:
    size = len(asked)
    x, y = index.x[asked].mean(), index.y[asked].mean()
    end = windows.at + size - 1
    away = np.hypot((index.x[windows.at] + index.x[end]) / 2 - x, (index.y[windows.at] + index.y[end]) / 2 - y)
    elsewhere = index.section[windows.at] != index.section[asked[0]]
    return Windows(windows.at, away + OTHER_SECTION * elsewhere + VIEW * windows.cost)
