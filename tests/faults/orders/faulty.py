"""A provider whose answers get lost, and a process that dies between any two steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from server.faults import Unavailable


class Wire:
    """The line to a real provider. `cut` refuses calls before they arrive; `deaf` loses the answers of calls that were done."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self.cut: set[str] = set()
        self.deaf: set[str] = set()
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._provider, name)
        if name not in CALLS:
            return real

        async def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            if name in self.cut or "*" in self.cut:
                raise Unavailable(f"{name}: the line is cut")
            answer = await real(*arguments, **named)
            if name in self.deaf:
                raise Unavailable(f"{name}: the answer was lost")
            return answer

        return call


CALLS = frozenset({"create_intent", "retrieve_intent", "update_intent", "cancel_intent", "refund", "retrieve_refund"})


class Killed(BaseException):
    """The process died here. Not an Exception: nothing may catch it and go on."""


class Steps:
    """Counts every step towards a store, the provider or the mail, and dies at the chosen one."""

    def __init__(self, die_at: int, die: Callable[[], None] | None = None) -> None:
        self.taken = 0
        self._die_at, self._die = die_at, die

    def step(self) -> None:
        """Count; at the chosen step die, and stay dead: what runs beside it does nothing more either."""
        self.taken += 1
        if self.taken >= self._die_at:
            if self._die is not None:
                self._die()
            raise Killed

    def around(self, real: Any, names: frozenset[str] | None = None) -> Any:
        """Return *real* with a step before and after each of its calls."""
        return _Stepped(real, self, names)

    def database(self, real: Any) -> Any:
        """Return the database with steps around every statement, before and after every commit."""
        return _SteppedDatabase(real, self)


class _Stepped:
    def __init__(self, real: Any, steps: Steps, names: frozenset[str] | None) -> None:
        self._real, self._steps, self._names = real, steps, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found) or (self._names is not None and name not in self._names):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            self._steps.step()
            answer: Awaitable[Any] = found(*arguments, **named)
            result = await answer
            self._steps.step()
            return result

        return call


STATEMENTS = frozenset({"fetch", "fetchrow", "fetchval", "execute"})


class _SteppedDatabase:
    def __init__(self, real: Any, steps: Steps) -> None:
        self._real, self._steps = real, steps

    @asynccontextmanager
    async def tenant(self, org_id: int) -> AsyncIterator[Any]:
        async with self._real.tenant(org_id) as connection:
            yield _Stepped(connection, self._steps, STATEMENTS)
            self._steps.step()  # dies with the transaction open: rolled back
        self._steps.step()  # dies with the transaction committed and nothing after it

    @asynccontextmanager
    async def installation(self) -> AsyncIterator[Any]:
        async with self._real.installation() as connection:
            yield _Stepped(connection, self._steps, STATEMENTS)
            self._steps.step()
        self._steps.step()

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Any]:
        async with self._real.statement() as connection:
            yield _Stepped(
                connection, self._steps, STATEMENTS
            )  # dies before it, or with it committed and nothing after it
