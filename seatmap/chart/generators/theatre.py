"""A theatre of about 1,250 seats: curved stalls with two aisles, boxes, a dress circle and a balcony."""

import math

from seatmap.chart.curves import curve_length
from seatmap.chart.generators.blocks import CornerBlock, StraightBlock
from seatmap.chart.generators.seating import Builder, letter_labels
from seatmap.chart.model import Break, Category, Chart, Curve, Entrance, Floor, Numbering, Row, Section

ROW_DEPTH_M = 0.95
AISLE_M = 1.1
PITCH_M = 0.55
# A side block takes this share of a row.
SIDE_SHARE = 0.22
# Rows are arcs around this point, far behind the stage.
CENTRE_Y = -16.0
CATEGORIES = [
    Category(id="premium", name="Premium"),
    Category(id="band1", name="Band 1"),
    Category(id="band2", name="Band 2"),
    Category(id="band3", name="Band 3"),
    Category(id="box", name="Box"),
]


def generate_theatre(seed: int = 1) -> Chart:
    """Draw the theatre; upper levels are drawn behind the stalls, as on a printed plan."""
    floors = [
        Floor(id="stalls", name="Stalls"),
        Floor(id="circle", name="Dress circle"),
        Floor(id="balcony", name="Balcony"),
    ]
    build = Builder("Main house", "Riverside Theatre", floors, CATEGORIES, seed)
    build.focal(
        "stage", "Stage", [(-8.0, -7.5), (8.0, -7.5), (8.0, -1.5), (5.0, -0.4), (0.0, 0.0), (-5.0, -0.4), (-8.0, -1.5)]
    )
    _stalls(build)
    _boxes(build)
    _ring(build, "circle", "Dress circle", 24.6 - CENTRE_Y, 7, "Door C")
    _ring(build, "balcony", "Balcony", 34.0 - CENTRE_Y, 5, "Door D")
    for name, at in (
        ("Door A", (-15.0, 21.0)),
        ("Door B", (15.0, 21.0)),
        ("Door C", (-16.5, 25.5)),
        ("Door D", (-15.5, 36.0)),
    ):
        build.chart.entrances.append(Entrance(name=name, at=at))
    return build.chart


def _stalls(build: Builder) -> None:
    near, rows = 3.2 - CENTRE_Y, 17
    block = _wedge(near, 7.6)
    outline = block.outline(near, near + (rows - 1) * ROW_DEPTH_M + 1.9)
    section = build.section(
        Section(id="stalls", floor="stalls", name="Stalls", outline=outline, entrance="Door A", rake=0.12)
    )
    for i, label in enumerate(letter_labels(rows)):
        category = "premium" if 2 <= i < 9 else "band1" if i < 15 else "band2"
        row = _row_with_aisles(build, section, label, block, near + i * ROW_DEPTH_M, category)
        if i >= rows - 2:
            build.mark_row(row, "restricted_view")  # The circle's edge hides the top of the stage.
    distance = near + (rows - 1) * ROW_DEPTH_M + 1.9
    build.platform(section, "W", _wedge(distance, 9.0), distance, "band1", pairs=9)


def _ring(build: Builder, floor: str, name: str, near: float, rows: int, door: str) -> None:
    block = _wedge(near, 13.5)
    outline = block.outline(near, near + (rows - 1) * ROW_DEPTH_M)
    section = build.section(Section(id=floor, floor=floor, name=name, outline=outline, entrance=door, z0=5.0, rake=0.4))
    for i, label in enumerate(letter_labels(rows)):
        front = ("band1", "band2") if floor == "circle" else ("band3", "band3")
        row = _row_with_aisles(build, section, label, block, near + i * ROW_DEPTH_M, front[i >= rows // 2])
        if i == 0:
            for at in (0, 1, row.n - 2, row.n - 1):
                build.mark(row, at, "restricted_view")  # The safety rail.


def _row_with_aisles(
    build: Builder, section: Section, label: str, block: CornerBlock, distance: float, category: str
) -> Row:
    """Fill an arc with three groups of seats; the aisles take what seats leave, so that they run straight."""
    _, curve = block.row(distance, pitch=PITCH_M)
    length = curve_length(curve)
    side = int(SIDE_SHARE * length / PITCH_M) + 1
    middle = int((length * (1 - 2 * SIDE_SHARE) - 2 * AISLE_M) / PITCH_M) + 1
    n = 2 * side + middle
    gap = round((length - (n - 1) * PITCH_M) / 2, 3)
    # Seat 1 stands at the left when one looks at the stage: the arc runs clockwise, from right to left.
    return build.row(
        section,
        label,
        n,
        curve,
        category,
        breaks=[Break(side, gap), Break(side + middle, gap)],
        numbering=Numbering(reverse=True),
    )


def _boxes(build: Builder) -> None:
    """Hang four boxes at each side wall, six chairs each in two rows."""
    for sign, side in ((-1.0, "L"), (1.0, "R")):
        for i in range(4):
            x, y = sign * (14.6 + i * 0.55), 2.2 + i * 3.6
            away = (sign, 0.0)
            block = StraightBlock((x, y), (0.0, 1.0), away, 3.2)
            name = f"Box {side}{i + 1}"
            outline = block.outline(0.0, 0.9)
            section = build.section(
                Section(
                    id=f"box-{side}{i + 1}",
                    floor="stalls",
                    name=name,
                    outline=outline,
                    entrance="Door A" if sign < 0 else "Door B",
                )
            )
            for depth in range(2):
                a, b = block.middle(depth * 0.9)
                line = ((a, round(b - 0.9, 3)), (a, round(b + 0.9, 3)))
                numbering = Numbering(from_=1 + depth * 3)
                row = build.row(section, "", 3, Curve(line=line), "box", numbering=numbering, ends="none")
                row.id = f"{section.id}-{depth}"
                if depth:
                    build.mark_row(row, "restricted_view")


def _wedge(radius: float, half_width: float) -> CornerBlock:
    """Open a block of arcs to the front, *half_width* metres to each side of the axis at *radius*."""
    half = math.asin(half_width / radius)
    return CornerBlock((0.0, CENTRE_Y), math.pi / 2 - half, math.pi / 2 + half)
