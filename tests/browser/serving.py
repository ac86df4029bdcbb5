"""A whole server on a real port, in the test's own loop, for a browser to talk to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from server.app import create_app
from server.settings import Settings
from server.streaming_server import StreamingServer
from tests.integration.installation import Installation


@dataclass(frozen=True)
class Serving:
    """A running installation and where it answers."""

    here: Installation
    url: str


@asynccontextmanager
async def serving(database_url: str, redis_url: str, var: Path, **more: str) -> AsyncIterator[Serving]:
    """Serve pages and API on a free port of this machine; *more* are further settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(database_url=database_url, redis_url=redis_url, secret="x" * 48, var=var, port=port)
    settings = replace(settings, **more)  # type: ignore[arg-type]
    app = create_app(settings)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1
    )
    server = StreamingServer(config, app.state.streams)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(0.02)
        yield Serving(Installation(app, app.state.services), f"http://localhost:{port}")
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 15)
