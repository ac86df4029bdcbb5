"""Who may look at the seats of a show that is sold through a room: those with a pass. Everybody else is shown to the line.

Holding a seat needs the pass in any case, in the script that holds; this is only so that nobody stands before seats they can't take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from seatmap.inventory.keys import pass_key
from seatmap.inventory.model import ShowKey
from server.faults import Unavailable
from server.refusals import Refusal
from server.rooms.addresses import room_address
from server.visitor_session import visitor_of

if TYPE_CHECKING:
    from server.services import Services


async def sent_to_room(request: Request, show: ShowKey) -> Response | None:
    """Return the way to the room of *show*; None when there is no room, or the visitor has its pass.

    While the store can't be asked, the room's own setting decides: `fail_open` lets people look, otherwise raises `Unavailable`.
    """
    services: Services = request.app.state.services
    room = services.rooms.covering(show.show_id)
    if room is None:
        return None
    visitor = visitor_of(request)
    try:
        if not isinstance(visitor, Refusal) and await services.redis.exists(pass_key(show, visitor)):
            return None
    except (RedisError, OSError) as error:
        if room.fail_open:
            return None
        raise Unavailable(f"Valkey does not answer: {error}") from error
    # Not cached: the same address shows the seats a moment later.
    return RedirectResponse(room_address(room, show.show_id), 303, headers={"Cache-Control": "private, no-store"})
