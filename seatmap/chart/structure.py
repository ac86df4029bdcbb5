"""Checks on the authoring form alone: ids, references, counts. A chart without errors here can be compiled."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from seatmap.chart.attributes import BITS
from seatmap.chart.findings import Finding, error, warning
from seatmap.chart.model import SEATS_MAX, Chart, Row, Table

ROW_SEATS_MAX = 1000
CATEGORIES_MAX = 200
SECTIONS_MAX = 2_000
AREA_CAPACITY_MAX = 1_000_000
# Nothing one can sell seats in is farther than this from its own middle (metres).
EXTENT_MAX = 5_000.0
NAME_MAX = 200


def check_structure(chart: Chart) -> list[Finding]:
    """List what contradicts itself in the authoring form; nothing geometric is looked at."""
    findings: list[Finding] = []
    for check in (_sizes, _ids, _references, _rows, _exceptions, _companions, _numbers, _names):
        findings.extend(check(chart))
    return findings


def _sizes(chart: Chart) -> Iterator[Finding]:
    seats = chart.seat_count()
    if seats > SEATS_MAX:
        yield error("too_many_seats", f"The chart has {seats:,} seats; the most is {SEATS_MAX:,}. Split the venue.")
    if len(chart.categories) > CATEGORIES_MAX:
        yield error("too_many_categories", f"{len(chart.categories)} categories; the most is {CATEGORIES_MAX}.")
    if len(chart.sections) + len(chart.areas) > SECTIONS_MAX:
        many = f"{len(chart.sections):,} sections and {len(chart.areas):,} areas"
        yield error("too_many_sections", f"{many}; the most is {SECTIONS_MAX:,} together.")
    if not seats and not chart.areas:
        yield error("chart_empty", "The chart has neither seats nor standing areas. Draw a row or an area.")
    broken = [area.name for area in chart.areas if not 1 <= area.capacity <= AREA_CAPACITY_MAX]
    if broken:
        yield error("capacity_missing", "Say how many people fit into these areas (at least 1).", broken)


def _ids(chart: Chart) -> Iterator[Finding]:
    kinds = {
        "floor": [floor.id for floor in chart.floors],
        "category": [category.id for category in chart.categories],
        "section": [section.id for section in chart.sections],
        "row": [row.id for row in chart.rows],
        "table": [table.id for table in chart.tables],
        "area": [area.id for area in chart.areas],
    }
    for kind, ids in kinds.items():
        if repeated := _repeated(ids):
            yield error("id_repeated", f"Each {kind} needs an id of its own; these are used more than once.", repeated)
        if "" in ids:
            yield error("id_missing", f"A {kind} has an empty id.")
    keys = [key for part in (*chart.rows, *chart.tables) for key in part.keys if key]
    if repeated := _repeated(keys):
        yield error("seat_key_repeated", "These seat ids are used more than once; each seat needs its own.", repeated)


def _references(chart: Chart) -> Iterator[Finding]:
    floors = {floor.id for floor in chart.floors}
    sections = {section.id: section for section in chart.sections}
    categories = {category.id for category in chart.categories}
    lost = [part.id for part in (*chart.sections, *chart.areas) if part.floor not in floors]
    if lost:
        yield error("floor_unknown", "These name a floor that is not in the list of floors.", lost)
    lost = [part.id for part in (*chart.rows, *chart.tables) if part.section not in sections]
    lost += [area.id for area in chart.areas if area.section is not None and area.section not in sections]
    if lost:
        yield error("section_unknown", "These name a section that is not in the list of sections.", lost)
    lost = [part.id for part in (*chart.rows, *chart.tables) if part.category not in categories]
    lost += [area.id for area in chart.areas if area.category not in categories]
    lost += [f"{e.row}/{e.at}" for e in chart.exceptions if e.category is not None and e.category not in categories]
    if lost:
        yield error("category_unknown", "These name a category that is not in the list of categories.", lost)
    wrong = [row.id for row in chart.rows if row.section in sections and sections[row.section].kind == "ga"]
    if wrong:
        yield error("row_in_standing_section", "A general-admission section can't have rows; make it seated.", wrong)


def _rows(chart: Chart) -> Iterator[Finding]:
    counts = [row.id for row in chart.rows if not 1 <= row.n <= ROW_SEATS_MAX]
    counts += [table.id for table in chart.tables if not 1 <= table.seats <= ROW_SEATS_MAX]
    if counts:
        yield error("seat_count_wrong", f"A row or table has 1 to {ROW_SEATS_MAX} seats.", counts)
    curves = [row.id for row in chart.rows if not _one_curve(row)]
    if curves:
        yield error("curve_wrong", "Give exactly one of line, arc, quad or pts (as many points as seats).", curves)
    breaks = [row.id for row in chart.rows if not _breaks_ascend(row)]
    if breaks:
        yield error("breaks_wrong", "Breaks must ascend and lie between two seats of the row.", breaks)
    labels = [r.id for r in chart.rows if r.numbering.scheme == "list" and len(r.numbering.labels) != r.n]
    if labels:
        yield error("labels_wrong", "The list of seat labels must have one entry per seat.", labels)
    keys = [r.id for r in chart.rows if r.keys and len(r.keys) != r.n]
    keys += [t.id for t in chart.tables if t.keys and len(t.keys) != t.seats]
    if keys:
        yield error("keys_wrong", "The list of seat ids must have one entry per seat.", keys)
    party = [t.id for t in chart.tables if t.party is not None and not 1 <= t.party[0] <= t.party[1] <= t.seats]
    if party:
        yield error("party_wrong", "The smallest and largest party must fit the table's seats.", party)


def _exceptions(chart: Chart) -> Iterator[Finding]:
    sizes = _row_sizes(chart)
    places = [(e.row, e.at) for e in chart.exceptions]
    lost = [f"{row}/{at}" for row, at in places if not 0 <= at < sizes.get(row, 0)]
    if lost:
        yield error("exception_unknown", "These exceptions name a seat that does not exist.", lost)
    if repeated := _repeated(f"{row}/{at}" for row, at in places):
        yield error("exception_repeated", "These seats have more than one exception; join them.", repeated)
    unknown = sorted({name for e in chart.exceptions for name in e.attributes if name not in BITS})
    if unknown:
        yield error("attribute_unknown", f"Unknown attributes; known are {', '.join(BITS)}.", unknown)


def _companions(chart: Chart) -> Iterator[Finding]:
    sizes = _row_sizes(chart)
    lost = [
        f"{row}/{at}"
        for row, anchor, seats in chart.companions
        for at in (anchor, *seats)
        if not 0 <= at < sizes.get(row, 0)
    ]
    if lost:
        yield error("companion_unknown", "These companion groups name a seat that does not exist.", lost)
    anchors = [f"{row}/{anchor}" for row, anchor, _ in chart.companions]
    if repeated := _repeated(anchors):
        yield error("companion_repeated", "A wheelchair space has more than one companion group.", repeated)


def _numbers(chart: Chart) -> Iterator[Finding]:
    """Check the published numbers: each seat one k, none used twice, none below zero."""
    used: Counter[int] = Counter()
    wrong = []
    for part, n in _numbered(chart):
        if part.k and sum(count for _, count in part.k) != n:
            wrong.append(part.id)
    if wrong:
        yield error("k_incomplete", "The published seat numbers (k) do not match the count of seats.", wrong)
    runs = [run for part, _ in _numbered(chart) for run in part.k] + list(chart.tombstones)
    if any(start < 0 or not 0 < count <= SEATS_MAX for start, count in runs):
        yield error("k_wrong", "Published seat numbers (k) are runs of a start ≥ 0 and a count ≥ 1.")
        return
    if sum(count for _, count in runs) > 2 * SEATS_MAX:
        yield error("k_wrong", "There are more published seat numbers (k) than a chart may have seats.")
        return
    for start, count in runs:
        used.update(range(start, start + count))
    repeated = [str(k) for k, times in used.items() if times > 1]
    if repeated:
        yield error("k_repeated", "These published seat numbers (k) are used twice.", repeated)
    if used and max(used) >= 2 * SEATS_MAX:
        yield error("k_wrong", f"Published seat numbers (k) end below {2 * SEATS_MAX}.")


def _names(chart: Chart) -> Iterator[Finding]:
    names = [part.name for part in (*chart.sections, *chart.areas)]
    names += [floor.name for floor in chart.floors] + [entry.name for entry in chart.categories]
    names += [table.name for table in chart.tables]
    names += [chart.name, chart.venue, *(row.label for row in chart.rows)]
    if long := [name[:40] + "…" for name in names if len(name) > NAME_MAX]:
        yield error("name_too_long", f"Names have at most {NAME_MAX} characters.", long)
    if far := sorted(set(_far(chart))):
        yield error("coordinate_wrong", f"Coordinates are metres within ±{EXTENT_MAX:,.0f}.", far)
    nameless = [section.id for section in chart.sections if not section.name.strip()]
    if nameless:
        yield warning("section_nameless", "Buyers read the names of sections; these have none.", nameless)


def _far(chart: Chart) -> Iterator[str]:
    for row in chart.rows:
        curve = row.curve
        points = [*(curve.line or ()), *(curve.quad or ()), *(curve.pts or ()), *((curve.arc or ())[:2])]
        numbers = [value for point in points for value in point] + [curve.arc[2] if curve.arc else 0.0]
        numbers += [stop.gap for stop in row.breaks]
        if _any_far(numbers):
            yield row.id
    for exception in chart.exceptions:
        if exception.xy is not None and _any_far(exception.xy):
            yield f"{exception.row}/{exception.at}"
    for table in chart.tables:
        if _any_far((*table.at, *table.size, table.turn)):
            yield table.id
    for part in (*chart.sections, *chart.areas):
        if _any_far(value for point in part.outline for value in point):
            yield part.id
    for shape in (*chart.focal, *chart.decor):
        if _any_far(value for point in shape.outline for value in point):
            yield "focal or decor"
    for entrance in chart.entrances:
        if _any_far(entrance.at):
            yield entrance.name


def _any_far(numbers: Iterable[float]) -> bool:
    return any(not math.isfinite(value) or abs(value) > EXTENT_MAX for value in numbers)


def _one_curve(row: Row) -> bool:
    curve = row.curve
    given = [curve.line, curve.arc, curve.quad, curve.pts]
    if sum(value is not None for value in given) != 1:
        return False
    return curve.pts is None or len(curve.pts) == row.n


def _breaks_ascend(row: Row) -> bool:
    stops = [stop.after for stop in row.breaks]
    return (
        all(0 < stop < row.n for stop in stops)
        and all(a < b for a, b in pairwise(stops))
        and all(stop.gap >= 0 for stop in row.breaks)
    )


def _row_sizes(chart: Chart) -> dict[str, int]:
    return {row.id: row.n for row in chart.rows} | {table.id: table.seats for table in chart.tables}


def _numbered(chart: Chart) -> Iterator[tuple[Row | Table, int]]:
    for row in chart.rows:
        yield row, row.n
    for table in chart.tables:
        yield table, table.seats


def _repeated(values: Iterable[str]) -> list[str]:
    return sorted(value for value, times in Counter(values).items() if times > 1)
