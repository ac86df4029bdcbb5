"""A football stadium of 60,000 seats: three tiers around a pitch of 105 by 68 metres."""

import math
from dataclasses import dataclass

from seatmap.chart.generators.blocks import Block, CornerBlock, bowl
from seatmap.chart.generators.seating import Builder
from seatmap.chart.model import Category, Chart, Entrance, Floor, Point, Row, Section

SEATS = 60_000
ROW_DEPTH_M = 0.8
CATEGORIES = [
    Category(id="club", name="Club"),
    Category(id="cat1", name="Category 1"),
    Category(id="cat2", name="Category 2"),
    Category(id="cat3", name="Category 3"),
    Category(id="cat4", name="Category 4"),
    Category(id="family", name="Family"),
]


@dataclass(frozen=True, slots=True)
class Tier:
    """A ring of blocks; *front* is the distance of its first row from the line the bowl is built around."""

    floor: str
    first_number: int
    front: float
    rows: int
    mouth_rows: range
    z0: float
    rake: float


TIERS = (
    Tier("lower", 101, 9.0, 27, range(13, 17), 1.0, 0.32),
    Tier("club", 201, 33.5, 10, range(0), 12.0, 0.42),
    Tier("upper", 301, 45.0, 24, range(5, 9), 18.0, 0.55),
)


def generate_stadium(seed: int = 1, seats: int = SEATS) -> Chart:
    """Draw the stadium; *seats* may be lower than 60,000 by a few thousand, single seats are then left out."""
    floors = [
        Floor(id="lower", name="Lower tier"),
        Floor(id="club", name="Club tier"),
        Floor(id="upper", name="Upper tier"),
    ]
    build = Builder("Stadium bowl", "Northfield Stadium", floors, CATEGORIES, seed)
    _pitch(build)
    fillers: list[Row] = []
    for tier in TIERS:
        blocks = bowl(50.0, 31.0, sides=12, ends=7, corners=3 if tier.floor == "lower" else 4)
        for index, (place, block) in enumerate(blocks):
            fillers += _block(build, tier, index, len(blocks), place, block)
    _gates(build)
    build.thin(seats, fillers)
    return build.chart


def _block(build: Builder, tier: Tier, index: int, count: int, place: str, block: Block) -> list[Row]:
    number = str(tier.first_number + index)
    last = tier.front + (tier.rows - 1) * ROW_DEPTH_M
    platform = tier.floor != "upper"
    section = build.section(
        Section(
            id=number,
            floor=tier.floor,
            name=number,
            outline=block.outline(tier.front, last + (1.5 if platform else 0)),
            entrance=f"Gate {chr(65 + index * 8 // count)}",
            z0=tier.z0,
            rake=tier.rake,
        )
    )
    category = _category(tier, place, block)
    has_mouth = index % 2 == 0
    rows = []
    for i in range(tier.rows):
        n, curve = block.row(tier.front + i * ROW_DEPTH_M)
        row = build.row(section, str(i + 1), n, curve, category)
        if has_mouth and i in tier.mouth_rows:
            build.mouth(row)
        else:
            rows.append(row)
        if tier.floor == "upper" and i >= tier.rows - 2 and isinstance(block, CornerBlock):
            build.mark_row(row, "restricted_view")
        if tier.floor == "lower" and place == "end" and block.middle(0)[0] < 0 and i < tier.rows - 2:
            build.mark_row(row, "standing_rail")
    if platform:
        build.platform(section, "W", block, last + 1.5, category, pairs=7)
    return rows


def _category(tier: Tier, place: str, block: Block) -> str:
    x, _ = block.middle(tier.front)
    central = abs(x) < 27
    if tier.floor == "club":
        return "club" if place == "side" else "cat1"
    if tier.floor == "lower":
        if place == "side":
            return "cat1" if central else "cat2"
        if place == "end" and x > 0:
            return "family"
        return "cat3"
    if place == "side":
        return "cat2" if central else "cat3"
    return "cat4"


def _pitch(build: Builder) -> None:
    build.focal("pitch", "Pitch", [(-52.5, -34.0), (52.5, -34.0), (52.5, 34.0), (-52.5, 34.0)])
    build.line((0.0, -34.0), (0.0, 34.0))
    build.line(*_circle((0.0, 0.0), 9.15))
    for sign in (-1.0, 1.0):
        goal = 52.5 * sign
        build.line((goal, -20.2), (goal - 16.5 * sign, -20.2), (goal - 16.5 * sign, 20.2), (goal, 20.2))
        build.line((goal, -9.2), (goal - 5.5 * sign, -9.2), (goal - 5.5 * sign, 9.2), (goal, 9.2))


def _gates(build: Builder) -> None:
    """Put eight gates around the bowl, in the order of the sections."""
    reach_x, reach_y = 50.0 + 72.0, 31.0 + 72.0
    for gate in range(8):
        angle = -3 * math.pi / 4 + (gate + 0.5) * math.pi / 4
        at = (round(reach_x * math.cos(angle), 1), round(reach_y * math.sin(angle), 1))
        build.chart.entrances.append(Entrance(name=f"Gate {chr(65 + gate)}", at=at))


def _circle(centre: Point, radius: float) -> list[Point]:
    steps = [2 * math.pi * i / 24 for i in range(25)]
    return [(round(centre[0] + radius * math.cos(t), 2), round(centre[1] + radius * math.sin(t), 2)) for t in steps]
