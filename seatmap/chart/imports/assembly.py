"""Put loose seats together into a chart: find curves, number schemes, exceptions and outlines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from seatmap.chart.attributes import bits_of
from seatmap.chart.curves import Floats, fit
from seatmap.chart.model import Category, Chart, Floor, Outline, Point, Row, SeatException, Section
from seatmap.chart.numbering import detect

# Around the middles of the outermost seats.
MARGIN_M = 0.5


@dataclass(slots=True)
class LooseSeat:
    """One seat as a file names it; metres."""

    x: float
    y: float
    label: str
    category: str
    key: str = ""
    attributes: list[str] = field(default_factory=list)


class Assembly:
    """A chart in the making; ids are made from names and stay the same for the same file."""

    def __init__(self, name: str, venue: str = "") -> None:
        self.chart = Chart(name=name, venue=venue)
        self._ids: set[str] = set()
        self._categories: dict[str, str] = {}
        self._floors: dict[str, str] = {}
        self._points: dict[str, list[Floats]] = {}

    def floor(self, name: str) -> str:
        """Find or add a floor."""
        if name not in self._floors:
            self._floors[name] = f"f{len(self._floors)}"
            self.chart.floors.append(Floor(id=self._floors[name], name=name))
        return self._floors[name]

    def category(self, name: str, color: str = "") -> str:
        """Find or add a category."""
        if name not in self._categories:
            self._categories[name] = f"c{len(self._categories)}"
            self.chart.categories.append(Category(id=self._categories[name], name=name, color=color))
        return self._categories[name]

    def section(self, name: str, floor: str, **extra: object) -> Section:
        """Add a section."""
        section = Section(id=self._fresh(name or "section"), floor=floor, name=name, **extra)  # type: ignore[arg-type]
        self.chart.sections.append(section)
        return section

    def row(self, section: Section, label: str, seats: Sequence[LooseSeat]) -> Row:
        """Add a row of seats in their order."""
        points = np.asarray([(seat.x, seat.y) for seat in seats], dtype=np.float64)
        curve, breaks = fit(points)
        self._points.setdefault(section.id, []).append(points)
        usual = Counter(seat.category for seat in seats).most_common(1)[0][0]
        row = Row(
            id=self._fresh(f"{section.id}/{label}"),
            section=section.id,
            label=label,
            n=len(seats),
            curve=curve,
            breaks=breaks,
            numbering=detect([seat.label for seat in seats]),
            category=self.category(usual),
            keys=[seat.key for seat in seats] if any(seat.key for seat in seats) else [],
        )
        self.chart.rows.append(row)
        for at, seat in enumerate(seats):
            other = self.category(seat.category) if seat.category != usual else None
            if other is not None or seat.attributes:
                exception = SeatException(row=row.id, at=at, attributes=list(seat.attributes), category=other)
                self.chart.exceptions.append(exception)
        return row

    def finish(self) -> Chart:
        """Draw the outlines that are missing and find companions beside wheelchair spaces."""
        for section in self.chart.sections:
            if not section.outline and section.id in self._points:
                section.outline = outline_around(np.concatenate(self._points[section.id]))
        self.chart.companions = _companions(self.chart)
        return self.chart

    def _fresh(self, wanted: str) -> str:
        ident, number = wanted, 1
        while ident in self._ids:
            number += 1
            ident = f"{wanted}#{number}"
        self._ids.add(ident)
        return ident


def outline_around(points: Floats) -> Outline:
    """Draw an outline half a metre around seats."""
    cloud = shapely.MultiPoint(points)
    hull = shapely.concave_hull(cloud, ratio=0.3) if len(points) > 3 else cloud.convex_hull
    shape = shapely.simplify(shapely.buffer(hull, MARGIN_M, join_style="mitre"), 0.1)
    if not isinstance(shape, shapely.Polygon):
        shape = cloud.convex_hull.buffer(MARGIN_M)
    return ring(shape)


def ring(polygon: shapely.Polygon) -> Outline:
    """List the corners of a polygon's outer ring, the first not repeated, in centimetres' precision."""
    return [(round(x, 2), round(y, 2)) for x, y in list(polygon.exterior.coords)[:-1]]


def median_pitch(rows: Sequence[Floats]) -> float:
    """Tell how far apart neighbouring seats usually stand, in the file's own unit; 0 when no row has two seats."""
    steps = [np.hypot(*np.diff(points, axis=0).T) for points in rows if len(points) > 1]
    return float(np.median(np.concatenate(steps))) if steps else 0.0


def mean_point(points: Sequence[Point]) -> Point:
    """Give the middle of a list of points."""
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _companions(chart: Chart) -> list[tuple[str, int, list[int]]]:
    """Pair each wheelchair space with the companion seats that touch it in its row."""
    marked: dict[str, dict[int, int]] = {}
    for entry in chart.exceptions:
        marked.setdefault(entry.row, {})[entry.at] = bits_of(entry.attributes)
    space, companion = bits_of(["wheelchair_space"]), bits_of(["companion"])
    groups = []
    for row, seats in marked.items():
        free = {at for at, bits in seats.items() if bits & companion}
        for at in sorted(at for at, bits in seats.items() if bits & space):
            beside = [other for other in (at + 1, at - 1) if other in free][:1]
            free -= set(beside)
            if beside:
                groups.append((row, at, beside))
    return groups
