"""What anybody may know of a room, and which room a show is sold through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.routing import BaseRoute

from server.endpoint import endpoint
from server.refusals import Refusal
from server.rooms.addresses import room_address, show_wanted
from server.rooms.api import room_at
from server.rooms.facts import RoomFacts

if TYPE_CHECKING:
    from server.services import Services


class RoomView(Struct, frozen=True):
    """A room. Times are Unix milliseconds; *methods* are the ways to join, `code` where there are invitations.

    *commitment* is the promise of the draw: note it, and nobody can change the draw afterwards without your seeing it.
    """

    id: int
    page: str
    name: str
    event: int
    shows: tuple[int, ...]
    opens_lobby_ms: int
    draws_ms: int
    closes_ms: int
    claim_window_ms: int
    visit_ms: int
    reentries: int
    methods: tuple[Literal["device", "email", "code"], ...]
    place: Literal["exact", "banded"]
    closed: bool
    commitment: Annotated[str, Meta(description="SHA-256 in hex")]


def view_of(facts: RoomFacts) -> RoomView:
    """Return what anybody may know of *facts*."""
    invited = facts.tiers and "code" not in facts.identities
    return RoomView(
        id=facts.room_id, page=room_address(facts), name=facts.name, event=facts.event_id, shows=facts.shows,
        opens_lobby_ms=facts.opens_lobby_ms, draws_ms=facts.draws_ms, closes_ms=facts.closes_ms,
        claim_window_ms=facts.claim_window_ms, visit_ms=facts.visit_ms, reentries=facts.reentries,
        methods=(*facts.identities, "code") if invited else facts.identities, place=facts.place, closed=facts.closed,
        commitment=facts.commitment,
    )  # fmt: skip


@endpoint(
    "GET", "/api/v1/rooms/{room}", reply=RoomView, summary="Read what a waiting room is", refusals=("room_unknown",)
)
async def get_room(request: Request) -> RoomView | Refusal:
    """Describe a room; where its line is, `state.json` says."""
    facts = await room_at(request)
    return facts if isinstance(facts, Refusal) else view_of(facts)


@endpoint(
    "GET", "/api/v1/shows/{show}/room", reply=RoomView, summary="Read through which waiting room a show is sold",
    refusals=("room_unknown",), tag="rooms",
)  # fmt: skip
async def get_room_of_show(request: Request) -> RoomView | Refusal:
    """Describe the open room that stands before a show; `room_unknown` when it is sold without one."""
    services: Services = request.app.state.services
    show = show_wanted(str(request.path_params["show"]))
    facts = None if show is None else services.rooms.covering(show)
    return Refusal("room_unknown") if facts is None else view_of(facts)


routes: list[BaseRoute] = [get_room_of_show, get_room]
