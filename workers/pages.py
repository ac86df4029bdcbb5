"""Health and metrics of the workers on a loopback port: two fixed answers, no framework."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from server.health import examine, report
from server.services import Services

HOST = "127.0.0.1"
HEAD_BYTES_MAX = 8 * 1024
HEAD_TIMEOUT_S = 5.0
_REASONS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


@asynccontextmanager
async def serve_pages(services: Services, port: int) -> AsyncIterator[None]:
    """Answer `/healthz` and `/metrics` on 127.0.0.1:*port*."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_TIMEOUT_S)
            status, kind, body = await _page(services, head.split(b" ", 2)[1] if head.count(b" ") >= 2 else b"")
            writer.write(
                f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, HOST, port, limit=HEAD_BYTES_MAX)
    try:
        yield
    finally:
        server.close()


async def _page(services: Services, path: bytes) -> tuple[int, str, bytes]:
    if path == b"/healthz":
        status, body = report("workers", await examine(cast(Any, services.pings)))
        return status, "application/json", body
    if path == b"/metrics":
        return 200, CONTENT_TYPE_LATEST, generate_latest()
    return 404, "text/plain", b"/healthz or /metrics\n"
