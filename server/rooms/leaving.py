"""Give a place up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from server.rooms.opening import in_line
from server.rooms.places import holds, place_of
from server.rooms.plan import refusal_of, room_key
from waitingroom.holder import has_key
from waitingroom.model import LineRefused

if TYPE_CHECKING:
    from server.services import Services


async def leave_line(request: Request, facts: RoomFacts) -> Refusal | None:
    """Leave; doing it twice is no refusal. Refusals: `place_unknown place_superseded room_closed`.

    The place's token is enough, a key need not sign: whoever could steal it gains nothing by it.
    """
    services: Services = request.app.state.services
    place = place_of(request, facts)
    if place is None or not (has_key(place.holder) or holds(request, place)):
        return Refusal("place_unknown")
    answer = await in_line(services, facts, lambda: services.line.leave(room_key(facts), place.index, place.identity))
    return refusal_of(answer) if isinstance(answer, LineRefused) else None
