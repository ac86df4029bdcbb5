"""A published chart as arrays: the reference decoder of docs/chart-format.md.

Loads with numpy alone. Seats are addressed by `k`, areas by `a`, categories by index; see `CompiledChart`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import brotli
import numpy as np
from numpy.typing import NDArray

from seatmap.chart import wire
from seatmap.chart.attributes import Attribute
from seatmap.chart.curves import along_arc
from seatmap.chart.numbering import label_at
from seatmap.faults import Corrupt

Ints = NDArray[np.int64]
# A break this wide, in hundredths of the seat distance, is an aisle one can walk through.
AISLE_GAP = 50


class Place(NamedTuple):
    """Where a seat is, in the words printed on a ticket."""

    section: str
    row: str
    seat: str


@dataclass(frozen=True, slots=True)
class CompiledSection:
    """A section; *ranges* are the half-open stretches of k that its seats occupy, *outline* metres."""

    id: str
    name: str
    floor: int
    kind: str
    entrance: str
    outline: NDArray[np.float32]
    rows: range
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CompiledRows:
    """All rows in columns. *first* is the drawing-order number of a row's first seat, *table* an index or -1."""

    label: list[str]
    n: Ints
    section: Ints
    first: Ints
    table: Ints


@dataclass(frozen=True)
class CompiledChart:
    """One revision of a chart. Arrays have one entry per k.

    A removed seat has section, row and run -1 and `removed` set.

    *x*, *y* are metres (y downwards), *pos* counts from the row's start, *run* numbers stretches of neighbours in
    drawing order, *order* lists k in drawing order. *companions* maps a wheelchair space to its companion seats.
    """

    document: wire.WireChart = field(repr=False)
    encoded: bytes = field(repr=False)
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    section: NDArray[np.int32]
    row: NDArray[np.int32]
    pos: NDArray[np.int32]
    run: NDArray[np.int32]
    category: NDArray[np.uint8]
    attributes: NDArray[np.uint16]
    removed: NDArray[np.bool_]
    order: Ints
    rows: CompiledRows
    companions: dict[int, tuple[int, ...]]

    @property
    def n(self) -> int:
        """Count the k that exist, removed seats included."""
        return self.document.n

    @property
    def seat_count(self) -> int:
        """Count the seats that can be sold."""
        return len(self.order)

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def venue(self) -> str:
        return self.document.venue

    @property
    def floors(self) -> list[wire.WireNamed]:
        return self.document.floors

    @property
    def categories(self) -> list[wire.WireCategory]:
        return self.document.categories

    @property
    def areas(self) -> list[wire.WireArea]:
        """List general-admission areas; the position in the list is `a`."""
        return self.document.areas

    @property
    def tables(self) -> list[wire.WireTable]:
        return self.document.tables

    @property
    def focal(self) -> list[wire.WireFocal]:
        return self.document.focal

    @cached_property
    def focal_point(self) -> tuple[float, float]:
        """Give the middle of the first thing people look at; the middle of the drawing when there is none (metres)."""
        for focal in self.document.focal:
            if focal.outline:
                points = wire.outline_from_wire(focal.outline)
                return float(points[:, 0].mean()), float(points[:, 1].mean())
        x0, y0, x1, y1 = self.bounds
        return (x0 + x1) / 2, (y0 + y1) / 2

    @cached_property
    def sections(self) -> tuple[CompiledSection, ...]:
        """List the sections in drawing order."""
        columns, out, start = self.document.sections, [], 0
        for index, rows in enumerate(columns.rows):
            stop = start + rows
            first = int(self.rows.first[start]) if start < len(self.rows.n) else len(self.order)
            seats = self.order[first : first + int(self.rows.n[start:stop].sum())]
            out.append(
                CompiledSection(
                    id=columns.id[index],
                    name=columns.name[index],
                    floor=columns.floor[index],
                    kind=wire.SECTION_KINDS[columns.kind[index]],
                    entrance=columns.entrance[index],
                    outline=wire.outline_from_wire(columns.outline[index]),
                    rows=range(start, stop),
                    ranges=_ranges(np.sort(seats)),
                )
            )
            start = stop
        return tuple(out)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Give the rectangle around everything drawn, in metres."""
        x0, y0, x1, y1 = self.document.bounds
        return x0 / 100, y0 / 100, x1 / 100, y1 / 100

    @cached_property
    def _relabelled(self) -> dict[int, str]:
        changed = self.document.relabelled
        return dict(zip(wire.gaps_to_list(changed.k), changed.label, strict=True))

    @cached_property
    def row_schemes(self) -> Ints:
        """Give the index into `document.numberings` of every row."""
        return wire.expand(self.document.rows.numbering, len(self.rows.n))

    def label(self, k: int) -> str:
        """Give the printed seat number; empty for a removed seat."""
        if k in self._relabelled:
            return self._relabelled[k]
        row = int(self.row[k])
        if row < 0:
            return ""
        scheme = self.document.numberings[int(self.row_schemes[row])]
        return label_at(scheme, int(self.pos[k]), int(self.rows.n[row]))

    def place(self, k: int) -> Place:
        """Name a seat: section, row and seat label."""
        row = int(self.row[k])
        if row < 0:
            return Place("", "", "")
        return Place(self.document.sections.name[int(self.section[k])], self.rows.label[row], self.label(k))

    @cached_property
    def labels(self) -> list[str]:
        """Give the labels of all k (about 30 ms at 60,000 seats, then kept)."""
        out = [""] * self.n
        schemes, k = self.row_schemes.tolist(), self.order.tolist()
        known: dict[tuple[int, int], list[str]] = {}
        at = 0
        for row, n in enumerate(self.rows.n.tolist()):
            texts = known.get((schemes[row], n))
            if texts is None:
                scheme = self.document.numberings[schemes[row]]
                texts = known[schemes[row], n] = [label_at(scheme, position, n) for position in range(n)]
            for text in texts:
                out[k[at]] = text
                at += 1
        for seat, text in self._relabelled.items():
            out[seat] = text
        return out

    def to_wire(self) -> bytes:
        """Give the wire form, uncompressed JSON; the same bytes every time."""
        return self.encoded

    def dump(self) -> bytes:
        """Give the stored form: the wire form compressed with brotli, ready to be served."""
        compressed: bytes = brotli.compress(self.encoded, quality=11, lgwin=22)
        return compressed

    @staticmethod
    def load(data: bytes) -> CompiledChart:
        """Read what `dump` wrote; anything else is Corrupt."""
        try:
            return CompiledChart.from_wire(brotli.decompress(data))
        except brotli.error as cause:
            raise Corrupt("a stored chart can't be decompressed") from cause

    @staticmethod
    def from_wire(data: bytes) -> CompiledChart:
        """Decode the wire form; a document that contradicts itself is Corrupt."""
        chart = wire.decode(data)
        try:
            return arrays_of(chart, data)
        except (IndexError, ValueError) as cause:
            raise Corrupt(f"a compiled chart contradicts itself: {cause}") from cause


def arrays_of(chart: wire.WireChart, encoded: bytes) -> CompiledChart:
    """Expand the columns of a wire chart into arrays by k."""
    rows = _rows(chart)
    total = int(rows.n.sum())
    order = _order(chart, total)
    row_of = np.repeat(np.arange(len(rows.n)), rows.n)
    pos = np.arange(total) - rows.first[row_of]
    cuts, t = _shares(chart, rows, row_of, pos)
    x, y = _positions(chart, rows, row_of, t)
    run = np.cumsum((pos == 0) | (cuts > 0)) - 1
    bits = _aisles(chart, rows, row_of, pos, cuts)

    arrays = CompiledChart(
        document=chart,
        encoded=encoded,
        x=_by_k(x / 100, order, chart.n, 0, np.float32),
        y=_by_k(y / 100, order, chart.n, 0, np.float32),
        section=_by_k(rows.section[row_of], order, chart.n, -1, np.int32),
        row=_by_k(row_of, order, chart.n, -1, np.int32),
        pos=_by_k(pos, order, chart.n, 0, np.int32),
        run=_by_k(run, order, chart.n, -1, np.int32),
        category=_by_k(wire.expand(chart.rows.category, len(rows.n))[row_of], order, chart.n, 0, np.uint8),
        attributes=_by_k(bits, order, chart.n, 0, np.uint16),
        removed=_by_k(np.zeros(total, dtype=bool), order, chart.n, True, np.bool_),
        order=order,
        rows=rows,
        companions=companions_of(chart),
    )
    apply_exceptions(chart, arrays)
    return arrays


def _rows(chart: wire.WireChart) -> CompiledRows:
    per_section = np.asarray(chart.sections.rows, dtype=np.int64)
    count = int(per_section.sum())
    if len(chart.rows.label) != count:
        raise Corrupt(f"{len(chart.rows.label)} row labels for {count} rows")
    n = wire.expand(chart.rows.n, count)
    if count and int(n.min()) < 1:
        raise Corrupt("a row without seats")
    table = np.full(count, -1, dtype=np.int64)
    for index, entry in enumerate(chart.tables):
        table[entry.row] = index
    return CompiledRows(
        label=chart.rows.label,
        n=n,
        section=np.repeat(np.arange(len(per_section)), per_section),
        first=np.cumsum(n) - n,
        table=table,
    )


def _order(chart: wire.WireChart, total: int) -> Ints:
    if not chart.order:
        if total != chart.n:
            raise Corrupt(f"{total} seats drawn where {chart.n} are numbered")
        return np.arange(total)
    starts, counts = chart.order[::2], chart.order[1::2]
    order = np.concatenate([np.arange(s, s + c) for s, c in zip(starts, counts, strict=True)])
    if len(order) != total or len(np.unique(order)) != total or (total and int(order.max()) >= chart.n):
        raise Corrupt("the order of seats does not cover each drawn seat once")
    return order


def _shares(chart: wire.WireChart, rows: CompiledRows, row_of: Ints, pos: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Give each seat its break (0 none, else gap + 1) and its share of the way along the row."""
    cuts = np.zeros(len(pos), dtype=np.int64)
    pattern_of = wire.expand(chart.rows.breaks, len(rows.n))
    for index, pattern in enumerate(chart.breaks):
        affected = rows.first[pattern_of == index]
        if pattern and len(affected) and int(rows.n[pattern_of == index].min()) <= max(pattern[::2]):
            raise Corrupt("a break behind the end of its row")
        for after, gap in zip(pattern[::2], pattern[1::2], strict=True):
            cuts[affected + after] = gap + 1
    gap_before = np.cumsum(np.where(cuts > 0, cuts - 1, 0))
    if len(pos):
        gap_before -= gap_before[rows.first][row_of]
    at = pos + gap_before / 100
    last = rows.first + rows.n - 1
    whole = at[last] if len(pos) else at
    return cuts, at / np.where(whole > 0, whole, 1)[row_of] if len(pos) else at


def _positions(
    chart: wire.WireChart, rows: CompiledRows, row_of: Ints, t: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place all seats in drawing order, in centimetres."""
    count = len(rows.n)
    per_section = np.asarray(chart.sections.rows, dtype=np.int64)
    first = (np.cumsum(per_section) - per_section)[per_section > 0]
    group = np.repeat(np.arange(len(first)), per_section[per_section > 0])
    columns = (chart.rows.ax, chart.rows.ay, chart.rows.bx, chart.rows.by, chart.rows.s)
    ax, ay, bx, by, s = (
        wire.from_second_differences(wire.expand(values, count), first, group).astype(np.float64) for values in columns
    )
    origin_x = np.cumsum(np.asarray(chart.sections.x, dtype=np.int64))[rows.section]
    origin_y = np.cumsum(np.asarray(chart.sections.y, dtype=np.int64))[rows.section]
    ax, bx, ay, by = ax + origin_x, bx + origin_x, ay + origin_y, by + origin_y
    x, y = along_arc(ax[row_of], ay[row_of], bx[row_of], by[row_of], s[row_of], t)
    for row, cx, cy in zip(wire.gaps_to_list(chart.quads.row), chart.quads.cx, chart.quads.cy, strict=True):
        seats = slice(int(rows.first[row]), int(rows.first[row] + rows.n[row]))
        u = t[seats]
        qx, qy = (ax[row] + bx[row]) / 2 + cx, (ay[row] + by[row]) / 2 + cy
        x[seats] = (1 - u) ** 2 * ax[row] + 2 * u * (1 - u) * qx + u**2 * bx[row]
        y[seats] = (1 - u) ** 2 * ay[row] + 2 * u * (1 - u) * qy + u**2 * by[row]
    at = 0
    dx, dy = np.asarray(chart.points.dx, dtype=np.int64), np.asarray(chart.points.dy, dtype=np.int64)
    for row in wire.gaps_to_list(chart.points.row):
        steps = int(rows.n[row]) - 1
        seats = slice(int(rows.first[row]) + 1, int(rows.first[row]) + 1 + steps)
        x[seats.start - 1], y[seats.start - 1] = ax[row], ay[row]
        x[seats] = ax[row] + np.cumsum(dx[at : at + steps])
        y[seats] = ay[row] + np.cumsum(dy[at : at + steps])
        at += steps
    if at != len(dx) or at != len(dy):
        raise Corrupt("points do not add up to the seats of their rows")
    return x, y


def _aisles(chart: wire.WireChart, rows: CompiledRows, row_of: Ints, pos: Ints, cuts: Ints) -> Ints:
    """Mark the seats beside an aisle; tables have none."""
    ends = wire.expand(chart.rows.ends, len(rows.n))
    ends = np.where(rows.table >= 0, 0, ends)
    aisle = ((pos == 0) & ((ends & 1) > 0)[row_of]) | ((pos == rows.n[row_of] - 1) & ((ends & 2) > 0)[row_of])
    wide = (cuts > AISLE_GAP) & (rows.table < 0)[row_of]
    aisle |= wide
    aisle[:-1] |= wide[1:]
    return np.where(aisle, int(Attribute.AISLE), 0)


def companions_of(chart: wire.WireChart) -> dict[int, tuple[int, ...]]:
    """Map wheelchair spaces to their companion seats."""
    return {group[0]: tuple(group[0] + offset for offset in group[1:]) for group in chart.companions}


def apply_exceptions(chart: wire.WireChart, arrays: CompiledChart) -> None:
    """Write what differs from rows into the arrays, in place."""
    for bits, coded in chart.attributes:
        arrays.attributes[wire.ungaps(coded)] |= np.uint16(bits)
    for category, coded in chart.recategorised:
        arrays.category[wire.ungaps(coded)] = category
    moved = wire.ungaps(chart.moved.k)
    if len(moved):
        arrays.x[moved] += np.asarray(chart.moved.dx, dtype=np.float32) / np.float32(100)
        arrays.y[moved] += np.asarray(chart.moved.dy, dtype=np.float32) / np.float32(100)
    for anchor, seats in arrays.companions.items():
        if not all(0 <= k < chart.n for k in (anchor, *seats)):
            raise Corrupt("a companion group names a seat that does not exist")


def _by_k(values: NDArray[Any], order: Ints, n: int, absent: int, dtype: type[np.generic]) -> NDArray[Any]:
    out = np.full(n, absent, dtype=dtype)
    out[order] = values
    return out


def _ranges(k: Ints) -> tuple[tuple[int, int], ...]:
    """Join ascending k into half-open ranges."""
    if not len(k):
        return ()
    cut = np.flatnonzero(np.diff(k) > 1) + 1
    starts, stops = np.concatenate(([0], cut)), np.concatenate((cut, [len(k)]))
    return tuple((int(k[a]), int(k[b - 1]) + 1) for a, b in zip(starts, stops, strict=True))
