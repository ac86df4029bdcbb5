"""Look at a whole chart as a surveyor would: does everything fit, can everybody find it, is every seat its own.

All geometry is vectorised (shapely 2, numpy): 60,000 seats in a fraction of a second. Run it in a thread; GEOS releases
the interpreter lock. This is the only module of the chart that needs shapely to judge.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from seatmap.chart.attributes import ACCESSIBLE, Attribute
from seatmap.chart.compiled import CompiledChart, Ints
from seatmap.chart.compiler import compile_checked
from seatmap.chart.findings import Finding, error, has_errors, note, warning
from seatmap.chart.model import Chart, Outline
from seatmap.chart.publish import number_seats
from seatmap.chart.structure import check_structure

# Nobody can sit on two seats whose middles are nearer than this.
OVERLAP_M = 0.30
# More than two seats in a square of this size are a pile.
PILE_M = 0.2
# A chair is rarely narrower than this.
TIGHT_M = 0.42
# Knees need at least this much from row to row.
ROW_SPACING_M = 0.60
# A seat may stand this far outside the outline of its section: outlines are rounded to decimetres.
OUTSIDE_M = 0.15
# Sections whose outlines share more than this are drawn over each other.
SHARED_M2 = 1.0
# Enough to see that a drawing is wrong.
COVERING_MAX = 20_000
# Crowd-safety guides for standing areas end at 4.7 people per square metre.
CROWD_PER_M2_MAX = 4.7
# A companion sits within reach.
COMPANION_M = 1.6


def validate(chart: Chart, previous: Chart | None = None) -> tuple[CompiledChart | None, list[Finding]]:
    """Check the structure, compile, check the geometry; the compiled chart is None when the structure is broken."""
    findings = check_structure(chart)
    if has_errors(findings):
        return None, findings
    numbered = number_seats(chart, previous)
    compiled = compile_checked(numbered)
    return compiled, findings + check_geometry(numbered, compiled)


def check_geometry(chart: Chart, compiled: CompiledChart) -> list[Finding]:
    """List what is wrong or doubtful in the drawing of a structurally sound chart, errors first."""
    survey = Survey(chart, compiled)
    findings: list[Finding] = []
    for check in CHECKS:
        findings.extend(check(survey))
    rank = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: rank[finding.severity])


class Survey:
    """A chart with what several checks need: seats in drawing order, polygons of sections, names of places."""

    def __init__(self, chart: Chart, compiled: CompiledChart) -> None:
        self.chart = chart
        self.compiled = compiled
        self.k: Ints = compiled.order
        self.x = compiled.x[self.k].astype(np.float64)
        self.y = compiled.y[self.k].astype(np.float64)
        self.row = compiled.row[self.k]
        self.section = compiled.section[self.k]
        self.floor = np.asarray(compiled.document.sections.floor, dtype=np.int64)[self.section]
        by_id = {section.id: section for section in chart.sections}
        self.sections = [by_id[section.id] for section in compiled.sections]
        self.polygons = [polygon_of(section.outline) for section in self.sections]

    def names(self, seats: Iterable[int]) -> list[str]:
        """Name seats given by their place in drawing order."""
        return [self.name(seat) for seat in seats]

    def name(self, seat: int) -> str:
        """Name one seat the way a person finds it."""
        place = self.compiled.place(int(self.k[seat]))
        row = f" row {place.row}" if place.row else ""
        return f"{place.section}{row} seat {place.seat}"

    def row_name(self, row: int) -> str:
        """Name a row."""
        section = self.sections[int(self.compiled.rows.section[row])].name
        return f"{section} row {self.compiled.rows.label[row] or row}"


def polygon_of(outline: Outline) -> shapely.Polygon | None:
    """Turn an outline into a polygon; None when it has fewer than three points."""
    return shapely.Polygon(outline) if len(outline) >= 3 else None


def check_labels(survey: Survey) -> Iterator[Finding]:
    """Every seat of a section has its own row and number, and every section its own name."""
    labels = survey.compiled.labels
    row_names = [
        (section, label)
        for section, label in zip(survey.compiled.rows.section.tolist(), survey.compiled.rows.label, strict=True)
    ]
    seen: dict[tuple[tuple[int, str], str], int] = {}
    repeated, nameless = [], []
    for seat, (k, row) in enumerate(zip(survey.k.tolist(), survey.row.tolist(), strict=True)):
        label = labels[k]
        if not label:
            nameless.append(seat)
        elif seen.setdefault((row_names[row], label), seat) != seat:
            repeated.append(seat)
    if repeated:
        yield error(
            "seat_label_repeated",
            f"{len(repeated)} seats have the section, row and number of another one. Renumber them or split the row.",
            survey.names(repeated),
        )
    if nameless:
        rows = sorted({survey.row_name(int(survey.row[seat])) for seat in nameless})
        yield error("seat_label_missing", f"{len(nameless)} seats have no number.", rows)
    names = defaultdict(list)
    for section in survey.sections:
        names[section.name.strip().casefold()].append(section.name)
    twice = sorted(group[0] for group in names.values() if len(group) > 1)
    if twice:
        yield warning("section_name_repeated", "Several sections share a name; buyers can't tell them apart.", twice)


def check_overlaps(survey: Survey) -> Iterator[Finding]:
    """No two seats of a floor share a place."""
    if len(survey.k) < 2:
        return
    single, piled = _piles(survey)
    if len(piled):
        message = f"{len(piled)} seats are piled up where others are already. Was the whole plan drawn in one place?"
        yield error("seats_piled", message, survey.names(piled.tolist()))
    points = np.asarray(shapely.points(survey.x[single], survey.y[single]), dtype=object)
    first, second = shapely.STRtree(points).query(points, predicate="dwithin", distance=TIGHT_M)
    first, second = single[first], single[second]
    real = (first < second) & (survey.floor[first] == survey.floor[second])
    first, second = first[real], second[real]
    apart = np.hypot(survey.x[first] - survey.x[second], survey.y[first] - survey.y[second])
    clash = apart < OVERLAP_M
    if clash.any():
        pairs = [
            f"{survey.name(a)} and {survey.name(b)}: {distance:.2f} m"
            for a, b, distance in zip(first[clash], second[clash], apart[clash], strict=True)
        ]
        across = bool((survey.section[first[clash]] != survey.section[second[clash]]).all())
        advice = "Put one of the sections on another floor." if across else "Move or remove one of each."
        yield error("seats_overlap", f"{len(pairs)} pairs of seats lie on top of each other. {advice}", pairs)
    if (~clash).any():
        pairs = [f"{survey.name(a)} and {survey.name(b)}" for a, b in zip(first[~clash], second[~clash], strict=True)]
        yield warning(
            "seats_tight", f"{len(pairs)} pairs of seats are less than {TIGHT_M:.2f} m apart; check the scale.", pairs
        )


def _piles(survey: Survey) -> tuple[Ints, Ints]:
    """Keep two seats of each square of 0.2 m, and tell the others apart.

    Pairs grow with the square of what lies in one place: without this, a plan of 60,000 seats on one spot has 1.8 billion.
    """
    cells = np.stack((np.floor(survey.x / PILE_M), np.floor(survey.y / PILE_M), survey.floor), axis=1).astype(np.int64)
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return np.sort(order[rank < 2]), np.sort(order[rank >= 2])


def check_outlines(survey: Survey) -> Iterator[Finding]:
    """Outlines are sound, seats lie inside theirs, and outlines of one floor do not cover each other."""
    broken = [s.name for s, p in zip(survey.sections, survey.polygons, strict=True) if p is not None and not p.is_valid]
    broken += [a.name for a in survey.chart.areas if (p := polygon_of(a.outline)) is not None and not p.is_valid]
    if broken:
        yield warning("outline_invalid", "These outlines cross themselves; draw them again.", broken)
    missing = [
        s.name for s, p in zip(survey.sections, survey.polygons, strict=True) if p is None and s.kind != "tables"
    ]
    if missing:
        yield note("outline_missing", "Sections without an outline are hard to find on a small map.", missing)
    outside = list(_outside(survey))
    if outside:
        yield warning(
            "seat_outside_section",
            f"{len(outside)} seats stand outside the outline of their section.",
            survey.names(outside),
        )
    yield from _covering(survey)


def _outside(survey: Survey) -> Iterator[int]:
    bounds = np.searchsorted(survey.section, np.arange(len(survey.sections) + 1))
    for index, polygon in enumerate(survey.polygons):
        start, stop = int(bounds[index]), int(bounds[index + 1])
        if polygon is None or not polygon.is_valid or start == stop:
            continue
        x, y = survey.x[start:stop], survey.y[start:stop]
        shapely.prepare(polygon)
        doubtful = np.flatnonzero(~shapely.contains_xy(polygon, x, y))
        if len(doubtful):
            far = shapely.distance(polygon, shapely.points(x[doubtful], y[doubtful])) > OUTSIDE_M
            yield from (doubtful[far] + start).tolist()


def _covering(survey: Survey) -> Iterator[Finding]:
    known = [i for i, polygon in enumerate(survey.polygons) if polygon is not None and polygon.is_valid]
    if len(known) < 2:
        return
    polygons = np.asarray([survey.polygons[i] for i in known], dtype=object)
    floors = np.asarray([survey.compiled.document.sections.floor[i] for i in known])
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    real = (first < second) & (floors[first] == floors[second])
    first, second = first[real][:COVERING_MAX], second[real][:COVERING_MAX]
    shared = shapely.area(shapely.intersection(polygons[first], polygons[second]))
    over = shared > SHARED_M2
    if over.any():
        pairs = [
            f"{survey.sections[known[a]].name} and {survey.sections[known[b]].name}: {size:.1f} m²"
            for a, b, size in zip(first[over], second[over], shared[over], strict=True)
        ]
        yield warning("sections_overlap", f"{len(pairs)} pairs of sections are drawn over each other.", pairs)


def check_rows(survey: Survey) -> Iterator[Finding]:
    """Seats of a row follow one another, and rows leave room for knees."""
    rows = survey.compiled.rows
    seated = rows.table < 0
    step_x, step_y = np.diff(survey.x), np.diff(survey.y)
    inside = (np.diff(survey.row) == 0) & seated[survey.row[1:]] if len(survey.row) > 1 else np.zeros(0, dtype=bool)
    turns = step_x[1:] * step_x[:-1] + step_y[1:] * step_y[:-1] < 0
    turns &= inside[1:] & inside[:-1]
    if turns.any():
        crooked = np.unique(survey.row[1:-1][turns]).tolist()
        message = "Seats of these rows go back and forth; their order does not follow the drawing."
        yield warning("row_zigzag", message, [survey.row_name(row) for row in crooked])
    tight = _tight_rows(survey, seated)
    if tight:
        yield warning(
            "rows_tight",
            f"These rows are less than {ROW_SPACING_M:.2f} m behind the one before. If all are, check the scale.",
            tight,
        )


def _tight_rows(survey: Survey, seated: NDArray[np.bool_]) -> list[str]:
    """Compare each row with the next one of its section, seen from its own direction."""
    rows = survey.compiled.rows
    if len(rows.n) < 2:
        return []
    first, last = rows.first, rows.first + rows.n - 1
    # The middle seat, not the middle of the chord: the chord of a long arc lies far in front of it.
    before, behind = first + (rows.n - 1) // 2, first + rows.n // 2
    middle_x, middle_y = (survey.x[before] + survey.x[behind]) / 2, (survey.y[before] + survey.y[behind]) / 2
    chord_x, chord_y = survey.x[last] - survey.x[first], survey.y[last] - survey.y[first]
    length = np.hypot(chord_x, chord_y)
    safe = np.where(length > 0, length, 1)
    to_x, to_y = np.diff(middle_x), np.diff(middle_y)
    along = np.abs(to_x * chord_x[:-1] + to_y * chord_y[:-1]) / safe[:-1]
    apart = np.abs(to_x * chord_y[:-1] - to_y * chord_x[:-1]) / safe[:-1]
    parallel = np.abs(chord_x[:-1] * chord_x[1:] + chord_y[:-1] * chord_y[1:]) > 0.9 * safe[:-1] * safe[1:]
    facing = parallel & (along < (length[:-1] + length[1:]) / 4) & (np.diff(rows.section) == 0)
    bad = facing & (apart < ROW_SPACING_M) & seated[:-1] & seated[1:]
    return [survey.row_name(int(row) + 1) for row in np.flatnonzero(bad)]


def check_numbers(survey: Survey) -> Iterator[Finding]:
    """Numbers count on through a row; jumps are told unless a break explains them."""
    schemes = survey.compiled.document.numberings
    numbering = survey.compiled.row_schemes
    cut = set(np.flatnonzero(np.diff(survey.compiled.run[survey.k])).tolist())
    jumping = []
    for row in np.flatnonzero([schemes[index][0] == "list" for index in numbering.tolist()]).tolist():
        labels = schemes[int(numbering[row])][1]
        first = int(survey.compiled.rows.first[row])
        if isinstance(labels, list) and _jumps(labels, first, cut):
            jumping.append(survey.row_name(row))
    if jumping:
        yield note("numbers_jump", "Seat numbers of these rows leave some out or change direction.", jumping)


def _jumps(labels: list[str], first: int, cut: set[int]) -> bool:
    if not all(label.isascii() and label.isdigit() for label in labels):
        return False
    steps = {int(b) - int(a) for i, (a, b) in enumerate(itertools.pairwise(labels)) if first + i not in cut}
    return len(steps) > 1


def check_access(survey: Survey) -> Iterator[Finding]:
    """Wheelchair spaces exist, and their companions sit beside them."""
    compiled = survey.compiled
    spaces = np.flatnonzero((compiled.attributes & int(Attribute.WHEELCHAIR_SPACE)) > 0)
    alone = [k for k in spaces.tolist() if not compiled.companions.get(k)]
    if alone:
        yield warning("companion_missing", "These wheelchair spaces have no companion seat.", _places(compiled, alone))
    apart = []
    for anchor, seats in compiled.companions.items():
        group = sorted((anchor, *seats), key=lambda k: int(compiled.pos[k]))
        together = all(compiled.run[k] == compiled.run[anchor] for k in group)
        beside = together and all(compiled.pos[b] - compiled.pos[a] == 1 for a, b in itertools.pairwise(group))
        near = all(
            np.hypot(compiled.x[b] - compiled.x[a], compiled.y[b] - compiled.y[a]) <= COMPANION_M
            for a, b in itertools.pairwise(group)
        )
        if not (beside and near):
            apart.append(anchor)
    if apart:
        yield warning(
            "companion_apart", "Companion seats are not side by side with these spaces.", _places(compiled, apart)
        )
    if len(survey.k) and not (compiled.attributes & int(ACCESSIBLE)).any():
        yield note(
            "accessible_missing", "No seat is marked as a wheelchair or transfer space; most countries ask for some."
        )


def check_completeness(survey: Survey) -> Iterator[Finding]:
    """Everything needed to sell is there: something to look at, capacities, ways in, no empty parts."""
    chart = survey.chart
    if not chart.focal:
        yield warning("focal_missing", "Nothing says where people look. Draw the stage or the pitch.")
    seats = np.bincount(survey.section, minlength=len(survey.sections))
    areas = {area.section for area in chart.areas}
    empty = [s.name for s, n in zip(survey.sections, seats, strict=True) if not n and s.id not in areas]
    if empty:
        yield warning(
            "section_empty", "These sections have no seats yet: say how many people they hold, or draw rows.", empty
        )
    wrong = [
        f"{s.name}: {n} seats drawn, {s.capacity} declared"
        for s, n in zip(survey.sections, seats.tolist(), strict=True)
        if s.capacity is not None and s.kind == "seated" and n and n != s.capacity
    ]
    if wrong:
        yield warning("capacity_mismatch", "The declared capacity differs from the seats that are drawn.", wrong)
    no_door = [s.name for s in survey.sections if not s.entrance]
    if no_door and len(no_door) < len(survey.sections):
        yield warning("entrance_missing", "These sections can't be reached: no entrance is named.", no_door)
    elif no_door:
        yield note("entrance_missing", "No section names its entrance; tickets can't say which door to use.")
    used = set(survey.compiled.category[survey.k].tolist()) | {area.category for area in survey.compiled.areas}
    unused = [entry.name for index, entry in enumerate(survey.compiled.categories) if index not in used]
    if unused:
        yield note("category_unused", "No seat belongs to these categories.", unused)


def check_areas(survey: Survey) -> Iterator[Finding]:
    """Standing areas have room for the people they are sold to."""
    shapeless, crowded = [], []
    for area in survey.chart.areas:
        polygon = polygon_of(area.outline)
        if polygon is None:
            shapeless.append(area.name)
        elif polygon.is_valid and area.capacity > CROWD_PER_M2_MAX * polygon.area:
            crowded.append(f"{area.name}: {area.capacity} people on {polygon.area:.0f} m²")
    if shapeless:
        yield note("area_shapeless", "These areas have no outline; buyers find them only in the list.", shapeless)
    if crowded:
        limit = f"more than {CROWD_PER_M2_MAX} people per m²"
        yield warning("area_crowded", f"These areas hold {limit}, the most that crowd-safety guides allow.", crowded)


CHECKS = (
    check_labels,
    check_overlaps,
    check_outlines,
    check_rows,
    check_numbers,
    check_access,
    check_completeness,
    check_areas,
)


def _places(compiled: CompiledChart, seats: list[int]) -> list[str]:
    return [" ".join(part for part in compiled.place(k) if part) for k in seats]
