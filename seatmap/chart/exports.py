"""Write charts in other systems' formats."""

from typing import Any

import msgspec

from seatmap.chart.compiled import CompiledChart
from seatmap.chart.model import Chart, Outline, Point
from seatmap.chart.publish import drawing_order, number_seats

# pretix's editor works in units of 2 cm: its seats stand 25 units apart.
UNITS_PER_METRE = 50.0
MARGIN_UNITS = 50.0
SEAT_RADIUS = 10
PALETTE = ("#d55e00", "#e69f00", "#f0e442", "#009e73", "#56b4e9", "#0072b2", "#cc79a7", "#999999")


def export_pretix(chart: Chart, compiled: CompiledChart) -> bytes:
    """Write a plan in pretix's seating format: a zone per section, positions in its units, areas as drawings.

    Lost on the way, since the format has no place for it: attributes, companions, capacities, breaks, outlines.
    """
    x0, y0, x1, y1 = compiled.bounds
    zones = _zones(number_seats(chart), compiled, (x0, y0))
    plan = {
        "name": chart.name,
        "size": {
            "width": round((x1 - x0) * UNITS_PER_METRE + 2 * MARGIN_UNITS),
            "height": round((y1 - y0) * UNITS_PER_METRE + 2 * MARGIN_UNITS),
        },
        "categories": [
            {"name": category.name, "color": category.color or PALETTE[index % len(PALETTE)]}
            for index, category in enumerate(chart.categories)
        ],
        "zones": zones,
    }
    return msgspec.json.encode(plan)


def _zones(chart: Chart, compiled: CompiledChart, origin: Point) -> list[dict[str, Any]]:
    zones: dict[str, dict[str, Any]] = {
        section.id: {
            "name": section.name,
            "zone_id": section.id,
            "position": {"x": MARGIN_UNITS, "y": MARGIN_UNITS},
            "rows": [],
            "areas": [],
        }
        for section in chart.sections
    }
    categories = [category.name for category in chart.categories]
    for part in drawing_order(chart):
        ks = [k for start, count in part.k for k in range(start, start + count)]
        seats = [
            {
                "seat_number": compiled.label(k),
                "seat_guid": part.keys[position] if part.keys and part.keys[position] else f"k{k}",
                "position": _units((float(compiled.x[k]), float(compiled.y[k])), origin),
                "radius": SEAT_RADIUS,
                "category": categories[int(compiled.category[k])],
            }
            for position, k in enumerate(ks)
        ]
        row = compiled.rows.label[int(compiled.row[ks[0]])]
        zones[part.section]["rows"].append(
            {"row_number": row, "row_number_position": "both", "position": {"x": 0, "y": 0}, "seats": seats}
        )
    out = list(zones.values())
    drawings = [(focal.name or focal.kind, focal.outline) for focal in chart.focal]
    drawings += [(f"{area.name} ({area.capacity})", area.outline) for area in chart.areas if area.outline]
    if drawings:
        out.append(
            {
                "name": "Drawing",
                "zone_id": "drawing",
                "position": {"x": MARGIN_UNITS, "y": MARGIN_UNITS},
                "rows": [],
                "areas": [_area(text, outline, origin) for text, outline in drawings],
            }
        )
    return out


def _area(text: str, outline: Outline, origin: Point) -> dict[str, Any]:
    points = [_units(point, origin) for point in outline]
    middle = {axis: sum(point[axis] for point in points) / len(points) for axis in ("x", "y")}
    return {
        "shape": "polygon",
        "color": "#cccccc",
        "border_color": "#999999",
        "rotation": 0,
        "position": {"x": 0, "y": 0},
        "text": {"text": text, "position": middle, "color": "#333333"},
        "polygon": {"points": points},
    }


def _units(point: Point, origin: Point) -> dict[str, float]:
    return {
        "x": round((point[0] - origin[0]) * UNITS_PER_METRE, 2),
        "y": round((point[1] - origin[1]) * UNITS_PER_METRE, 2),
    }
