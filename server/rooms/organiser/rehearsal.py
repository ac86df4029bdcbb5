"""Rehearse a room: a sandbox beside it with its pace and its rules, a short lobby, and a crowd that the workers simulate.

The line, the draw, the usher and the controls are the real ones. A sandbox covers no shows, so nobody in it gets a pass to anything;
when its time is over the workers delete it, the line with it (`workers/rehearsal.py`).
"""

from __future__ import annotations

import secrets
import time
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.accounts import audit
from server.faults import Unavailable
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import RoomFacts
from server.rooms.frames import frame_key
from server.rooms.inputs import NewRoom
from server.rooms.make import create_room, delete_rehearsal
from server.rooms.plan import room_key
from server.rooms.reading import rooms_of

LOBBY_MS: Final = 20_000
LASTS_MS: Final = 5 * 60_000
# Short, so that in five minutes one sees people miss their turn and places come free again.
CLAIM_WINDOW_S: Final = 30
VISIT_S: Final = 120
CROWD_MAX: Final = 5_000


async def start_rehearsal(
    desk: Desk, redis: Redis, who: Principal, org_id: int, room_id: int, name: str
) -> RoomFacts | Refusal:
    """Open a rehearsal of a room, or return the one that runs. *name* is the sandbox's. Refusals: `room_unknown`, `room_state`."""
    facts = await desk.own(org_id, room_id)
    if isinstance(facts, Refusal):
        return facts
    if facts.rehearsal_of is not None or facts.closed:
        return Refusal("room_state", {"state": "closed" if facts.closed else "rehearsal"})
    now_ms = time.time_ns() // 1_000_000
    if (running := await _of(desk, redis, who, org_id, room_id, now_ms)) is not None:
        return running
    async with desk.database.tenant(org_id) as connection:
        await audit.record(connection, who, "room.rehearsed", f"room:{room_id}")
    return await create_room(
        desk,
        who,
        org_id,
        NewRoom(
            event=facts.event_id,
            slug=f"rehearsal-{secrets.token_hex(6)}",
            name=name[:120],
            rehearsal_of=room_id,
            shows=(),
            opens_lobby_ms=now_ms,
            draws_ms=now_ms + LOBBY_MS,
            closes_ms=now_ms + LASTS_MS,
            cap=facts.cap,
            rate_per_min=facts.rate_per_min,
            claim_window_s=CLAIM_WINDOW_S,
            visit_s=VISIT_S,
            reentries=facts.reentries,
            capacity_max=CROWD_MAX,
            fail_open=facts.fail_open,
            auto_passthrough=facts.auto_passthrough,
            identities=facts.identities,
            place=facts.place,
        ),
    )


async def end_rehearsal(desk: Desk, redis: Redis, who: Principal, org_id: int, room_id: int) -> Refusal | None:
    """Delete every rehearsal of a room. Refusals: `room_unknown` for a room that has none."""
    found = [one for one in await rooms_of(desk, org_id) if one.rehearsal_of == room_id]
    for one in found:
        await clear_away(desk, redis, who, one)
    return None if found else Refusal("room_unknown")


async def clear_away(desk: Desk, redis: Redis, who: Principal | None, facts: RoomFacts) -> None:
    """Delete a rehearsal and everything the stores kept for it. *who* None: its time was over."""
    await delete_rehearsal(desk, who, facts.org_id, facts.room_id)
    try:
        await redis.unlink(frame_key(room_key(facts)), player_key(facts.room_id))
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error


def player_key(room_id: int) -> str:
    """Name where the worker that plays a rehearsal says so."""
    return f"frontrow:rehearsal:{room_id}"


async def _of(desk: Desk, redis: Redis, who: Principal, org_id: int, room_id: int, now_ms: int) -> RoomFacts | None:
    """Return the rehearsal that runs. One that ended while no worker was there to clear it away goes now."""
    running = None
    for one in await rooms_of(desk, org_id):
        if one.rehearsal_of == room_id:
            if one.closed or one.closes_ms <= now_ms:
                await clear_away(desk, redis, who, one)
            else:
                running = one
    return running
