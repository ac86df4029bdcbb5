"""Charts over HTTP, against a real database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import brotli
import httpx
import msgspec
import pytest

from seatmap.chart import Chart, CompiledChart, compile_chart, write_chart
from seatmap.chart.generators import generate_theatre
from server.charts.postgres_charts import SQL
from server.database import Database
from tests.integration.installation import Installation
from tests.unit.chart.drawings import hall

FIXTURES = Path(__file__).parents[2] / "fixtures" / "charts"


@pytest.fixture
async def manager(server: Installation) -> httpx.AsyncClient:
    """A manager of an organisation of their own."""
    return await server.signed_in(await server.organisation("house"), "manager")


async def upload(client: httpx.AsyncClient, data: bytes, path: str = "/api/v1/charts", **params: str) -> httpx.Response:
    """Post a file."""
    return await client.post(path, content=data, params=params, headers={"content-type": "application/octet-stream"})


async def test_a_plan_becomes_a_chart_one_can_read(manager: httpx.AsyncClient) -> None:
    """An uploaded plan is stored, listed, served compressed and for ever, and exported in both formats."""
    answer = await upload(manager, (FIXTURES / "pretix-small.json").read_bytes(), name="Small")
    assert answer.status_code == 201, answer.text
    report = answer.json()
    assert (report["rev"], report["seats"], report["format"], report["publishable"]) == (1, 8, "pretix", True)
    address = f"/api/v1/charts/{report['chart_id']}/1"
    drawing = await manager.get(address, headers={"accept-encoding": "br"})
    assert drawing.headers["content-encoding"] == "br"
    assert "immutable" in drawing.headers["cache-control"]
    assert "private" in drawing.headers["cache-control"], "a chart nobody sells yet is its organisation's own"
    assert CompiledChart.from_wire(drawing.content).place(2) == ("Parquet", "1", "3")
    plain = await manager.get(address, headers={"accept-encoding": "gzip, br;q=0"})
    assert "content-encoding" not in plain.headers
    assert plain.content == drawing.content
    unchanged = await manager.get(address, headers={"if-none-match": drawing.headers["etag"]})
    assert unchanged.status_code == 304
    (listed,) = (await manager.get("/api/v1/charts")).json()["charts"]
    assert (listed["name"], listed["seats"], listed["in_use"]) == ("Small", 8, False)
    exported = await manager.get(f"{address}/export", params={"format": "pretix"})
    assert [zone["name"] for zone in exported.json()["zones"]] == ["Parquet", "Side", "Drawing"]
    own = msgspec.json.decode((await manager.get(f"{address}/export")).content, type=Chart)
    assert compile_chart(own).to_wire() == drawing.content
    facts = (await manager.get(f"{address}/summary")).json()
    assert {finding["code"] for finding in facts["findings"]} >= {"accessible_missing"}


async def test_a_plan_with_errors_is_refused_with_findings(manager: httpx.AsyncClient) -> None:
    """A plan that can't be sold is answered with what to repair; nothing is stored. Checking says the same."""
    data = (FIXTURES / "pretix-repeated.json").read_bytes()
    answer = await upload(manager, data)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "chart_invalid"
    assert {f["code"] for f in problem["findings"] if f["severity"] == "error"} == {
        "seat_key_repeated",
        "seats_overlap",
    }
    checked = (await upload(manager, data, "/api/v1/charts/check")).json()
    assert checked["publishable"] is False
    assert checked["findings"] == problem["findings"]
    assert (await manager.get("/api/v1/charts")).json() == {"charts": [], "next": None}
    repaired = await upload(manager, data, suffix_duplicates="true", drop_overlaps="true")
    assert repaired.status_code == 201


async def test_answers_to_findings_travel_in_the_query(manager: httpx.AsyncClient) -> None:
    """Capacities, standing sections and floors reach the importer."""
    options = '{"capacities":{"101":50,"102":60,"103":70},"standing":["102"],"floors":{"103":"Upper"}}'
    answer = await upload(manager, (FIXTURES / "sections.svg").read_bytes(), options=options, metres_per_unit="0.1")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["seats"], answer.json()["standing"]) == (120, 60)


@pytest.mark.parametrize(
    ("params", "body", "kind", "code"),
    [
        ({}, b"", "application/json", "chart_invalid"),
        ({}, b"\xff\xfe\x00", "text/csv", "chart_invalid"),
        ({}, b"[" * 100_000, "application/json", "chart_invalid"),
        ({}, b"<svg", "image/svg+xml", "chart_invalid"),
        ({"format": "pretix"}, b"a,b\n1,2", "text/csv", "chart_invalid"),
        ({}, b"x=1", "application/x-www-form-urlencoded", "content_type_unsupported"),
        ({}, b"x", "multipart/form-data; boundary=x", "content_type_unsupported"),
        ({"format": "dwg"}, b"{}", "application/json", "field_invalid"),
        ({"colour": "red"}, b"{}", "application/json", "field_invalid"),
        ({"metres_per_unit": "-1"}, b"{}", "application/json", "field_invalid"),
        ({"options": "["}, b"{}", "application/json", "field_invalid"),
        ({"options": '{"capacities":{"A":0}}'}, b"{}", "application/json", "field_invalid"),
        ({"chart_id": "999"}, b"{}", "application/json", "chart_unknown"),
    ],
)
async def test_bad_uploads_have_codes(
    manager: httpx.AsyncClient, params: dict[str, str], body: bytes, kind: str, code: str
) -> None:
    """Wrong types, wrong parameters and broken files are problem documents with stable codes."""
    answer = await manager.post("/api/v1/charts", content=body, params=params, headers={"content-type": kind})
    assert (answer.json()["code"], answer.headers["content-type"]) == (code, "application/problem+json")


async def test_an_endless_upload_is_cut_off(manager: httpx.AsyncClient) -> None:
    """A body over the limit is refused by what it declares, before it is read."""
    headers = {"content-type": "text/csv", "content-length": str(40 * 1024 * 1024)}
    answer = await manager.post("/api/v1/charts", content=b"x", headers=headers)
    assert answer.json()["code"] == "body_too_large"


async def test_a_foreign_venue_is_unknown(manager: httpx.AsyncClient) -> None:
    """A chart can't be put into a venue of somebody else."""
    answer = await upload(manager, write_chart(hall()), venue_id="12345")
    assert answer.json()["code"] == "venue_unknown"


async def test_revisions_keep_the_numbers(manager: httpx.AsyncClient) -> None:
    """A second upload for the same chart is revision 2; seats keep their k, and a renumbering is refused."""
    first = (await upload(manager, write_chart(hall()))).json()
    bigger = hall(rows=4)
    bigger.rows.insert(0, bigger.rows.pop())
    answer = await upload(manager, write_chart(bigger), chart_id=str(first["chart_id"]))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["rev"], answer.json()["level"]) == (2, 2)
    drawing = await manager.get(f"/api/v1/charts/{first['chart_id']}/2")
    chart = CompiledChart.from_wire(drawing.content)
    assert [chart.place(k).row for k in (0, 6, 12, 18)] == ["A", "B", "C", "D"]
    moved = hall(rows=4)
    moved.categories[0].id = "renamed"
    for row in moved.rows:
        row.category = "renamed"
    refused = await upload(manager, write_chart(moved), chart_id=str(first["chart_id"]))
    assert refused.json()["code"] == "chart_revision_refused"
    assert [f["code"] for f in refused.json()["findings"]] == ["categories_renumbered"]


async def test_two_publishers_at_once_make_two_revisions_or_one_waits(manager: httpx.AsyncClient) -> None:
    """Two uploads for one chart at the same moment never make the same revision twice and never fail oddly."""
    first = (await upload(manager, write_chart(hall()))).json()
    number = str(first["chart_id"])
    answers = await asyncio.gather(*(upload(manager, write_chart(hall(rows=4)), chart_id=number) for _ in range(4)))
    made = sorted(answer.json()["rev"] for answer in answers if answer.status_code == 201)
    assert made == list(range(2, 2 + len(made)))
    assert made
    assert all(answer.json()["code"] == "request_in_progress" for answer in answers if answer.status_code != 201)


async def test_charts_belong_to_their_organisation(server: Installation, manager: httpx.AsyncClient) -> None:
    """Nobody else sees an unpublished drawing, its export or its summary, and viewers can't upload."""
    number = (await upload(manager, write_chart(hall()))).json()["chart_id"]
    stranger = await server.signed_in(await server.organisation("other"), "manager")
    for path in ("", "/export", "/summary"):
        assert (await stranger.get(f"/api/v1/charts/{number}/1{path}")).status_code == 404
    assert (await server.client().get(f"/api/v1/charts/{number}/1")).status_code == 404
    assert (await stranger.get("/api/v1/charts")).json()["charts"] == []
    assert (await upload(stranger, write_chart(hall()), chart_id=str(number))).json()["code"] == "chart_unknown"
    assert (await upload(server.client(), write_chart(hall()))).json()["code"] == "sign_in_required"
    viewer = await server.signed_in(await server.organisation("third"), "viewer")
    assert (await upload(viewer, write_chart(hall()))).json()["code"] == "not_allowed"


@pytest.mark.parametrize("path", ["x/1", "1/x", "0/0", "99999999999/1", "1/-1", "٣/1"])
async def test_odd_addresses_name_nothing(server: Installation, path: str) -> None:
    """A chart number that is none is a plain 404."""
    assert (await server.client().get(f"/api/v1/charts/{path}")).status_code == 404


async def test_a_stored_chart_is_what_browsers_get(manager: httpx.AsyncClient) -> None:
    """The stored bytes decompress to the wire form the compiler wrote."""
    chart = generate_theatre(1)
    number = (await upload(manager, write_chart(chart))).json()["chart_id"]
    served = await manager.get(f"/api/v1/charts/{number}/1", headers={"accept-encoding": "identity"})
    assert served.content == compile_chart(chart).to_wire()
    assert brotli.decompress(brotli.compress(served.content)) == served.content


@pytest.mark.parametrize("block", sorted(SQL))
async def test_every_statement_fits_the_schema(database: Database, block: str) -> None:
    """Each SQL block prepares against the migrated database."""
    async with database.installation() as connection:
        await connection.prepare(SQL[block])
