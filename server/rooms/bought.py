"""Whether a visit ended with a purchase, and where its tickets are: the books say so, and only of visits that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from server.faults import Unavailable
from server.orders.addresses import order_address
from server.refusals import Refusal
from server.rooms.facts import SQL, RoomFacts
from server.visitor_session import visitor_of
from waitingroom.place_token import CLOCK_SKEW_S, Place

if TYPE_CHECKING:
    from server.services import Services


async def bought_at(connection: HTTPConnection, facts: RoomFacts, place: Place) -> str | None:
    """Return the page of the last order that who asks has paid through this room since they took *place*; None without one.

    None also while Postgres is away: the visit is over in any case.
    """
    services: Services = connection.app.state.services
    visitor = visitor_of(connection)
    if isinstance(visitor, Refusal) or not facts.shows:
        return None
    since_s = place.issued_s - CLOCK_SKEW_S
    try:
        async with services.database.tenant(facts.org_id) as database:
            ref = await database.fetchval(SQL["bought_in_room"], visitor, list(facts.shows), since_s)
    except Unavailable:
        return None
    return None if ref is None else order_address(ref)
