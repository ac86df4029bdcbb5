"""What the API says about charts, and what an upload may ask for."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from seatmap.chart.findings import Finding

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Format = Literal["chart", "pretix", "roster", "declarative", "svg", "geojson"]


class ChartUpload(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Query parameters of an upload; the body is the file itself.

    *options* is a JSON object for what needs more than one word: `capacities` and `floors` (by section name),
    `standing` (section names). *chart_id* makes the upload the next revision of that chart.
    """

    name: Annotated[str, Meta(max_length=200)] = ""
    format: Format | None = None
    chart_id: Id | None = None
    venue_id: Id | None = None
    suffix_duplicates: bool = False
    drop_overlaps: bool = False
    zones: Literal["section", "floor"] = "section"
    metres_per_unit: Annotated[float, Meta(gt=0, le=1000)] | None = None
    capacity_each: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    options: Annotated[str, Meta(max_length=20_000)] = ""


class UploadOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The JSON object in *options*."""

    capacities: dict[str, Annotated[int, Meta(ge=1, le=1_000_000)]] = {}
    floors: dict[str, str] = {}
    standing: list[str] = []


class ChartFilter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Page through charts, newest first."""

    before: Id = 2**31 - 1
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class ExportWish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The format of an export: our own authoring form, or pretix's."""

    format: Literal["chart", "pretix"] = "chart"


class ChartSummary(msgspec.Struct, kw_only=True):
    """One revision of a chart, drawn at `/api/v1/charts/{chart_id}/{rev}`; *in_use* tells that a show is sold on it."""

    chart_id: int
    rev: int
    venue_id: int | None
    name: str
    seats: int
    findings: int
    in_use: bool
    created_at_ms: int


class ChartPage(msgspec.Struct, kw_only=True):
    """Charts, newest first; *next* continues the list as `before`."""

    charts: list[ChartSummary]
    next: int | None


class ChartReport(msgspec.Struct, kw_only=True):
    """What was found in a plan. *publishable* means no finding is an error.

    *chart_id* and *rev* are set when it was stored. *level* is what a new revision changes: 0 redrawn, 1 relabelled,
    2 seats added or free ones removed.
    """

    chart_id: int | None
    rev: int | None
    name: str
    format: str | None
    seats: int
    standing: int
    sections: int
    publishable: bool
    level: int | None
    findings: list[Finding]
