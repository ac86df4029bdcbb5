"""A festival field: standing pens before a stage, a raised deck, an accessible platform and a small seated stand."""

import math

from seatmap.chart.generators.blocks import StraightBlock
from seatmap.chart.generators.seating import Builder, letter_labels
from seatmap.chart.model import Area, Category, Chart, Decor, Entrance, Floor, Outline, Section

CATEGORIES = [
    Category(id="pit", name="Front pit"),
    Category(id="deck", name="Deck"),
    Category(id="stand", name="Stand"),
    Category(id="field", name="Field"),
    Category(id="hill", name="Hill"),
]


def generate_festival(seed: int = 1) -> Chart:
    """Draw the field; the stage is at the top, capacities are people."""
    build = Builder("Main field", "Meadow Park", [Floor(id="field", name="Field")], CATEGORIES, seed)
    build.focal(
        "stage",
        "Main stage",
        [
            (-20.0, -16.0),
            (20.0, -16.0),
            (20.0, -4.0),
            (3.0, -4.0),
            (3.0, 10.0),
            (-3.0, 10.0),
            (-3.0, -4.0),
            (-20.0, -4.0),
        ],
    )
    _pen(build, "pit-left", "Pit left", 1_400, "pit", [(-26.0, -2.0), (-4.0, -2.0), (-4.0, 18.0), (-26.0, 14.0)])
    _pen(build, "pit-right", "Pit right", 1_400, "pit", [(4.0, -2.0), (26.0, -2.0), (26.0, 14.0), (4.0, 18.0)])
    _pen(build, "field", "Field", 14_000, "field", _band(32.0, 76.0, 0.9))
    _pen(build, "hill", "Hill", 6_000, "hill", _band(92.0, 120.0, 0.8))
    _pen(build, "deck", "Deck", 600, "deck", [(-72.0, 10.0), (-48.0, 14.0), (-52.0, 34.0), (-74.0, 30.0)])
    _stand(build)
    _platform(build)
    for x, y in ((-14.0, 84.0), (14.0, 84.0)):
        build.chart.decor.append(
            Decor(kind="shape", outline=[(x - 3, y - 3), (x + 3, y - 3), (x + 3, y + 3), (x - 3, y + 3)])
        )
    build.text("Sound", (0.0, 84.0))
    for name, at in (("North gate", (-84.0, 56.0)), ("South gate", (84.0, 56.0))):
        build.chart.entrances.append(Entrance(name=name, at=at))
    return build.chart


def _pen(build: Builder, ident: str, name: str, capacity: int, category: str, outline: Outline) -> None:
    gate = "North gate" if outline[0][0] < 0 else "South gate"
    build.section(Section(id=ident, floor="field", kind="ga", name=name, outline=outline, entrance=gate))
    area = Area(
        id=ident, floor="field", section=ident, name=name, capacity=capacity, outline=outline, category=category
    )
    build.chart.areas.append(area)


def _band(near: float, far: float, half: float) -> Outline:
    """Draw a ring segment around the stage, *half* radians to each side."""
    steps = [i / 16 for i in range(17)]
    front = [_ray(near, -half + 2 * half * t) for t in steps]
    return front + [_ray(far, half - 2 * half * t) for t in steps]


def _ray(radius: float, angle: float) -> tuple[float, float]:
    return round(radius * math.sin(angle), 1), round(radius * math.cos(angle), 1)


def _stand(build: Builder) -> None:
    """Build two blocks of benches beside the field, turned to the stage."""
    turn = math.radians(118)
    along = (math.cos(turn), math.sin(turn))
    away = (math.sin(turn), -math.cos(turn))
    for index in range(2):
        start = 14.2 * index
        block = StraightBlock((62.0 + along[0] * start, 8.0 + along[1] * start), along, away, 14.0)
        name = f"Stand {'AB'[index]}"
        section = build.section(
            Section(
                id=f"stand-{index}",
                floor="field",
                name=name,
                outline=block.outline(0.0, 11 * 0.9),
                entrance="South gate",
                rake=0.4,
            )
        )
        for i, label in enumerate(letter_labels(12)):
            n, curve = block.row(i * 0.9)
            build.row(section, label, n, curve, "stand")


def _platform(build: Builder) -> None:
    block = StraightBlock((30.0, 14.0), (1.0, 0.0), (0.0, 1.0), 13.0)
    section = build.section(
        Section(
            id="platform",
            floor="field",
            name="Accessible platform",
            outline=block.outline(0.0, 3.6),
            entrance="South gate",
        )
    )
    for i, label in enumerate(letter_labels(3)):
        build.platform(section, label, block, i * 1.8, "field", pairs=6)
