"""Points along rows: evaluate arcs for many seats at once, and find the curve behind a list of points."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatmap.chart.model import Break, Curve

Floats = NDArray[np.float64]

# A row is a curve when no seat is farther from it than this share of the seat distance.
FIT_TOLERANCE = 0.05
# An aisle is a step this much longer than the usual one.
AISLE_FACTOR = 1.6


def along_arc(ax: Floats, ay: Floats, bx: Floats, by: Floats, s: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Place points at the shares *t* of circular arcs from a to b with sagitta s; s = 0 is the straight line.

    All arrays have one entry per point; the formula is the one of docs/chart-format.md.
    """
    x = ax + t * (bx - ax)
    y = ay + t * (by - ay)
    curved = np.flatnonzero((s != 0) & ((bx != ax) | (by != ay)))
    if curved.size:
        cx, cy, sagitta = bx[curved] - ax[curved], by[curved] - ay[curved], s[curved]
        chord = np.hypot(cx, cy)
        dx, dy = cx / chord, cy / chord
        alpha = 2 * np.arctan2(2 * sagitta, chord)
        radius = chord / (2 * np.sin(alpha))
        phi = (2 * t[curved] - 1) * alpha
        along = radius * np.sin(phi)
        across = radius * (np.cos(phi) - np.cos(alpha))
        x[curved] = (ax[curved] + bx[curved]) / 2 + along * dx - across * dy
        y[curved] = (ay[curved] + by[curved]) / 2 + along * dy + across * dx
    return x, y


def shares(n: int, breaks: list[Break], pitch: float) -> Floats:
    """Give each of *n* seats its share t of the way; *pitch* is the seat distance without gaps, in metres."""
    at = np.arange(n, dtype=np.float64)
    for stop in breaks:
        at[stop.after :] += stop.gap / pitch
    return at / at[-1] if n > 1 else np.zeros(n)


def arc_points(a: tuple[float, float], b: tuple[float, float], sagitta: float, t: Floats) -> Floats:
    """Place points at the shares *t* of one arc: an array (points, 2)."""
    full = [np.full(t.shape, value, dtype=np.float64) for value in (*a, *b, sagitta)]
    return np.column_stack(along_arc(full[0], full[1], full[2], full[3], full[4], t))


def curve_points(curve: Curve, t: Floats) -> Floats:
    """Place the seats of one row: an array (points, 2), metres."""
    if curve.line is not None:
        return arc_points(curve.line[0], curve.line[1], 0.0, t)
    if curve.arc is not None:
        return arc_points(*curve.arc, t)
    if curve.quad is not None:
        a, q, b = (np.asarray(point, dtype=np.float64) for point in curve.quad)
        u = t[:, None]
        points: Floats = (1 - u) ** 2 * a + 2 * u * (1 - u) * q + u**2 * b
        return points
    return np.asarray(curve.pts, dtype=np.float64).reshape(-1, 2)


def curve_length(curve: Curve) -> float:
    """Measure a row from its first to its last seat, in metres."""
    if curve.pts is not None:
        points = np.asarray(curve.pts, dtype=np.float64).reshape(-1, 2)
    else:
        points = curve_points(curve, np.linspace(0, 1, 33))
    steps = np.diff(points, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def pitch_of(curve: Curve, n: int, breaks: list[Break]) -> float:
    """Tell how far apart the seats of a row stand, gaps left out, in metres; never zero."""
    if n < 2:
        return 0.5
    free = curve_length(curve) - sum(stop.gap for stop in breaks)
    return max(free / (n - 1), 0.01)


def fit(points: Floats) -> tuple[Curve, list[Break]]:
    """Find the line, arc or list of points behind seats in order, and the aisles between them."""
    n = len(points)
    if n == 1:
        return Curve(line=(_point(points[0]), _point(points[0]))), []
    steps = np.hypot(*np.diff(points, axis=0).T)
    pitch = float(np.median(steps))
    if pitch <= 0:
        return Curve(pts=[_point(p) for p in points]), []
    wide = np.flatnonzero(steps > AISLE_FACTOR * pitch)
    breaks = [Break(int(i) + 1, round(float(steps[i]) - pitch, 3)) for i in wide]
    t = shares(n, breaks, pitch)
    a, b = _point(points[0]), _point(points[-1])
    if _off(arc_points(a, b, 0.0, t), points) <= FIT_TOLERANCE * pitch:
        return Curve(line=(a, b)), breaks
    sagitta = _best_sagitta(points, t)
    if n > 2 and _off(arc_points(a, b, sagitta, t), points) <= FIT_TOLERANCE * pitch:
        return Curve(arc=(a, b, round(sagitta, 3))), breaks
    return Curve(pts=[_point(p) for p in points]), [Break(stop.after, 0.0) for stop in breaks]


def _best_sagitta(points: Floats, t: Floats) -> float:
    """Estimate the sagitta from how far the seats stand beside the chord; deep arcs need a few corrections."""
    a, b = points[0], points[-1]
    chord = float(np.hypot(*(b - a)))
    if chord == 0:
        return 0.0
    d = (b - a) / chord
    beside = (points - (a + b) / 2) @ np.array([-d[1], d[0]])
    sagitta = float((beside * 4 * t * (1 - t)).sum() / ((4 * t * (1 - t)) ** 2).sum())
    for _ in range(4):
        across = (arc_points(_point(a), _point(b), sagitta, t) - (a + b) / 2) @ np.array([-d[1], d[0]])
        scale = float((across * across).sum())
        if scale < 1e-12:
            break
        sagitta *= float((beside * across).sum()) / scale
    return sagitta


def _off(curve: Floats, points: Floats) -> float:
    return float(np.hypot(*(curve - points).T).max())


def _point(pair: Any) -> tuple[float, float]:
    return round(float(pair[0]), 3), round(float(pair[1]), 3)
