"""The shared vectors: what this decoder and the browser's are both held to."""

import json
import math

import msgspec
import pytest

from seatmap.chart import CompiledChart
from tests.vectors import make_chart

CASES = {case["name"]: case for case in json.loads(make_chart.PATH.read_text(encoding="utf-8"))["cases"]}


def test_the_vectors_are_current() -> None:
    """The file is what its program writes."""
    assert make_chart.PATH.read_text(encoding="utf-8") == make_chart.text()


@pytest.mark.parametrize("name", sorted(CASES))
def test_each_vector_decodes(name: str) -> None:
    """Every seat of every vector has the place, the address and the attributes that are written there."""
    case = CASES[name]
    chart = CompiledChart.from_wire(msgspec.json.encode(case["document"]))
    assert chart.seat_count == len(case["seats"])
    for seat in case["seats"]:
        k = seat["k"]
        assert math.hypot(chart.x[k] - seat["x"], chart.y[k] - seat["y"]) < 0.001
        assert list(chart.place(k)) == seat["place"]
        assert [seat["section"], seat["row"], seat["pos"], seat["run"]] == [
            chart.section[k], chart.row[k], chart.pos[k], chart.run[k]]  # fmt: skip
        assert (chart.category[k], chart.attributes[k]) == (seat["category"], seat["attributes"])
    removed = set(range(chart.n)) - {seat["k"] for seat in case["seats"]}
    assert {k for k in range(chart.n) if chart.removed[k]} == removed
    assert bool(removed) == (name == "revised")
