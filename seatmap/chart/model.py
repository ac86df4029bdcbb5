"""The authoring form of a chart, `chart/1`: what organisers edit, import and export.

Lengths are metres, x grows to the right and y downwards. The order of lists is meaning: floors from the lowest up,
sections and rows by rank, seats from a row's start to its end. See docs/chart-format.md.
"""

from typing import Any, Literal

import msgspec

Point = tuple[float, float]
Outline = list[Point]
SectionKind = Literal["seated", "ga", "tables"]
Ends = Literal["none", "start", "end", "both"]
Booking = Literal["seat", "whole", "both"]

SEATS_MAX = 250_000
SEAT_PITCH_M = 0.5


class Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Shared strictness: a misspelt field is refused, a default is not written."""


class Curve(Part, kw_only=True):
    """How a row runs: one of the four. *arc* is (first seat, last seat, sagitta), *quad* (first, control, last)."""

    line: tuple[Point, Point] | None = None
    arc: tuple[Point, Point, float] | None = None
    quad: tuple[Point, Point, Point] | None = None
    pts: list[Point] | None = None


class Break(msgspec.Struct, array_like=True, omit_defaults=True):
    """An interruption of a row behind *after* seats, *gap* metres wider than the seats stand apart."""

    after: int
    gap: float = 0.0
    kind: Literal["aisle", "pillar", "step", "wall"] = "aisle"


class Numbering(Part, kw_only=True):
    """How the seats of a row are labelled; odd and even are int with step 2. *reverse* counts from the row's end."""

    scheme: Literal["int", "odd", "even", "letters", "list"] = "int"
    from_: int = msgspec.field(default=1, name="from")
    step: int = 1
    reverse: bool = False
    labels: list[str] = []


class Seating(Part, kw_only=True):
    """What rows and tables share. *k* are runs (start, count) by position; *keys* are foreign ids, one per seat."""

    id: str
    section: str
    category: str
    k: list[tuple[int, int]] = []
    keys: list[str] = []


class Row(Seating, kw_only=True):
    """*n* seats along a curve."""

    label: str = ""
    n: int
    curve: Curve
    breaks: list[Break] = []
    numbering: Numbering = msgspec.field(default_factory=Numbering)
    ends: Ends = "both"


class SeatException(Part, kw_only=True):
    """What differs from the row at one position (*at*, counted from 0)."""

    row: str
    at: int
    label: str | None = None
    attributes: list[str] = []
    category: str | None = None
    xy: Point | None = None


class Table(Seating, kw_only=True):
    """Seats around a table; *at* is its centre, *size* width and height, *turn* degrees clockwise."""

    name: str
    at: Point
    shape: Literal["circle", "rect"] = "circle"
    size: Point = (1.5, 1.5)
    turn: float = 0.0
    seats: int
    booking: Booking = "both"
    party: tuple[int, int] | None = None


class Place(Part, kw_only=True):
    """What sections and areas share: a name and a shape on a floor."""

    id: str
    floor: str
    name: str
    outline: Outline = []


class Area(Place, kw_only=True):
    """A general-admission place: people, not seats. *section* links it to a section of kind ga, if it has one."""

    capacity: int
    category: str
    section: str | None = None


class Section(Place, kw_only=True):
    """A part of the house. *z0* is the height of its first row, *rake* the rise per row, in metres."""

    kind: SectionKind = "seated"
    entrance: str = ""
    z0: float = 0.0
    rake: float = 0.0
    capacity: int | None = None


class Floor(Part, kw_only=True):
    """A level of the house."""

    id: str
    name: str


class Category(Part, kw_only=True):
    """A price level; *color* is #rrggbb or empty for the palette's."""

    id: str
    name: str
    color: str = ""


class Shape(Part, kw_only=True):
    """What focal objects and decor share."""

    outline: Outline


class Focal(Shape, kw_only=True):
    """What people look at."""

    kind: Literal["stage", "pitch", "screen", "ring"] = "stage"
    name: str = ""


class Decor(Shape, kw_only=True):
    """A line, a shape or a word that helps to find one's way."""

    kind: Literal["shape", "line", "text"] = "shape"
    text: str = ""


class Entrance(Part, kw_only=True):
    """A door."""

    name: str
    at: Point


class Chart(Part, kw_only=True, tag_field="format", tag="chart/1"):
    """A whole venue's drawing. *companions* are (row id, position of the space, positions of its companions)."""

    name: str = ""
    venue: str = ""
    floors: list[Floor] = []
    categories: list[Category] = []
    focal: list[Focal] = []
    sections: list[Section] = []
    rows: list[Row] = []
    exceptions: list[SeatException] = msgspec.field(default_factory=list, name="except")
    tables: list[Table] = []
    areas: list[Area] = []
    companions: list[tuple[str, int, list[int]]] = []
    entrances: list[Entrance] = []
    decor: list[Decor] = []
    tombstones: list[tuple[int, int]] = []
    ext: dict[str, Any] = {}

    def seat_count(self) -> int:
        """Count the seats that can be drawn (rows and tables, not areas)."""
        return sum(row.n for row in self.rows) + sum(table.seats for table in self.tables)


def write_chart(chart: Chart) -> bytes:
    """Write the authoring form as compact JSON with one row per line, so that versions can be compared."""
    text = msgspec.json.encode(chart).decode()
    return (text.replace('},{"id"', '},\n{"id"').replace('},{"row"', '},\n{"row"') + "\n").encode()
