"""Find rows among loose points: each seat is linked to the two neighbours that lie most nearly on either side of it."""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from seatmap.chart.curves import Floats
from seatmap.chart.generators.seating import letter_labels
from seatmap.chart.model import Point

# Neighbours beyond this many usual distances are across an aisle.
REACH = 1.6
# Two links of a seat must point at least this far apart (cosine of 135 degrees).
OPPOSITE = -0.7
# How much a link against the direction of rows costs, in usual distances.
SLANT_COST = 0.4


def usual_distance(points: Floats) -> float:
    """Tell the median distance to the nearest neighbour."""
    # Points that lie on one another have no distance, and a pile of them would all be each other's nearest.
    points = np.unique(np.round(points, 6), axis=0)
    if len(points) < 2:
        return 1.0
    cloud = np.asarray(shapely.points(points), dtype=object)
    tree = shapely.STRtree(cloud)
    _, distance = tree.query_nearest(cloud, exclusive=True, return_distance=True, all_matches=False)
    positive = distance[distance > 0]
    return float(np.median(positive)) if len(positive) else 1.0


def find_rows(points: Floats, focal: Point | None) -> list[list[int]]:
    """Group points into rows, nearest the *focal* point first; seats of a row run from left to right for who faces it.

    Without a focal point rows are looked for across the page, from top to bottom.
    """
    if len(points) == 1:
        return [[0]]
    pitch = usual_distance(points)
    twins = _twins(points, pitch / 4)
    alone = [members[0] for members in twins]
    links = _links(points[alone], pitch, focal)
    mutual = [[other for other in links[i] if i in links[other]] for i in range(len(alone))]
    rows = [[member for i in chain for member in twins[i]] for chain in _chains(mutual)]
    for row in rows:
        if _runs_left(points, row, focal):
            row.reverse()
    return sorted(rows, key=lambda row: _depth(points[row], focal))


def row_labels(count: int) -> list[str]:
    """Name invented rows by letters, or by numbers when letters run out."""
    names = letter_labels(count)
    return names if len(names) == count else [str(i + 1) for i in range(count)]


def _twins(points: Floats, grain: float) -> list[list[int]]:
    """Join points that lie on one another, so that a pile has one neighbour and not the square of its size."""
    piles: dict[tuple[int, int], list[int]] = {}
    for i, (x, y) in enumerate(np.floor(points / grain).astype(np.int64).tolist()):
        piles.setdefault((x, y), []).append(i)
    return list(piles.values())


def _links(points: Floats, pitch: float, focal: Point | None) -> list[tuple[int, ...]]:
    cloud = np.asarray(shapely.points(points), dtype=object)
    near = shapely.STRtree(cloud).query(cloud, predicate="dwithin", distance=REACH * pitch)
    candidates: list[list[int]] = [[] for _ in range(len(points))]
    for a, b in zip(near[0].tolist(), near[1].tolist(), strict=True):
        if a != b:
            candidates[a].append(b)
    return [_choose(points, i, others, pitch, focal) for i, others in enumerate(candidates)]


def _choose(points: Floats, i: int, others: list[int], pitch: float, focal: Point | None) -> tuple[int, ...]:
    """Pick the neighbour that is cheapest to follow, and the cheapest on the opposite side."""
    x, y = points[i].tolist()
    tangent = (1.0, 0.0)
    if focal is not None and (distance := math.hypot(x - focal[0], y - focal[1])) > 0:
        tangent = (-(y - focal[1]) / distance, (x - focal[0]) / distance)
    ways = []
    for other in others:
        dx, dy = float(points[other][0]) - x, float(points[other][1]) - y
        length = math.hypot(dx, dy)
        if length == 0:
            continue
        slant = 1 - abs(dx * tangent[0] + dy * tangent[1]) / length
        ways.append((length + SLANT_COST * pitch * slant, other, dx / length, dy / length))
    if not ways:
        return ()
    ways.sort()
    _, first, ux, uy = ways[0]
    second = next((other for _, other, vx, vy in ways[1:] if ux * vx + uy * vy < OPPOSITE), None)
    return (first,) if second is None else (first, second)


def _chains(links: list[list[int]]) -> list[list[int]]:
    """Walk the links from loose ends; closed rings are cut anywhere."""
    seen = [False] * len(links)
    chains = []
    starts = sorted(range(len(links)), key=lambda i: len(links[i]))
    for start in starts:
        if seen[start]:
            continue
        chain, at = [], start
        while at >= 0:
            seen[at] = True
            chain.append(at)
            at = next((other for other in links[at] if not seen[other]), -1)
        chains.append(chain)
    return chains


def _runs_left(points: Floats, row: Sequence[int], focal: Point | None) -> bool:
    a, b = points[row[0]], points[row[-1]]
    if focal is None:
        return bool(b[0] < a[0] or (b[0] == a[0] and b[1] < a[1]))
    # Facing the focal point, right is the direction to it turned by 90 degrees (y grows downwards).
    middle = (a + b) / 2
    to_x, to_y = focal[0] - middle[0], focal[1] - middle[1]
    return bool((b[0] - a[0]) * -to_y + (b[1] - a[1]) * to_x < 0)


def _depth(row: Floats, focal: Point | None) -> tuple[float, float]:
    middle = row.mean(axis=0)
    if focal is None:
        return round(float(middle[1]), 1), float(middle[0])
    return float(math.hypot(middle[0] - focal[0], middle[1] - focal[1])), float(middle[0])
