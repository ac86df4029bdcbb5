"""Write the marks of a room again that its store lost: the books know what was done to whom, and what reviewers said."""

from __future__ import annotations

from typing import Protocol

import msgspec
from redis.asyncio import Redis

from server.database import Database
from server.rooms.door.journal import SQL, place_subject
from server.rooms.door.marks import LIFE_S, Mark, field, marks_key
from server.rooms.facts import RoomFacts


class Stores(Protocol):
    """A desk, or the services of a process."""

    @property
    def database(self) -> Database: ...
    @property
    def redis(self) -> Redis: ...


class Known(msgspec.Struct, frozen=True):
    """What Postgres says of one place. *held_ms*: since when a reviewer's hold stands that nobody lifted; *opened_ms*: its last contest."""

    place_index: int
    tier_was: int | None
    tier_became: int | None
    held_ms: int | None
    verdict: str | None
    opened_ms: int | None


def mark_again(known: Known) -> Mark:
    """Return the mark as contests and reviewers left it.

    Where it cannot be known whether an upheld verdict came in time to lower a tier again, the claim is free: in doubt for the person.
    """
    lowered = None
    if known.tier_was is not None and known.tier_became is not None:
        lowered = known.tier_was, known.tier_became
    if known.verdict == "overturned":
        return Mark(True, None, lowered, "restored")
    if known.verdict == "upheld":
        return Mark(True, None if lowered else known.held_ms, lowered, "upheld")
    if known.opened_ms is None:
        return Mark(True, known.held_ms, lowered)
    return Mark(True, known.held_ms or (known.opened_ms if lowered else None), lowered, "open")


async def write_marks_again(stores: Stores, facts: RoomFacts) -> None:
    """Write every mark of the room that Postgres knows of. Raises what the stores raise."""
    places = place_subject(facts.epoch, 0).removesuffix("0")
    async with stores.database.tenant(facts.org_id) as connection:
        rows = await connection.fetch(SQL["marks_of"], facts.room_id, places)
    known = [msgspec.convert(dict(row), Known) for row in rows]
    if known:
        marks = {field(facts, one.place_index): msgspec.json.encode(mark_again(one)) for one in known}
        async with stores.redis.pipeline(transaction=False) as pipe:
            pipe.hset(marks_key(facts), mapping=marks)
            pipe.expire(marks_key(facts), LIFE_S)
            await pipe.execute()
