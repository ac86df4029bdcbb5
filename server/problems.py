"""Problem documents (RFC 9457): how a refusal or a fault looks over HTTP."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from server.refusals import REFUSALS, Refusal

MEDIA_TYPE = "application/problem+json"


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
    if kind.retry_after_ms is not None:
        sent["Retry-After"] = str(-(-kind.retry_after_ms // 1000))
    if kind.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(document(refusal)), kind.status, sent, MEDIA_TYPE)
