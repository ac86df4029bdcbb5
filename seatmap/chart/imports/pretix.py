"""Import seating plans in pretix's format (JSON Schema of 2026.8): zones, rows and seats with nested positions."""

import math
from collections import Counter
from typing import Any

import msgspec
import numpy as np

from seatmap.chart.curves import Floats
from seatmap.chart.findings import Finding, error, note, warning
from seatmap.chart.imports.assembly import Assembly, LooseSeat, mean_point, median_pitch
from seatmap.chart.imports.options import Imported, ImportOptions
from seatmap.chart.imports.reading import read_json, refuse
from seatmap.chart.model import Decor, Focal, Outline, Point

# Seats of their editor stand 25 units apart; half a metre.
METRES_PER_UNIT = 0.02
# The middles of neighbouring rows of one block are nearer than this.
BLOCK_M = 2.5
UNCATEGORISED = "Uncategorised"
STAGE_WORDS = ("stage", "bühne", "screen", "pitch", "podium", "scène", "escenario", "leinwand")


class PretixPosition(msgspec.Struct):
    x: float = 0.0
    y: float = 0.0


class PretixSeat(msgspec.Struct):
    position: PretixPosition = msgspec.field(default_factory=PretixPosition)
    seat_number: str | int = ""
    seat_guid: str | int = ""
    category: str = ""


class PretixRow(msgspec.Struct):
    seats: list[PretixSeat]
    row_number: str | int = ""
    position: PretixPosition | None = None


class PretixArea(msgspec.Struct):
    shape: str = ""
    position: PretixPosition = msgspec.field(default_factory=PretixPosition)
    rotation: float = 0.0
    text: dict[str, Any] = {}
    rectangle: dict[str, float] = {}
    circle: dict[str, float] = {}
    ellipse: dict[str, Any] = {}
    polygon: dict[str, list[PretixPosition]] = {}


class PretixZone(msgspec.Struct):
    rows: list[PretixRow] = []
    name: str = ""
    position: PretixPosition | None = None
    areas: list[PretixArea] = []


class PretixCategory(msgspec.Struct):
    name: str
    color: str = ""


class PretixPlan(msgspec.Struct):
    zones: list[PretixZone]
    name: str = ""
    categories: list[PretixCategory] = []


def import_pretix(text: str, options: ImportOptions) -> Imported:
    """Read a plan; repeated seat ids are listed one by one, with the option to rename them."""
    plan = read_json(text, PretixPlan)
    if not any(row.seats for zone in plan.zones for row in zone.rows):
        raise refuse("plan_empty", "The plan has no seats.")
    scale, findings = _scale(plan, options)
    seats = _place(plan, scale)
    findings += _repeated_keys(seats, options)
    findings += _categories(plan, seats)
    if options.drop_overlaps:
        findings += _drop_overlaps(seats)
    assembly = Assembly(options.name or plan.name)
    for category in plan.categories:
        assembly.category(category.name, category.color if _is_color(category.color) else "")
    turned, split = _sections(assembly, plan, seats, options)
    if split:
        message = "These zones use the same row and seat numbers several times; each repetition became a section."
        findings.append(note("zone_split", message, split))
    if turned:
        findings.append(note("row_order_changed", "Seats of these rows were sorted along the row.", turned))
    findings += _areas(assembly, plan, scale)
    return Imported(assembly.finish(), findings, "pretix")


Seats = list[list[list[LooseSeat]]]


def _place(plan: PretixPlan, scale: float) -> Seats:
    """Add up zone, row and seat positions."""
    zones: Seats = []
    for zone in plan.zones:
        zone_at = zone.position or PretixPosition()
        rows = []
        for row in zone.rows:
            row_at = row.position or PretixPosition()
            rows.append(
                [
                    LooseSeat(
                        (zone_at.x + row_at.x + seat.position.x) * scale,
                        (zone_at.y + row_at.y + seat.position.y) * scale,
                        str(seat.seat_number),
                        seat.category.strip() or UNCATEGORISED,
                        str(seat.seat_guid),
                    )
                    for seat in row.seats
                ]
            )
        zones.append(rows)
    return zones


def _scale(plan: PretixPlan, options: ImportOptions) -> tuple[float, list[Finding]]:
    if options.metres_per_unit is not None:
        return options.metres_per_unit, []
    rows: list[Floats] = [
        np.asarray([(seat.position.x, seat.position.y) for seat in row.seats], dtype=np.float64)
        for zone in plan.zones
        for row in zone.rows
    ]
    pitch = median_pitch(rows)
    if pitch <= 0 or 18 <= pitch <= 35:
        return METRES_PER_UNIT, []
    scale = 0.5 / pitch
    message = (
        f"Seats are {pitch:.1f} units apart; one unit was taken as {scale:.4f} m. Give the scale if that is wrong."
    )
    return scale, [note("scale_assumed", message)]


def _repeated_keys(seats: Seats, options: ImportOptions) -> list[Finding]:
    """Find ids that occur more than once; rename them if asked, else take them off so that the rest can be checked."""
    flat = [seat for rows in seats for row in rows for seat in row]
    times = Counter(seat.key for seat in flat if seat.key)
    seen: Counter[str] = Counter()
    places = []
    for seat in flat:
        if times[seat.key] < 2:
            continue
        seen[seat.key] += 1
        if seen[seat.key] == 1:
            continue
        places.append(f"{seat.key} (occurrence {seen[seat.key]} of {times[seat.key]}, at {seat.x:.2f}, {seat.y:.2f} m)")
        fresh = f"{seat.key}-{seen[seat.key]}"
        while fresh in times:
            fresh += "-2"
        seat.key = fresh if options.suffix_duplicates else ""
        times[seat.key] += 0
    if not places:
        return []
    if options.suffix_duplicates:
        return [warning("seat_key_renamed", f"{len(places)} repeated seat ids got a suffix.", places)]
    distinct = sum(count > 1 for count in times.values())
    message = (
        f"{distinct} seat ids are used more than once: {len(places)} seats repeat the id of an earlier one. "
        "Correct them, or import with suffix_duplicates to have them renamed."
    )
    return [error("seat_key_repeated", message, places)]


def _categories(plan: PretixPlan, seats: Seats) -> list[Finding]:
    known = {category.name for category in plan.categories}
    unknown = sorted({seat.category for rows in seats for row in rows for seat in row} - known)
    if not unknown:
        return []
    return [
        warning(
            "category_undeclared", "Seats name categories that the plan does not declare; they were added.", unknown
        )
    ]


def _drop_overlaps(seats: Seats) -> list[Finding]:
    """Leave out seats that lie within 0.3 m of an earlier one (a grid of that size finds them)."""
    grid: dict[tuple[int, int], list[LooseSeat]] = {}
    dropped = []
    for rows in seats:
        for row in rows:
            kept = []
            for seat in row:
                cell = (int(seat.x // 0.3), int(seat.y // 0.3))
                near = [o for dx in (-1, 0, 1) for dy in (-1, 0, 1) for o in grid.get((cell[0] + dx, cell[1] + dy), [])]
                if any((o.x - seat.x) ** 2 + (o.y - seat.y) ** 2 < 0.09 for o in near):
                    dropped.append(f"{seat.key or seat.label} at {seat.x:.2f}, {seat.y:.2f} m")
                else:
                    grid.setdefault(cell, []).append(seat)
                    kept.append(seat)
            row[:] = kept
    if not dropped:
        return []
    return [warning("seats_dropped", f"{len(dropped)} seats that lay on an earlier one were left out.", dropped)]


def _sections(
    assembly: Assembly, plan: PretixPlan, seats: Seats, options: ImportOptions
) -> tuple[list[str], list[str]]:
    """Add zones as sections, split where rows repeat; list the rows that were sorted and the zones that were split."""
    turned, divided = [], []
    for index, (zone, rows) in enumerate(zip(plan.zones, seats, strict=True)):
        name = zone.name.strip() or f"Zone {index + 1}"
        floor = assembly.floor(name if options.zones == "floor" else "Main")
        blocks = _blocks([(str(row.row_number), loose) for row, loose in zip(zone.rows, rows, strict=True) if loose])
        if len(blocks) > 1:
            divided.append(f"{name}: {len(blocks)} sections")
        for number, block in enumerate(blocks):
            section = assembly.section(f"{name} {number + 1}" if len(blocks) > 1 else name, floor)
            for label, loose in block:
                if _sort_along(loose):
                    turned.append(f"{section.name} row {label}")
                assembly.row(section, label, loose)
    return turned, divided


def _blocks(rows: list[tuple[str, list[LooseSeat]]]) -> list[list[tuple[str, list[LooseSeat]]]]:
    """Keep a zone together unless it names a row and seat number twice; then its rows are grouped by where they are."""
    names = [(label, seat.label) for label, loose in rows for seat in loose]
    if len(set(names)) == len(names):
        return [rows]
    blocks: list[list[tuple[str, list[LooseSeat]]]] = []
    used: list[set[tuple[str, str]]] = []
    middles: list[list[Point]] = []
    for label, loose in rows:
        places = {(label, seat.label) for seat in loose}
        middle = mean_point([(seat.x, seat.y) for seat in loose])
        near = [
            (min(math.dist(middle, other) for other in known), index)
            for index, (known, taken) in enumerate(zip(middles, used, strict=True))
            if not places & taken
        ]
        distance, index = min(near, default=(math.inf, -1))
        if distance > BLOCK_M:
            index = len(blocks)
            blocks.append([])
            used.append(set())
            middles.append([])
        blocks[index].append((label, loose))
        used[index] |= places
        middles[index].append(middle)
    return blocks


def _sort_along(row: list[LooseSeat]) -> bool:
    """Sort seats along their row when they go back and forth; tell whether that was needed."""
    if len(row) < 3:
        return False
    points = np.asarray([(seat.x, seat.y) for seat in row])
    steps = np.diff(points, axis=0)
    if not ((steps[1:] * steps[:-1]).sum(axis=1) < 0).any():
        return False
    centred = points - points.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    along = centred @ axis
    if np.corrcoef(along, np.arange(len(row)))[0, 1] < 0:
        along = -along
    row[:] = [row[i] for i in np.argsort(along, kind="stable").tolist()]
    return True


def _areas(assembly: Assembly, plan: PretixPlan, scale: float) -> list[Finding]:
    """Draw areas; the one called stage, or else the largest, is what people look at."""
    drawn: list[tuple[Outline, str]] = []
    for zone in plan.zones:
        at = zone.position or PretixPosition()
        for area in zone.areas:
            drawn.append((_outline(area, at, scale), str(area.text.get("text") or "").strip()))
    shapes = [(outline, text) for outline, text in drawn if len(outline) >= 3]
    stage = next((s for s in shapes if any(word in s[1].casefold() for word in STAGE_WORDS)), None)
    findings = []
    if stage is None and shapes:
        stage = max(shapes, key=lambda shape: _size(shape[0]))
        text = 'The largest area was taken as the stage. Name it "Stage", or draw the stage, if that is wrong.'
        findings.append(note("focal_guessed", text))
    for outline, text in drawn:
        if stage is not None and outline is stage[0]:
            assembly.chart.focal.append(Focal(name=text or "Stage", outline=outline))
            continue
        if len(outline) >= 3:
            assembly.chart.decor.append(Decor(kind="shape", text=text, outline=outline))
        if text and outline:
            assembly.chart.decor.append(Decor(kind="text", text=text, outline=[mean_point(outline)]))
    return findings


def _outline(area: PretixArea, zone: PretixPosition, scale: float) -> Outline:
    x0, y0 = zone.x + area.position.x, zone.y + area.position.y
    points: list[Point]
    if area.shape == "rectangle":
        w, h = area.rectangle.get("width", 0.0), area.rectangle.get("height", 0.0)
        points = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]
    elif area.shape in ("circle", "ellipse"):
        radius = area.ellipse.get("radius") or {}
        rx = area.circle.get("radius") or (radius.get("x", 0.0) if isinstance(radius, dict) else 0.0)
        ry = area.circle.get("radius") or (radius.get("y", 0.0) if isinstance(radius, dict) else 0.0)
        turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        points = [(float(rx * np.cos(t)), float(ry * np.sin(t))) for t in turns]
    elif area.shape == "polygon":
        points = [(p.x, p.y) for p in area.polygon.get("points", [])]
    else:
        points = [(0.0, 0.0)]
    turn = np.radians(area.rotation)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    return [(round((x0 + x * cos - y * sin) * scale, 2), round((y0 + x * sin + y * cos) * scale, 2)) for x, y in points]


def _size(outline: Outline) -> float:
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def _is_color(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])
