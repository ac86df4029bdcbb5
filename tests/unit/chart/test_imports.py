"""Importers: what each format says arrives, and what a file does wrong is said in words."""

import os
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatmap.chart import Attribute, CompiledChart, Finding, compile_chart, has_errors, write_chart
from seatmap.chart.exports import export_pretix
from seatmap.chart.generators import GENERATORS
from seatmap.chart.imports import FORMATS, Format, Imported, ImportOptions, import_chart
from seatmap.chart.validate import validate

FIXTURES = Path(__file__).parents[2] / "fixtures" / "charts"
PLANS = Path(os.environ.get("FRONTROW_PLANS", Path(__file__).parents[4] / "shared" / "plans"))


def read(name: str, options: ImportOptions | None = None) -> Imported:
    """Import one of our own small files."""
    return import_chart((FIXTURES / name).read_bytes(), options)


def compiled(imported: Imported) -> CompiledChart:
    """Compile what was imported."""
    assert imported.chart is not None, imported.findings
    return compile_chart(imported.chart)


def codes(findings: list[Finding]) -> set[str]:
    """Collect the codes of findings."""
    return {finding.code for finding in findings}


def places(chart: CompiledChart) -> list[str]:
    """Name all seats in drawing order."""
    return ["-".join(chart.place(k)) for k in chart.order.tolist()]


def test_pretix_adds_up_positions_and_keeps_ids() -> None:
    """Zone, row and seat positions add up; seats that were listed backwards still carry their own numbers and ids."""
    imported = read("pretix-small.json")
    assert imported.format == "pretix"
    assert not has_errors(imported.findings)
    chart = compiled(imported)
    assert places(chart)[:4] == ["Parquet-1-1", "Parquet-1-2", "Parquet-1-3", "Parquet-1-4"]
    assert [(float(chart.x[k]), float(chart.y[k])) for k in (0, 2)] == [(2.0, 2.0), (pytest.approx(3.8), 2.0)]
    assert chart.run[1] != chart.run[2], "a wide step is an aisle"
    assert chart.attributes[1] & Attribute.AISLE
    assert [chart.categories[chart.category[k]].name for k in (0, 3)] == ["Front", "Back"]
    assert imported.chart is not None
    assert imported.chart.rows[-1].keys == ["s-A-2", "s-A-1"]
    assert imported.chart.focal[0].name == "Stage"


def test_pretix_names_every_repeated_id_and_overlap() -> None:
    """Repeated ids and overlapping seats are named one by one; a zone that repeats its numbers becomes two sections."""
    imported = read("pretix-repeated.json")
    assert imported.chart is not None
    _, findings = validate(imported.chart)
    by_code = {finding.code: finding for finding in imported.findings + findings}
    assert by_code["seat_key_repeated"].severity == "error"
    assert by_code["seat_key_repeated"].where == ("g-A-1 (occurrence 2 of 2, at 8.00, 0.00 m)",)
    assert set(by_code["seats_overlap"].where) == {
        "Ground 2 row A seat 1 and Ground 2 row B seat 1: 0.04 m",
        "Ground 2 row A seat 2 and Ground 2 row B seat 2: 0.04 m",
    }
    assert by_code["category_undeclared"].where == ("Missing",)
    assert by_code["zone_split"].where == ("Ground: 2 sections",)


def test_pretix_can_be_repaired_on_request() -> None:
    """With the two repairs asked for, the same file imports without errors and every id is unique."""
    imported = read("pretix-repeated.json", ImportOptions(suffix_duplicates=True, drop_overlaps=True))
    assert imported.chart is not None
    _, findings = validate(imported.chart)
    assert not has_errors(imported.findings + findings)
    assert codes(imported.findings) >= {"seat_key_renamed", "seats_dropped"}
    keys = [key for row in imported.chart.rows for key in row.keys]
    assert sorted(keys) == ["g-A-1", "g-A-1-2", "g-A-2", "g-A-2b"]


@pytest.mark.parametrize("name", ["arena", "festival", "theatre"])
def test_pretix_round_trip_keeps_seats(name: str) -> None:
    """A chart exported in pretix's format and imported again has the same seats, to the centimetre."""
    chart = GENERATORS[name](1)
    before = compile_chart(chart)
    again = import_chart(export_pretix(chart, before), ImportOptions(metres_per_unit=0.02))
    assert not has_errors(again.findings)
    after = compiled(again)
    index = {after.place(k): k for k in range(after.n)}
    shift = np.array([before.bounds[0] - 1.0, before.bounds[1] - 1.0])
    for k in range(0, before.n, 7):
        other = index[before.place(k)]
        moved = (after.x[other] + shift[0] - before.x[k], after.y[other] + shift[1] - before.y[k])
        assert np.hypot(*moved) < 0.03
        assert before.categories[before.category[k]].name == after.categories[after.category[other]].name
    assert after.seat_count == before.seat_count


def test_a_roster_is_laid_out() -> None:
    """Neighbours of a list without coordinates are right, names in any script survive, rows count like people."""
    imported = read("roster.csv")
    assert imported.format == "roster"
    assert codes(imported.findings) == {"layout_invented"}
    chart = compiled(imported)
    assert places(chart) == [
        "Süd Ä-1-1", "Süd Ä-1-2", "Süd Ä-1-3", "Süd Ä-2-1", "Süd Ä-2-2", "Süd Ä-10-1", "Süd Ä-10-2",
        "東A-A-1", "東A-A-2", "東A-B-1",
    ]  # fmt: skip
    assert chart.companions == {0: (1,)}
    assert np.hypot(chart.x[0] - chart.x[1], chart.y[0] - chart.y[1]) == pytest.approx(0.5, abs=0.02)
    _, findings = validate(imported.chart)  # type: ignore[arg-type]
    assert not has_errors(findings)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=25), min_size=1, max_size=40))
def test_any_roster_gets_a_drawing_without_errors(sections: list[list[int]]) -> None:
    """Whatever sizes sections have, the invented drawing has no overlapping seats and no seat outside its section."""
    lines = ["section,row,seat"]
    for name, rows in enumerate(sections):
        lines += [f"S{name},{row},{seat}" for row, n in enumerate(rows) for seat in range(n)]
    imported = import_chart("\n".join(lines).encode())
    assert imported.chart is not None
    _, findings = validate(imported.chart)
    bad = {"seats_overlap", "seats_tight", "sections_overlap", "seat_outside_section", "rows_tight", "outline_invalid"}
    assert not codes(findings) & bad, findings


def test_a_roster_says_which_lines_are_wrong() -> None:
    """A repeated seat and an incomplete line are named by their line numbers."""
    imported = import_chart(b"section,row,seat\nA,1,1\nA,1,1\nA,,3\n")
    assert {finding.code: finding.where for finding in imported.findings if finding.severity == "error"} == {
        "seat_label_repeated": ("line 3: A 1 1 (as in line 2)",),
        "line_incomplete": ("line 4",),
    }


def test_positions_in_a_roster_become_aisles() -> None:
    """A position column that leaves places out makes a gap, and a break for neighbours."""
    imported = import_chart(b"section,row,seat,position\nA,1,1,1\nA,1,2,2\nA,1,3,5\nA,1,4,6\n")
    chart = compiled(imported)
    assert chart.run.tolist() == [0, 0, 1, 1]


def test_the_declarative_form() -> None:
    """Grid, arc and standing sections with numbering, skips and flags; the stage is what people look at."""
    imported = read("declarative.json")
    assert imported.format == "declarative"
    assert not has_errors(imported.findings)
    chart = compiled(imported)
    assert chart.name == "Studio"
    assert chart.venue == "Corner Playhouse"
    names = places(chart)
    assert names[0] == "Floor-D-06"
    assert names[-1] == "Arc-II-9"
    assert len(names) == 4 * 6 - 1 + 18
    assert "Floor-A-01" not in names
    assert [chart.place(k).seat for k in np.flatnonzero(chart.attributes & 1).tolist()] == ["03"]
    assert [(area.name, area.capacity) for area in chart.areas] == [("Pit", 40)]
    assert chart.focal[0].name == "Stage"
    _, findings = validate(imported.chart)  # type: ignore[arg-type]
    assert not has_errors(findings)


def test_a_drawing_with_seats() -> None:
    """Circles, ellipses, squares and uses become seats in rows, counted from the stage as one faces it."""
    imported = read("seats.svg")
    assert imported.format == "svg"
    assert codes(imported.findings) == {"scale_assumed", "labels_invented"}
    chart = compiled(imported)
    assert places(chart) == [f"Main-{row}-{seat}" for row in "ABC" for seat in "1234"]
    assert chart.focal[0].name == "Stage"
    assert chart.y[0] < chart.y[4] < chart.y[8]
    # Facing the stage at the top of the page, the left seat is the one at the left of the page.
    assert chart.x[0] < chart.x[3]


def test_seat_names_are_read_from_ids() -> None:
    """Ids like seat-12-C-balcony are taken apart so that rows come out as lines, whichever part is the row."""
    circles = "".join(
        f'<circle id="seat-{seat}-{row}-{block}" cx="{block * 200 + seat * 10}" cy="{ord(row) * 14}" r="4"/>'
        for block in (1, 2) for row in "ABC" for seat in range(1, 9)
    )  # fmt: skip
    imported = import_chart(f'<svg xmlns="http://www.w3.org/2000/svg">{circles}</svg>'.encode())
    chart = compiled(imported)
    assert places(chart)[:9] == [f"1-A-{n}" for n in range(1, 9)] + ["1-B-1"]
    assert len(chart.sections) == 2


def test_a_pile_of_circles_is_read_in_time() -> None:
    """A drawing with thousands of seats on one spot beside a real block is read, and the pile is reported."""
    block = "".join(f'<circle cx="{x * 10}" cy="{y * 14}" r="4"/>' for x in range(60) for y in range(60))
    pile = '<circle cx="-50" cy="0" r="4"/>' * 3_000
    start = time.process_time()
    imported = import_chart(f'<svg xmlns="http://www.w3.org/2000/svg">{block}{pile}</svg>'.encode())
    assert imported.chart is not None
    _, findings = validate(imported.chart)
    assert time.process_time() - start < 10
    assert {"seats_piled", "seat_count_wrong"} & codes(findings)


def test_outlines_ask_for_capacities_and_take_them() -> None:
    """Sections without seats ask how many they hold; told so, they are filled exactly, around notches too."""
    asked = read("sections.svg")
    assert [f.where for f in asked.findings if f.code == "capacity_missing"] == [("101", "102", "103")]
    options = ImportOptions(capacities={"101": 120, "103": 300, "102": 90}, standing=["102"])
    imported = read("sections.svg", options)
    assert imported.chart is not None
    chart, findings = validate(imported.chart)
    assert chart is not None
    assert not has_errors(imported.findings + findings)
    assert np.bincount(chart.section).tolist() == [120, 0, 300]
    assert [(area.name, area.capacity) for area in chart.areas] == [("102", 90)]
    assert "seat_outside_section" not in codes(findings)


def test_a_drawing_of_something_else_is_refused_with_advice() -> None:
    """A drawing with neither seats nor sections says what seats and sections would look like."""
    imported = import_chart(b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="5"/></svg>')
    assert imported.chart is None
    assert [finding.code for finding in imported.findings] == ["nothing_found"]


def test_geojson() -> None:
    """Polygons are sections, points seats; an empty section with a capacity is filled; the page's y runs down."""
    imported = read("venue.geojson")
    assert imported.format == "geojson"
    assert codes(imported.findings) == {"metres_assumed", "geometry_ignored"}
    chart = compiled(imported)
    assert int((chart.section == 0).sum()) == 120
    terrace = [k for k in range(chart.n) if chart.place(k).section == "Terrace"]
    assert [chart.place(k)[1:] for k in terrace] == [("A", "1"), ("A", "2"), ("B", "1")]
    assert (chart.x[terrace[0]], chart.y[terrace[0]]) == (30.0, 15.0)
    assert chart.attributes[terrace[0]] & Attribute.WHEELCHAIR_SPACE
    assert [(area.name, area.capacity) for area in chart.areas] == [("Standing", 200)]


def test_geojson_in_degrees() -> None:
    """A venue in longitude and latitude gets its true size in metres."""
    points = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [13.4 + i * 1e-5, 52.5]}} for i in range(3)
    ]
    data = msgspec.json.encode({"type": "FeatureCollection", "features": points})
    chart = compiled(import_chart(data))
    assert float(chart.x.max() - chart.x.min()) == pytest.approx(
        2 * 1e-5 * 111_195 * np.cos(np.radians(52.5)), abs=0.02
    )


def test_our_own_form_round_trips() -> None:
    """A chart written to a file and read again compiles to the same bytes."""
    chart = GENERATORS["theatre"](1)
    again = import_chart(write_chart(chart))
    assert again.format == "chart"
    assert compiled(again).to_wire() == compile_chart(chart).to_wire()


def test_sections_can_be_put_on_floors() -> None:
    """The option floors moves sections by name, so that a balcony may lie over the stalls."""
    imported = read("pretix-small.json", ImportOptions(floors={"Side": "Gallery"}))
    chart = compiled(imported)
    assert [floor.name for floor in chart.floors] == ["Main", "Gallery"]
    assert [(section.name, section.floor) for section in chart.sections] == [("Parquet", 0), ("Side", 1)]


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (c + 1, c, c, c, c) for c in range(97, 120))
    + b']><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
)
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "file_empty"),
    "blank": (b" \n\t", "file_empty"),
    "not utf-8": (b"section,row,seat\nS\xfcd,1,1\n", "file_not_utf8"),
    "binary": (b"PK\x03\x04\x00\x00section,row,seat", "file_not_text"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00", "file_not_utf8"),
    "huge": (b"a," * 17_000_000, "file_too_large"),
    "deep json": (b"[" * 200_000, "json_too_deep"),
    "deep json inside": (b'{"zones":' + b'{"a":' * 200_000, "json_too_deep"),
    "broken json": (b'{"zones": [', "json_broken"),
    "wrong field": (b'{"zones":[{"rows":[{"seats":[{"position":{"x":"left"}}]}]}]}', "field_wrong"),
    "huge number": (b'{"zones":[{"rows":[{"seats":[{"position":{"x":1' + b"0" * 500 + b"}}]}]}]}", "field_wrong"),
    "json of something": (b'{"hello":"world"}', "format_unknown"),
    "json list": (b"[1,2,3]", "format_unknown"),
    "prose": (b"Dear organiser\nplease find our plan attached", "format_unknown"),
    "no zones": (b'{"zones":[]}', "plan_empty"),
    "no sections": (b'{"sections":[]}', "plan_empty"),
    "no features": (b'{"type":"FeatureCollection","features":[]}', "plan_empty"),
    "unknown field": (b'{"format":"chart/1","seats":[]}', "field_wrong"),
    "csv without seats": (b"section,row,seat\n", "plan_empty"),
    "csv without header": (b"A,1,1\nA,1,2\n", "column_missing"),
    "broken xml": (b"<svg><g></svg>", "xml_broken"),
    "entity bomb": (BOMB, "xml_forbidden"),
    "external entity": (
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>',
        "xml_forbidden",
    ),
    "deep xml": (b"<svg>" + b"<g>" * 5_000 + b"</g>" * 5_000 + b"</svg>", "xml_too_deep"),
    "html": (b"<html><body/></html>", "xml_not_svg"),
    "use of itself": (b'<svg><use id="a" href="#a"/></svg>', "nothing_found"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_files_are_refused_in_words(name: str) -> None:
    """Each kind of bad file is refused with its stable code and no chart."""
    data, code = BAD[name]
    imported = import_chart(data)
    assert imported.chart is None
    assert [finding.code for finding in imported.findings] == [code]
    assert imported.findings[0].severity == "error"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", sorted(set(BAD) - {"huge"}))
def test_a_wrong_format_is_refused_in_words(name: str, format: Format) -> None:
    """A bad file declared to be of any format still answers with findings, never with an exception."""
    imported = import_chart(BAD[name][0], None, format)
    assert imported.chart is None
    assert has_errors(imported.findings)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_spoiled_files_never_raise(data: st.DataObject) -> None:
    """A good file with a stretch cut out, doubled or overwritten imports or is refused, without an exception."""
    source = data.draw(st.sampled_from(sorted(FIXTURES.iterdir()))).read_bytes()
    start = data.draw(st.integers(0, len(source)))
    stop = data.draw(st.integers(start, min(len(source), start + 200)))
    patch = data.draw(
        st.one_of(
            st.binary(max_size=8), st.sampled_from([b"-", b"1e308", b"null", b"[]", b'"', source[start:stop] * 2])
        )
    )
    imported = import_chart(source[:start] + patch + source[stop:])
    assert imported.chart is not None or has_errors(imported.findings)
    if imported.chart is not None:
        validate(imported.chart)


PLAN_ERRORS: dict[str, set[str]] = {
    "arena-sections": {"capacity_missing", "chart_empty"},
    "baseball": set(),
    "declarative-theatre": {"seats_overlap"},
    "declarative-underlay": {"nothing_found"},
    "pretix-schema": {"seat_key_repeated", "seats_overlap"},
    "svg-seats": set(),
}
REPAIRS = {
    "arena-sections": (ImportOptions(capacity_each=150, metres_per_unit=0.25), 44 * 150),
    "baseball": (ImportOptions(), 12_851),
    "declarative-theatre": (ImportOptions(floors={"Dress Circle": "Circle"}), 468),
    "pretix-schema": (ImportOptions(suffix_duplicates=True, zones="floor"), 738),
    "svg-seats": (ImportOptions(), 152),
}
needs_plans = pytest.mark.skipif(not PLANS.is_dir(), reason="the real plans are not on this machine (FRONTROW_PLANS)")


def plan(start: str) -> bytes:
    """Read the one real plan whose name begins so."""
    (path,) = PLANS.glob(f"{start}*")
    return path.read_bytes()


@needs_plans
@pytest.mark.parametrize("start", sorted(PLAN_ERRORS))
def test_real_plans_import_or_say_what_is_wrong(start: str) -> None:
    """Every real plan gives exactly the errors we know it has, each with places to go to."""
    imported = import_chart(plan(start))
    findings = imported.findings + (validate(imported.chart)[1] if imported.chart else [])
    errors = [finding for finding in findings if finding.severity == "error"]
    assert {finding.code for finding in errors} == PLAN_ERRORS[start]
    assert all(finding.where for finding in errors if finding.code != "chart_empty")


@needs_plans
@pytest.mark.parametrize("start", sorted(REPAIRS))
def test_real_plans_can_be_repaired(start: str) -> None:
    """With what the findings ask for, every real plan becomes a chart without errors and with all its seats."""
    options, seats = REPAIRS[start]
    imported = import_chart(plan(start), options)
    assert imported.chart is not None
    chart, findings = validate(imported.chart)
    assert not has_errors(imported.findings + findings)
    assert chart is not None
    assert chart.seat_count == seats


@needs_plans
def test_the_troubles_of_the_real_plan_are_named_seat_by_seat() -> None:
    """The two-floor plan repeats 126 ids and has 162 pairs of seats on one another; all are named."""
    imported = import_chart(plan("pretix-schema"))
    assert imported.chart is not None
    found = {finding.code: finding for finding in imported.findings + validate(imported.chart)[1]}
    assert found["seat_key_repeated"].message.startswith("126 seat ids")
    assert len({place.split(" ")[0] for place in found["seat_key_repeated"].where}) == 126
    assert len(found["seats_overlap"].where) == 162
