"""Every metric of the HTTP server, in one place. Units are in the names; labels have few values."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

REQUESTS = Counter("frontrow_http_requests", "Answered requests.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "frontrow_http_request_seconds",
    "Time to answer.",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
REFUSALS = Counter("frontrow_refusals", "Refusals by code.", ["code"])
FAULTS = Counter("frontrow_faults", "Faults by kind.", ["kind"])


async def metrics_page(_request: Request) -> Response:
    """Return all metrics of this process in the Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
