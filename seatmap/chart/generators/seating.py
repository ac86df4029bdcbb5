"""Collect rows into a chart: sections, vomitories, wheelchair platforms."""

import math
import random

import numpy as np

from seatmap.chart.curves import curve_points
from seatmap.chart.generators.blocks import Block
from seatmap.chart.model import (
    SEAT_PITCH_M,
    Break,
    Category,
    Chart,
    Curve,
    Decor,
    Floor,
    Focal,
    Numbering,
    Point,
    Row,
    SeatException,
    Section,
)
from seatmap.faults import Misuse

# A wheelchair space and the companion seat beside it stand this far apart.
PLATFORM_PITCH_M = 0.9
# Seats that the mouth of a stairway takes out of a row.
MOUTH_SEATS = 4


class Builder:
    """A chart in the making; rows get their ids from the section they join."""

    def __init__(self, name: str, venue: str, floors: list[Floor], categories: list[Category], seed: int) -> None:
        self.chart = Chart(
            name=name, venue=venue, floors=floors, categories=categories, ext={"generator": {"seed": seed}}
        )
        self.random = random.Random(seed)

    def section(self, section: Section) -> Section:
        """Add a section; rows added later may name it."""
        self.chart.sections.append(section)
        return section

    def row(self, section: Section, label: str, n: int, curve: Curve, category: str, **extra: object) -> Row:
        """Add a row to *section*."""
        row = Row(
            id=f"{section.id}-{label}",
            section=section.id,
            label=label,
            n=n,
            curve=curve,
            category=category,
            **extra,  # type: ignore[arg-type]
        )
        self.chart.rows.append(row)
        return row

    def mark(self, row: Row, at: int, *attributes: str) -> None:
        """Give a seat attributes."""
        self.chart.exceptions.append(SeatException(row=row.id, at=at, attributes=list(attributes)))

    def mark_row(self, row: Row, *attributes: str) -> None:
        """Give all seats of a row the same attributes."""
        for at in range(row.n):
            self.mark(row, at, *attributes)

    def platform(self, section: Section, label: str, block: Block, distance: float, category: str, pairs: int) -> Row:
        """Add a level row of wheelchair spaces, each with its companion seat to the right."""
        room, curve = block.row(distance, pitch=PLATFORM_PITCH_M)
        n = min(2 * pairs, room - room % 2)
        if n < room:
            curve = _shorten(curve, (n - 1) / (room - 1))
        row = self.row(section, label, n, curve, category)
        for at in range(0, n, 2):
            self.mark(row, at, "wheelchair_space", "step_free")
            self.mark(row, at + 1, "companion", "step_free")
            self.chart.companions.append((row.id, at, [at + 1]))
        return row

    def mouth(self, row: Row) -> None:
        """Take seats out of the middle of a row where a stairway comes up; numbers go on behind it."""
        n = row.n - MOUTH_SEATS
        if n < 8:
            return
        left = n // 2
        numbers = [str(i + 1) for i in range(left)] + [str(i + 1 + MOUTH_SEATS) for i in range(left, n)]
        row.n = n
        row.breaks = [Break(left, MOUTH_SEATS * SEAT_PITCH_M)]
        row.numbering = Numbering(scheme="list", labels=numbers)

    def thin(self, target: int, rows: list[Row]) -> None:
        """Take one seat out of some of *rows*, or two, until the chart has *target* seats; the others share the room.

        Rows cut by a stairway or with marked seats are left alone.
        """
        marked = {entry.row for entry in self.chart.exceptions}
        choice = [row for row in rows if row.n > 8 and row.numbering.scheme != "list" and row.id not in marked]
        surplus = self.chart.seat_count() - target
        for _ in range(2):
            for row in self.random.sample(choice, max(0, min(surplus, len(choice)))):
                row.n -= 1
                surplus -= 1
        if surplus:
            raise Misuse(f"{surplus} seats too many to thin out; the drawing needs other rows")

    def focal(self, kind: str, name: str, outline: list[Point]) -> None:
        """Add what people look at."""
        self.chart.focal.append(Focal(kind=kind, name=name, outline=outline))  # type: ignore[arg-type]

    def line(self, *outline: Point) -> None:
        """Draw a line."""
        self.chart.decor.append(Decor(kind="line", outline=list(outline)))

    def text(self, text: str, at: Point) -> None:
        """Write a word."""
        self.chart.decor.append(Decor(kind="text", text=text, outline=[at]))


def letter_labels(count: int, *, skip: str = "IO") -> list[str]:
    """Name rows A, B, … without letters that look like digits, then AA, BB, …"""
    single = [chr(65 + i) for i in range(26) if chr(65 + i) not in skip]
    return (single + [letter * 2 for letter in single])[:count]


def _shorten(curve: Curve, share: float) -> Curve:
    """Keep the middle *share* of a straight row or an arc."""
    cut = (1 - share) / 2
    ends = [(round(float(x), 3), round(float(y), 3)) for x, y in curve_points(curve, np.array([cut, 1 - cut]))]
    if curve.arc is None:
        return Curve(line=(ends[0], ends[1]))
    a, b, sagitta = curve.arc
    half = 2 * math.atan(2 * sagitta / math.dist(a, b))
    shorter = math.dist(ends[0], ends[1]) / 2 * math.tan(half * share / 2)
    return Curve(arc=(ends[0], ends[1], round(shorter, 3)))
