"""Read an organisation's rooms, as Postgres knows them now."""

from __future__ import annotations

from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import SQL, RoomFacts, unpack


async def room_of(desk: Desk, org_id: int, room_id: int) -> RoomFacts | Refusal:
    """Return one room, or `room_unknown`."""
    return await desk.own(org_id, room_id)


async def rooms_of(desk: Desk, org_id: int) -> list[RoomFacts]:
    """List every room, rehearsals and closed ones too, latest draw first."""
    async with desk.database.tenant(org_id) as connection:
        rows = await connection.fetch(SQL["rooms_of_organisation"])
        texts = [await connection.fetchval(SQL["room_facts"], row["id"]) for row in rows]
    return [unpack(text) for text in texts]
