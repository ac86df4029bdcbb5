"""Import a drawing: circles, ellipses and small squares become seats; without seats, outlines become sections."""

import re
from collections import Counter
from itertools import permutations

import numpy as np
import shapely

from seatmap.chart.curves import Floats
from seatmap.chart.findings import Finding, error, note, warning
from seatmap.chart.imports.assembly import Assembly, LooseSeat, ring
from seatmap.chart.imports.options import Imported, ImportOptions
from seatmap.chart.imports.outline_seats import SEAT_AREA_M2, fill
from seatmap.chart.imports.reading import read_xml, refuse
from seatmap.chart.imports.roster import natural
from seatmap.chart.imports.row_clusters import find_rows, row_labels, usual_distance
from seatmap.chart.imports.svg_shapes import Shape, flatten
from seatmap.chart.model import Area, Decor, Focal, Point

SEAT_WORDS = re.compile(r"seat|sitz|platz|chair|siege", re.IGNORECASE)
SECTION_WORDS = re.compile(r"section|block|sector|zone|stand|tribune|area|bereich", re.IGNORECASE)
STAGE_WORDS = re.compile(r"stage|bühne|screen|pitch|field|podium|court|rink", re.IGNORECASE)
DISABLED_WORDS = re.compile(r"disabled|inactive|hidden|background", re.IGNORECASE)
# Fewer round shapes of one size than this are decoration.
SEATS_MIN = 10
# A drawing whose scale nobody knows is taken to be this wide.
WIDTH_M = 120.0
# With at least this many sections the house goes around.
BOWL_SECTIONS_MIN = 8


def import_svg(text: str, options: ImportOptions) -> Imported:
    """Read a drawing; rows are read from ids and data attributes, or found by geometry."""
    shapes = flatten(read_xml(text))
    texts = [shape for shape in shapes if shape.tag == "text" and shape.text]
    seats = _seats(shapes)
    if seats:
        return _import_seats(shapes, seats, texts, options)
    sections = [shape for shape in shapes if _is_section(shape)]
    if sections:
        return _import_outlines(shapes, sections, texts, options)
    raise refuse(
        "nothing_found",
        "The drawing has neither seats nor sections. Draw seats as circles or squares of one size (at least "
        f"{SEATS_MIN}, or with ids like seat-A-1), or sections as closed shapes whose id or class contains “section”.",
        *[f"{count} × <{tag}>" for tag, count in Counter(shape.tag for shape in shapes).most_common()],
    )


def _seats(shapes: list[Shape]) -> list[Shape]:
    """Choose the shapes that are seats: those called so, else the round or square ones of the commonest size."""
    small = [shape for shape in shapes if shape.tag in ("circle", "ellipse", "rect", "path", "polygon")]
    named = [s for s in small if SEAT_WORDS.search(f"{s.ident} {s.classes}") or "seat" in s.data]
    if named:
        return named
    compact = [s for s in small if s.tag != "polygon" and 0.6 < s.size[0] / max(s.size[1], 1e-9) < 1.7]
    compact = [s for s in compact if not _is_section(s) and not STAGE_WORDS.search(s.ident)]
    sizes = Counter(round(max(shape.size), 1) for shape in compact)
    if not sizes:
        return []
    usual = sizes.most_common(1)[0][0]
    chosen = [s for s in compact if 0.7 * usual <= max(s.size) <= 1.5 * usual]
    return chosen if len(chosen) >= SEATS_MIN else []


def _is_section(shape: Shape) -> bool:
    if shape.tag not in ("polygon", "polyline", "path", "rect") or len(shape.outline) < 3:
        return False
    words = f"{shape.ident} {shape.classes}"
    if DISABLED_WORDS.search(words) or STAGE_WORDS.search(shape.ident):
        return False
    named_group = bool(shape.ident) and any(SECTION_WORDS.search(group) for group in shape.groups)
    return bool(SECTION_WORDS.search(words)) or named_group


def _import_seats(shapes: list[Shape], seats: list[Shape], texts: list[Shape], options: ImportOptions) -> Imported:
    points = np.asarray([shape.middle for shape in seats])
    scale = options.metres_per_unit or 0.5 / usual_distance(points)
    findings: list[Finding] = []
    if options.metres_per_unit is None:
        findings.append(note("scale_assumed", f"One unit was taken as {scale:.4f} m (neighbours half a metre apart)."))
    low = points.min(axis=0)
    placed = (points - low) * scale
    assembly = Assembly(options.name or "Drawing")
    focal = _focal(assembly, shapes, texts, low, scale)
    outlines = [shape for shape in shapes if _is_section(shape)]
    names = _names(seats, placed)
    if names is not None:
        rows = _rows_by_name(names)
    else:
        rows = _rows_by_place(seats, placed, outlines, texts, focal)
        findings.append(note("labels_invented", "Seats carry no names; rows and numbers were counted from the stage."))
    floor = assembly.floor("Main")
    if repeated := _repeated(seats):
        findings.append(
            warning("seat_key_repeated", "These ids are used more than once; they were not kept.", repeated)
        )
        for shape in seats:
            shape.ident = "" if shape.ident in repeated else shape.ident
    sections = {name: assembly.section(name, floor) for name in dict.fromkeys(section for section, _ in rows)}
    for (section, row), members in rows.items():
        loose = [_loose(seats[i], placed[i], label) for i, label in members]
        assembly.row(sections[section], row, loose)
    return Imported(assembly.finish(), findings, "svg")


Rows = dict[tuple[str, str], list[tuple[int, str]]]


def _loose(shape: Shape, point: Floats, label: str) -> LooseSeat:
    attributes = (
        []
        if not re.search(r"wheelchair|accessible", f"{shape.classes} {shape.ident}", re.IGNORECASE)
        else ["wheelchair_space"]
    )
    return LooseSeat(
        float(point[0]), float(point[1]), label, shape.data.get("category", "Standard"), shape.ident, attributes
    )


def _names(seats: list[Shape], points: Floats) -> list[tuple[str, str, str]] | None:
    """Read section, row and seat from data attributes or ids; None unless every seat has a name of its own."""
    named = [
        (s.data.get("section", "Main"), s.data.get("row", ""), s.data.get("seat", s.data.get("number", "")))
        for s in seats
    ]
    if all(row and seat for _, row, seat in named) and len(set(named)) == len(named):
        return named
    tokens = [re.findall(r"[^\W\d_]+|\d+", SEAT_WORDS.sub("", shape.ident)) for shape in seats]
    lengths = {len(parts) for parts in tokens}
    if len(lengths) != 1 or not 2 <= lengths.pop() <= 4:
        return None
    columns = range(len(tokens[0]))
    best: tuple[float, list[tuple[str, str, str]]] | None = None
    for row, seat in permutations(columns, 2):
        rest = [column for column in columns if column not in (row, seat)]
        names = [(" ".join(p[c] for c in rest) or "Main", p[row], p[seat]) for p in tokens]
        if len(set(names)) < len(names):
            continue
        length = _walk_length(names, points)
        if best is None or length < best[0] - 1e-6:
            best = (length, names)
    return best[1] if best else None


def _walk_length(names: list[tuple[str, str, str]], points: Floats) -> float:
    """Measure how far one walks along all rows in the order of their numbers; the true reading of ids is a short walk.

    Each row begun counts as two steps, otherwise rows of one seat would win.
    """
    total = 0.0
    pitch = usual_distance(points)
    for members in _rows_by_name(names).values():
        walk = points[[index for index, _ in members]]
        total += float(np.hypot(*np.diff(walk, axis=0).T).sum()) + 2 * pitch
    return total


def _rows_by_name(names: list[tuple[str, str, str]]) -> Rows:
    rows: Rows = {}
    for index, (section, row, seat) in enumerate(names):
        rows.setdefault((section, row), []).append((index, seat))
    for members in rows.values():
        members.sort(key=lambda member: natural(member[1]))
    return dict(sorted(rows.items(), key=lambda item: (natural(item[0][0]), natural(item[0][1]))))


def _rows_by_place(
    seats: list[Shape], points: Floats, outlines: list[Shape], texts: list[Shape], focal: Point | None
) -> Rows:
    raw = np.asarray([shape.middle for shape in seats])
    section_of = ["Main"] * len(seats)
    for index, shape in enumerate(outlines):
        inside = shapely.contains_xy(shapely.Polygon(shape.outline), raw[:, 0], raw[:, 1])
        for i in np.flatnonzero(inside).tolist():
            section_of[i] = _section_name(shape, texts) or f"Section {index + 1}"
    rows: Rows = {}
    for section in dict.fromkeys(section_of):
        members = [i for i, name in enumerate(section_of) if name == section]
        found = find_rows(points[members], focal)
        for label, row in zip(row_labels(len(found)), found, strict=True):
            rows[section, label] = [(members[i], str(number + 1)) for number, i in enumerate(row)]
    return rows


def _repeated(seats: list[Shape]) -> list[str]:
    return sorted(ident for ident, times in Counter(shape.ident for shape in seats).items() if ident and times > 1)


def _focal(assembly: Assembly, shapes: list[Shape], texts: list[Shape], low: Floats, scale: float) -> Point | None:
    """Find the stage: a shape called so, or the smallest shape around a word that means stage."""
    named = [s for s in shapes if s.tag != "text" and STAGE_WORDS.search(s.ident) and len(s.outline) >= 3]
    words = [text for text in texts if STAGE_WORDS.search(text.text)]
    if not named and words:
        spot = shapely.Point(words[0].middle)
        around = [s for s in shapes if s.tag != "text" and len(s.outline) >= 3]
        named = sorted(
            (s for s in around if shapely.Polygon(s.outline).convex_hull.buffer(max(s.size) * 0.1).contains(spot)),
            key=lambda s: s.size[0] * s.size[1],
        )
    if not named:
        return None
    points = (named[0].outline - low) * scale
    name = words[0].text if words else "Stage"
    outline = [(round(float(x), 2), round(float(y), 2)) for x, y in points]
    assembly.chart.focal.append(Focal(name=name.title(), outline=outline))
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return float(middle[0]), float(middle[1])


def _section_name(shape: Shape, texts: list[Shape]) -> str:
    """Name a section by data, by the text inside it, or by what is left of its id."""
    if name := shape.data.get("section") or shape.data.get("name") or shape.data.get("label"):
        return name
    words = [
        w
        for w in re.split(r"[-_:.\s]+", shape.ident)
        if w and not re.fullmatch(r"bg|background|shape|path|polygon|rect", w, re.IGNORECASE)
    ]
    ident = " ".join(word for word in words if not SECTION_WORDS.fullmatch(word))
    polygon = shapely.Polygon(shape.outline)
    spots = np.asarray([text.middle for text in texts]).reshape(-1, 2)
    inside = np.flatnonzero(shapely.contains_xy(polygon, spots[:, 0], spots[:, 1])).tolist()
    labels = [texts[i].text for i in inside if len(texts[i].text) <= 40]
    if len(labels) == 1 and not ident:
        return labels[0]
    return ident or (labels[0] if labels else "")


def _import_outlines(
    shapes: list[Shape], sections: list[Shape], texts: list[Shape], options: ImportOptions
) -> Imported:
    names = {id(shape): _section_name(shape, texts) for shape in sections}
    named = [shape for shape in sections if names[id(shape)]]
    findings: list[Finding] = []
    if nameless := len(sections) - len(named):
        message = f"{nameless} shapes look like sections but have neither id nor label; they were drawn as decoration."
        findings.append(warning("section_nameless", message))
    if not named:
        raise refuse("section_nameless", "The outlines have neither ids nor labels inside; name each section.")
    wanted = {names[id(shape)]: options.capacities.get(names[id(shape)], options.capacity_each) for shape in named}
    stray = sorted(set(options.capacities) - set(wanted))
    if stray:
        findings.append(
            warning("capacity_unmatched", "Capacities were given for sections that the drawing doesn't have.", stray)
        )
    low, scale = _outline_scale(shapes, named, names, wanted, options, findings)
    assembly = Assembly(options.name or "Drawing")
    focal = _focal(assembly, shapes, texts, low, scale)
    # Rows of a bowl face its middle, wherever the stage stands tonight.
    facing = _centre(named, low, scale) if len(named) >= BOWL_SECTIONS_MIN or focal is None else focal
    _decor(assembly, shapes, named, low, scale)
    floor = assembly.floor("Main")
    missing, small = [], []
    for shape in named:
        name = names[id(shape)]
        polygon = _polygon((shape.outline - low) * scale)
        if polygon is None:
            findings.append(warning("outline_invalid", "This outline encloses nothing.", [name]))
            continue
        fits = _fill_section(assembly, name, polygon, floor, facing, wanted[name], options)
        if wanted[name] is None:
            missing.append(name)
        elif fits < (wanted[name] or 0):
            small.append(f"{name}: {wanted[name]} wanted, {fits} fit")
    if small:
        findings.append(warning("capacity_too_large", "These sections are too small at this scale.", small))
    if missing:
        message = "Outlines alone don't say how many people they hold. Give each section a capacity, or one for all."
        findings.append(error("capacity_missing", message, sorted(missing, key=natural)))
    return Imported(assembly.finish(), findings, "svg")


def _centre(named: list[Shape], low: Floats, scale: float) -> Point:
    everything = np.concatenate([shape.outline for shape in named])
    middle = ((everything.min(axis=0) + everything.max(axis=0)) / 2 - low) * scale
    return float(middle[0]), float(middle[1])


def _outline_scale(
    shapes: list[Shape],
    named: list[Shape],
    names: dict[int, str],
    wanted: dict[str, int | None],
    options: ImportOptions,
    findings: list[Finding],
) -> tuple[Floats, float]:
    """Tell the scale: given, or from capacities and areas, or from a usual width."""
    everything = np.concatenate([shape.outline for shape in shapes if shape.tag != "text"])
    low, high = everything.min(axis=0), everything.max(axis=0)
    if options.metres_per_unit is not None:
        return low, options.metres_per_unit
    seats = [(shape, wanted[names[id(shape)]]) for shape in named if names[id(shape)] not in options.standing]
    room = sum(shapely.Polygon(shape.outline).area for shape, count in seats if count)
    people = sum(count for _, count in seats if count)
    scale = (SEAT_AREA_M2 * people / room) ** 0.5 if room and people else WIDTH_M / max(float((high - low).max()), 1e-9)
    findings.append(note("scale_assumed", f"One unit was taken as {scale:.4f} m. Give the scale if that is wrong."))
    return low, scale


def _fill_section(
    assembly: Assembly,
    name: str,
    polygon: shapely.Polygon,
    floor: str,
    focal: Point,
    capacity: int | None,
    options: ImportOptions,
) -> int:
    """Add a section with its seats, or its standing area; tell how many people fit."""
    outline = ring(polygon)
    if name in options.standing and capacity is not None:
        section = assembly.section(name, floor, kind="ga", outline=outline)
        category = assembly.category("Standing")
        area = Area(
            id=section.id,
            floor=floor,
            section=section.id,
            name=name,
            capacity=capacity,
            outline=outline,
            category=category,
        )
        assembly.chart.areas.append(area)
        return capacity
    section = assembly.section(name, floor, outline=outline, capacity=capacity)
    if capacity is None:
        return 0
    rows, most = fill(polygon, focal, capacity)
    for label, points in zip(row_labels(len(rows)), rows, strict=True):
        seats = [LooseSeat(float(x), float(y), str(i + 1), "Standard") for i, (x, y) in enumerate(points.tolist())]
        assembly.row(section, label, seats)
    return most


def _polygon(outline: Floats) -> shapely.Polygon | None:
    shape = shapely.make_valid(shapely.Polygon(outline))
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    largest = max(parts, key=lambda part: part.area, default=None)
    return largest if largest is not None and largest.area > 0 else None


def _decor(assembly: Assembly, shapes: list[Shape], named: list[Shape], low: Floats, scale: float) -> None:
    taken = {id(shape) for shape in named}
    for shape in shapes:
        if shape.tag == "text" or id(shape) in taken or len(shape.outline) < 3 or STAGE_WORDS.search(shape.ident):
            continue
        points = (shape.outline - low) * scale
        outline = [(round(float(x), 2), round(float(y), 2)) for x, y in points]
        assembly.chart.decor.append(Decor(kind="shape", outline=outline))
