"""How a place stands. While it waits, the answer comes from the token, the draw and the last frame, all in this process's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from server.catalog.addresses import event_address, show_address
from server.faults import Unavailable
from server.refusals import Refusal
from server.rooms.bought import bought_at
from server.rooms.facts import RoomFacts
from server.rooms.opening import in_line
from server.rooms.places import notice_of
from server.rooms.plan import refusal_of, room_key
from server.rooms.views import Mine, State
from waitingroom.model import Joined, LineRefused, PlaceStanding, PlaceState
from waitingroom.place_token import CLOCK_SKEW_S, Place

if TYPE_CHECKING:
    from server.services import Services

_STATES: dict[PlaceState, State] = {
    PlaceState.WAITING: "waiting",
    PlaceState.CLAIMED: "claimed",
    PlaceState.LAPSED: "lapsed",
    PlaceState.LEFT: "left",
}


async def mine_of(
    connection: HTTPConnection,
    facts: RoomFacts,
    place: Place,
    *,
    joined: Joined | None = None,
    token: str | None = None,
) -> Mine | Refusal:
    """Return *place* as its owner sees it. The store is asked once the place is called, and while no frame says who is: one command.

    A place older than the line's epoch is shown to the line first: the store was lost since, and the token is the truth.

    Refusals: `place_unknown`, for a place the line has never heard of.
    """
    services: Services = connection.app.state.services
    kept = await services.frames.find(room_key(facts))
    served = 0 if kept is None else kept.frame.served
    if joined is None and kept is not None and place.issued_s <= kept.frame.epoch + CLOCK_SKEW_S:
        # Given by an earlier life of the line, which was rebuilt since and may not know of it.
        joined = await _put_back(services, facts, place)
    position = joined.position if joined is not None else await _position(services, facts, place)
    called = joined is not None and joined.called
    if called or kept is None or (position is not None and position < served):
        standing = await _standing(services, facts, place)
        if isinstance(standing, Refusal):
            return standing
    else:
        standing = PlaceStanding(position, PlaceState.WAITING, False, None, False)
    state = _STATES[standing.state]
    over = state == "claimed" and standing.visit_until_ms is None
    masked = notice_of(connection, facts)
    return Mine(
        room=facts.room_id,
        index=place.index,
        tier=place.tier,
        position=standing.position,
        state="called" if state == "waiting" and standing.called else state,
        claim_until_ms=standing.claim_until_ms,
        visit_until_ms=0 if over else standing.visit_until_ms,
        go=go_to(facts, None) if state == "claimed" and not over else None,
        bought=await bought_at(connection, facts, place) if over else None,
        reentry=standing.reentry,
        drawn=standing.position is not None and kept is not None and standing.position < kept.frame.lobby,
        email=masked,
        notify=masked is not None,
        review=await services.door.review_of(facts, place.index),
        token=token,
    )


def go_to(facts: RoomFacts, show: int | None) -> str:
    """Return where a pass leads: the seats of *show* if the room covers it, of its only show, or the page of the event."""
    if show in facts.shows:
        return show_address(show)
    return show_address(facts.shows[0]) if len(facts.shows) == 1 else event_address(facts.event_slug)


async def _put_back(services: Services, facts: RoomFacts, place: Place) -> Joined | None:
    """Show the token to the line; None when the place is over, or unknown for good: its standing says which."""
    line = services.line
    try:
        answer = await in_line(
            services, facts, lambda: line.restore(room_key(facts), place.index, place.identity, place.tier)
        )
    except Unavailable:
        return None
    return None if isinstance(answer, LineRefused) else answer


async def _position(services: Services, facts: RoomFacts, place: Place) -> int | None:
    try:
        return await services.line.position_of(room_key(facts), place.index)
    except Unavailable:
        return None  # the place stands, whatever this moment's store says: the token has it


async def _standing(services: Services, facts: RoomFacts, place: Place) -> PlaceStanding | Refusal:
    key, line = room_key(facts), services.line
    standing = await in_line(services, facts, lambda: line.standing(key, place.index))
    if isinstance(standing, LineRefused) and standing.code == "place_unknown":
        # The store lost the last second of joins; the token is the truth.
        restored = await line.restore(key, place.index, place.identity, place.tier)
        standing = restored if isinstance(restored, LineRefused) else await line.standing(key, place.index)
    if isinstance(standing, LineRefused):
        return refusal_of(standing)
    return standing
