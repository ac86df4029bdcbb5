"""A room whose store lost it is made again from what Postgres has of it, by whoever asks for it first (docs/waiting-room.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from redis.asyncio import Redis
from redis.exceptions import LockError, RedisError

from server.database import Database
from server.faults import Unavailable
from server.logs import logger
from server.rooms.door.marks_again import write_marks_again
from server.rooms.facts import RoomFacts, load_own
from server.rooms.keys import rebuilding_key
from server.rooms.line_copies import kept_of
from server.rooms.plan import room_key, room_plan
from waitingroom.model import LineRefused, Phase
from waitingroom.port import Line

T = TypeVar("T")
# One process rebuilds at a time: 300,000 places took 6 s on a busy machine. Who dies at it is followed after so long.
REBUILDING_S = 60


class Stores(Protocol):
    """A desk, or the services of a process."""

    @property
    def database(self) -> Database: ...
    @property
    def redis(self) -> Redis: ...
    @property
    def line(self) -> Line: ...


async def in_line(stores: Stores, facts: RoomFacts, ask: Callable[[], Awaitable[T | LineRefused]]) -> T | LineRefused:
    """Return what the line says; when it does not know the room any more, rebuild it first and ask again."""
    answer = await ask()
    if isinstance(answer, LineRefused) and answer.code == "room_unknown":
        return await reopen(stores, facts) or await ask()
    return answer


async def keep_open(stores: Stores, facts: RoomFacts) -> LineRefused | None:
    """See to it that the line knows the room."""
    return await reopen(stores, facts) if await stores.line.read(room_key(facts)) is None else None


async def reopen(stores: Stores, facts: RoomFacts) -> LineRefused | None:
    """Make a lost room again: its settings and flags as the organiser left them, its places from the last copy.

    Nobody's place is given twice, so without Postgres it has to wait: `Unavailable`, also while another process is at it. A closed
    room is not opened: `room_closed`; a rehearsal begins anew.
    """
    if facts.closed:
        return LineRefused("room_closed")
    lock = stores.redis.lock(rebuilding_key(facts), timeout=REBUILDING_S, blocking=False)
    try:
        if not await lock.acquire():
            raise Unavailable(f"room {facts.room_id} is being rebuilt")
        try:
            return await _reopen(stores, facts)
        finally:
            with contextlib.suppress(LockError):  # it ran out, and may be another's by now
                await lock.release()
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error


async def _reopen(stores: Stores, remembered: RoomFacts) -> LineRefused | None:
    facts = await load_own(stores.database, remembered.org_id, remembered.room_id)
    if facts is None or facts.closed:
        return LineRefused("room_closed" if facts is not None else "room_unknown")
    key, plan, line = room_key(facts), room_plan(facts), stores.line
    if facts.rehearsal_of is not None:
        answer = await line.open_room(key, plan)
        if not isinstance(answer, LineRefused) and (facts.paused or facts.passthrough):
            answer = await line.set_phase(key, paused=facts.paused, passthrough=facts.passthrough)
        return answer if isinstance(answer, LineRefused) else None
    kept = await kept_of(stores, facts)
    await write_marks_again(stores, facts)  # before anybody can claim
    answer = await line.rebuild(
        key, plan, kept.copy, kept.places, kept.positions, paused=facts.paused, passthrough=facts.passthrough
    )
    if not isinstance(answer, LineRefused) and facts.draining and answer.phase is Phase.OPEN:
        answer = await line.set_phase(key, Phase.DRAINING)
    if isinstance(answer, LineRefused):
        return answer
    logger().warning(
        "room.rebuilt",
        room=facts.room_id,
        phase=answer.phase.value,
        places=None if kept.copy is None else kept.copy.next,
    )
    return None
