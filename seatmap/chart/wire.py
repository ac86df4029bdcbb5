"""The wire form of a chart as typed columns: what docs/chart-format.md describes, and nothing else."""

from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from seatmap.faults import Corrupt

Column = int | list[int]
Ints = NDArray[np.int64]
FORMAT: Literal["frontrow-chart/1"] = "frontrow-chart/1"
SECTION_KINDS = ("seated", "ga", "tables")


class WireNamed(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str


class WireCategory(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    color: str


class WireSections(msgspec.Struct, forbid_unknown_fields=True):
    id: list[str]
    name: list[str]
    floor: list[int]
    kind: list[int]
    entrance: list[str]
    x: list[int]
    y: list[int]
    rows: list[int]
    outline: list[list[int]]


class WireRows(msgspec.Struct, forbid_unknown_fields=True):
    label: list[str]
    n: Column
    ax: Column
    ay: Column
    bx: Column
    by: Column
    s: Column
    category: Column
    breaks: Column
    numbering: Column
    ends: Column


class WireQuads(msgspec.Struct, forbid_unknown_fields=True):
    row: list[int] = []
    cx: list[int] = []
    cy: list[int] = []


class WirePoints(msgspec.Struct, forbid_unknown_fields=True):
    row: list[int] = []
    dx: list[int] = []
    dy: list[int] = []


class WireRelabelled(msgspec.Struct, forbid_unknown_fields=True):
    k: list[int] = []
    label: list[str] = []


class WireMoved(msgspec.Struct, forbid_unknown_fields=True):
    k: list[int] = []
    dx: list[int] = []
    dy: list[int] = []


class WireArea(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    floor: int
    section: int
    capacity: int
    category: int
    outline: list[int]


class WireTable(msgspec.Struct, forbid_unknown_fields=True):
    row: int
    name: str
    shape: Literal["circle", "rect"]
    x: int
    y: int
    w: int
    h: int
    turn: int
    booking: Literal["seat", "whole", "both"]
    party: tuple[int, int]


class WireFocal(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    name: str
    outline: list[int]


class WireDecor(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    text: str
    outline: list[int]


class WireEntrance(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    x: int
    y: int


class WireChart(msgspec.Struct, forbid_unknown_fields=True):
    """One chart; field order is the order on the wire."""

    format: Literal["frontrow-chart/1"]
    name: str
    venue: str
    n: int
    order: list[int]
    bounds: tuple[int, int, int, int]
    floors: list[WireNamed]
    categories: list[WireCategory]
    sections: WireSections
    rows: WireRows
    breaks: list[list[int]]
    numberings: list[list[str | int | list[str]]]
    quads: WireQuads
    points: WirePoints
    attributes: list[tuple[int, list[int]]]
    recategorised: list[tuple[int, list[int]]]
    relabelled: WireRelabelled
    moved: WireMoved
    companions: list[list[int]]
    areas: list[WireArea]
    tables: list[WireTable]
    focal: list[WireFocal]
    decor: list[WireDecor]
    entrances: list[WireEntrance]


_decoder = msgspec.json.Decoder(WireChart)


def encode(chart: WireChart) -> bytes:
    """Write the wire form, uncompressed."""
    return msgspec.json.encode(chart)


def decode(data: bytes) -> WireChart:
    """Read the wire form; anything else is Corrupt."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise Corrupt(f"this is not a compiled chart: {cause}") from cause


def column(values: Ints) -> Column:
    """Shorten a constant column to its one value."""
    if values.size and bool((values == values[0]).all()):
        return int(values[0])
    out: list[int] = values.tolist()
    return out


def expand(values: Column, length: int) -> Ints:
    """Undo `column`."""
    if isinstance(values, int):
        return np.full(length, values, dtype=np.int64)
    if len(values) != length:
        raise Corrupt(f"a column of {len(values)} values where {length} are needed")
    return np.asarray(values, dtype=np.int64)


def gaps(values: Ints) -> list[int]:
    """Write an ascending list as differences."""
    out: list[int] = np.diff(values, prepend=0).tolist()
    return out


def ungaps(values: list[int]) -> Ints:
    """Undo `gaps`."""
    return np.cumsum(np.asarray(values, dtype=np.int64))


def gaps_to_list(values: list[int]) -> list[int]:
    """Undo `gaps` as plain integers."""
    out: list[int] = ungaps(values).tolist()
    return out


def second_differences(values: Ints, first: Ints) -> Ints:
    """Code *values* by what changes in their step, anew from each index in *first*."""
    if not values.size:
        return values
    step = np.diff(values, prepend=0)
    out = np.diff(step, prepend=0)
    out[first] = values[first]
    second = first[first + 1 < values.size] + 1
    second = second[~np.isin(second, first)]
    out[second] = step[second]
    return out


def from_second_differences(coded: Ints, first: Ints, group: Ints) -> Ints:
    """Undo `second_differences`; *group* maps every index to its entry in *first*."""
    if not coded.size:
        return coded
    changes = coded.copy()
    changes[first] = 0
    step = np.cumsum(changes)
    step -= step[first][group]
    values = np.cumsum(step)
    values -= values[first][group]
    return values + coded[first][group]


def outline_to_wire(outline: list[tuple[float, float]]) -> list[int]:
    """Code metres as decimetres, each point relative to the one before."""
    if not outline:
        return []
    points = np.rint(np.asarray(outline, dtype=np.float64) * 10).astype(np.int64)
    out: list[int] = np.diff(points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist()
    return out


def outline_from_wire(coded: list[int]) -> NDArray[np.float32]:
    """Undo `outline_to_wire`: an array (points, 2) in metres."""
    points = np.cumsum(np.asarray(coded, dtype=np.int64).reshape(-1, 2), axis=0)
    return (points / 10).astype(np.float32)
