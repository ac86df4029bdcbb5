"""Open a room in the line as it was left: when it is made, and when a store that lost it is asked for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from server.rooms.facts import RoomFacts
from server.rooms.plan import room_key, room_plan
from waitingroom.model import LineRefused
from waitingroom.port import Line

T = TypeVar("T")


async def open_in_line(line: Line, facts: RoomFacts) -> LineRefused | None:
    """Open the room, paused or let through as its organiser left it. A closed one is not opened: `room_closed`."""
    if facts.closed:
        return LineRefused("room_closed")
    answer = await line.open_room(room_key(facts), room_plan(facts))
    if isinstance(answer, LineRefused):
        return answer
    if (answer.paused, answer.passthrough) != (facts.paused, facts.passthrough):
        await line.set_phase(room_key(facts), paused=facts.paused, passthrough=facts.passthrough)
    return None


async def in_line(line: Line, facts: RoomFacts, ask: Callable[[], Awaitable[T | LineRefused]]) -> T | LineRefused:
    """Return what the line says; when it does not know the room any more, open it first and ask again."""
    answer = await ask()
    if isinstance(answer, LineRefused) and answer.code == "room_unknown":
        return await open_in_line(line, facts) or await ask()
    return answer
