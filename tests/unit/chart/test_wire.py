"""The wire form: what is compiled is what is decoded, in few bytes."""

import math
import re
import subprocess
import sys
from pathlib import Path

import brotli
import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from seatmap.chart import Attribute, Chart, CompiledChart, compile_chart
from seatmap.chart import wire as wire_form
from seatmap.chart.generators import GENERATORS, generate_stadium
from seatmap.chart.model import Area
from seatmap.chart.structure import check_structure
from seatmap.faults import Corrupt
from tests.unit.chart.drawings import charts, hall
from tests.unit.chart.slow_decoder import decode_slowly

ROOT = Path(__file__).parents[3]


@settings(max_examples=60, deadline=None)
@given(charts())
def test_a_decoder_written_from_the_document_agrees(chart: Chart) -> None:
    """A second decoder, seat by seat as docs/chart-format.md says it, gives the arrays of the vectorised one."""
    if not chart.rows and not chart.tables:
        return
    compiled = compile_chart(chart)
    document = msgspec.json.decode(compiled.to_wire())
    seats = decode_slowly(document)
    assert len(seats) == compiled.seat_count
    for k, seat in seats.items():
        assert compiled.place(k) == seat["place"]
        assert compiled.labels[k] == seat["place"][2]
        assert (compiled.section[k], compiled.row[k], compiled.pos[k], compiled.run[k]) == seat["address"]
        assert compiled.category[k] == seat["category"]
        assert compiled.attributes[k] == seat["attributes"]
        assert math.hypot(compiled.x[k] - seat["x"], compiled.y[k] - seat["y"]) < 0.001


@settings(max_examples=30, deadline=None)
@given(charts())
def test_dump_and_load_keep_everything(chart: Chart) -> None:
    """What is loaded from storage equals what was compiled, bytes included."""
    compiled = compile_chart(chart) if chart.rows or chart.tables else compile_chart(hall())
    loaded = CompiledChart.load(compiled.dump())
    assert loaded.to_wire() == compiled.to_wire()
    for name in ("x", "y", "section", "row", "pos", "run", "category", "attributes", "removed", "order"):
        assert np.array_equal(getattr(loaded, name), getattr(compiled, name)), name
    assert loaded.companions == compiled.companions


@settings(max_examples=60, deadline=None)
@given(charts())
def test_seats_stand_where_they_were_drawn(chart: Chart) -> None:
    """Quantising moves the ends of a straight or explicit row by at most a centimetre."""
    compiled = compile_chart(chart) if chart.rows else compile_chart(hall())
    moved = {(entry.row, entry.at) for entry in chart.exceptions if entry.xy is not None}
    rows = [row.id for section in compiled.sections for row in _rows_of(chart, section.id)]
    for row in chart.rows:
        first = int(compiled.rows.first[rows.index(row.id)])
        path = row.curve.line or row.curve.pts
        for at, point in ((0, path[0]), (row.n - 1, path[-1])) if path and row.n > 1 else ():
            k = int(compiled.order[first + at])
            if (row.id, at) not in moved:
                assert math.dist((compiled.x[k], compiled.y[k]), point) < 0.011


@given(st.lists(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=6), min_size=1, max_size=6))
def test_second_differences_come_back(groups: list[list[int]]) -> None:
    """Coding by second differences, anew in each group, loses nothing."""
    values = np.asarray([value for group in groups for value in group], dtype=np.int64)
    lengths = [len(group) for group in groups]
    first = np.cumsum(lengths, dtype=np.int64) - np.asarray(lengths)
    group = np.repeat(np.arange(len(groups)), lengths)
    coded = wire_form.second_differences(values, first)
    assert wire_form.from_second_differences(coded, first, group).tolist() == values.tolist()


def test_sixty_thousand_seats_fit_in_fifty_kilobytes() -> None:
    """The stadium with all its labels compresses far below the bound, on its own and with every row irregular."""
    chart = generate_stadium(1)
    compiled = compile_chart(chart)
    assert compiled.seat_count == 60_000
    assert len(compiled.dump()) <= 50_000
    # As drawn by hand: each row a few centimetres off, each labelled from a number of its own.
    noise = np.random.default_rng(7)
    for row in chart.rows:
        jitter = noise.normal(0, 0.03, 4)
        a, b, sagitta = row.curve.arc or (*row.curve.line, 0.0)  # type: ignore[misc]
        row.curve.line = None
        row.curve.arc = ((a[0] + jitter[0], a[1] + jitter[1]), (b[0] + jitter[2], b[1] + jitter[3]), sagitta)
    assert len(compile_chart(chart).dump()) <= 50_000


def test_a_field_without_seats_is_a_chart() -> None:
    """A chart of standing areas alone compiles, travels and comes back."""
    pit = Area(
        id="pit", floor="f0", name="Pit", capacity=900, category="c0", outline=[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]
    )
    compiled = compile_chart(hall(rows=0, areas=[pit]))
    loaded = CompiledChart.load(compiled.dump())
    assert (loaded.n, loaded.seat_count, loaded.labels) == (0, 0, [])
    assert [(area.name, area.capacity) for area in loaded.areas] == [("Pit", 900)]
    assert [section.ranges for section in loaded.sections] == [()]
    assert loaded.bounds == (0.0, 0.0, 9.0, 9.0)


def test_importing_the_chart_brings_no_shapely() -> None:
    """Processes that only load charts stay lean: neither shapely nor the importers come along."""
    program = "import sys, seatmap.chart, server.charts.routes; print('shapely' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_compilation_is_deterministic() -> None:
    """The same chart gives the same bytes, so that caches and signatures hold."""
    assert compile_chart(hall()).to_wire() == compile_chart(hall()).to_wire()


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_generated_charts_decode_slowly_too(name: str) -> None:
    """The documented decoder agrees on a sample of every generated chart."""
    compiled = compile_chart(GENERATORS[name](3))
    seats = decode_slowly(msgspec.json.decode(compiled.to_wire()))
    for k in range(0, compiled.n, 97):
        assert compiled.place(k) == seats[k]["place"]
        assert compiled.attributes[k] == seats[k]["attributes"]
        assert math.hypot(compiled.x[k] - seats[k]["x"], compiled.y[k] - seats[k]["y"]) < 0.001


def test_the_example_of_the_document_is_a_chart() -> None:
    """The authoring example in docs/chart-format.md can be read and compiled."""
    text = (ROOT / "docs" / "chart-format.md").read_text(encoding="utf-8")
    example = re.findall(r"```json\n(.*?)```", text, re.DOTALL)[-1]
    chart = msgspec.json.decode(example, type=Chart)
    assert check_structure(chart) == []
    compiled = compile_chart(chart)
    assert compiled.label(7) == "8W"
    assert compiled.attributes[7] & Attribute.WHEELCHAIR_SPACE
    assert compiled.companions == {7: (8, 9)}


@pytest.mark.parametrize(
    "name", ["frontrow-chart/1", "`n`", *[f"`{field}`" for field in wire_form.WireChart.__struct_fields__]]
)
def test_every_field_is_documented(name: str) -> None:
    """docs/chart-format.md names every field of the wire form."""
    assert name in (ROOT / "docs" / "chart-format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"null", b'{"format":"frontrow-chart/2"}', b"\xff\xfe", b"[" * 100_000, b'{"format":'],
    ids=repr,
)
def test_foreign_bytes_are_corrupt(data: bytes) -> None:
    """Whatever is not a compiled chart raises Corrupt, compressed or not."""
    with pytest.raises(Corrupt):
        CompiledChart.from_wire(data)
    with pytest.raises(Corrupt):
        CompiledChart.load(brotli.compress(data))
    with pytest.raises(Corrupt):
        CompiledChart.load(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", 17), ("order", [0, 3]), ("breaks", [[99, 5]]), ("companions", [[0, 99]]), ("attributes", [[1, [500]]])],
)
def test_contradictions_are_corrupt(field: str, value: object) -> None:
    """A wire chart whose parts do not fit together is refused, not drawn wrongly."""
    document = msgspec.json.decode(compile_chart(hall()).to_wire())
    document[field] = value
    if field == "breaks":
        document["rows"]["breaks"] = 0
    with pytest.raises(Corrupt):
        CompiledChart.from_wire(msgspec.json.encode(document))


def _rows_of(chart: Chart, section: str) -> list:  # type: ignore[type-arg]
    tables = [table for table in chart.tables if table.section == section]
    return [row for row in chart.rows if row.section == section] + tables
