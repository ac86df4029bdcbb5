"""Kernels minted before they are asked for: at the opening a challenge then costs 40 µs instead of 300."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable
from typing import Final

from server.rooms.door.metrics import MINTED
from waitingroom.challenges.price import NATIVE, PLAIN, Price, Work
from waitingroom.challenges.work import RANDOM_BYTES, Kernel, kernel

# 1 MB and a second of one core. Beyond it a kernel is minted when it is asked for.
USUAL_MAX: Final = 4_000
DEARER_MAX: Final = 400
BATCH: Final = 16
LOOK_EVERY_S: Final = 1.0
# Between two batches of some 5 ms: minting is never more than a fifth of a core.
REST_S: Final = 0.02


class Pool:
    """A process's stock of kernels, by work. Filled while *wanted* says that a sale is near."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._stock: dict[Work, deque[Kernel]] = {}
        self._most = {works[price]: DEARER_MAX for works in (NATIVE, PLAIN) for price in works}
        self._most |= {works[Price.LIGHT]: USUAL_MAX for works in (NATIVE, PLAIN)}
        self._asked = {PLAIN[Price.LIGHT]}
        self._task: asyncio.Task[None] | None = None

    def take(self, work: Work) -> Kernel:
        """Return a kernel nobody else gets."""
        self._asked.add(work)
        stock = self._stock.get(work)
        return stock.popleft() if stock else kernel(work, os.urandom(RANDOM_BYTES))

    def start(self) -> None:
        """Begin to fill."""
        self._task = asyncio.create_task(self._fill(), name="door.pool")

    async def close(self) -> None:
        """Stop filling."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def mint(self) -> bool:
        """Mint one batch of what is shortest; False when nothing is short."""
        short = {work: len(self._stock.get(work, ())) / self._most[work] for work in self._asked}
        work = min(short, key=lambda one: short[one])
        if short[work] >= 1:
            return False
        # In a thread: deriving a key lets the interpreter go.
        batch = await asyncio.to_thread(lambda: [kernel(work, os.urandom(RANDOM_BYTES)) for _ in range(BATCH)])
        self._stock.setdefault(work, deque()).extend(batch)
        return True

    async def _fill(self) -> None:
        while True:
            minted = self._wanted() and await self.mint()
            MINTED.set(sum(len(stock) for stock in self._stock.values()))
            await asyncio.sleep(REST_S if minted else LOOK_EVERY_S)
