"""Seat a party that fits in no single run: fewest pieces, then most even, then nearest together (seatmap research 4.3)."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from seatmap.inventory.seat_index import SeatIndex
from seatmap.inventory.windows import Mode, Party, Windows, find_windows, without

CANDIDATES: Final = 256  # best windows per piece that are compared: keeps the worst case below 5 ms
SEEDS: Final = 24  # places tried for the first of three or more pieces
APART: Final = 0.02  # cost of a metre between the pieces, against seat costs from 0 to 1

Pieces = tuple[tuple[int, ...], ...]


def pick_split(index: SeatIndex, lines: np.ndarray, party: Party, mode: Mode) -> tuple[Pieces, float] | None:
    """Choose the pieces and their cost; None when nobody can be seated without leaving one person alone."""
    found: dict[int, Windows] = {}
    for pieces in range(2, party.size // 2 + 1):
        for sizes in partitions(party.size, pieces):
            for size in sizes:
                if size not in found:
                    found[size] = _best(find_windows(index, lines, party, size, mode))
            if any(not len(found[size].at) for size in sizes):
                continue
            placed = (_pair if pieces == 2 else _several)(index, found, sizes)
            if placed:
                ats, cost = placed
                return tuple(index.seats(at, size) for at, size in zip(ats, sizes, strict=True)), cost
    return None


def partitions(size: int, pieces: int, least: int = 2) -> Iterator[tuple[int, ...]]:
    """List the ways to seat *size* people in *pieces* groups of at least *least*, the most even first."""

    def ways(rest: int, groups: int, most: int) -> Iterator[tuple[int, ...]]:
        if groups == 1:
            if least <= rest <= most:
                yield (rest,)
            return
        for first in range(min(most, rest - least * (groups - 1)), least - 1, -1):
            for others in ways(rest - first, groups - 1, first):
                yield (first, *others)

    yield from sorted(ways(size, pieces, size), key=lambda sizes: sizes[0] - sizes[-1])


def _best(windows: Windows) -> Windows:
    if len(windows.at) <= CANDIDATES:
        return windows
    kept = np.argpartition(windows.cost, CANDIDATES)[:CANDIDATES]
    return Windows(windows.at[kept], windows.cost[kept])


def _pair(index: SeatIndex, found: dict[int, Windows], sizes: tuple[int, ...]) -> tuple[tuple[int, ...], float] | None:
    a, b = found[sizes[0]], found[sizes[1]]
    xa, ya = _centres(index, a.at, sizes[0])
    xb, yb = _centres(index, b.at, sizes[1])
    apart = np.hypot(xa[:, None] - xb, ya[:, None] - yb)
    cost = a.cost[:, None] + b.cost + APART * apart
    overlap = (a.at[:, None] < b.at + sizes[1]) & (b.at < a.at[:, None] + sizes[0])
    cost = np.where(overlap, np.inf, cost)
    best = int(cost.argmin())
    if not np.isfinite(cost.flat[best]):
        return None
    i, j = divmod(best, len(b.at))
    return (int(a.at[i]), int(b.at[j])), float(cost.flat[best])


def _several(
    index: SeatIndex, found: dict[int, Windows], sizes: tuple[int, ...]
) -> tuple[tuple[int, ...], float] | None:
    """Seat the largest piece in turn at the best places, the others each as near to it as they get."""
    best: tuple[tuple[int, ...], float] | None = None
    head = found[sizes[0]]
    for i in np.argsort(head.cost)[:SEEDS]:
        ats, total = [int(head.at[i])], float(head.cost[i])
        x, y = _centres(index, head.at[i : i + 1], sizes[0])
        for size in sizes[1:]:
            left = found[size]
            for at, taken in zip(ats, sizes, strict=False):
                left = without(left, at, taken, size)
            if not len(left.at):
                break
            xs, ys = _centres(index, left.at, size)
            cost = left.cost + APART * np.hypot(xs - x, ys - y)
            j = int(cost.argmin())
            ats.append(int(left.at[j]))
            total += float(cost[j])
        if len(ats) == len(sizes) and (best is None or total < best[1]):
            best = tuple(ats), total
    return best


def _centres(index: SeatIndex, at: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    end = at + size - 1
    return (index.x[at] + index.x[end]) / 2, (index.y[at] + index.y[end]) / 2
