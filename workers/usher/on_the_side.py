"""Work that a tick begins and does not wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class OnTheSide:
    """One piece of work at a time; *name* is its task's."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a piece is under way."""
        return self._task is not None and not self._task.done()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece; nothing may be under way."""
        assert not self.busy
        self._task = asyncio.create_task(work, name=self._name)

    async def settle(self) -> None:
        """Wait for what is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Give up what is under way: the next leader does it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
