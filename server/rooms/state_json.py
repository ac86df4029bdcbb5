"""`GET /api/v1/rooms/{room}/state.json`: the latest frame for whoever polls. The same for everybody, so any cache may stand between.

No cookie is read or set and nothing varies: at any crowd the origin answers about once a second per cache. Costs the store nothing.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.endpoint import endpoint
from server.faults import Unavailable
from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from server.rooms.frames import KeptFrame
from server.services import Services
from waitingroom.frame import LineFrame, encode_frame
from waitingroom.model import RoomKey

# A second for every cache; while the origin is away an old frame, which says itself when it was made, is better than none.
CACHE: Final = "public, max-age=1, stale-while-revalidate=5, stale-if-error=60"
ROOM_MAX: Final = 2**31 - 1
# A lobby that opens the moment its room is made has its first frame at the usher's next look, half a second later; busy, later still.
FIRST_FRAME_S: Final = 3.0


@endpoint(
    "GET",
    "/api/v1/rooms/{room}/state.json",
    summary="Read where the line is (docs/messages.md, `line`); the same for everybody, and any cache may keep it for a second",
    refusals=("room_unknown",),
    tag="rooms",
)
async def read_line(request: Request) -> Response | Refusal:
    """Answer the newest frame as the usher wrote it."""
    services: Services = request.app.state.services
    facts = await room_of(services, str(request.path_params["room"]))
    if facts is None:
        return Refusal("room_unknown")
    kept = await frame_of(services, facts)
    headers = {"Cache-Control": CACHE, "ETag": kept.etag, "Access-Control-Allow-Origin": "*"}
    if kept.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(kept.raw, headers=headers, media_type="application/json")


async def room_of(services: Services, number: str) -> RoomFacts | None:
    """Return the room a path names."""
    if not (number.isascii() and number.isdigit()) or len(number) > 10 or int(number) > ROOM_MAX:
        return None
    return await services.rooms.find(int(number))


async def frame_of(services: Services, facts: RoomFacts) -> KeptFrame:
    """Return the newest frame of a room, waiting a moment for its first. Raises `Unavailable` when a room that should have one has none.

    Before its lobby opens the room may have no usher yet: what there is to say is in its facts.
    """
    kept = await services.frames.find(RoomKey(facts.event_id, facts.room_id))
    if kept is not None:
        return kept
    now_ms = time.time_ns() // 1_000_000
    if not facts.closed and now_ms >= facts.opens_lobby_ms:
        try:
            async with asyncio.timeout(FIRST_FRAME_S):
                return await services.frames.after(facts.room_id, None)
        except TimeoutError as error:
            raise Unavailable(f"room {facts.room_id} has no frame yet") from error
    return KeptFrame(frame := _before_the_usher(facts, now_ms), encode_frame(frame), time.monotonic())


def _before_the_usher(facts: RoomFacts, now_ms: int) -> LineFrame:
    return LineFrame(
        room=facts.room_id,
        epoch=facts.epoch,
        # Below every tick of the usher's.
        tick=0,
        now_ms=now_ms,
        phase="closed" if facts.closed else "planned",
        opens_ms=None if facts.closed else facts.opens_lobby_ms,
        poll_ms=5000,
    )


routes: list[Route] = [read_line]
