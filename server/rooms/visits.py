"""A visit ends with its purchase, so that the next in line need not wait until its time is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from seatmap.inventory.model import ShowKey
from server.faults import Unavailable
from server.logs import logger
from server.rooms.plan import room_key

if TYPE_CHECKING:
    from server.services import Services


def visit_ender(services: Services) -> Callable[[ShowKey, str], Awaitable[None]]:
    """Return what to do when a visitor has bought: end their visit, if the show is sold through a room."""

    async def end(show: ShowKey, visitor: str) -> None:
        room = services.rooms.covering(show.show_id)
        if room is None:
            return
        try:
            await services.line.end_visit(room_key(room), visitor)
        except Unavailable as fault:
            logger().warning("visit.unended", show=show.show_id, reason=str(fault))  # its time ends it

    return end
