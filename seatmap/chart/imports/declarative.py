"""Import the declarative text form: sections as grid, arc or ga with numbering rules (as seatmap.pro has it)."""

import math
import re
from typing import Literal

import msgspec

from seatmap.chart.findings import Finding, error, warning
from seatmap.chart.imports.assembly import Assembly, LooseSeat
from seatmap.chart.imports.options import Imported, ImportOptions
from seatmap.chart.imports.reading import read_json, refuse
from seatmap.chart.model import Area, Decor, Focal, Outline, Point
from seatmap.chart.numbering import letters, letters_value
from seatmap.chart.structure import ROW_SEATS_MAX

# Seats of this format stand 28 units apart, and a grid begins 19 units inside its section.
PITCH_UNITS = 28.0
GRID_INSET = 19.0
METRES_PER_UNIT = 0.5 / PITCH_UNITS


class At(msgspec.Struct):
    x: float = 0.0
    y: float = 0.0


class RowNumbers(msgspec.Struct):
    format: Literal["arabic", "roman", "letters"] | None = None
    from_: str | int = msgspec.field(default="1", name="from")
    step: int = 1
    direction: Literal["toBottom", "toTop"] | None = None


class SeatNumbers(msgspec.Struct):
    from_: str | int = msgspec.field(default="1", name="from")
    step: int = 1
    direction: Literal["toRight", "toLeft"] | None = None


class Numbers(msgspec.Struct):
    rows: RowNumbers | None = None
    seats: SeatNumbers | None = None


class Selector(msgspec.Struct):
    row: str
    seats: list[str] | None = None
    accessible: bool = False
    hidden: bool = False


class SectionSpec(msgspec.Struct):
    name: str
    type: Literal["grid", "arc", "ga"] = "grid"
    position: At = msgspec.field(default_factory=At)
    rows: int = 0
    seats_per_row: int = msgspec.field(default=0, name="seatsPerRow")
    spacing: At | None = None
    radius: float = 0.0
    arc_degrees: float = msgspec.field(default=90.0, name="arcDegrees")
    row_spacing: float = msgspec.field(default=PITCH_UNITS, name="rowSpacing")
    numbering: Numbers | None = None
    skip: list[Selector] = []
    flags: list[Selector] = []
    shape: str = "RECT"
    width: float = 250.0
    height: float = 250.0
    points: list[At] = []
    capacity: int | None = None


class ShapeSpec(msgspec.Struct):
    type: str = "shape"
    position: At = msgspec.field(default_factory=At)
    width: float | None = None
    height: float | None = None
    text: str = ""


class VenueSpec(msgspec.Struct):
    name: str = ""


class SchemaSpec(msgspec.Struct):
    name: str = ""
    capacity: int | None = msgspec.field(default=None, name="gaCapacity")


class Spec(msgspec.Struct):
    sections: list[SectionSpec]
    venue: VenueSpec | None = None
    schema: SchemaSpec | None = None
    shapes: list[ShapeSpec] = []


def import_declarative(text: str, options: ImportOptions) -> Imported:
    """Read a declarative plan; standing areas without a capacity take it from the options."""
    spec = read_json(text, Spec)
    if not spec.sections:
        raise refuse("plan_empty", "The plan has no sections.")
    scale = options.metres_per_unit or METRES_PER_UNIT
    venue = spec.venue.name if spec.venue else ""
    assembly = Assembly(options.name or (spec.schema.name if spec.schema else "") or venue, venue)
    floor = assembly.floor("Main")
    findings: list[Finding] = []
    for section in spec.sections:
        if section.type == "ga":
            _area(assembly, section, floor, scale, spec, options, findings)
        else:
            _seated(assembly, section, floor, scale, findings)
    for shape in spec.shapes:
        _shape(assembly, shape, scale)
    return Imported(assembly.finish(), findings, "declarative")


def _seated(assembly: Assembly, spec: SectionSpec, floor: str, scale: float, findings: list[Finding]) -> None:
    if not (1 <= spec.rows <= 500 and 1 <= spec.seats_per_row <= ROW_SEATS_MAX):
        message = f"A section has 1 to 500 rows of 1 to {ROW_SEATS_MAX} seats."
        findings.append(error("section_size_wrong", message, [spec.name]))
        return
    rows = row_names(spec.rows, spec.numbering.rows if spec.numbering else None)
    seats = seat_names(spec.seats_per_row, spec.numbering.seats if spec.numbering else None)
    section = assembly.section(spec.name, floor)
    unmatched = [s.row for s in (*spec.skip, *spec.flags) if s.row not in rows or not set(s.seats or ()) <= set(seats)]
    if unmatched:
        where = [f"{spec.name} row {row}" for row in unmatched]
        findings.append(
            warning("selector_unmatched", "These skip or flag rules name rows or seats that do not exist.", where)
        )
    for index, row in enumerate(rows):
        loose = []
        for at, seat in enumerate(seats):
            if any(_matches(rule, row, seat) for rule in spec.skip):
                continue
            if any(rule.hidden and _matches(rule, row, seat) for rule in spec.flags):
                continue
            x, y = _spot(spec, index, at)
            accessible = any(rule.accessible and _matches(rule, row, seat) for rule in spec.flags)
            attributes = ["wheelchair_space"] if accessible else []
            loose.append(
                LooseSeat(
                    (spec.position.x + x) * scale, (spec.position.y + y) * scale, seat, "Standard", "", attributes
                )
            )
        if loose:
            assembly.row(section, row, loose)


def _spot(spec: SectionSpec, row: int, seat: int) -> Point:
    if spec.type == "grid":
        spacing = spec.spacing or At(PITCH_UNITS, PITCH_UNITS)
        return GRID_INSET + seat * (spacing.x or PITCH_UNITS), GRID_INSET + row * (spacing.y or PITCH_UNITS)
    step = spec.arc_degrees / (spec.seats_per_row - 1) if spec.seats_per_row > 1 else 0.0
    degrees = 90 - spec.arc_degrees / 2 + seat * step if spec.seats_per_row > 1 else 90.0
    radius = spec.radius + row * spec.row_spacing
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))


def _area(
    assembly: Assembly,
    spec: SectionSpec,
    floor: str,
    scale: float,
    plan: Spec,
    options: ImportOptions,
    findings: list[Finding],
) -> None:
    outline = _rectangle(spec.position, spec.width, spec.height, scale)
    if spec.points:
        outline = [((spec.position.x + p.x) * scale, (spec.position.y + p.y) * scale) for p in spec.points]
    alone = sum(section.type == "ga" for section in plan.sections) == 1
    declared = plan.schema.capacity if plan.schema and alone else None
    capacity = options.capacities.get(spec.name) or spec.capacity or declared or options.capacity_each
    if capacity is None:
        xs, ys = [x for x, _ in outline], [y for _, y in outline]
        room = (max(xs) - min(xs)) * (max(ys) - min(ys))
        capacity = max(1, int(room * 2))
        message = f"{spec.name} has no capacity; {capacity} was taken (2 people per m²). Give the licensed number."
        findings.append(warning("capacity_assumed", message, [spec.name]))
    section = assembly.section(spec.name, floor, kind="ga", outline=outline)
    area = Area(
        id=section.id,
        floor=floor,
        section=section.id,
        name=spec.name,
        capacity=capacity,
        outline=outline,
        category=assembly.category(spec.name),
    )
    assembly.chart.areas.append(area)


def _shape(assembly: Assembly, shape: ShapeSpec, scale: float) -> None:
    stage = shape.type == "stage"
    outline = _rectangle(
        shape.position, shape.width or (600.0 if stage else 250.0), shape.height or (120.0 if stage else 250.0), scale
    )
    if stage:
        assembly.chart.focal.append(Focal(name=shape.text or "Stage", outline=outline))
    elif shape.type == "label":
        assembly.chart.decor.append(Decor(kind="text", text=shape.text, outline=outline[:1]))
    else:
        assembly.chart.decor.append(Decor(kind="shape", text=shape.text, outline=outline))


def _rectangle(at: At, width: float, height: float, scale: float) -> Outline:
    corners = [(at.x, at.y), (at.x + width, at.y), (at.x + width, at.y + height), (at.x, at.y + height)]
    return [(round(x * scale, 2), round(y * scale, 2)) for x, y in corners]


def _matches(rule: Selector, row: str, seat: str) -> bool:
    return rule.row == row and (rule.seats is None or seat in rule.seats)


def row_names(count: int, numbers: RowNumbers | None) -> list[str]:
    """Name rows in Arabic or Roman numbers or letters (…, Z, AA), counted down if the direction is toTop."""
    numbers = numbers or RowNumbers()
    start = str(numbers.from_)
    if numbers.format == "letters":
        names = _letters(start, count, numbers.step)
    elif numbers.format == "roman":
        first = int(start) if start.isascii() and start.isdigit() else _roman_value(start)
        names = [_roman(first + i * numbers.step) for i in range(count)]
    else:
        names = _counted(start, count, numbers.step)
    return names[::-1] if numbers.direction == "toTop" else names


def seat_names(count: int, numbers: SeatNumbers | None) -> list[str]:
    """Name seats: "A1" counts A1, A2; leading zeros are kept."""
    numbers = numbers or SeatNumbers()
    names = _counted(str(numbers.from_), count, numbers.step)
    return names[::-1] if numbers.direction == "toLeft" else names


def _counted(start: str, count: int, step: int) -> list[str]:
    match = re.fullmatch(r"(.*?)(\d{1,9})", start, re.ASCII)
    prefix, digits = (match[1], match[2]) if match else ("", "1")
    return [f"{prefix}{int(digits) + i * step:0{len(digits)}d}" for i in range(count)]


def _letters(start: str, count: int, step: int) -> list[str]:
    first = int(start) if start.isascii() and start.isdigit() else letters_value(start.upper()) or 1
    names = [letters(first + i * step) for i in range(count)]
    return [name.lower() for name in names] if start.islower() else names


ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)


def _roman(number: int) -> str:
    text = ""
    for value, sign in ROMAN:
        while number >= value:
            text, number = text + sign, number - value
    return text


def _roman_value(text: str) -> int:
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    digits = [values.get(sign, 0) for sign in text.upper()]
    total = sum(-d if any(later > d for later in digits[i + 1 : i + 2]) else d for i, d in enumerate(digits))
    return max(1, total)
