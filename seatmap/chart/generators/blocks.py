"""Blocks of rows on straight stands and in corners: where a row starts and ends, and the outline around it.

A stand is described by the distance of a row from its front line; a block is a stretch of the stand between two aisles.
"""

import math
from dataclasses import dataclass

from seatmap.chart.model import SEAT_PITCH_M, Curve, Outline, Point

# From the edge of a block to the middle of its first seat: half an aisle of 1.2 m less half a seat.
SIDE_M = 0.6
# From the first and last row to the edge of the block.
DEPTH_M = 0.5
# Neighbouring outlines leave this much air, so that rounding to decimetres can't make them overlap.
AIR_M = 0.1


@dataclass(frozen=True, slots=True)
class StraightBlock:
    """A block along a straight line. *origin* is its left end at distance 0; *along* and *away* are unit vectors."""

    origin: Point
    along: Point
    away: Point
    width: float

    def row(self, distance: float, *, take: int = 0, pitch: float = SEAT_PITCH_M) -> tuple[int, Curve]:
        """Fill a row at *distance* with seats; *take* removes some, the others share the room."""
        usable = self.width - 2 * SIDE_M
        n = max(1, int(usable / pitch + 1e-9) + 1 - take)
        a, b = self._at(SIDE_M, distance), self._at(self.width - SIDE_M, distance)
        return n, Curve(line=(a, b) if n > 1 else (a, a))

    def outline(self, near: float, far: float) -> Outline:
        """Enclose the rows from *near* to *far*."""
        near, far = near - DEPTH_M, far + DEPTH_M
        left, right = AIR_M, self.width - AIR_M
        return [self._at(left, near), self._at(right, near), self._at(right, far), self._at(left, far)]

    def middle(self, distance: float) -> Point:
        """Give the point in the middle of a row."""
        return self._at(self.width / 2, distance)

    def _at(self, across: float, distance: float) -> Point:
        x = self.origin[0] + across * self.along[0] + distance * self.away[0]
        y = self.origin[1] + across * self.along[1] + distance * self.away[1]
        return round(x, 3), round(y, 3)


@dataclass(frozen=True, slots=True)
class CornerBlock:
    """A block of concentric arcs around *centre* from angle *start* to *stop* (radians, clockwise on the screen)."""

    centre: Point
    start: float
    stop: float

    def row(self, distance: float, *, take: int = 0, pitch: float = SEAT_PITCH_M) -> tuple[int, Curve]:
        """Fill a row at radius *distance* with seats; *take* removes some, the others share the room."""
        side = SIDE_M / distance
        turn = self.stop - self.start - 2 * side
        if turn <= 0:
            middle = self.middle(distance)
            return 1, Curve(line=(middle, middle))
        n = max(1, int(turn * distance / pitch + 1e-9) + 1 - take)
        a, b = self._at(self.start + side, distance), self._at(self.stop - side, distance)
        sagitta = -distance * (1 - math.cos(turn / 2))
        return n, Curve(arc=(a, b, round(sagitta, 3))) if n > 1 else Curve(line=(a, a))

    def outline(self, near: float, far: float) -> Outline:
        """Enclose the rows from *near* to *far* with a ring segment."""
        near, far = max(near - DEPTH_M, 0.2), far + DEPTH_M
        steps = max(2, math.ceil((self.stop - self.start) * far / 4))
        inner, outer = AIR_M / near, AIR_M / far
        low, high = self.start, self.stop
        front = [self._at(low + inner + (high - low - 2 * inner) * i / steps, near) for i in range(steps + 1)]
        # A chord cuts the circle short; push the outer corners out so that the last row stays inside.
        bulge = far / math.cos((high - low) / steps / 2)
        back = [self._at(high - outer - (high - low - 2 * outer) * i / steps, bulge) for i in range(steps + 1)]
        return front + back

    def middle(self, distance: float) -> Point:
        """Give the point in the middle of a row."""
        return self._at((self.start + self.stop) / 2, distance)

    def _at(self, angle: float, radius: float) -> Point:
        return (
            round(self.centre[0] + radius * math.cos(angle), 3),
            round(self.centre[1] + radius * math.sin(angle), 3),
        )


Block = StraightBlock | CornerBlock


def bowl(half_x: float, half_y: float, *, sides: int, ends: int, corners: int) -> list[tuple[str, Block]]:
    """Cut a bowl around a rectangle into blocks, clockwise from the upper left; each is a side, an end or a corner.

    *sides*, *ends* and *corners* count the blocks per long side, short side and corner.
    """
    right, down, left, up = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)
    legs: list[tuple[str, Point, Point, Point, float, int]] = [
        ("side", (-half_x, -half_y), right, up, 2 * half_x, sides),
        ("end", (half_x, -half_y), down, right, 2 * half_y, ends),
        ("side", (half_x, half_y), left, down, 2 * half_x, sides),
        ("end", (-half_x, half_y), up, left, 2 * half_y, ends),
    ]
    blocks: list[tuple[str, Block]] = []
    for quarter, (place, origin, along, away, length, count) in enumerate(legs):
        width = length / count
        for i in range(count):
            start = (origin[0] + along[0] * width * i, origin[1] + along[1] * width * i)
            blocks.append((place, StraightBlock(start, along, away, width)))
        corner = (origin[0] + along[0] * length, origin[1] + along[1] * length)
        first = -math.pi / 2 + quarter * math.pi / 2
        turn = math.pi / 2 / corners
        blocks += [("corner", CornerBlock(corner, first + turn * i, first + turn * (i + 1))) for i in range(corners)]
    return blocks
