"""`GET /api/v1/rooms/{room}/events`: the frames as server-sent events, for those whose network has no sockets.

Each reader gets the newest frame whenever one is due for their distance; what a slow reader misses is not kept for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.endpoint import endpoint, query
from server.event_stream import EventStream
from server.refusals import Refusal
from server.rooms.frames import Frames, KeptFrame
from server.rooms.places import place_of
from server.rooms.state_json import frame_of, room_of
from server.services import Services
from waitingroom.model import RoomKey
from waitingroom.telling import interval_s, is_called, urgent

# Each costs a process some 60 KiB; whoever comes after them polls.
STREAMS_MAX: Final = 2000
# A line that says nothing keeps proxies from closing the connection, and finds out who is gone.
QUIET_S: Final = 20.0
# After a process died its readers come back spread over this time.
RECONNECT_MS: Final = (2_000, 17_000)
DRAWN: Final = ("open", "draining")


class Streamed(Struct, frozen=True, forbid_unknown_fields=True):
    """Query of the stream. *position* only sets how often frames come: whoever says a wrong one fools nobody else.

    Left out, it is that of the place whose cookie comes along.
    """

    position: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None


class _Open:
    """How many streams this process serves."""

    count = 0


@endpoint(
    "GET",
    "/api/v1/rooms/{room}/events",
    summary="Follow the line as server-sent events; each is a frame as in `state.json`",
    query=Streamed,
    refusals=("room_unknown", "unavailable"),
    tag="rooms",
)
async def follow_line(request: Request) -> Response | Refusal:
    """Send the newest frame now, then one whenever it is due for the reader's distance."""
    services: Services = request.app.state.services
    wanted = query(request, Streamed)
    if isinstance(wanted, Refusal):
        return wanted
    facts = await room_of(services, str(request.path_params["room"]))
    if facts is None:
        return Refusal("room_unknown")
    if _Open.count >= STREAMS_MAX:
        return Refusal("unavailable")
    first = await frame_of(services, facts)
    position = wanted.position
    if position is None and (place := place_of(request, facts)) is not None and first.frame.phase in DRAWN:
        position = await services.line.position_of(RoomKey(facts.event_id, facts.room_id), place.index)
    return EventStream(request, _events(services.frames, facts.room_id, first, position))


async def _events(frames: Frames, room_id: int, first: KeptFrame, position: int | None) -> AsyncGenerator[bytes, None]:
    """Yield what one reader is to hear."""
    _Open.count += 1
    try:
        yield f"retry: {random.randint(*RECONNECT_MS)}\n\n".encode() + _event(first)
        told, seen = first, first
        due_s = asyncio.get_running_loop().time() + interval_s(first.frame, position)
        while True:
            kept = await _next(frames, room_id, seen)
            if kept is None:
                yield b": quiet\n\n"
                continue
            seen, now_s = kept, asyncio.get_running_loop().time()
            turn = is_called(kept.frame, position) and not is_called(told.frame, position)
            if turn or now_s >= due_s or urgent(told.frame, kept.frame):
                yield _event(kept)
                told, due_s = kept, now_s + interval_s(kept.frame, position)
    finally:
        _Open.count -= 1


async def _next(frames: Frames, room_id: int, seen: KeptFrame) -> KeptFrame | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET_S):
            return await frames.after(room_id, seen)
    return None


def _event(kept: KeptFrame) -> bytes:
    return b"id: %d-%d\ndata: %s\n\n" % (kept.frame.epoch, kept.frame.tick, kept.raw)


routes: list[Route] = [follow_line]
