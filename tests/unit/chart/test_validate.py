"""Findings: each kind of trouble is found, named, and nothing else is."""

import time
from collections.abc import Callable

import pytest

from seatmap.chart import Chart, compile_chart, has_errors
from seatmap.chart.generators import GENERATORS, generate_stadium
from seatmap.chart.model import Area, Break, Curve, Focal, Numbering, Row, SeatException, Section, Table
from seatmap.chart.structure import check_structure
from seatmap.chart.validate import validate
from seatmap.faults import Misuse
from tests.unit.chart.drawings import hall

STAGE = Focal(outline=[(0.0, -5.0), (3.0, -5.0), (3.0, -2.0), (0.0, -2.0)])


def sound() -> Chart:
    """Make a hall without any finding."""
    chart = hall(focal=[STAGE])
    chart.sections[0].outline = [(-1.0, -1.0), (4.0, -1.0), (4.0, 3.0), (-1.0, 3.0)]
    chart.exceptions = [
        SeatException(row="r0", at=0, attributes=["wheelchair_space"]),
        SeatException(row="r0", at=1, attributes=["companion"]),
    ]
    chart.companions = [("r0", 0, [1])]
    return chart


def test_a_sound_chart_has_no_findings() -> None:
    """The base of the cases below is silent, so each case shows its own trouble alone."""
    assert validate(sound())[1] == []


def _row(chart: Chart, **changes: object) -> None:
    for name, value in changes.items():
        setattr(chart.rows[1], name, value)


def _empty(chart: Chart, *names: str) -> None:
    for name in names:
        setattr(chart, name, [])


def _line(*points: tuple[float, float]) -> Curve:
    return Curve(line=(points[0], points[1]))


GEOMETRY: dict[str, Callable[[Chart], object]] = {
    "seat_label_repeated": lambda c: _row(c, label="A"),
    "seat_label_missing": lambda c: _row(c, numbering=Numbering(scheme="list", labels=["1", "2", "", "4", "5", "6"])),
    "section_name_repeated": lambda c: c.sections.append(
        Section(id="x", floor="f0", name="MAIN ", entrance="Door", kind="tables")
    ),
    "seats_overlap": lambda c: _row(c, curve=_line((0.0, 0.1), (2.5, 0.1))),
    "seats_tight": lambda c: _row(c, curve=_line((0.0, 1.0), (1.9, 1.0))),
    "outline_invalid": lambda c: setattr(c.sections[0], "outline", [(0.0, 0.0), (3.0, 3.0), (3.0, 0.0), (0.0, 3.0)]),
    "outline_missing": lambda c: setattr(c.sections[0], "outline", []),
    "seat_outside_section": lambda c: _row(c, curve=_line((3.0, 1.0), (5.5, 1.0))),
    "sections_overlap": lambda c: c.sections.append(
        Section(id="x", floor="f0", name="X", entrance="Door", outline=[(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)])
    ),
    "row_zigzag": lambda c: _row(
        c, curve=Curve(pts=[(0.0, 1.0), (1.0, 1.0), (0.5, 1.0), (1.5, 1.0), (2.0, 1.0), (2.5, 1.0)])
    ),
    "rows_tight": lambda c: _row(c, curve=_line((0.0, 0.5), (2.5, 0.5))),
    "numbers_jump": lambda c: _row(c, numbering=Numbering(scheme="list", labels=["1", "2", "4", "5", "6", "7"])),
    "companion_missing": lambda c: c.companions.clear(),
    "companion_apart": lambda c: setattr(c, "companions", [("r0", 0, [2])]),
    "accessible_missing": lambda c: _empty(c, "companions", "exceptions"),
    "focal_missing": lambda c: c.focal.clear(),
    "section_empty": lambda c: c.sections.append(Section(id="x", floor="f0", name="X", entrance="Door")),
    "capacity_mismatch": lambda c: setattr(c.sections[0], "capacity", 19),
    "entrance_missing": lambda c: setattr(c.sections[0], "entrance", ""),
    "category_unused": lambda c: c.categories.append(type(c.categories[0])(id="c9", name="Nobody")),
    "area_shapeless": lambda c: c.areas.append(Area(id="a", floor="f0", name="Pit", capacity=5, category="c0")),
    "area_crowded": lambda c: c.areas.append(
        Area(id="a", floor="f0", name="Pit", capacity=99, category="c0", outline=[(9.0, 0.0), (13.0, 0.0), (13.0, 4.0)])
    ),
}


@pytest.mark.parametrize("code", sorted(GEOMETRY))
def test_each_trouble_in_the_drawing_is_found(code: str) -> None:
    """Spoiling a sound chart in one way brings the finding for it, with a message and a place."""
    chart = sound()
    GEOMETRY[code](chart)
    _, findings = validate(chart)
    found = [finding for finding in findings if finding.code == code]
    assert len(found) == 1, [finding.code for finding in findings]
    assert found[0].message.endswith((".", "?"))
    assert found[0].where or found[0].severity == "note" or code == "focal_missing"


def test_a_pile_of_seats_is_told_in_time() -> None:
    """A plan whose seats all lie in one spot is refused with names and without comparing every pair."""
    spot = _line((0.0, 0.0), (0.0, 0.0))
    chart = hall(rows=0)
    chart.rows = [Row(id=f"r{i}", section="main", label=str(i), n=1_000, curve=spot, category="c0") for i in range(60)]
    start = time.process_time()
    _, findings = validate(chart)
    assert time.process_time() - start < 3
    piled = next(finding for finding in findings if finding.code == "seats_piled")
    assert piled.count == 60_000 - 2


def test_a_gap_explains_a_jump_in_the_numbers() -> None:
    """Numbers that are left out at an aisle or a stairway are no trouble."""
    chart = sound()
    _row(chart, numbering=Numbering(scheme="list", labels=["1", "2", "5", "6", "7", "8"]), breaks=[Break(2, 0.3)])
    assert validate(chart)[1] == []


def test_floors_may_lie_over_each_other() -> None:
    """A balcony drawn over the stalls is no overlap when it is another floor."""
    chart = sound()
    chart.floors.append(type(chart.floors[0])(id="f1", name="Balcony"))
    chart.sections.append(
        Section(id="b", floor="f1", name="Balcony", entrance="Door", outline=chart.sections[0].outline)
    )
    chart.rows.append(Row(id="b", section="b", label="A", n=6, curve=_line((0.0, 0.0), (2.5, 0.0)), category="c0"))
    assert validate(chart)[1] == []


STRUCTURE: dict[str, Callable[[Chart], object]] = {
    "chart_empty": lambda c: _empty(c, "rows", "exceptions", "companions"),
    "capacity_missing": lambda c: c.areas.append(Area(id="a", floor="f0", name="A", capacity=0, category="c0")),
    "id_repeated": lambda c: _row(c, id="r0"),
    "id_missing": lambda c: _row(c, id=""),
    "seat_key_repeated": lambda c: _row(c, keys=["x", "x", "a", "b", "c", "d"]),
    "floor_unknown": lambda c: setattr(c.sections[0], "floor", "?"),
    "section_unknown": lambda c: _row(c, section="?"),
    "category_unknown": lambda c: _row(c, category="?"),
    "row_in_standing_section": lambda c: setattr(c.sections[0], "kind", "ga"),
    "seat_count_wrong": lambda c: _row(c, n=0),
    "curve_wrong": lambda c: _row(c, curve=Curve()),
    "breaks_wrong": lambda c: _row(c, breaks=[Break(4), Break(2)]),
    "labels_wrong": lambda c: _row(c, numbering=Numbering(scheme="list", labels=["1"])),
    "keys_wrong": lambda c: _row(c, keys=["1"]),
    "party_wrong": lambda c: c.tables.append(
        Table(id="t", section="main", name="T", at=(9.0, 9.0), seats=4, party=(3, 9), category="c0")
    ),
    "exception_unknown": lambda c: c.exceptions.append(SeatException(row="r2", at=6)),
    "exception_repeated": lambda c: c.exceptions.append(SeatException(row="r0", at=0)),
    "attribute_unknown": lambda c: c.exceptions.append(SeatException(row="r2", at=0, attributes=["comfy"])),
    "companion_unknown": lambda c: c.companions.append(("r9", 0, [1])),
    "companion_repeated": lambda c: c.companions.append(("r0", 0, [1])),
    "k_incomplete": lambda c: _row(c, k=[(0, 5)]),
    "k_wrong": lambda c: _row(c, k=[(-3, 6)]),
    "k_repeated": lambda c: c.tombstones.extend([(5, 2), (6, 2)]),
    "name_too_long": lambda c: setattr(c.sections[0], "name", "x" * 201),
    "coordinate_wrong": lambda c: _row(c, curve=_line((0.0, float("nan")), (1.0, 1.0))),
    "section_nameless": lambda c: setattr(c.sections[0], "name", " "),
    "too_many_seats": lambda c: c.rows.extend(
        Row(id=f"x{i}", section="main", n=1000, curve=_line((0, 0), (1, 1)), category="c0") for i in range(251)
    ),
    "too_many_sections": lambda c: c.sections.extend(
        Section(id=f"x{i}", floor="f0", name=str(i)) for i in range(2_000)
    ),
    "too_many_categories": lambda c: c.categories.extend(
        type(c.categories[0])(id=f"x{i}", name=str(i)) for i in range(200)
    ),
}


@pytest.mark.parametrize("code", sorted(STRUCTURE))
def test_each_contradiction_is_found_before_compiling(code: str) -> None:
    """A chart that contradicts itself is reported, never compiled and never a stack trace."""
    chart = sound()
    STRUCTURE[code](chart)
    findings = check_structure(chart)
    assert code in {finding.code for finding in findings}
    if has_errors(findings):
        assert validate(chart)[0] is None
        with pytest.raises(Misuse):
            compile_chart(chart)


@pytest.mark.parametrize("name", sorted(GENERATORS))
@pytest.mark.parametrize("seed", [1, 2])
def test_generated_venues_are_sound(name: str, seed: int) -> None:
    """Every generator draws a chart without errors or warnings, the same one for the same seed."""
    compiled, findings = validate(GENERATORS[name](seed))
    assert [finding for finding in findings if finding.severity != "note"] == []
    again, _ = validate(GENERATORS[name](seed))
    assert compiled is not None
    assert again is not None
    assert compiled.to_wire() == again.to_wire()


def test_generated_venues_have_their_size_and_accessible_places() -> None:
    """Sizes are as promised, and 0.5 to 2 % of seats are wheelchair spaces or their companions."""
    sizes = {"theatre": (1_150, 1_350), "arena": (16_000,) * 2, "stadium": (60_000,) * 2, "festival": (400, 900)}
    for name, (low, high) in sizes.items():
        compiled = compile_chart(GENERATORS[name](1))
        assert low <= compiled.seat_count <= high
        share = float(((compiled.attributes & 5) > 0).mean())
        assert 0.005 <= share <= (0.06 if name == "festival" else 0.02), name
    assert sum(area.capacity for area in compile_chart(GENERATORS["festival"](1)).areas) > 20_000


def test_sixty_thousand_seats_are_checked_within_a_second() -> None:
    """The bound of the bench in processor time, best of three: a neighbour's load is not measured."""
    chart = generate_stadium(1)
    times = []
    for _ in range(3):
        start = time.process_time()
        validate(chart)
        times.append(time.process_time() - start)
    assert min(times) <= 1.0
