"""What organising a waiting room needs, and where its deeds are.

    make.py      create_room(desk, who, NewRoom)                  change_room(desk, who, org_id, room_id, RoomChange)
                 delete_rehearsal(desk, who, org_id, room_id)
    reading.py   room_of(desk, org_id, room_id)                   rooms_of(desk, org_id)
    steer.py     steer(desk, who, org_id, room_id, "pause" | "resume" | "pace" | "message" | "drain" | "reopen" | "close" | "passthrough" | "queue")
    tiers.py     issue_codes(desk, who, org_id, room_id, tier, count)
    conduct.py   load_secret(desk, facts)                         conduct_draw(desk, facts, secret)
    notices.py   due_notices(desk, facts, is_near, most)          notices_sent(desk, facts, places)      forget_notices(desk, facts)

Each returns its result or a `Refusal`. *who* None is the usher or the seed. Postgres is written first; the line, the memory of the
processes and the inventory follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from starlette.requests import HTTPConnection

from server.catalog.desk import Desk as CatalogueDesk
from server.database import Database
from server.refusals import Refusal
from server.rooms.facts import RoomFacts, load_own

if TYPE_CHECKING:
    from server.rooms.memory import Rooms
    from server.services import Services
    from waitingroom.port import Line


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of waiting rooms. *catalogue* sells the shows they stand before."""

    database: Database
    redis: Redis
    rooms: Rooms
    line: Line
    catalogue: CatalogueDesk

    async def own(self, org_id: int, room_id: int) -> RoomFacts | Refusal:
        """Return a fresh reading of an organisation's own room, or `room_unknown`."""
        return await load_own(self.database, org_id, room_id) or Refusal("room_unknown")


def desk_for(services: Services) -> Desk:
    """Return the desk of a process."""
    return Desk(
        services.database,
        services.redis,
        services.rooms,
        services.line,
        CatalogueDesk(services.database, services.shows, services.inventory, services.settings),
    )


def desk_of(connection: HTTPConnection) -> Desk:
    """Return the desk of the process that answers *connection*."""
    return desk_for(connection.app.state.services)
