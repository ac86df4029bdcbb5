"""Follow rooms for those who watch them: one reading a second per room and process, whoever many watch it.

    async for figures in watches.follow(facts): ...

What the line counts is read every second, what Postgres knows every three; a store that is away leaves the last figures standing,
and the page says how old they are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from server.faults import Fault
from server.logs import logger
from server.rooms.organiser.figures import RoomFigures

EVERY_S: Final = 1.0
Read = Callable[[], Awaitable[RoomFigures]]


class Gone(Exception):
    """The room is no more: a rehearsal that ended."""


@dataclass(slots=True, eq=False)
class _Watched:
    """A room somebody watches here."""

    watchers: int = 0
    figures: RoomFigures | None = None
    over: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Watches:
    """All watched rooms of a process."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._rooms: dict[int, _Watched] = {}
        self._every_s = every_s

    async def follow(self, room_id: int, read: Read) -> AsyncGenerator[RoomFigures, None]:
        """Yield the figures of a room, newest only, until *read*, asked once a second, raises `Gone`."""
        watched = self._rooms.setdefault(room_id, _Watched())
        watched.watchers += 1
        try:
            if watched.task is None:
                watched.task = asyncio.create_task(self._sample(watched, read), name=f"room.watch.{room_id}")
            seen: RoomFigures | None = None
            while True:
                if watched.figures is not None and watched.figures is not seen:
                    seen = watched.figures
                    yield seen
                elif watched.over:
                    return
                else:
                    await watched.news.wait()
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                self._rooms.pop(room_id, None)
                await _end(watched)

    async def _sample(self, watched: _Watched, read: Read) -> None:
        try:
            while True:
                try:
                    watched.figures = await read()
                except Gone:
                    return
                except Fault as fault:
                    logger().warning("room.figures_unread", reason=str(fault))
                else:
                    _tell(watched)
                await asyncio.sleep(self._every_s)
        finally:
            # Also when reading broke: nobody is left waiting for figures that will not come.
            watched.over = True
            _tell(watched)


def _tell(watched: _Watched) -> None:
    """Wake everybody who waits; whoever comes now waits for the next figures."""
    news, watched.news = watched.news, asyncio.Event()
    news.set()


async def _end(watched: _Watched) -> None:
    if watched.task is not None:
        watched.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watched.task
