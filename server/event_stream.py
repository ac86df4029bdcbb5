"""Server-sent events: answers without an end of their own. They end when the reader leaves and when the process stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

# Python 3.11's `wait_for` may swallow a cancellation that meets its result: ask again after so long.
ASK_AGAIN_S = 0.5


class EventStreams:
    """The open streams of one process, in `app.state.streams`."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream; one that opens later ends at once, and its reader comes back to another process."""
        self._closing.set()

    async def closing(self) -> None:
        """Wait until the process stops."""
        await self._closing.wait()


class EventStream(Response):
    """Sends what *events* yields. The generator is closed before the answer ends, with every `finally` run in full.

    Starlette's own streaming cancels anew at each await, so a clean-up that waits (a rollback, giving something back)
    would be cut short.
    """

    media_type = "text/event-stream"

    def __init__(self, request: Request, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._streams: EventStreams = request.app.state.streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        telling = asyncio.create_task(self._tell(send))
        ends = [asyncio.create_task(_left(receive)), asyncio.create_task(self._streams.closing())]
        try:
            await asyncio.wait([telling, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            while not telling.done():
                telling.cancel()
                await asyncio.wait([telling], timeout=ASK_AGAIN_S)
        with suppress(asyncio.CancelledError):
            telling.result()  # a fault breaks the connection, which tells the reader to come back
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})


async def _left(receive: Receive) -> None:
    """Wait until the reader has closed the connection."""
    message: Message = await receive()
    while message["type"] != "http.disconnect":
        message = await receive()
