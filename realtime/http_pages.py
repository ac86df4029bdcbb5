"""The pages for machines on the gateway's port: health and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from server import health


@dataclass(frozen=True, slots=True)
class Page:
    """An answer over HTTP."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class Pages:
    """Answer `/healthz` and `/metrics`; *pings* are what this process needs."""

    def __init__(self, pings: Mapping[str, health.Ping]) -> None:
        self._pings = pings

    async def page(self, method: str, path: str) -> Page:
        """Answer one request."""
        if method not in ("GET", "HEAD"):
            return Page(405, b"GET only.\n")
        if path == "/healthz":
            status, body = health.report("realtime", await health.examine(self._pings))
            return Page(status, body, "application/json")
        if path == "/metrics":
            return Page(200, generate_latest(), CONTENT_TYPE_LATEST)
        return Page(404, b"Nothing here. The socket is at /live; see docs/messages.md.\n")
