"""The rooms API of visitors (docs/waiting-room.md). `{room}` is the room's number; a place travels in its cookie or `Frontrow-Place`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.json import encode
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from server.endpoint import endpoint
from server.refusals import Refusal
from server.rooms.claiming import claim_place, nonce_for
from server.rooms.desk import desk_of
from server.rooms.facts import RoomFacts
from server.rooms.joining import Seated, join_line
from server.rooms.leaving import leave_line
from server.rooms.notices import ask_notice
from server.rooms.places import give_place, note_notice, place_of, take_place
from server.rooms.standing import mine_of
from server.rooms.views import AskNotice, ClaimedView, ClaimPlace, JoinLine, Mine, Needs, NonceView
from server.templating import locale_of
from server.visitor_session import visitor_of
from waitingroom.identity import email_of, masked

if TYPE_CHECKING:
    from server.services import Services

_LINE = ("room_unknown", "room_closed", "unavailable")
_PLACE = ("place_unknown", "place_superseded", "place_lapsed", "place_left", "visit_over")


async def room_at(request: Request) -> RoomFacts | Refusal:
    """Return the room that the address names, or `room_unknown`."""
    services: Services = request.app.state.services
    text = str(request.path_params["room"])
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return Refusal("room_unknown")
    return await services.rooms.find(int(text)) or Refusal("room_unknown")


@endpoint(
    "POST", "/api/v1/rooms/{room}/places", body=JoinLine, reply=Mine, status=201, visitor=True, summary="Join the line, or get the place one has",
    refusals=(
        *_LINE, "session_missing", "session_expired", "method_unavailable", "holder_key_invalid", "email_invalid", "email_code_wrong",
        "access_code_invalid", "room_not_open", "room_draining", "room_full", "place_unknown",
    ),
)  # fmt: skip
async def post_place(request: Request, body: JoinLine) -> Response | Refusal:
    """Answer 201 with a new place, 200 with the one the identity has, 202 when a letter with six digits is on its way."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    seated = await join_line(request, facts, body)
    if isinstance(seated, Refusal):
        return seated
    if isinstance(seated, Needs):
        return Response(encode(seated), 202, media_type="application/json")
    return await seated_response(request, facts, seated)


async def seated_response(request: Request, facts: RoomFacts, seated: Seated) -> Response | Refusal:
    """Return the place as its owner sees it, and put it into the browser."""
    mine = await mine_of(request, facts, seated.place, joined=seated.joined, token=seated.token)
    if isinstance(mine, Refusal):
        return mine
    fresh = seated.joined is not None and seated.joined.fresh
    response = _private(Response(encode(mine), 201 if fresh else 200, media_type="application/json"))
    give_place(request, response, facts, seated.token, seated.secret)
    return response


@endpoint(
    "GET", "/api/v1/rooms/{room}/places/mine", reply=Mine, summary="Read one's own place",
    refusals=(*_LINE, "place_unknown"),
)  # fmt: skip
async def get_mine(request: Request) -> Response | Refusal:
    """Say how the place stands. While it waits this costs the store nothing."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    place = place_of(request, facts)
    if place is None:
        return Refusal("place_unknown")
    mine = await mine_of(request, facts, place)
    return mine if isinstance(mine, Refusal) else _private(Response(encode(mine), media_type="application/json"))


@endpoint(
    "GET", "/api/v1/rooms/{room}/nonce", reply=NonceView, summary="Get a nonce to prove that one holds the place",
    refusals=("room_unknown", "place_unknown"),
)  # fmt: skip
async def get_nonce(request: Request) -> Response | Refusal:
    facts = await room_at(request)
    nonce = facts if isinstance(facts, Refusal) else nonce_for(request, facts)
    if isinstance(nonce, Refusal):
        return nonce
    return _private(Response(encode(NonceView(nonce)), media_type="application/json"))


@endpoint(
    "POST", "/api/v1/rooms/{room}/claim", body=ClaimPlace, reply=ClaimedView, visitor=True, summary="Go in when called",
    refusals=(
        *_LINE, *_PLACE, "session_missing", "session_expired", "nonce_invalid", "nonce_spent", "proof_invalid", "not_called", "visits_full",
        "visits_busy", "holder_differs", "room_paused",
    ),
)  # fmt: skip
async def post_claim(request: Request, body: ClaimPlace) -> ClaimedView | Refusal:
    """Turn a called place into a visit of the visitor who asks: for as long as it says they may hold seats."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    visitor = visitor_of(request)
    if isinstance(visitor, Refusal):
        return visitor
    return await claim_place(request, facts, body, visitor)


@endpoint(
    "POST", "/api/v1/rooms/{room}/leave", summary="Give the place up", status=204,
    refusals=(*_LINE, "place_unknown", "place_superseded"),
)  # fmt: skip
async def post_leave(request: Request) -> Response | Refusal:
    """Leave the line, and the seats with it. Whoever waits behind moves up at once."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    refusal = await leave_line(request, facts)
    if refusal is not None:
        return refusal
    response = Response(status_code=204)
    take_place(request, response, facts)
    return response


@endpoint(
    "POST", "/api/v1/rooms/{room}/notify", body=AskNotice, summary="Ask for a letter when the turn is near", status=204,
    refusals=("room_unknown", "room_closed", "place_unknown", "email_invalid"),
)  # fmt: skip
async def post_notify(request: Request, body: AskNotice) -> Response | Refusal:
    """Remember the address until the letter was sent or the room has closed, and no longer."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    email = await notify(request, facts, body.email)
    if isinstance(email, Refusal):
        return email
    response = Response(status_code=204)
    note_notice(request, response, facts, masked(email))
    return response


async def notify(request: Request, facts: RoomFacts, wanted: str) -> str | Refusal:
    """Put the address down for the place of who asks."""
    place = place_of(request, facts)
    if place is None:
        return Refusal("place_unknown")
    if facts.closed:
        return Refusal("room_closed")
    email = email_of(wanted)
    if email is None:
        return Refusal("email_invalid", field="/email")
    await ask_notice(desk_of(request), facts, place.index, email, locale_of(request))
    return email


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    return response


routes: list[BaseRoute] = [post_place, get_mine, get_nonce, post_claim, post_leave, post_notify]
