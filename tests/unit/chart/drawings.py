"""Hypothesis strategies for charts, and small charts made by hand."""

from typing import Literal

from hypothesis import strategies as st

from seatmap.chart.model import (
    Area,
    Break,
    Category,
    Chart,
    Curve,
    Floor,
    Numbering,
    Row,
    SeatException,
    Section,
    Table,
)

METRES = st.integers(-20_000, 20_000).map(lambda cm: cm / 100)
POINTS = st.tuples(METRES, METRES)


@st.composite
def curves(draw: st.DrawFn, n: int) -> Curve:
    """Draw a row of any kind."""
    kind = draw(st.sampled_from(["line", "arc", "quad", "pts"]))
    a, b = draw(POINTS), draw(POINTS)
    if kind == "line":
        return Curve(line=(a, b))
    if kind == "arc":
        return Curve(arc=(a, b, draw(st.integers(-900, 900)) / 100))
    if kind == "quad":
        return Curve(quad=(a, draw(POINTS), b))
    return Curve(pts=draw(st.lists(POINTS, min_size=n, max_size=n)))


@st.composite
def rows(draw: st.DrawFn, ident: str, section: str) -> Row:
    """Draw a row with breaks and any number scheme."""
    n = draw(st.integers(1, 30))
    stops = sorted(draw(st.sets(st.integers(1, n - 1), max_size=3))) if n > 1 else []
    breaks = [Break(stop, draw(st.sampled_from([0.0, 0.3, 1.2]))) for stop in stops]
    scheme: Literal["int", "odd", "even", "letters", "list"]
    scheme = draw(st.sampled_from(["int", "odd", "even", "letters", "list"]))
    numbering = Numbering(
        scheme=scheme,
        from_=draw(st.integers(1, 50)),
        step=draw(st.integers(1, 3)),
        reverse=draw(st.booleans()),
        labels=[f"{ident}:{i}" for i in range(n)] if scheme == "list" else [],
    )
    return Row(
        id=ident,
        section=section,
        label=draw(st.sampled_from(["A", "B", "1", "Ω", ""])),
        n=n,
        curve=draw(curves(n)),
        breaks=breaks,
        numbering=numbering,
        category=draw(st.sampled_from(["c0", "c1"])),
        ends=draw(st.sampled_from(["none", "start", "end", "both"])),
    )


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Draw a chart with floors, sections, rows, tables, areas and exceptions."""
    floors = [Floor(id="f0", name="Ground"), Floor(id="f1", name="Gallery")]
    sections = [
        Section(id=f"s{i}", floor=draw(st.sampled_from(["f0", "f1"])), name=f"Section {i}")
        for i in range(draw(st.integers(1, 4)))
    ]
    chart = Chart(name="Drawn", floors=floors, categories=[Category(id="c0", name="A"), Category(id="c1", name="B")])
    chart.sections = sections
    for section in sections:
        for number in range(draw(st.integers(0, 4))):
            chart.rows.append(draw(rows(f"{section.id}-{number}", section.id)))
    for number in range(draw(st.integers(0, 2))):
        place = draw(POINTS)
        shape: Literal["circle", "rect"] = draw(st.sampled_from(["circle", "rect"]))
        chart.tables.append(
            Table(
                id=f"t{number}", section="s0", name=f"T{number}", at=place, shape=shape, seats=number + 3, category="c0"
            )
        )
    chart.areas = [
        Area(id="pit", floor="f0", name="Pit", capacity=50, category="c1", outline=[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)])
    ]
    for row in chart.rows[::2]:
        exception = SeatException(row=row.id, at=draw(st.integers(0, row.n - 1)), attributes=["family"], category="c0")
        exception.label = draw(st.sampled_from([None, "W1"]))
        exception.xy = draw(st.one_of(st.none(), POINTS))
        chart.exceptions.append(exception)
    return chart


def hall(rows: int = 3, seats: int = 6, **changes: object) -> Chart:
    """Make a plain hall: one section, straight rows a metre apart, seats half a metre."""
    chart = Chart(
        name="Hall",
        floors=[Floor(id="f0", name="Ground")],
        categories=[Category(id="c0", name="A")],
        sections=[Section(id="main", floor="f0", name="Main", entrance="Door")],
        rows=[
            Row(
                id=f"r{i}",
                section="main",
                label=chr(65 + i),
                n=seats,
                curve=Curve(line=((0.0, float(i)), ((seats - 1) * 0.5, float(i)))),
                category="c0",
            )
            for i in range(rows)
        ],
    )
    for name, value in changes.items():
        setattr(chart, name, value)
    return chart
