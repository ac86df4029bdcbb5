"""Letters for those who want to be told when their turn is near. An address is kept until its letter was sent or the room closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.rooms.desk import Desk
from server.rooms.facts import SQL, RoomFacts

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody at *index* of the line wants a letter at *email*."""

    index: int
    email: str
    locale: str


async def ask_notice(desk: Desk, facts: RoomFacts, index: int, email: str, locale: str) -> None:
    """Remember that the place's owner wants a letter; asking again replaces the address."""
    async with desk.database.tenant(facts.org_id) as connection:
        await connection.execute(SQL["ask_notice"], facts.room_id, index, email, locale)


async def due_notices(desk: Desk, facts: RoomFacts, is_near: Callable[[int], bool], most: int = 100) -> list[Notice]:
    """Return up to *most* letters to send now. *is_near* says of an index whether its turn is near (no I/O)."""
    due: list[Notice] = []
    offset = 0
    async with desk.database.tenant(facts.org_id) as connection:
        while len(due) < most:
            rows = await connection.fetch(SQL["open_notices"], facts.room_id, PAGE, offset)
            due += [Notice(*row) for row in rows if is_near(row["place_index"])]
            if len(rows) < PAGE:
                break
            offset += PAGE
    return due[:most]


async def notices_sent(desk: Desk, facts: RoomFacts, places: Sequence[int]) -> None:
    """Forget the addresses whose letters were sent."""
    async with desk.database.tenant(facts.org_id) as connection:
        await connection.execute(SQL["notices_sent"], facts.room_id, list(places))


async def forget_notices(desk: Desk, facts: RoomFacts) -> None:
    """Forget every address of the room."""
    async with desk.database.tenant(facts.org_id) as connection:
        await connection.execute(SQL["forget_notices"], facts.room_id)
