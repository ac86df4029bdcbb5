"""Import GeoJSON: polygons are sections, points are seats; metres or longitude and latitude."""

import math
from typing import Any

import msgspec
import numpy as np
import shapely

from seatmap.chart.attributes import BITS
from seatmap.chart.curves import Floats
from seatmap.chart.findings import Finding, error, note, warning
from seatmap.chart.imports.assembly import Assembly, LooseSeat, ring
from seatmap.chart.imports.options import Imported, ImportOptions
from seatmap.chart.imports.outline_seats import fill
from seatmap.chart.imports.reading import read_json, refuse
from seatmap.chart.imports.roster import natural
from seatmap.chart.imports.row_clusters import find_rows, row_labels
from seatmap.chart.model import Area, Focal, Point, Section

EARTH_RADIUS_M = 6_371_008.8
# Coordinates that span less than this many units are degrees: 0.05° is 5 km, and 5 cm would be no venue.
DEGREES_SPAN_MAX = 0.05


class Geometry(msgspec.Struct):
    type: str
    coordinates: Any = None


class Feature(msgspec.Struct):
    geometry: Geometry | None = None
    properties: dict[str, Any] | None = None
    id: str | int | None = None


class Collection(msgspec.Struct):
    features: list[Feature]
    name: str = ""


class Drawn:
    """A feature with its points, later in metres."""

    def __init__(self, feature: Feature, points: Floats) -> None:
        self.properties = feature.properties or {}
        self.ident = str(feature.id) if feature.id is not None else ""
        self.points = points

    def text(self, *names: str) -> str:
        """Read the first of several properties that is there."""
        for name in names:
            value = self.properties.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value).strip()
        return ""


def import_geojson(text: str, options: ImportOptions) -> Imported:
    """Read features; properties section, row, seat, category, attributes and capacity are understood."""
    collection = read_json(text, Collection)
    findings: list[Finding] = []
    polygons, points = _drawn(collection, findings)
    if not polygons and not points:
        raise refuse("plan_empty", "The file has neither polygons (sections) nor points (seats).")
    _to_metres([*polygons, *points], options, findings)
    assembly = Assembly(options.name or collection.name or "GeoJSON")
    focal = _focal(assembly, polygons)
    sections = _sections(
        assembly, [p for p in polygons if p.text("kind", "type") not in FOCAL_KINDS], points, focal, options, findings
    )
    _seats(assembly, points, sections, focal, findings)
    return Imported(assembly.finish(), findings, "geojson")


FOCAL_KINDS = ("stage", "pitch", "screen", "ring")


def _drawn(collection: Collection, findings: list[Finding]) -> tuple[list[Drawn], list[Drawn]]:
    polygons: list[Drawn] = []
    points: list[Drawn] = []
    odd = []
    for index, feature in enumerate(collection.features):
        geometry = feature.geometry
        kind = geometry.type if geometry else "nothing"
        coordinates = geometry.coordinates if geometry else None
        if kind == "Polygon" and isinstance(coordinates, list) and coordinates:
            target, raw = polygons, coordinates[0]
        elif (
            kind == "MultiPolygon"
            and isinstance(coordinates, list)
            and coordinates
            and isinstance(coordinates[0], list)
        ):
            target, raw = polygons, coordinates[0][0] if coordinates[0] else None
        elif kind == "Point":
            target, raw = points, [coordinates]
        else:
            odd.append(f"features[{index}]: {kind}")
            continue
        placed = _numbers(raw)
        if placed is None or (target is polygons and len(placed) < 3):
            findings.append(error("geometry_wrong", "This geometry has broken coordinates.", [f"features[{index}]"]))
        else:
            target.append(Drawn(feature, placed))
    if odd:
        findings.append(
            warning("geometry_ignored", "Only polygons and points are understood; these were left out.", odd)
        )
    return polygons, points


def _numbers(raw: Any) -> Floats | None:
    try:
        points = np.asarray([(float(pair[0]), float(pair[1])) for pair in raw], dtype=np.float64)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None
    return points if points.ndim == 2 and len(points) and bool(np.isfinite(points).all()) else None


def _to_metres(drawn: list[Drawn], options: ImportOptions, findings: list[Finding]) -> None:
    """Turn degrees or units into metres with y downwards, the upper left corner at zero."""
    everything = np.concatenate([item.points for item in drawn])
    low, high = everything.min(axis=0), everything.max(axis=0)
    if options.metres_per_unit is not None:
        factor = np.array([options.metres_per_unit, options.metres_per_unit])
    elif float((high - low).max()) < DEGREES_SPAN_MAX and np.abs(everything).max() <= 180:
        metre = math.radians(1) * EARTH_RADIUS_M
        factor = np.array([metre * math.cos(math.radians(float(low[1] + high[1]) / 2)), metre])
        findings.append(note("degrees_assumed", "Coordinates were read as longitude and latitude."))
    else:
        factor = np.array([1.0, 1.0])
        findings.append(note("metres_assumed", "Coordinates were read as metres."))
    for item in drawn:
        item.points = np.column_stack(
            ((item.points[:, 0] - low[0]) * factor[0], (high[1] - item.points[:, 1]) * factor[1])
        )


def _focal(assembly: Assembly, polygons: list[Drawn]) -> Point | None:
    for item in polygons:
        kind = item.text("kind", "type")
        if kind in FOCAL_KINDS:
            outline = [(round(float(x), 2), round(float(y), 2)) for x, y in item.points]
            assembly.chart.focal.append(Focal(kind=kind, name=item.text("name") or kind.title(), outline=outline))  # type: ignore[arg-type]
            middle = item.points.mean(axis=0)
            return float(middle[0]), float(middle[1])
    return None


def _sections(
    assembly: Assembly,
    polygons: list[Drawn],
    points: list[Drawn],
    focal: Point | None,
    options: ImportOptions,
    findings: list[Finding],
) -> list[tuple[Section, shapely.Polygon]]:
    sections = []
    spots = np.asarray([item.points[0] for item in points]).reshape(-1, 2)
    missing = []
    spoken = {item.text("section", "block", "zone") for item in points}
    for index, item in enumerate(polygons):
        name = item.text("name", "section", "label") or item.ident or f"Section {index + 1}"
        polygon = shapely.Polygon(item.points)
        if not polygon.is_valid or polygon.area == 0:
            findings.append(warning("outline_invalid", "This outline crosses itself or encloses nothing.", [name]))
            continue
        floor = assembly.floor(item.text("floor", "level") or "Main")
        capacity = options.capacities.get(name) or _whole(item.properties.get("capacity")) or options.capacity_each
        standing = name in options.standing or item.text("kind", "type") in ("ga", "standing", "area")
        entrance = item.text("entrance", "gate")
        if standing:
            section = assembly.section(name, floor, kind="ga", outline=ring(polygon), entrance=entrance)
            if capacity is None:
                missing.append(name)
                continue
            category = assembly.category(item.text("category") or "Standing")
            area = Area(
                id=section.id,
                floor=floor,
                section=section.id,
                name=name,
                capacity=capacity,
                outline=ring(polygon),
                category=category,
            )
            assembly.chart.areas.append(area)
            continue
        section = assembly.section(name, floor, outline=ring(polygon), entrance=entrance, capacity=capacity)
        sections.append((section, polygon))
        if name in spoken or shapely.contains_xy(polygon, spots[:, 0], spots[:, 1]).any():
            continue
        if capacity is None:
            missing.append(name)
            continue
        _lay_out(assembly, section, polygon, focal, capacity, item.text("category") or "Standard")
    if missing:
        findings.append(
            error("capacity_missing", "These sections have no seats. Say how many people they hold.", missing)
        )
    return sections


def _lay_out(
    assembly: Assembly, section: Section, polygon: shapely.Polygon, focal: Point | None, capacity: int, category: str
) -> None:
    above = (polygon.centroid.x, polygon.bounds[1] - 10.0)
    rows, _ = fill(polygon, focal or above, capacity)
    for label, row in zip(row_labels(len(rows)), rows, strict=True):
        seats = [LooseSeat(float(x), float(y), str(i + 1), category) for i, (x, y) in enumerate(row.tolist())]
        assembly.row(section, label, seats)


def _seats(
    assembly: Assembly,
    points: list[Drawn],
    sections: list[tuple[Section, shapely.Polygon]],
    focal: Point | None,
    findings: list[Finding],
) -> None:
    groups: dict[str, list[Drawn]] = {}
    known = {section.name: section for section, _ in sections}
    spots = (
        np.asarray(shapely.points([item.points[0] for item in points]), dtype=object) if points else np.zeros(0, object)
    )
    tree = shapely.STRtree([polygon for _, polygon in sections])
    inside = dict(reversed(tree.query(spots, predicate="within").T.tolist()))
    for index, item in enumerate(points):
        name = item.text("section", "block", "zone")
        if not name:
            name = sections[inside[index]][0].name if index in inside else "Main"
        groups.setdefault(name, []).append(item)
    invented = []
    for name, members in groups.items():
        section = known.get(name) or assembly.section(name, assembly.floor("Main"))
        rows: dict[str, list[Drawn]] = {}
        if all(item.text("row") for item in members):
            for item in members:
                rows.setdefault(item.text("row"), []).append(item)
        else:
            found = find_rows(np.asarray([item.points[0] for item in members]), focal)
            rows = {label: [members[i] for i in row] for label, row in zip(row_labels(len(found)), found, strict=True)}
            invented.append(name)
        for label, row in sorted(rows.items(), key=lambda pair: natural(pair[0])):
            numbered = all(item.text("seat", "number", "label") for item in row)
            if numbered:
                row.sort(key=lambda item: natural(item.text("seat", "number", "label")))
            assembly.row(section, label, [_loose(item, str(i + 1)) for i, item in enumerate(row)])
    if invented:
        findings.append(
            note("labels_invented", "Seats of these sections name no row; rows were found by geometry.", invented)
        )


def _loose(item: Drawn, position: str) -> LooseSeat:
    raw = item.properties.get("attributes", [])
    attributes = [name for name in raw if name in BITS] if isinstance(raw, list) else []
    if item.properties.get("accessible") is True:
        attributes.append("wheelchair_space")
    x, y = item.points[0].tolist()
    label = item.text("seat", "number", "label") or position
    key = item.ident or item.text("id", "guid", "key")
    return LooseSeat(x, y, label, item.text("category", "tier") or "Standard", key, attributes)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000_000 else None
