"""Place sections of which only the sizes are known: a fan before a stage, or tiers of a bowl around a pitch.

Each section becomes a wedge whose rows are arcs around the middle; the wedges of a tier share its circle.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from seatmap.chart.model import SEAT_PITCH_M, Outline, Point

ROW_DEPTH_M = 0.85
AISLE_M = 1.2
TIER_GAP_M = 4.0
# Aisles of a ring grow by at most this much to close it.
SLACK_M = 1.6
# Small houses look at a stage from one side, large ones surround a pitch.
BOWL_SEATS_MIN = 3_000
FAN_RADIANS = math.radians(150)
FAN_FRONT_M = 8.0
BOWL_FRONT_M = 22.0


@dataclass(frozen=True, slots=True)
class Wedge:
    """Where a section goes: the angle of its middle (radians, 0 is down the screen) and the radius of its first row."""

    angle: float
    front: float

    def seat(self, row: float, across: float) -> Point:
        """Place a seat *across* metres clockwise from the middle of a row."""
        radius = self.front + row * ROW_DEPTH_M
        angle = self.angle + across / radius
        return round(-radius * math.sin(angle), 3), round(radius * math.cos(angle), 3)


def lay_out(tiers: Sequence[Sequence[Sequence[float]]]) -> tuple[list[list[Wedge]], float]:
    """Place tiers of sections, each given as the widths of its rows in metres; also tell the radius that stays free.

    Widths are those of the rows from front to back. The order of the sections is kept, clockwise.
    """
    seats = sum(width / SEAT_PITCH_M for tier in tiers for section in tier for width in section)
    bowl = seats >= BOWL_SEATS_MIN
    sweep = 2 * math.pi if bowl else FAN_RADIANS
    front = BOWL_FRONT_M if bowl else FAN_FRONT_M
    free = 0.0
    placed = []
    for tier in tiers:
        radius = _radius(tier, sweep, front)
        free = free or radius
        placed.append(_spread(tier, sweep, radius, closed=bowl))
        front = radius + max(len(section) for section in tier) * ROW_DEPTH_M + TIER_GAP_M
    return placed, free


def balance(sections: Sequence[Sequence[float]]) -> list[list[int]]:
    """Share sections out to tiers in their order, each tier a third wider than the one before; return indices."""
    seats = sum(width / SEAT_PITCH_M for section in sections for width in section)
    count = max(1, min(4, round(seats / 7_000), len(sections)))
    shares = [1 + i / 3 for i in range(count)]
    widths = [max(section) + AISLE_M for section in sections]
    limits = [sum(widths) * sum(shares[: i + 1]) / sum(shares) for i in range(count)]
    tiers: list[list[int]] = [[] for _ in range(count)]
    at, tier = 0.0, 0
    for index, width in enumerate(widths):
        while tier < count - 1 and at + width / 2 > limits[tier] and tiers[tier]:
            tier += 1
        tiers[tier].append(index)
        at += width
    return [indices for indices in tiers if indices]


def _turn(section: Sequence[float], radius: float) -> float:
    """Tell the angle a section needs at *radius*: its widest row decides, seen from its own distance."""
    return max((width + AISLE_M) / (radius + row * ROW_DEPTH_M) for row, width in enumerate(section))


def _radius(tier: Sequence[Sequence[float]], sweep: float, least: float) -> float:
    """Find the smallest radius at which the tier fits into *sweep*, by halving."""
    if sum(_turn(section, least) for section in tier) <= sweep:
        return least
    low, high = least, 5_000.0
    for _ in range(60):
        middle = (low + high) / 2
        fits = sum(_turn(section, middle) for section in tier) <= sweep
        low, high = (low, middle) if fits else (middle, high)
    return high


def _spread(tier: Sequence[Sequence[float]], sweep: float, radius: float, *, closed: bool) -> list[Wedge]:
    turns = [_turn(section, radius) for section in tier]
    # A ring shares what is left between its sections as wider aisles; what is still left is one opening.
    slack = min((sweep - sum(turns)) / len(tier), SLACK_M / radius) if closed else 0.0
    at = -(sum(turns) + slack * len(tier)) / 2
    wedges = []
    for turn in turns:
        wedges.append(Wedge(at + (turn + slack) / 2, radius))
        at += turn + slack
    return wedges


def wedge_outline(wedge: Wedge, widths: Sequence[float]) -> Outline:
    """Enclose a section: along its front, up one side, along its back and down; sides never bend inwards."""
    last = len(widths) - 1
    margin = 0.5 / ROW_DEPTH_M
    # Quarter steps: where rows get much shorter the side cuts across, and must follow the arcs while it does.
    depths = [quarter / 4 for quarter in range(4 * last + 1)]
    halves = [width / 2 + 0.4 for width in _envelope(widths, depths)]
    left = [wedge.seat(depth, -half) for depth, half in zip(depths, halves, strict=True)]
    right = [wedge.seat(depth, half) for depth, half in zip(depths, halves, strict=True)]
    steps = [i / 8 * 2 - 1 for i in range(9)]
    near = [wedge.seat(-margin, t * halves[0]) for t in steps]
    far = [wedge.seat(last + margin, -t * halves[-1]) for t in steps]
    return _corners(near + right + far + left[::-1])


def _envelope(widths: Sequence[float], depths: Sequence[float]) -> list[float]:
    """Give the smallest width without a dent that is nowhere below the rows' own, at each of *depths*."""
    hull: list[tuple[float, float]] = []
    for point in ((float(row), width) for row, width in enumerate(widths)):
        while len(hull) >= 2 and _turns_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return [_height(hull, depth) for depth in depths]


def _turns_up(a: Point, b: Point, c: Point) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) >= 0


def _height(hull: list[Point], at: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(hull):
        if at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return hull[-1][1]


def _corners(points: list[Point]) -> list[Point]:
    """Drop points on a straight stretch: none of those dropped is farther than 3 cm from the line that replaces them.

    All of a stretch are looked at again for each further point: judged one by one, a gentle curve would be cut short.
    """
    kept = points[:1]
    start = 0
    for end in range(2, len(points)):
        if any(_bend(points[start], points[at], points[end]) >= 0.03 for at in range(start + 1, end)):
            start = end - 1
            kept.append(points[start])
    return [*kept, *points[-1:]] if len(points) > 1 else kept


def _bend(a: Point, b: Point, c: Point) -> float:
    length = math.dist(a, c) or 1.0
    return abs((c[0] - a[0]) * (b[1] - a[1]) - (c[1] - a[1]) * (b[0] - a[0])) / length
