"""Permanent numbers: appended, never given twice; what a revision may change for people with seats."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from seatmap.chart import Chart, compare, compile_chart, number_seats
from seatmap.chart.model import Area, Category, Curve, Row, SeatException
from seatmap.faults import Misuse
from tests.unit.chart.drawings import charts, hall


def copy(chart: Chart) -> Chart:
    """Copy a chart through its file form, as an editor would."""
    return msgspec.json.decode(msgspec.json.encode(chart), type=Chart)


def longer(chart: Chart, label: str = "Z", seats: int = 4) -> Chart:
    """Append a row to the first section."""
    chart = copy(chart)
    line = Curve(line=((0.0, 50.0), (2.0, 50.0)))
    chart.rows.append(
        Row(id=f"new-{label}", section=chart.sections[0].id, label=label, n=seats, curve=line, category="c0")
    )
    return chart


@settings(max_examples=60, deadline=None)
@given(charts())
def test_first_numbers_follow_the_drawing(chart: Chart) -> None:
    """A chart published for the first time is numbered 0 to n-1 in drawing order."""
    compiled = compile_chart(chart) if chart.rows else compile_chart(hall())
    assert compiled.order.tolist() == list(range(compiled.n))


@settings(max_examples=60, deadline=None)
@given(charts())
def test_numbers_survive_an_appended_row_and_a_dropped_one(chart: Chart) -> None:
    """After seats were added and removed, every remaining seat has the number it had, and new numbers are larger."""
    if len(chart.rows) < 2:
        return
    old = number_seats(chart)
    draft = longer(copy(chart))
    gone = draft.rows.pop(0)
    draft.exceptions = [entry for entry in draft.exceptions if entry.row != gone.id]
    for row in draft.rows:
        row.keys = []
    # Rows know their numbers, as in an editor that loaded the published chart.
    for row in draft.rows[:-1]:
        row.k = next(other.k for other in old.rows if other.id == row.id)
    for table in draft.tables:
        table.k = next(other.k for other in old.tables if other.id == table.id)
    new = number_seats(draft, old)
    before = compile_chart(old)
    after = compile_chart(new)
    kept = np.flatnonzero(~after.removed[: before.n])
    assert after.n == before.n + 4
    assert int(after.removed.sum()) == gone.n
    for k in kept.tolist():
        assert before.place(k) == after.place(k)
        assert (before.x[k], before.y[k]) == pytest.approx((after.x[k], after.y[k]), abs=0.001)


def test_a_fresh_import_finds_its_seats_by_what_is_printed() -> None:
    """A chart imported again without numbers keeps them: seats are recognised by section, row and label."""
    old = number_seats(hall())
    again = hall()
    again.rows.insert(0, again.rows.pop())  # the importer met the rows in another order
    new = number_seats(again, old)
    assert {row.id: row.k for row in new.rows} == {row.id: row.k for row in old.rows}
    assert not compare(compile_chart(old), compile_chart(new)).refused


def test_foreign_ids_outweigh_labels() -> None:
    """A seat with a foreign id keeps its number even when its row was renamed."""
    first = hall(rows=1, seats=2)
    first.rows[0].keys = ["guid-1", "guid-2"]
    old = number_seats(first)
    renamed = hall(rows=1, seats=2)
    renamed.rows[0].label = "AA"
    renamed.rows[0].keys = ["guid-2", "guid-1"]
    assert number_seats(renamed, old).rows[0].k == [(1, 1), (0, 1)]


def test_two_seats_of_one_name_get_two_numbers() -> None:
    """When a revision draws the same row twice, only the first is the old one; the other gets numbers of its own."""
    old = number_seats(hall(rows=1))
    twice = hall(rows=2)
    twice.rows[1].label = "A"
    assert [row.k for row in number_seats(twice, old).rows] == [[(0, 6)], [(6, 6)]]


def test_removed_numbers_never_come_back() -> None:
    """A number that was removed once stays a tombstone through later revisions."""
    one = number_seats(hall(rows=2, seats=3))
    without = hall(rows=1, seats=3)
    two = number_seats(without, one)
    assert two.tombstones == [(3, 3)]
    three = number_seats(longer(without), two)
    assert three.rows[-1].k == [(6, 4)]
    assert three.tombstones == [(3, 3)]


def test_levels_of_change() -> None:
    """Redrawing is L0, relabelling L1, adding L2; all can be published while seats are sold."""
    old = compile_chart(hall())
    redrawn = hall()
    redrawn.rows[0].curve = Curve(line=((0.1, 0.0), (2.6, 0.0)))
    assert compare(old, compile_chart(redrawn)).level == 0
    marked = hall(exceptions=[SeatException(row="r0", at=0, attributes=["restricted_view"])])
    assert compare(old, compile_chart(marked)).level == 1
    assert compare(old, compile_chart(longer(hall()))).level == 2


def test_moving_the_whole_drawing_moves_nobody() -> None:
    """When everything shifts by the same vector, no seat counts as relocated."""
    shifted = hall()
    for row in shifted.rows:
        (ax, ay), (bx, by) = row.curve.line or ((0, 0), (0, 0))
        row.curve = Curve(line=((ax + 30, ay - 7), (bx + 30, by - 7)))
    assert compare(compile_chart(hall()), compile_chart(shifted)).level == 0


def test_somebody_elses_seat_is_not_touched() -> None:
    """Removing or moving a seat that is sold is refused with its name; a free one may go."""
    before = number_seats(hall())
    old = compile_chart(before)
    without = number_seats(hall(rows=2), before)
    new = compile_chart(without)
    sold = np.zeros(old.n, dtype=bool)
    assert compare(old, new, sold).level == 2
    sold[13] = True
    report = compare(old, new, sold)
    assert report.refused
    assert [(finding.code, finding.where) for finding in report.findings] == [("taken_seat_removed", ("Main C 2",))]
    assert report.removed == [12, 13, 14, 15, 16, 17]
    moved = hall()
    moved.rows[2].curve = Curve(line=((0.0, 9.0), (2.5, 9.0)))
    assert [f.code for f in compare(old, compile_chart(moved), sold).findings] == ["taken_seat_relocated"]


def test_renumbering_is_refused() -> None:
    """Two seats that swap numbers, a category or an area that changes its index: refused even when nothing is sold."""
    free = np.zeros(18, dtype=bool)
    old = compile_chart(hall())
    swapped = hall()
    swapped.rows[0].k, swapped.rows[1].k, swapped.rows[2].k = [(6, 6)], [(0, 6)], [(12, 6)]
    assert "seats_renumbered" in {finding.code for finding in compare(old, compile_chart(swapped), free).findings}
    categories = [Category(id="c9", name="New"), Category(id="c0", name="A")]
    report = compare(old, compile_chart(hall(categories=categories)), free)
    assert "categories_renumbered" in {finding.code for finding in report.findings}
    pits = [Area(id=i, floor="f0", name=i, capacity=5, category="c0") for i in ("a", "b")]
    report = compare(compile_chart(hall(areas=pits)), compile_chart(hall(areas=pits[1:])), free)
    assert [finding.code for finding in report.findings] == ["areas_renumbered"]
    shrunk = compile_chart(hall(rows=2))
    assert "seats_forgotten" in {finding.code for finding in compare(old, shrunk, free).findings}


def test_a_wrong_mask_is_our_bug() -> None:
    """A mask of the wrong length raises Misuse instead of judging the wrong seats."""
    chart = compile_chart(hall())
    with pytest.raises(Misuse):
        compare(chart, chart, np.zeros(3, dtype=bool))
