"""Fill the outline of a section with a given number of seats, in rows across the line of sight."""

import math

import numpy as np
import shapely

from seatmap.chart.curves import Floats
from seatmap.chart.model import Point

PITCH_M = 0.5
DEPTH_M = 0.85
EDGE_M = 0.45
# Area that a seat takes with its share of aisles; tells the scale of a drawing when only capacities are known.
SEAT_AREA_M2 = 0.62
# Rows can't be packed closer than this share of the usual distances.
SQUEEZE_MIN = 0.85


def fill(polygon: shapely.Polygon, focal: Point, seats: int) -> tuple[list[Floats], int]:
    """Place up to *seats* seats, front rows first; also tell how many fit at the tightest."""
    room = shapely.buffer(polygon, -EDGE_M)
    if room.is_empty:
        return [], 0
    tight = _rows(room, focal, SQUEEZE_MIN)
    most = sum(len(row) for row in tight)
    if most <= seats:
        return tight, most
    low, high = SQUEEZE_MIN, 8.0
    for _ in range(14):
        middle = (low + high) / 2
        enough = sum(len(row) for row in _rows(room, focal, middle)) >= seats
        low, high = (middle, high) if enough else (low, middle)
    rows = _rows(room, focal, low)
    surplus = sum(len(row) for row in rows) - seats
    while surplus > 0:
        # The last row gives way first: fewer seats there, never a gap in front.
        last = rows[-1]
        if len(last) <= surplus:
            rows.pop()
            surplus -= len(last)
        else:
            cut = surplus // 2
            rows[-1] = last[cut : len(last) - (surplus - cut)]
            surplus = 0
    return rows, most


def _away(room: shapely.Geometry, focal: Point) -> Floats:
    """Give the direction rows follow each other: along the side that leads most directly away from the focal point."""
    centre = shapely.centroid(room)
    sight = np.array([centre.x - focal[0], centre.y - focal[1]])
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(room))
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(*sides.T)
    if len(sides) < 2 or not (lengths > 0).all():
        return np.array([0.0, 1.0])
    units = sides / lengths[:, None]
    best: Floats = units[int(np.argmax(np.abs(units @ sight)))]
    return best if best @ sight >= 0 else -best


def _rows(room: shapely.Geometry, focal: Point, stretch: float) -> list[Floats]:
    """Cut *room* into straight rows across the direction to the focal point."""
    away = _away(room, focal)
    across = np.array([away[1], -away[0]])
    corners = shapely.get_coordinates(room)
    depth = corners @ away
    reach = float(np.abs(corners @ across).max()) + 1
    at = np.arange(depth.min() + 1e-6, depth.max(), DEPTH_M * stretch)[:, None]
    lines = shapely.linestrings(np.stack((away * at - across * reach, away * at + across * reach), axis=1))
    pieces, line_of = shapely.get_parts(shapely.intersection(room, lines), return_index=True)
    rows: dict[int, list[Floats]] = {}
    for piece, line in zip(pieces, line_of.tolist(), strict=True):
        if isinstance(piece, shapely.LineString) and len(seats := _along(piece, across, PITCH_M * stretch)) > 1:
            rows.setdefault(line, []).append(seats)
    # What interrupts a row (a stairway, a notch) becomes a gap in it.
    return [np.concatenate(sorted(parts, key=lambda seats: float(seats[0] @ across))) for parts in rows.values()]


def _along(piece: shapely.LineString, across: Floats, pitch: float) -> Floats:
    """Space seats evenly on a straight piece, centred."""
    ends = np.asarray(piece.coords)[[0, -1]]
    if (ends[1] - ends[0]) @ across < 0:
        ends = ends[::-1]
    n = math.floor(piece.length / pitch) + 1
    unit = (ends[1] - ends[0]) / piece.length if piece.length > 0 else across
    start = ends[0] + unit * (piece.length - (n - 1) * pitch) / 2
    seats: Floats = start + np.arange(n)[:, None] * unit * pitch
    return seats
