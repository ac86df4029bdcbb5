"""Steer a room while it runs: pause, resume, pace, message, let everybody through, drain, reopen, close."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal, assert_never

import asyncpg

from server.accounts import audit
from server.catalog.desk import touch
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import SQL, RoomFacts, unpack
from server.rooms.make import Refused, follow_shows
from server.rooms.opening import in_line
from server.rooms.plan import refusal_of, room_key, room_plan
from waitingroom.model import LineRefused, Phase, RoomSettled

Action = Literal["pause", "resume", "pace", "message", "passthrough", "queue", "drain", "reopen", "close"]
_DEEDS: dict[Action, str] = {
    "pause": "room.paused", "resume": "room.resumed", "pace": "room.paced", "message": "room.said",
    "passthrough": "room.let_through", "queue": "room.queued", "drain": "room.draining", "reopen": "room.reopened",
    "close": "room.closed",
}  # fmt: skip
TEXT_MAX = 280


async def steer(
    desk: Desk,
    who: Principal | None,
    org_id: int,
    room_id: int,
    action: Action,
    *,
    rate_per_min: int | None = None,
    cap: int | None = None,
    text: str = "",
) -> RoomFacts | Refusal:
    """Carry out one action. *who* None is the usher. Doing what is done already changes nothing and is no refusal.

    `pace` takes *rate_per_min*, *cap* or both; `message` takes *text*, empty to take the last one away; `queue` ends `passthrough`;
    `drain` takes nobody new, and `reopen` takes that back until the closing time; `close` makes the shows sell without the room. Refusals: `room_unknown`, `room_state`, `field_invalid`.
    """
    if any(number is not None and not 1 <= number <= 1_000_000 for number in (rate_per_min, cap)):
        return Refusal("field_invalid", {"detail": "Expected a number from 1 to 1,000,000"}, field="/rate_per_min")
    if len(text) > TEXT_MAX:
        return Refusal("field_invalid", {"detail": f"Expected at most {TEXT_MAX} characters"}, field="/text")
    before = await desk.own(org_id, room_id)
    if isinstance(before, Refusal):
        return before
    if before.closed:
        return before if action == "close" else Refusal("room_state", {"state": "closed"})
    try:
        async with desk.database.tenant(org_id) as connection:
            if action == "close":  # the one that writes the event too: a show that is being added wants event and room
                await connection.execute(SQL["hold_event"], before.event_id)
            await connection.fetchrow(SQL["lock_room"], room_id)
            await _write(connection, who, room_id, action, rate_per_min, cap, text)
            details: dict[str, Any] = {"rate_per_min": rate_per_min, "cap": cap} if action == "pace" else {}
            await audit.record(connection, who, _DEEDS[action], f"room:{room_id}", **details)
            if action == "close":
                await touch(connection, before.event_id)
            facts = unpack(await connection.fetchval(SQL["room_facts"], room_id))
            # Before the commit: what the line refuses is not written. Repeating what it did is harmless.
            await _follow(desk, facts, action)
    except Refused as refused:
        return refused.refusal
    await desk.rooms.changed(facts)
    if action == "close" and facts.shows:
        await follow_shows(desk, org_id, facts.event_id, facts.shows)
    return facts


async def _write(
    connection: asyncpg.Connection[Any],
    who: Principal | None,
    room_id: int,
    action: Action,
    rate_per_min: int | None,
    cap: int | None,
    text: str,
) -> None:
    match action:
        case "pause" | "resume":
            await connection.execute(SQL["set_paused"], room_id, action == "pause")
        case "passthrough" | "queue":
            await connection.execute(SQL["set_passthrough"], room_id, action == "passthrough")
        case "pace":
            await connection.execute(SQL["set_pace"], room_id, rate_per_min, cap)
        case "message":
            await connection.execute(SQL["say"], room_id, text, who and who.user_id)
            await connection.execute(SQL["touch_room"], room_id)
        case "drain" | "reopen":
            await connection.execute(SQL["set_draining"], room_id, action == "drain")
        case "close":
            await connection.execute(SQL["close_room"], room_id)
            await connection.execute(SQL["end_shows"], room_id)
            await connection.execute(SQL["forget_notices"], room_id)
            await connection.execute(SQL["forget_copy"], room_id)
        case _:
            assert_never(action)


async def _follow(desk: Desk, facts: RoomFacts, action: Action) -> None:
    key, line = room_key(facts), desk.line
    ask: Callable[[], Awaitable[RoomSettled | LineRefused]]
    match action:
        case "pause" | "resume":
            ask = partial(line.set_phase, key, paused=action == "pause")
        case "passthrough" | "queue":
            ask = partial(line.set_phase, key, passthrough=action == "passthrough")
        case "pace":
            ask = partial(line.open_room, key, room_plan(facts), new=False)
        case "drain":
            ask = partial(line.set_phase, key, Phase.DRAINING)
        case "reopen":
            ask = partial(line.set_phase, key, Phase.OPEN)
        case "close":
            answer = await line.set_phase(key, Phase.CLOSED)
            # A store that lost the room has nothing to close.
            if isinstance(answer, LineRefused) and answer.code != "room_unknown":
                raise Refused(refusal_of(answer))
            return
        case "message":
            return
        case _:
            assert_never(action)
    answer = await in_line(desk, facts, ask)
    if isinstance(answer, LineRefused):
        raise Refused(refusal_of(answer))
