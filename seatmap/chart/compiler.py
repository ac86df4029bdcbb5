"""From the authoring form to the wire form: quantise curves to centimetres and share what rows have in common."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from seatmap.chart import wire
from seatmap.chart.attributes import bits_of
from seatmap.chart.compiled import CompiledChart, Ints, apply_exceptions, arrays_of, companions_of
from seatmap.chart.curves import pitch_of
from seatmap.chart.findings import has_errors
from seatmap.chart.model import Chart, Numbering, Point, Row, Section, Table
from seatmap.chart.numbering import WireScheme, to_wire
from seatmap.chart.publish import drawing_order, number_seats
from seatmap.chart.structure import check_structure
from seatmap.faults import Misuse

ENDS = {"none": 0, "start": 1, "end": 2, "both": 3}
# How far in front of a table's edge its seats stand, in metres.
TABLE_REACH_M = 0.35


def compile_chart(chart: Chart, previous: Chart | None = None) -> CompiledChart:
    """Compile a chart; seats without a number get one (see `publish.number_seats`).

    The chart must pass `structure.check_structure`; one that does not is Misuse.
    """
    findings = check_structure(chart)
    if has_errors(findings):
        raise Misuse(f"this chart can't be compiled: {[f.code for f in findings]}")
    return compile_checked(number_seats(chart, previous))


def compile_checked(chart: Chart) -> CompiledChart:
    """Compile a chart that is numbered and structurally sound; used where both were just made sure."""
    document, places = _document(chart)
    arrays = arrays_of(document, b"")
    _except(chart, document, places, arrays)
    apply_exceptions(document, arrays)
    document.bounds = _bounds(chart, arrays)
    return dataclasses.replace(arrays, encoded=wire.encode(document), companions=companions_of(document))


class _Shared:
    """A list without repetitions; `index` finds or appends."""

    def __init__(self, *first: Sequence[object]) -> None:
        self.items: list[Sequence[object]] = list(first)
        self._known = {repr(item): index for index, item in enumerate(first)}

    def index(self, item: Sequence[object]) -> int:
        key = repr(item)
        if key not in self._known:
            self._known[key] = len(self.items)
            self.items.append(item)
        return self._known[key]


def _document(chart: Chart) -> tuple[wire.WireChart, dict[str, Ints]]:
    """Build the wire form without exceptions; also map row and table ids to the k of their seats."""
    floor_rank = {floor.id: index for index, floor in enumerate(chart.floors)}
    sections = sorted(chart.sections, key=lambda section: floor_rank[section.floor])
    section_rank = {section.id: index for index, section in enumerate(sections)}
    category = {entry.id: index for index, entry in enumerate(chart.categories)}
    parts = list(drawing_order(chart))
    order, total = _order(parts)
    rows, shared, quads, points, tables = _rows(parts, section_rank, category, len(sections))
    ks = _all_k(parts)
    stops = np.cumsum([_seats(part) for part in parts], dtype=np.int64)
    places = {part.id: ks[stop - _seats(part) : stop] for part, stop in zip(parts, stops.tolist(), strict=True)}
    total = max([total, *(start + count for start, count in chart.tombstones)])
    identity = len(ks) == total and bool((ks == np.arange(total)).all())
    document = wire.WireChart(
        format=wire.FORMAT,
        name=chart.name,
        venue=chart.venue,
        n=total,
        order=[] if identity else order,
        bounds=(0, 0, 0, 0),
        floors=[wire.WireNamed(floor.id, floor.name) for floor in chart.floors],
        categories=[wire.WireCategory(entry.id, entry.name, entry.color) for entry in chart.categories],
        sections=_sections(sections, floor_rank, parts, section_rank),
        rows=rows,
        breaks=shared[0].items,  # type: ignore[arg-type]
        numberings=shared[1].items,  # type: ignore[arg-type]
        quads=quads,
        points=points,
        attributes=[],
        recategorised=[],
        relabelled=wire.WireRelabelled(),
        moved=wire.WireMoved(),
        companions=[],
        areas=[
            wire.WireArea(
                area.id,
                area.name,
                floor_rank[area.floor],
                section_rank[area.section] if area.section is not None else -1,
                area.capacity,
                category[area.category],
                wire.outline_to_wire(area.outline),
            )
            for area in chart.areas
        ],
        tables=tables,
        focal=[wire.WireFocal(f.kind, f.name, wire.outline_to_wire(f.outline)) for f in chart.focal],
        decor=[wire.WireDecor(d.kind, d.text, wire.outline_to_wire(d.outline)) for d in chart.decor],
        entrances=[wire.WireEntrance(e.name, _cm(e.at[0]), _cm(e.at[1])) for e in chart.entrances],
    )
    return document, places


def _sections(
    sections: list[Section], floor_rank: dict[str, int], parts: list[Row | Table], section_rank: dict[str, int]
) -> wire.WireSections:
    counts = [0] * len(sections)
    origins: list[tuple[int, int]] = [(0, 0)] * len(sections)
    for part in parts:
        index = section_rank[part.section]
        if not counts[index]:
            origins[index] = _start(part)
        counts[index] += 1
    for index, count in enumerate(counts):
        if not count and index:
            origins[index] = origins[index - 1]
    xy = np.asarray(origins, dtype=np.int64).reshape(-1, 2)
    return wire.WireSections(
        id=[section.id for section in sections],
        name=[section.name for section in sections],
        floor=[floor_rank[section.floor] for section in sections],
        kind=[wire.SECTION_KINDS.index(section.kind) for section in sections],
        entrance=[section.entrance for section in sections],
        x=wire.gaps(xy[:, 0]),
        y=wire.gaps(xy[:, 1]),
        rows=counts,
        outline=[wire.outline_to_wire(section.outline) for section in sections],
    )


def _rows(
    parts: list[Row | Table], section_rank: dict[str, int], category: dict[str, int], sections: int
) -> tuple[wire.WireRows, tuple[_Shared, _Shared], wire.WireQuads, wire.WirePoints, list[wire.WireTable]]:
    patterns, schemes = _Shared([]), _Shared()
    points, tables = wire.WirePoints(), []
    quad_rows: list[int] = []
    point_rows: list[int] = []
    quads = wire.WireQuads()
    ends = np.zeros((5, len(parts)), dtype=np.int64)
    columns = np.zeros((5, len(parts)), dtype=np.int64)  # n, category, breaks, numbering, ends
    group = np.zeros(len(parts), dtype=np.int64)
    origins: dict[str, tuple[int, int]] = {}
    for index, part in enumerate(parts):
        ox, oy = origins.setdefault(part.section, _start(part))
        group[index] = section_rank[part.section]
        if isinstance(part, Table):
            path: list[Point] | None = table_seats(part)
            tables.append(_table(part, index))
            pattern: list[int] = []
            scheme: WireScheme = to_wire(Numbering())
            columns[4, index] = 0
        else:
            path = part.curve.pts
            pattern = _pattern(part)
            scheme = to_wire(part.numbering)
            columns[4, index] = ENDS[part.ends]
        if path is not None:
            xy = np.rint(np.asarray(path, dtype=np.float64) * 100).astype(np.int64)
            ends[:, index] = (xy[0, 0] - ox, xy[0, 1] - oy, xy[-1, 0] - ox, xy[-1, 1] - oy, 0)
            point_rows.append(index)
            points.dx += np.diff(xy[:, 0]).tolist()
            points.dy += np.diff(xy[:, 1]).tolist()
        elif isinstance(part, Row):
            a, b, sagitta, control = _curve(part)
            ends[:, index] = (a[0] - ox, a[1] - oy, b[0] - ox, b[1] - oy, sagitta)
            if control is not None:
                quad_rows.append(index)
                quads.cx.append(control[0])
                quads.cy.append(control[1])
        columns[:4, index] = (_seats(part), category[part.category], patterns.index(pattern), schemes.index(scheme))
    first = np.flatnonzero(np.diff(group, prepend=-1)) if len(parts) else np.zeros(0, dtype=np.int64)
    coded = [wire.column(wire.second_differences(values, first)) for values in ends]
    quads.row = wire.gaps(np.asarray(quad_rows, dtype=np.int64))
    points.row = wire.gaps(np.asarray(point_rows, dtype=np.int64))
    n, category_column, breaks, numbering, end_column = (wire.column(values) for values in columns)
    rows = wire.WireRows(
        label=[part.label if isinstance(part, Row) else part.name for part in parts],
        n=n,
        ax=coded[0],
        ay=coded[1],
        bx=coded[2],
        by=coded[3],
        s=coded[4],
        category=category_column,
        breaks=breaks,
        numbering=numbering,
        ends=end_column,
    )
    return rows, (patterns, schemes), quads, points, tables


def _curve(row: Row) -> tuple[tuple[int, int], tuple[int, int], int, tuple[int, int] | None]:
    """Quantise a line, an arc or a quadratic; the control point is relative to the chord's middle."""
    curve = row.curve
    if curve.quad is not None:
        a, q, b = ((_cm(x), _cm(y)) for x, y in curve.quad)
        return a, b, 0, (round(q[0] - (a[0] + b[0]) / 2), round(q[1] - (a[1] + b[1]) / 2))
    if curve.arc is not None:
        (ax, ay), (bx, by), sagitta = curve.arc
        return (_cm(ax), _cm(ay)), (_cm(bx), _cm(by)), _cm(sagitta), None
    if curve.line is None:
        raise Misuse(f"row {row.id} has no curve")
    (ax, ay), (bx, by) = curve.line
    return (_cm(ax), _cm(ay)), (_cm(bx), _cm(by)), 0, None


def _pattern(row: Row) -> list[int]:
    """Write breaks as (seats before, hundredths of the seat distance)."""
    if not row.breaks:
        return []
    pitch = pitch_of(row.curve, row.n, row.breaks) if row.curve.pts is None else 0.0
    return [
        number
        for stop in row.breaks
        for number in (stop.after, round(stop.gap / pitch * 100) if pitch else _aisle(stop.gap))
    ]


def _aisle(gap: float) -> int:
    # Points stand where they stand; the number only tells whether the break is an aisle.
    return 100 if gap > 0.25 else 0


def _except(chart: Chart, document: wire.WireChart, places: dict[str, Ints], arrays: CompiledChart) -> None:
    """Write what differs from rows: attributes, categories, labels, positions and companions."""
    category = {entry.id: index for index, entry in enumerate(chart.categories)}
    bits: dict[int, list[int]] = {}
    other: dict[int, list[int]] = {}
    labels: dict[int, str] = {}
    moved: dict[int, tuple[int, int]] = {}
    for entry in chart.exceptions:
        k = int(places[entry.row][entry.at])
        if entry.attributes:
            bits.setdefault(bits_of(entry.attributes), []).append(k)
        if entry.category is not None and category[entry.category] != arrays.category[k]:
            other.setdefault(category[entry.category], []).append(k)
        if entry.label is not None:
            labels[k] = entry.label
        if entry.xy is not None:
            step = (_cm(entry.xy[0] - float(arrays.x[k])), _cm(entry.xy[1] - float(arrays.y[k])))
            if step != (0, 0):
                moved[k] = step
    document.attributes = [(value, _gaps(seats)) for value, seats in sorted(bits.items())]
    document.recategorised = [(index, _gaps(seats)) for index, seats in sorted(other.items())]
    document.relabelled = wire.WireRelabelled(_gaps(labels), [labels[k] for k in sorted(labels)])
    order = sorted(moved)
    document.moved = wire.WireMoved(_gaps(order), [moved[k][0] for k in order], [moved[k][1] for k in order])
    groups = []
    for row, anchor, seats in chart.companions:
        k = int(places[row][anchor])
        groups.append([k, *(int(places[row][at]) - k for at in seats)])
    document.companions = sorted(groups)


def _gaps(seats: Sequence[int] | dict[int, str]) -> list[int]:
    return wire.gaps(np.asarray(sorted(seats), dtype=np.int64))


def _table(table: Table, row: int) -> wire.WireTable:
    low, high = table.party if table.party is not None else (1, table.seats)
    x, y = _cm(table.at[0]), _cm(table.at[1])
    w, h = _cm(table.size[0]), _cm(table.size[1])
    return wire.WireTable(row, table.name, table.shape, x, y, w, h, round(table.turn), table.booking, (low, high))


def table_seats(table: Table) -> list[Point]:
    """Stand seats around a table: evenly around a circle, along both long sides of a rectangle."""
    width, height = table.size
    turn = math.radians(table.turn)
    spots: list[Point] = []
    if table.shape == "circle":
        rx, ry = width / 2 + TABLE_REACH_M, height / 2 + TABLE_REACH_M
        for seat in range(table.seats):
            angle = 2 * math.pi * seat / table.seats - math.pi / 2
            spots.append((rx * math.cos(angle), ry * math.sin(angle)))
    else:
        far = (table.seats + 1) // 2
        reach = height / 2 + TABLE_REACH_M
        spots += [(width * ((i + 0.5) / far - 0.5), -reach) for i in range(far)]
        near = table.seats - far
        spots += [(width * (0.5 - (i + 0.5) / near), reach) for i in range(near)]
    cos, sin = math.cos(turn), math.sin(turn)
    return [(table.at[0] + x * cos - y * sin, table.at[1] + x * sin + y * cos) for x, y in spots]


def _order(parts: list[Row | Table]) -> tuple[list[int], int]:
    """Give the runs of k in drawing order, joined where they continue, and the number after the largest k."""
    runs: list[int] = []
    for part in parts:
        for start, count in part.k:
            if runs and runs[-2] + runs[-1] == start:
                runs[-1] += count
            else:
                runs += [start, count]
    return runs, max((start + count for start, count in zip(runs[::2], runs[1::2], strict=True)), default=0)


def _all_k(parts: list[Row | Table]) -> Ints:
    runs = [np.arange(start, start + count) for part in parts for start, count in part.k]
    return np.concatenate(runs) if runs else np.zeros(0, dtype=np.int64)


def _bounds(chart: Chart, arrays: CompiledChart) -> tuple[int, int, int, int]:
    """Enclose seats (with half a metre around them), outlines, the stage and decor, in centimetres."""
    alive = ~arrays.removed
    low_x, high_x = low_y, high_y = math.inf, -math.inf
    if alive.any():
        low_x, high_x = float(arrays.x[alive].min()) - 0.5, float(arrays.x[alive].max()) + 0.5
        low_y, high_y = float(arrays.y[alive].min()) - 0.5, float(arrays.y[alive].max()) + 0.5
    outlines = [part.outline for part in (*chart.sections, *chart.areas)]
    outlines += [shape.outline for shape in (*chart.focal, *chart.decor)]
    outlines += [[entrance.at for entrance in chart.entrances]]
    for outline in outlines:
        for x, y in outline:
            low_x, high_x, low_y, high_y = min(low_x, x), max(high_x, x), min(low_y, y), max(high_y, y)
    if low_x > high_x:
        return (0, 0, 0, 0)
    return (math.floor(low_x * 100), math.floor(low_y * 100), math.ceil(high_x * 100), math.ceil(high_y * 100))


def _start(part: Row | Table) -> tuple[int, int]:
    if isinstance(part, Table):
        x, y = table_seats(part)[0]
    else:
        curve = part.curve
        x, y = (curve.line or curve.arc or curve.quad or curve.pts or [(0.0, 0.0)])[0]
    return _cm(x), _cm(y)


def _seats(part: Row | Table) -> int:
    return part.n if isinstance(part, Row) else part.seats


def _cm(metres: float) -> int:
    return round(metres * 100)
