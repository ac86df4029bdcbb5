"""An event stream ends in full: when its reader leaves, and when the process stops under it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.event_stream import EventStream, EventStreams
from server.streaming_server import StreamingServer


class Source:
    """Yields one event and then nothing; whoever ends it has to wait while it gives back what it holds."""

    def __init__(self) -> None:
        self.given_back = asyncio.Event()

    async def events(self) -> AsyncGenerator[bytes, None]:
        try:
            yield b"data: 1\n\n"
            await asyncio.Event().wait()
        finally:
            for _ in range(3):  # as a rollback does: several awaits, each a chance to be cut short
                await asyncio.to_thread(bool)
            self.given_back.set()

    async def answer(self, request: Request) -> Response:
        return EventStream(request, self.events())


@asynccontextmanager
async def served(source: Source, streams: EventStreams) -> AsyncIterator[str]:
    """Serve *source* on a free port; stopping takes longer than 5 s only if it hangs."""
    app = Starlette(routes=[Route("/events", source.answer)])
    app.state.streams = streams
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=30)
    server = StreamingServer(config, streams)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/events"
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 5)


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_reader_who_leaves_ends_the_generator(source: Source) -> None:
    """Its clean-up runs to the end although it waits."""
    async with served(source, EventStreams()) as url, httpx.AsyncClient() as client:
        async with client.stream("GET", url) as answer:
            assert await anext(answer.aiter_bytes()) == b"data: 1\n\n"
        await asyncio.wait_for(source.given_back.wait(), 5)


async def test_a_process_that_stops_ends_its_streams(source: Source) -> None:
    """The reader gets a whole answer, not a broken connection, and the process does not wait for it."""
    async with httpx.AsyncClient(timeout=10) as client:
        async with served(source, EventStreams()) as url:
            answer = await client.send(client.build_request("GET", url), stream=True)
            body = answer.aiter_bytes()
            assert await anext(body) == b"data: 1\n\n"
        assert [rest async for rest in body] == []
    assert source.given_back.is_set()


async def test_a_stream_opened_while_stopping_ends_at_once(source: Source) -> None:
    """Whoever comes back too early is sent away politely."""
    streams = EventStreams()
    async with served(source, streams) as url, httpx.AsyncClient(timeout=5) as client:
        streams.close()
        assert (await client.get(url)).headers["content-type"].startswith("text/event-stream")


async def test_a_fault_in_the_generator_breaks_the_connection() -> None:
    """The reader must not take half an answer for a whole one."""

    async def failing() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\n"
        raise RuntimeError

    source = Source()
    source.events = failing  # type: ignore[method-assign]
    async with served(source, EventStreams()) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(url)
