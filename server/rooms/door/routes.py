"""The door's API: what joining costs, and contesting what the door did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.json import encode
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from server.endpoint import endpoint
from server.refusals import Refusal
from server.rooms.api import room_at
from server.rooms.door.views import ChallengeView, Contest, StandingView
from server.rooms.facts import RoomFacts
from server.rooms.places import place_of
from server.visitor_session import visitor_of
from waitingroom.place_token import Place

if TYPE_CHECKING:
    from server.services import Services


@endpoint(
    "GET", "/api/v1/rooms/{room}/challenge", reply=ChallengeView, visitor=True, summary="Ask what joining costs",
    refusals=("room_unknown", "session_missing", "session_expired", "rate_limited", "unavailable"),
)  # fmt: skip
async def get_challenge(request: Request) -> Response | Refusal:
    """Return the proof of work that joining takes, if any. Solving it is good for one place, within five minutes."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    visitor = visitor_of(request)
    if isinstance(visitor, Refusal):
        return visitor
    services: Services = request.app.state.services
    view = await services.door.challenge(request, facts, visitor)
    return view if isinstance(view, Refusal) else _private(view)


@endpoint(
    "GET", "/api/v1/rooms/{room}/contest", reply=StandingView, summary="Read what the door did to one's place",
    refusals=("room_unknown", "place_unknown", "unavailable"),
)  # fmt: skip
async def get_contest(request: Request) -> Response | Refusal:
    """Return every action with the class of its reason, and how a contest of them stands."""
    found = await _own(request)
    if isinstance(found, Refusal):
        return found
    services: Services = request.app.state.services
    return _private(await services.door.standing(found[0], found[1].index))


@endpoint(
    "POST", "/api/v1/rooms/{room}/contest", body=Contest, reply=StandingView, summary="Contest what the door did to one's place",
    refusals=("room_unknown", "place_unknown", "nothing_to_contest", "rate_limited", "unavailable"),
)  # fmt: skip
async def post_contest(request: Request, body: Contest) -> Response | Refusal:
    """Put the place before a reviewer. It goes on waiting, and nothing gets worse by asking."""
    found = await _own(request)
    if isinstance(found, Refusal):
        return found
    services: Services = request.app.state.services
    standing = await services.door.contest(found[0], found[1], body.text)
    return standing if isinstance(standing, Refusal) else _private(standing)


async def _own(request: Request) -> tuple[RoomFacts, Place] | Refusal:
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    place = place_of(request, facts)
    return Refusal("place_unknown") if place is None else (facts, place)


def _private(view: ChallengeView | StandingView) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(encode(view), headers=headers, media_type="application/json")


routes: list[BaseRoute] = [get_challenge, get_contest, post_contest]
