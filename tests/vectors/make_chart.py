"""Write tests/vectors/chart.json: charts in their wire form, and where every decoder must put each seat.

`python -m tests.vectors.make_chart` rewrites the file; a test fails when it is not what this program writes. Expectations
come from the seat-by-seat decoder of the tests, not from the code under test.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from seatmap.chart import Chart, compile_chart, number_seats
from seatmap.chart.model import (
    Area,
    Break,
    Category,
    Curve,
    Decor,
    Entrance,
    Floor,
    Focal,
    Numbering,
    Row,
    SeatException,
    Section,
    Table,
)
from tests.unit.chart.slow_decoder import decode_slowly

PATH = Path(__file__).with_name("chart.json")


def everything() -> Chart:
    """One chart with each thing the form can say, and letters beyond ASCII."""
    return Chart(
        name="Everything",
        venue="Théâtre 桃",
        floors=[Floor(id="g", name="Ground"), Floor(id="u", name="Upper")],
        categories=[Category(id="a", name="A"), Category(id="b", name="B", color="#336699"), Category(id="c", name="C")],
        focal=[Focal(kind="stage", name="Stage", outline=[(-3.0, -4.0), (3.0, -4.0), (3.0, -2.0), (-3.0, -2.0)])],
        sections=[
            Section(id="up", floor="u", name="Gallery"),
            Section(id="main", floor="g", name="Main", entrance="Door 1", outline=[(-7.0, -1.0), (7.0, -1.0), (0.0, 9.0)]),
            Section(id="pit", floor="g", kind="ga", name="Pit", outline=[(20.0, 0.0), (29.9, 0.0), (30.0, 9.9)]),
            Section(id="dinner", floor="g", kind="tables", name="Dinner"),
        ],
        rows=[
            Row(id="u1", section="up", label="1", n=5, curve=Curve(line=((-1.0, 30.0), (1.0, 30.0))), category="c"),
            Row(id="A", section="main", label="A", n=7, curve=Curve(arc=((-2.0, 1.0), (2.0, 1.0), 0.4)), category="a",
                breaks=[Break(2, 0.9), Break(5, 0.1)], numbering=Numbering(scheme="odd", from_=1), ends="start"),
            Row(id="B", section="main", label="B", n=6, curve=Curve(arc=((2.5, 2.0), (-2.5, 2.0), 0.55)), category="a",
                numbering=Numbering(from_=101, reverse=True), ends="end"),
            Row(id="C", section="main", label="Ç", n=4, curve=Curve(quad=((-2.0, 3.0), (0.5, 4.5), (2.0, 3.2))), category="b",
                numbering=Numbering(scheme="letters", from_=25), ends="none"),
            Row(id="D", section="main", label="D", n=3, curve=Curve(pts=[(-1.0, 5.0), (0.13, 5.21), (0.9, 4.97)]), category="b",
                breaks=[Break(1, 0.0)], numbering=Numbering(scheme="list", labels=["x", "7½", "桃"])),
            Row(id="E", section="main", label="", n=1, curve=Curve(line=((0.0, 7.0), (0.0, 7.0))), category="b"),
            Row(id="F", section="main", label="F", n=12, curve=Curve(arc=((-0.5, 9.0), (0.5, 9.0), 3.0)), category="b"),
        ],
        exceptions=[
            SeatException(row="A", at=0, attributes=["wheelchair_space", "step_free"], label="W1"),
            SeatException(row="A", at=1, attributes=["companion"], category="c"),
            SeatException(row="B", at=3, attributes=["restricted_view", "standing_rail"], xy=(0.11, 2.66)),
            SeatException(row="D", at=2, xy=(1.25, 4.5)),
        ],
        tables=[
            Table(id="t1", section="dinner", name="T1", at=(12.0, 5.0), seats=6, category="a", booking="whole", party=(2, 6)),
            Table(id="t2", section="dinner", name="T2", at=(15.0, 5.0), shape="rect", size=(2.4, 0.8), turn=30, seats=7, category="b"),
        ],
        areas=[Area(id="pit", floor="g", section="pit", name="Pit", capacity=250, category="c", outline=[(20.0, 0.0), (30.0, 0.0), (25.0, 8.0)])],
        companions=[("A", 0, [1])],
        entrances=[Entrance(name="Door 1", at=(-8.0, 9.5))],
        decor=[Decor(kind="text", text="Bar", outline=[(9.0, 1.0)]), Decor(kind="line", outline=[(8.0, 0.0), (8.0, 9.0)])],
    )  # fmt: skip


def revised() -> Chart:
    """The same chart after a row was dropped, one was added in front, and seats joined a row at its start."""
    before = number_seats(everything())
    after = everything()
    after.rows = [row for row in after.rows if row.id != "C"]
    front = Curve(line=((-1.0, 0.0), (1.0, 0.0)))
    after.rows.insert(1, Row(id="0", section="main", label="0", n=4, curve=front, category="b"))
    gallery = after.rows[0]
    gallery.n, gallery.curve = 7, Curve(line=((-2.0, 30.0), (1.0, 30.0)))
    gallery.numbering = Numbering(scheme="list", labels=["X", "Y", "1", "2", "3", "4", "5"])
    return number_seats(after, before)


def document() -> dict[str, Any]:
    """Write out every case."""
    cases = []
    for name, chart in (("everything", everything()), ("revised", revised())):
        wire = msgspec.json.decode(compile_chart(chart).to_wire())
        seats = decode_slowly(wire)
        cases.append({"name": name, "document": wire, "seats": [_seat(k, seats[k]) for k in sorted(seats)]})
    return {
        "about": "Charts in their wire form (docs/chart-format.md) and what every decoder makes of them. x and y in metres.",
        "cases": cases,
    }


def _seat(k: int, seat: dict[str, Any]) -> dict[str, Any]:
    section, row, pos, run = seat["address"]
    return {
        "k": k,
        "x": round(seat["x"], 4),
        "y": round(seat["y"], 4),
        "section": section,
        "row": row,
        "pos": pos,
        "run": run,
        "category": seat["category"],
        "attributes": seat["attributes"],
        "place": list(seat["place"]),
    }


def text() -> str:
    """Write the file: one seat per line."""
    plain = json.dumps(document(), ensure_ascii=False)
    return plain.replace('}, {"k"', '},\n{"k"').replace('"seats": [{', '"seats": [\n{') + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
