"""A concert arena of about 16,000: floor blocks before an end stage, a lower and an upper ring."""

from seatmap.chart.generators.blocks import Block, StraightBlock, bowl
from seatmap.chart.generators.seating import Builder, letter_labels
from seatmap.chart.model import Category, Chart, Entrance, Floor, Section

SEATS = 16_000
ROW_DEPTH_M = 0.85
HALF_X, HALF_Y = 26.0, 11.0
STAGE_X = -24.0
CATEGORIES = [
    Category(id="gold", name="Gold floor"),
    Category(id="floor", name="Floor"),
    Category(id="cat1", name="Category 1"),
    Category(id="cat2", name="Category 2"),
    Category(id="cat3", name="Category 3"),
    Category(id="view", name="Side view"),
]


def generate_arena(seed: int = 1) -> Chart:
    """Draw the arena; the stage stands at the left end."""
    floors = [
        Floor(id="floor", name="Floor"),
        Floor(id="lower", name="Lower ring"),
        Floor(id="upper", name="Upper ring"),
    ]
    build = Builder("End stage", "Harbour Arena", floors, CATEGORIES, seed)
    build.focal("stage", "Stage", [(STAGE_X - 8, -9.0), (STAGE_X, -9.0), (STAGE_X, 9.0), (STAGE_X - 8, 9.0)])
    _floor(build)
    for floor, first, front, rows, z0 in (("lower", 101, 7.0, 16, 2.0), ("upper", 201, 24.0, 14, 11.0)):
        blocks = bowl(HALF_X, HALF_Y, sides=6, ends=3, corners=3)
        for index, (place, block) in enumerate(blocks):
            _block(build, floor, str(first + index), front, rows, z0, place, block, index, len(blocks))
    build.thin(SEATS, [row for row in build.chart.rows if row.label != "W" and not row.id.startswith("F")])
    for gate, at in enumerate([(0.0, -62.0), (77.0, 0.0), (0.0, 62.0)]):
        build.chart.entrances.append(Entrance(name=f"Door {gate + 1}", at=at))
    return build.chart


def _floor(build: Builder) -> None:
    """Set flat blocks of chairs before the stage: three across, three deep, an accessible platform behind."""
    widths = (7.6, 9.0, 7.6)
    for depth in range(3):
        for across, width in enumerate(widths):
            top = -12.5 + sum(widths[:across]) + across * 0.4
            near = STAGE_X + 5.5 + depth * 13.0
            block = StraightBlock((near, top), (0.0, 1.0), (1.0, 0.0), width)
            name = f"F{depth * 3 + across + 1}"
            outline = block.outline(0.0, 12 * 0.9)
            section = build.section(Section(id=name, floor="floor", name=name, outline=outline, entrance="Door 3"))
            for i, label in enumerate(letter_labels(13)):
                n, curve = block.row(i * 0.9, pitch=0.52)
                build.row(section, label, n, curve, "gold" if depth == 0 else "floor")
    block = StraightBlock((STAGE_X + 46.0, -12.0), (0.0, 1.0), (1.0, 0.0), 24.0)
    section = build.section(
        Section(id="FA", floor="floor", name="Platform", outline=block.outline(0.0, 1.8), entrance="Door 3")
    )
    build.platform(section, "A", block, 0.0, "floor", pairs=12)
    build.platform(section, "B", block, 1.8, "floor", pairs=12)


def _block(
    build: Builder,
    floor: str,
    name: str,
    front: float,
    rows: int,
    z0: float,
    place: str,
    block: Block,
    index: int,
    count: int,
) -> None:
    last = front + (rows - 1) * ROW_DEPTH_M
    x, _ = block.middle(front)
    behind = x < STAGE_X - 2
    platform = floor == "lower" and not behind
    section = build.section(
        Section(
            id=name,
            floor=floor,
            name=name,
            outline=block.outline(front, last + (1.6 if platform else 0)),
            entrance=f"Door {1 + index * 3 // count}",
            z0=z0,
            rake=0.4 if floor == "lower" else 0.55,
        )
    )
    if behind:
        category = "view"
    elif floor == "lower":
        category = "cat1" if x < 12 else "cat2"
    else:
        category = "cat2" if x < 2 else "cat3"
    for i in range(rows):
        n, curve = block.row(front + i * ROW_DEPTH_M)
        row = build.row(section, str(i + 1), n, curve, category)
        if index % 3 == 1 and 9 <= i <= 12 and place != "corner":
            build.mouth(row)
        if behind:
            build.mark_row(row, "behind_stage", "restricted_view")
    if platform:
        build.platform(section, "W", block, last + 1.6, category, pairs=4)
