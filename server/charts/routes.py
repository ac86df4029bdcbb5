"""Charts over HTTP: upload, check, list, read the drawing, export."""

from __future__ import annotations

from typing import Any

import brotli
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from seatmap.chart.findings import Finding
from seatmap.chart.model import Chart, write_chart
from seatmap.chart.publish import ChangeReport, compare
from server.accounts import audit
from server.catalog.charts import save_chart
from server.charts.postgres_charts import SQL, Head, PostgresCharts, head, taken
from server.charts.survey import Surveyed, survey
from server.charts.views import (
    ChartFilter,
    ChartPage,
    ChartReport,
    ChartSummary,
    ChartUpload,
    ExportWish,
    UploadOptions,
)
from server.endpoint import bounded_body, endpoint, query
from server.principal import Principal
from server.refusals import Refusal
from server.services import Services

UPLOAD_BYTES_MAX = 32 * 1024 * 1024
UPLOAD_TYPES = (
    "application/json", "application/geo+json", "application/octet-stream", "application/xml", "text/xml",
    "image/svg+xml", "text/csv", "text/plain", "application/csv", "application/vnd.ms-excel",
)  # fmt: skip
FOREVER = "max-age=31536000, immutable"
NUMBER_MAX = 2**31 - 1


@endpoint(
    "GET",
    "/api/v1/charts",
    summary="List the organisation's charts, newest first",
    query=ChartFilter,
    reply=ChartPage,
    scope="charts:read",
)
async def list_charts(request: Request) -> ChartPage | Refusal:
    wanted = query(request, ChartFilter)
    if isinstance(wanted, Refusal):
        return wanted
    who: Principal = request.state.principal
    rows = await _charts(request).page(who.org_id, wanted.before, wanted.limit)
    following = rows[-1]["id"] if len(rows) == wanted.limit else None
    return ChartPage(charts=[_summary(row) for row in rows], next=following)


@endpoint(
    "POST",
    "/api/v1/charts",
    summary="Import a seating plan as a new chart, or as the next revision of one; the body is the file",
    media=UPLOAD_TYPES,
    query=ChartUpload,
    reply=ChartReport,
    status=201,
    scope="charts:write",
    refusals=("chart_invalid", "chart_revision_refused", "chart_unknown", "venue_unknown"),
    body_bytes_max=UPLOAD_BYTES_MAX,
)
async def import_plan(request: Request) -> ChartReport | Refusal:
    upload = await _upload(request)
    if isinstance(upload, Refusal):
        return upload
    wanted, options, data = upload
    services: Services = request.app.state.services
    who: Principal = request.state.principal
    before: Head | None = None
    if wanted.chart_id is not None:
        async with services.database.tenant(who.org_id) as connection:
            before = await head(connection, wanted.chart_id)
        if before is None:
            return Refusal("chart_unknown", field="chart_id")
    found = await survey(data, options, wanted.format, before.chart if before else None)
    if not found.usable:
        return Refusal("chart_invalid", {"findings": msgspec.to_builtins(found.findings), "format": found.format})
    return await _store(services, who, wanted, found, before)


@endpoint(
    "POST",
    "/api/v1/charts/check",
    summary="Say what is right and wrong with a seating plan; nothing is stored",
    media=UPLOAD_TYPES,
    query=ChartUpload,
    reply=ChartReport,
    scope="charts:read",
    body_bytes_max=UPLOAD_BYTES_MAX,
)
async def check_plan(request: Request) -> ChartReport | Refusal:
    upload = await _upload(request)
    if isinstance(upload, Refusal):
        return upload
    wanted, options, data = upload
    return _report(await survey(data, options, wanted.format))


@endpoint(
    "GET",
    "/api/v1/charts/{chart}/{rev}",
    summary="Read the drawing of a chart in its wire form (docs/chart-format.md); it never changes",
    reply=dict[str, Any],
    refusals=("not_found",),
)
async def read_drawing(request: Request) -> Response | Refusal:
    chart_id, rev = _number(request, "chart"), _number(request, "rev")
    tag = f'"chart-{chart_id}-{rev}"'
    charts = _charts(request)
    wire, audience = await charts.published(chart_id, rev), "public"
    if wire is None:
        who = await request.app.state.services.principals.principal(request)
        if not isinstance(who, Principal) or not who.may("charts:read"):
            return Refusal("not_found")
        wire, audience = await charts.own(who.org_id, chart_id, rev), "private"
    if wire is None:
        return Refusal("not_found")
    headers = {"ETag": tag, "Cache-Control": f"{audience}, {FOREVER}", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if _takes_brotli(request):
        return Response(wire, headers=headers | {"Content-Encoding": "br"}, media_type="application/json")
    return Response(brotli.decompress(wire), headers=headers, media_type="application/json")


@endpoint(
    "GET",
    "/api/v1/charts/{chart}/{rev}/summary",
    summary="Read the facts and findings of one revision",
    reply=dict[str, Any],
    scope="charts:read",
    refusals=("not_found",),
)
async def read_revision(request: Request) -> dict[str, Any] | Refusal:
    who: Principal = request.state.principal
    row = await _charts(request).revision(who.org_id, _number(request, "chart"), _number(request, "rev"))
    if row is None:
        return Refusal("not_found")
    findings = msgspec.json.decode(row["findings"])
    facts: dict[str, Any] = msgspec.to_builtins(_summary({**row, "findings": len(findings)}))
    return facts | {"findings": findings}


@endpoint(
    "GET",
    "/api/v1/charts/{chart}/{rev}/export",
    summary="Export a revision as chart/1 or as a pretix seating plan",
    query=ExportWish,
    reply=dict[str, Any],
    scope="charts:read",
    refusals=("not_found", "chart_without_source"),
)
async def export_revision(request: Request) -> Response | Refusal:
    wanted = query(request, ExportWish)
    if isinstance(wanted, Refusal):
        return wanted
    who: Principal = request.state.principal
    chart_id, rev = _number(request, "chart"), _number(request, "rev")
    source = await _charts(request).source(who.org_id, chart_id, rev)
    if source is None:
        return Refusal("not_found")
    chart, compiled = source
    if chart is None:
        return Refusal("chart_without_source")
    if wanted.format == "pretix":
        from seatmap.chart.exports import export_pretix

        data = export_pretix(chart, compiled)
    else:
        data = write_chart(chart)
    name = f"chart-{chart_id}-{rev}.{wanted.format}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, headers=headers, media_type="application/json")


routes = [list_charts, import_plan, check_plan, read_drawing, read_revision, export_revision]


async def _upload(request: Request) -> tuple[ChartUpload, bytes, bytes] | Refusal:
    """Return the query, the import options as JSON, and the file."""
    wanted = query(request, ChartUpload)
    if isinstance(wanted, Refusal):
        return wanted
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type and content_type not in UPLOAD_TYPES:
        return Refusal("content_type_unsupported", {"received": content_type[:100], "known": sorted(UPLOAD_TYPES)})
    try:
        named = msgspec.json.decode(wanted.options or "{}", type=UploadOptions)
    except (msgspec.DecodeError, RecursionError) as cause:
        return Refusal("field_invalid", {"detail": str(cause)[:300]}, field="options")
    options = {
        "name": wanted.name,
        "suffix_duplicates": wanted.suffix_duplicates,
        "drop_overlaps": wanted.drop_overlaps,
        "zones": wanted.zones,
        "metres_per_unit": wanted.metres_per_unit,
        "capacity_each": wanted.capacity_each,
        **msgspec.to_builtins(named),
    }
    data = await bounded_body(request, UPLOAD_BYTES_MAX)
    return data if isinstance(data, Refusal) else (wanted, msgspec.json.encode(options), data)


async def _store(
    services: Services, who: Principal, wanted: ChartUpload, found: Surveyed, before: Head | None
) -> ChartReport | Refusal:
    """Store a sound plan, in the transaction that makes sure nobody else published meanwhile."""
    assert found.chart is not None
    assert found.compiled is not None
    name = wanted.name or found.chart.name or (before.name if before else "") or "Chart"
    change: ChangeReport | None = None
    async with services.database.tenant(who.org_id) as connection:
        if wanted.venue_id is not None and not await connection.fetchval(SQL["venue_exists"], wanted.venue_id):
            return Refusal("venue_unknown", field="venue_id")
        if before is not None:
            now = await head(connection, before.chart_id)
            if now is None or now.rev != before.rev:
                return Refusal("request_in_progress")
            owned = await taken(connection, before.chart_id, before.compiled.n)
            change = compare(before.compiled, found.compiled, owned)
            if change.refused:
                return Refusal("chart_revision_refused", {"findings": msgspec.to_builtins(change.findings)})
        chart_id, rev = await save_chart(
            connection,
            name,
            found.compiled,
            authoring=write_chart(found.chart),
            findings=msgspec.to_builtins(found.findings),
            venue_id=wanted.venue_id if before is None else wanted.venue_id or before.venue_id,
            chart_id=before.chart_id if before else None,
            rev=before.rev + 1 if before else 1,
        )
        await audit.record(connection, who, "chart.published", f"chart:{chart_id}", rev=rev)
    return _report(found, chart_id, rev, change)


def _report(
    found: Surveyed, chart_id: int | None = None, rev: int | None = None, change: ChangeReport | None = None
) -> ChartReport:
    chart = found.chart or Chart()
    findings: list[Finding] = [*found.findings, *(change.findings if change else ())]
    return ChartReport(
        chart_id=chart_id,
        rev=rev,
        name=chart.name,
        format=found.format,
        seats=chart.seat_count(),
        standing=sum(area.capacity for area in chart.areas),
        sections=len(chart.sections),
        publishable=found.usable,
        level=change.level if change else None,
        findings=findings,
    )


def _summary(row: Any) -> ChartSummary:
    return ChartSummary(
        chart_id=row["id"],
        rev=row["rev"],
        venue_id=row["venue_id"],
        name=row["name"],
        seats=row["seats"],
        findings=row["findings"],
        in_use=row["in_use"],
        created_at_ms=round(row["created_at"].timestamp() * 1000),
    )


def _charts(request: Request) -> PostgresCharts:
    """Return the reader of this process, made on first use and kept with the application."""
    state = request.app.state
    if not hasattr(state, "charts"):
        state.charts = PostgresCharts(state.services.database)
    charts: PostgresCharts = state.charts
    return charts


def _takes_brotli(request: Request) -> bool:
    accepted = [part.strip() for part in request.headers.get("accept-encoding", "").lower().split(",")]
    return any(part.partition(";")[0] == "br" and "q=0" not in part.replace("q=0.", "q=1.") for part in accepted)


def _number(request: Request, name: str) -> int:
    """Read a number of the path; what is none names nothing."""
    text = str(request.path_params[name])
    return int(text) if text.isascii() and text.isdigit() and int(text[:11]) <= NUMBER_MAX and len(text) < 11 else 0
