"""Rooms for the organiser's programs: what the pages do, as operations. The visitors' operations are in `server/rooms/api.py`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.routing import BaseRoute

from server.endpoint import endpoint
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import desk_of
from server.rooms.facts import RoomFacts
from server.rooms.inputs import NewRoom, RoomChange
from server.rooms.make import change_room, create_room
from server.rooms.organiser.figures import RoomFigures
from server.rooms.organiser.reading import RoomReader
from server.rooms.organiser.rehearsal import end_rehearsal, start_rehearsal
from server.rooms.organiser.watch import Gone
from server.rooms.reading import room_of, rooms_of
from server.rooms.steer import Action, steer
from server.rooms.tiers import CODES_MAX, issue_codes
from server.services import Services

_MAKE = ("room_show_foreign", "room_show_taken", "room_times_contradict")


class RoomList(Struct, frozen=True):
    """Every room, rehearsals and closed ones too, latest draw first."""

    rooms: list[RoomFacts]


class Control(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One action on a running room. `pace` takes *rate_per_min*, *cap* or both; `message` takes *text*, empty to take it away."""

    action: Action
    rate_per_min: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    cap: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    text: Annotated[str, Meta(max_length=280)] = ""


class WantedCodes(Struct, frozen=True, forbid_unknown_fields=True):
    """How many codes of which tier."""

    tier: Annotated[int, Meta(ge=0, le=3)]
    count: Annotated[int, Meta(ge=1, le=CODES_MAX)]


class Codes(Struct, frozen=True):
    """Invitation codes; they are kept nowhere."""

    codes: list[str]


@endpoint("GET", "/api/v1/rooms", summary="List waiting rooms", reply=RoomList, scope="sales:read")
async def list_rooms(request: Request) -> RoomList:
    return RoomList(await rooms_of(desk_of(request), _who(request).org_id))


@endpoint(
    "POST", "/api/v1/rooms", summary="Put a waiting room before shows of an event", body=NewRoom, reply=RoomFacts, status=201, scope="events:write",
    refusals=("event_unknown", *_MAKE, "room_slug_taken", "room_unknown"),
)  # fmt: skip
async def make_room(request: Request, body: NewRoom) -> RoomFacts | Refusal:
    who = _who(request)
    return await create_room(desk_of(request), who, who.org_id, body)


@endpoint(
    "GET", "/api/v1/rooms/{room}/settings", summary="Read a room's settings", reply=RoomFacts, scope="sales:read",
    refusals=("room_unknown",),
)  # fmt: skip
async def read_room(request: Request) -> RoomFacts | Refusal:
    return await room_of(desk_of(request), _who(request).org_id, _room(request))


@endpoint(
    "PUT", "/api/v1/rooms/{room}/settings", summary="Give a room other settings; nobody loses a place by it", body=RoomChange, reply=RoomFacts,
    scope="events:write", refusals=("event_unknown", "room_unknown", "room_state", *_MAKE, "draw_announced"),
)  # fmt: skip
async def put_room(request: Request, body: RoomChange) -> RoomFacts | Refusal:
    who = _who(request)
    return await change_room(desk_of(request), who, who.org_id, _room(request), body)


@endpoint(
    "POST", "/api/v1/rooms/{room}/control", summary="Steer a running room: pause, resume, pace, message, passthrough, queue, drain, close",
    body=Control, reply=RoomFacts, scope="stock:write", refusals=("room_unknown", "room_state", "field_invalid"),
)  # fmt: skip
async def control_room(request: Request, body: Control) -> RoomFacts | Refusal:
    who = _who(request)
    return await steer(
        desk_of(request), who, who.org_id, _room(request), body.action,
        rate_per_min=body.rate_per_min, cap=body.cap, text=body.text,
    )  # fmt: skip


@endpoint(
    "GET", "/api/v1/rooms/{room}/figures", summary="Read the figures of a room, at most once a second", reply=RoomFigures, scope="sales:read",
    refusals=("room_unknown",),
)  # fmt: skip
async def read_figures(request: Request) -> RoomFigures | Refusal:
    services: Services = request.app.state.services
    facts = await room_of(desk_of(request), _who(request).org_id, _room(request))
    if isinstance(facts, Refusal):
        return facts
    try:
        return await RoomReader(services, facts.room_id)()
    except Gone:
        return Refusal("room_unknown")


@endpoint(
    "POST", "/api/v1/rooms/{room}/rehearsals", summary="Rehearse a room with a simulated crowd, or get the rehearsal that runs", reply=RoomFacts,
    status=201, scope="stock:write", refusals=("room_unknown", "room_state"),
)  # fmt: skip
async def rehearse(request: Request) -> RoomFacts | Refusal:
    services: Services = request.app.state.services
    who, room_id = _who(request), _room(request)
    return await start_rehearsal(
        desk_of(request), services.redis, who, who.org_id, room_id, f"Rehearsal of room {room_id}"
    )


@endpoint(
    "DELETE", "/api/v1/rooms/{room}/rehearsals", summary="End the rehearsal of a room and clear it away", status=204, scope="stock:write",
    refusals=("room_unknown",),
)  # fmt: skip
async def stop_rehearsing(request: Request) -> Refusal | None:
    services: Services = request.app.state.services
    who = _who(request)
    return await end_rehearsal(desk_of(request), services.redis, who, who.org_id, _room(request))


@endpoint(
    "POST", "/api/v1/rooms/{room}/codes", summary="Make invitation codes of a presale tier", body=WantedCodes, reply=Codes, status=201,
    scope="events:write", refusals=("room_unknown", "tier_unknown", "field_invalid"),
)  # fmt: skip
async def make_codes(request: Request, body: WantedCodes) -> Codes | Refusal:
    who = _who(request)
    codes = await issue_codes(desk_of(request), who, who.org_id, _room(request), body.tier, body.count)
    return codes if isinstance(codes, Refusal) else Codes(codes)


routes: list[BaseRoute] = [
    list_rooms, make_room, read_room, put_room, control_room, read_figures, rehearse, stop_rehearsing, make_codes,
]  # fmt: skip


def _who(request: Request) -> Principal:
    who: Principal = request.state.principal
    return who


def _room(request: Request) -> int:
    """Return the room's number in the path; 0, which no room has, for a text that cannot be one."""
    text = str(request.path_params["room"])
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
