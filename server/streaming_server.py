"""The server under pages and API."""

from __future__ import annotations

import socket

import uvicorn

from server.event_stream import EventStreams


class StreamingServer(uvicorn.Server):
    """uvicorn, which waits for answers under way before it stops, and would wait for open streams in vain."""

    def __init__(self, config: uvicorn.Config, streams: EventStreams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the open streams, then stop as uvicorn does."""
        self._streams.close()
        await super().shutdown(sockets)
