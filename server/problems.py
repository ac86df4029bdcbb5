"""How a refusal or a fault looks over HTTP: a problem document (RFC 9457) for programs, a page that leads back for people."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from server.refusals import REFUSALS, Refusal
from server.templating import Templates

MEDIA_TYPE = "application/problem+json"
_PROGRAMS = ("/api/", "/webhooks/", "/demo-provider/")


def document(refusal: Refusal) -> dict[str, Any]:
    """Return the problem document of *refusal*; its `code` is stable, its `title` is for people."""
    kind = REFUSALS[refusal.code]
    problem: dict[str, Any] = {
        "type": f"/api/v1/problems/{refusal.code}",
        "title": kind.title,
        "status": kind.status,
        "code": refusal.code,
    }
    if refusal.field is not None:
        problem["field"] = refusal.field
    if kind.retry_after_ms is not None:
        problem["retry_after_ms"] = kind.retry_after_ms
    return problem | refusal.params


def response(refusal: Refusal, *, headers: dict[str, str] | None = None) -> Response:
    """Return the HTTP answer of *refusal*."""
    kind = REFUSALS[refusal.code]
    sent = dict(headers or {})
    wait_ms = refusal.params.get("retry_after_ms", kind.retry_after_ms)  # what is known of this one, else the usual
    if wait_ms is not None:
        sent["Retry-After"] = str(-(-wait_ms // 1000))
    if kind.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(document(refusal)), kind.status, sent, MEDIA_TYPE)


def answer(request: Request, refusal: Refusal, *, headers: dict[str, str] | None = None) -> Response:
    """Return *refusal* as whoever asks can read it."""
    if request.url.path.startswith(_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
        return response(refusal, headers=headers)
    templates: Templates = request.app.state.services.templates
    page = templates.page(request, "problem.html", status=REFUSALS[refusal.code].status, code=refusal.code)
    page.headers.update(headers or {})
    return page
