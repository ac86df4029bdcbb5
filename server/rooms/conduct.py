"""Make the draw of a room at its announced second.

The roll is frozen in Valkey before anything depends on it, so that whoever repeats the draw after a crash draws the same people. The
draw goes on record before the line opens, so that a store lost in between, or later, comes back with the same places. A database that
is away keeps nobody waiting: the line opens without it, and Postgres has the record, and publishes the secret, once it is back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from redis.exceptions import RedisError

from server.faults import Corrupt, Unavailable
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import SQL, RoomFacts
from server.rooms.keys import roll_key
from server.rooms.plan import refusal_of, room_key
from waitingroom import draw
from waitingroom.model import LineRefused
from waitingroom.roll import DrawnRoll, conduct, make_roll

# The announced second waits no longer for a database.
DATABASE_S = 2.0
# A roll waits for Postgres at most so long.
ROLL_KEPT_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Conducted:
    """The draw is in force and on record. *people* counts the indices drawn."""

    people: int
    root: bytes
    seed: bytes


async def load_secret(desk: Desk, facts: RoomFacts) -> bytes:
    """Return the secret that was committed to. For the usher's memory only: well before the draw, so that it needs no database then."""
    async with desk.database.tenant(facts.org_id) as connection:
        secret = await connection.fetchval(SQL["draw_secret"], facts.room_id)
    if secret is None or not draw.keeps_commitment(bytes.fromhex(facts.commitment), bytes(secret)):
        raise Corrupt(f"the secret of room {facts.room_id} is not the one committed to")
    return bytes(secret)


async def conduct_draw(desk: Desk, facts: RoomFacts, secret: bytes) -> Conducted | Refusal:
    """Draw the lobby, open the room, put the draw on record. Repeat it until it returns; repeating it changes nothing.

    Raises `Unavailable` while Postgres is away, with the room open already. Refusals: `room_unknown room_state room_closed`.
    """
    roll = await _frozen_roll(desk, facts)
    if isinstance(roll, Refusal):
        return roll
    drawn = await asyncio.to_thread(conduct, roll, facts.room_id, secret)
    recorded = await _recorded_at_once(desk, facts, drawn)
    answer = await desk.line.publish_draw(room_key(facts), drawn.seed.hex(), drawn.positions, recorded=recorded)
    if isinstance(answer, LineRefused):
        if answer.code == "already_drawn":
            raise Corrupt(f"room {facts.room_id} was drawn with another seed")
        if answer.code == "lobby_differs":
            await _thaw(desk, facts)
        return Refusal("room_state") if answer.code.startswith("lobby_") else refusal_of(answer)
    if not recorded:
        await _record(desk, facts, drawn)
    await _thaw(desk, facts)
    return Conducted(drawn.people, drawn.root, drawn.seed)


async def _thaw(desk: Desk, facts: RoomFacts) -> None:
    """Forget the frozen roll: it is on record, or nobody has seen a draw of it and the store has another lobby by now."""
    try:
        await desk.redis.delete(roll_key(facts))
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error


async def _frozen_roll(desk: Desk, facts: RoomFacts) -> bytes | Refusal:
    """Return the roll: the recorded one, the one frozen by an earlier try, or the lobby's, frozen now."""
    key = roll_key(facts)
    recorded = await _recorded_roll(desk, facts)
    if recorded is not None:
        return recorded
    try:
        if (kept := await desk.redis.get(key)) is not None:
            return bytes(kept)
        lobby = await desk.line.read_lobby(room_key(facts))
        if isinstance(lobby, LineRefused):
            return Refusal("room_state") if lobby.code == "lobby_open" else refusal_of(lobby)
        roll = make_roll(lobby.tiers, lobby.identities)
        await desk.redis.set(key, roll, px=ROLL_KEPT_MS, nx=True)
        return bytes(await desk.redis.get(key) or roll)
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error


async def _recorded_roll(desk: Desk, facts: RoomFacts) -> bytes | None:
    try:
        async with asyncio.timeout(DATABASE_S), desk.database.tenant(facts.org_id) as connection:
            recorded = await connection.fetchval(SQL["draw_list"], facts.room_id)
    except (Unavailable, TimeoutError):
        return None  # not on record is the ordinary case, and a draw waits for no database
    return None if recorded is None else bytes(recorded)


async def _recorded_at_once(desk: Desk, facts: RoomFacts, drawn: DrawnRoll) -> bool:
    """Put the draw on record before anybody is told a place of it, so that a store lost a moment later costs nobody theirs."""
    try:
        async with asyncio.timeout(DATABASE_S):
            await _record(desk, facts, drawn)
    except (Unavailable, TimeoutError):
        return False
    return True


async def _record(desk: Desk, facts: RoomFacts, drawn: DrawnRoll) -> None:
    async with desk.database.tenant(facts.org_id) as connection:
        await connection.execute(
            SQL["record_draw"], facts.room_id, drawn.root, drawn.people, b"", bytes(drawn.seed), drawn.roll, drawn.roots
        )
