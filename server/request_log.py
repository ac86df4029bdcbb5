"""One line and three metrics per request; faults become problem documents here and nowhere else."""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import metrics, problems
from server.faults import Fault, Unavailable
from server.logs import logger
from server.refusals import Refusal


class RequestLog:
    """ASGI middleware, outermost: the one place that catches every exception, logs it and counts it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except Exception as error:
            answer = self._fault(scope, error)
            if (
                status
            ):  # the answer was under way already: the connection must break, or the client takes half for whole
                raise
            await answer(scope, receive, send_watched)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _fault(self, scope: Scope, error: Exception) -> Any:
        kind = type(error).__name__ if isinstance(error, Fault) else "Unexpected"
        metrics.FAULTS.labels(kind).inc()
        if isinstance(error, Unavailable):
            self._log.warning("request.unavailable", path=_pattern(scope), reason=str(error))
            return problems.answer(Request(scope), Refusal("unavailable"))
        self._log.error("request.failed", path=_pattern(scope), kind=kind, exc_info=error)
        return problems.answer(Request(scope), Refusal("internal"))

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _pattern(scope)
        metrics.REQUESTS.labels(scope["method"], route, str(status)).inc()
        metrics.REQUEST_SECONDS.labels(route).observe(seconds)
        self._log.debug(
            "request.answered", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 2)
        )


def _pattern(scope: Scope) -> str:
    """Return the address with its parameters' names: the number of a ticket is a secret, and no log may learn it."""
    return str(getattr(scope.get("route"), "path", "unmatched"))
