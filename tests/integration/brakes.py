"""Stop a deed between two statements and see who waits for whom: how tests of locks meet on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import pytest

from server.database import Connection

T = TypeVar("T")
Deed = Callable[[], Awaitable[object]]
DEADLINE_S = 10


class Brake:
    """Stops the deed it is put on before its *n*-th statement (that begins with *text*), whatever it has locked by then, until it is
    let go."""

    def __init__(self, n: int, text: str = "") -> None:
        self._left, self._text, self.stopped, self.go = n, text, asyncio.Event(), asyncio.Event()

    def put_on(self, deed: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """Begin the deed."""

        async def slowly() -> T:
            _brake.set(self)
            return await deed()

        return asyncio.create_task(slowly())

    async def statement(self, text: str) -> None:
        self._left -= text.startswith(self._text)
        if self._left == 0 and not self.stopped.is_set():
            self.stopped.set()
            await self.go.wait()


_brake: ContextVar[Brake | None] = ContextVar("brake", default=None)


def put_in_brakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a brake take hold of the application's connections."""

    def braked(plain: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **options: Any) -> Any:
            if (brake := _brake.get()) is not None:
                await brake.statement(arguments[1])
            return await plain(*arguments, **options)

        return call

    for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
        monkeypatch.setattr(Connection, name, braked(getattr(asyncpg.Connection, name)))


@dataclass
class Watch:
    """Sees who waits for a lock, from outside the application."""

    owner: asyncpg.Connection[Any]
    url: str

    async def until_stuck(self, tasks: Sequence[asyncio.Future[Any]]) -> None:
        """Wait until each is over or waits for somebody."""
        async with asyncio.timeout(DEADLINE_S):
            while pending := sum(not task.done() for task in tasks):
                waiting = await self.owner.fetchval(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                )
                if waiting >= pending:
                    return
                await asyncio.sleep(0.002)


async def at_once(watch: Watch, crowd: Sequence[tuple[str, Deed]], n: int) -> list[tuple[str, object]]:
    """Stop the first deed before its *n*-th statement, do the others as far as they can go, then let it go on.

    Return what each came to, an exception for one that broke.
    """

    brake = Brake(n)
    first = brake.put_on(crowd[0][1])
    stopped = asyncio.create_task(brake.stopped.wait())
    await asyncio.wait({first, stopped}, return_when=asyncio.FIRST_COMPLETED)
    others = [asyncio.ensure_future(deed()) for _, deed in crowd[1:]]
    await watch.until_stuck(others)
    brake.go.set()
    stopped.cancel()
    ends = await asyncio.gather(first, *others, return_exceptions=True)
    return [(name, end) for (name, _), end in zip(crowd, ends, strict=True)]


def broken(ends: Sequence[tuple[str, object]]) -> list[str]:
    return [
        f"{name}: {end!r} {getattr(end, '__cause__', '')!r}" for name, end in ends if isinstance(end, BaseException)
    ]


def deadlocked(ends: Sequence[tuple[str, object]]) -> bool:
    return any(isinstance(getattr(end, "__cause__", None), asyncpg.DeadlockDetectedError) for _, end in ends)
