"""The wire form: what is compiled is what is decoded, in few bytes."""

import math
import re
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
from seatmap.chart.structure import check_structure
from seatmap.faults import Corrupt
from tests.unit.chart.drawings import charts, hall

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


def decode_slowly(document: dict) -> dict[int, dict]:  # type: ignore[type-arg]
    """Decode as the document describes it, one seat at a time and without numpy."""
    order = document["order"] or [0, document["n"]]
    ks = iter([k for start, count in zip(order[::2], order[1::2], strict=True) for k in range(start, start + count)])
    rows, seats, run, row, ox, oy = document["rows"], {}, -1, 0, 0, 0
    quads = _sparse(document["quads"]["row"], list(zip(document["quads"]["cx"], document["quads"]["cy"], strict=True)))
    point_rows = set(_ungap(document["points"]["row"]))
    steps = iter(zip(document["points"]["dx"], document["points"]["dy"], strict=True))
    table_rows = {table["row"] for table in document["tables"]}
    for section, count in enumerate(document["sections"]["rows"]):
        ox += document["sections"]["x"][section]
        oy += document["sections"]["y"][section]
        v, d = [0] * 5, [0] * 5
        for j in range(count):
            for q, name in enumerate(("ax", "ay", "bx", "by", "s")):
                w = _column(rows[name], row)
                if j == 0:
                    v[q] = w
                else:
                    d[q] = w if j == 1 else d[q] + w
                    v[q] += d[q]
            n, ends = _column(rows["n"], row), _column(rows["ends"], row)
            pattern = document["breaks"][_column(rows["breaks"], row)]
            stops = dict(zip(pattern[::2], pattern[1::2], strict=True))
            scheme = document["numberings"][_column(rows["numbering"], row)]
            whole = n - 1 + sum(stops.values()) / 100
            at = (v[0] + ox, v[1] + oy)
            for i in range(n):
                run += i == 0 or i in stops
                t = (i + sum(g for p, g in stops.items() if p <= i) / 100) / whole if n > 1 else 0
                if row in point_rows:
                    if i:
                        step = next(steps)
                        at = (at[0] + step[0], at[1] + step[1])
                    x, y = at
                else:
                    x, y = _spot(v, ox, oy, t, quads.get(row))
                aisle = (i == 0 and ends & 1) or (i == n - 1 and ends & 2)
                aisle = aisle or stops.get(i, 0) >= 50 or stops.get(i + 1, 0) >= 50
                seats[next(ks)] = {
                    "x": x / 100,
                    "y": y / 100,
                    "address": (section, row, i, run),
                    "category": _column(rows["category"], row),
                    "attributes": 1024 if aisle and row not in table_rows else 0,
                    "place": (document["sections"]["name"][section], rows["label"][row], _label(scheme, i, n)),
                }
            row += 1
    _except(document, seats)
    return seats


def _column(values: int | list[int], i: int) -> int:
    return values if isinstance(values, int) else values[i]


def _spot(v: list[int], ox: int, oy: int, t: float, control: tuple[int, int] | None) -> tuple[float, float]:
    ax, ay, bx, by, s = v[0] + ox, v[1] + oy, v[2] + ox, v[3] + oy, v[4]
    if control is not None:
        qx, qy = (ax + bx) / 2 + control[0], (ay + by) / 2 + control[1]
        return (
            (1 - t) ** 2 * ax + 2 * t * (1 - t) * qx + t * t * bx,
            (1 - t) ** 2 * ay + 2 * t * (1 - t) * qy + t * t * by,
        )
    chord = math.hypot(bx - ax, by - ay)
    if s == 0 or chord == 0:
        return ax + t * (bx - ax), ay + t * (by - ay)
    dx, dy = (bx - ax) / chord, (by - ay) / chord
    alpha = 2 * math.atan(2 * s / chord)
    radius = chord / (2 * math.sin(alpha))
    phi = (2 * t - 1) * alpha
    u, w = radius * math.sin(phi), radius * math.cos(phi) - radius * math.cos(alpha)
    return (ax + bx) / 2 + u * dx - w * dy, (ay + by) / 2 + u * dy + w * dx


def _label(scheme: list, i: int, n: int) -> str:  # type: ignore[type-arg]
    if scheme[0] == "list":
        return str(scheme[1][i])
    number = scheme[1] + scheme[2] * (n - 1 - i if len(scheme) == 4 else i)
    if scheme[0] == "int":
        return str(number)
    text = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def _except(document: dict, seats: dict[int, dict]) -> None:  # type: ignore[type-arg]
    for bits, coded in document["attributes"]:
        for k in _ungap(coded):
            seats[k]["attributes"] |= bits
    for category, coded in document["recategorised"]:
        for k in _ungap(coded):
            seats[k]["category"] = category
    for k, label in _sparse(document["relabelled"]["k"], document["relabelled"]["label"]).items():
        seats[k]["place"] = (*seats[k]["place"][:2], label)
    moved = document["moved"]
    for k, (dx, dy) in _sparse(moved["k"], list(zip(moved["dx"], moved["dy"], strict=True))).items():
        seats[k]["x"] += dx / 100
        seats[k]["y"] += dy / 100


def _ungap(coded: list[int]) -> list[int]:
    out, at = [], 0
    for gap in coded:
        at += gap
        out.append(at)
    return out


def _sparse(coded: list[int], values: list) -> dict:  # type: ignore[type-arg]
    return dict(zip(_ungap(coded), values, strict=True))


def _rows_of(chart: Chart, section: str) -> list:  # type: ignore[type-arg]
    tables = [table for table in chart.tables if table.section == section]
    return [row for row in chart.rows if row.section == section] + tables
