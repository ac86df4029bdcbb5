"""A viewer that keeps the whole picture true, as a page would: the crowd's eyes, and the check that no picture drifts."""

import asyncio
import random
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from loadtests.crowd.live import Dropped, LiveSocket
from loadtests.crowd.picture import Gap, NotAPicture, Picture
from loadtests.crowd.shop import Shop, Unreachable
from loadtests.crowd.tally import Tally

SETTLE_TIMEOUT_S = 20.0
BEGINS_MAX = 4


class Watcher:
    """Snapshot over HTTP, then every change over the socket; heals itself as the documentation says."""

    def __init__(self, shop: Shop, live_url: str, show: int, tally: Tally, random_: random.Random) -> None:
        self._shop, self._show, self._tally, self._random = shop, show, tally, random_
        self._socket = LiveSocket(live_url, show, None, tally, random_, on_frame=self._frame, on_push=self._push)
        self._begin_again = asyncio.Event()
        self._areas: dict[int, int] = {}
        self.picture: Picture
        self.phase = "before"

    async def open(self) -> None:
        """Get the picture and follow it. A show may be rebuilt between snapshot and `join`: then once more."""
        for _ in range(BEGINS_MAX):
            try:
                return await self._begin()
            except Dropped as dropped:
                reason = dropped
                await asyncio.sleep(self._random.uniform(0.1, 0.5))
        raise reason

    async def follow(self) -> None:
        """Keep following: continue from our position after a lost connection, begin again after a gap or a `resync`.

        Runs until cancelled.
        """
        while True:
            await self._disturbed()
            await asyncio.sleep(self._random.uniform(0, 0.5))
            try:
                await self._socket.leave()
                await (self._begin() if self._begin_again.is_set() else self._continue())
            except (OSError, ConnectionClosed, InvalidHandshake):
                await asyncio.sleep(self._random.uniform(0.5, 1.5))
            except (Unreachable, Dropped):
                self._begin_again.set()
                await asyncio.sleep(self._random.uniform(0.5, 1.5))

    async def close(self) -> None:
        """Stop watching."""
        await self._socket.leave()

    async def check(self) -> None:
        """Compare the picture with a fresh read, once the changes under way have arrived."""
        deadline = asyncio.get_running_loop().time() + SETTLE_TIMEOUT_S
        while True:
            try:
                fresh = Picture(await self._shop.state(self._show))
            except Unreachable:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)
                continue
            # A later picture than the fresh read is fine: the HTTP answer may be a tick old.
            while self.picture.position < fresh.position:
                if asyncio.get_running_loop().time() > deadline:
                    mine, theirs = self.picture.position, fresh.position
                    self._tally.violated(
                        f"a viewer's picture of show {self._show} stays at {mine}, a fresh read is at {theirs}"
                    )
                    return
                await asyncio.sleep(0.05)
            if self.picture.position == fresh.position:
                break
            if asyncio.get_running_loop().time() > deadline:
                self._tally.counts["pictures not compared"] += 1
                return
            await asyncio.sleep(0.2)
        self._tally.counts["pictures compared"] += 1
        if self.picture.seats != fresh.seats:
            wrong = [
                k
                for k, (mine, theirs) in enumerate(zip(self.picture.seats, fresh.seats, strict=True))
                if mine != theirs
            ]
            self._tally.violated(
                f"a viewer's picture of show {self._show} is wrong at {len(wrong)} seats, first {wrong[:5]}"
            )

    async def _disturbed(self) -> None:
        """Wait until the connection is gone, or the picture cannot be continued."""
        gone = self._socket.reading
        if gone is not None:
            waiting = asyncio.create_task(self._begin_again.wait())
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    async def _continue(self) -> None:
        joined = await self._socket.join("all", self.picture.position)
        self.phase = joined["phase"]
        self._tally.counts["pictures continued"] += 1

    async def _begin(self) -> None:
        self._begin_again.clear()
        self.picture = Picture(await self._shop.state(self._show))
        joined = await self._socket.join("all", self.picture.position)
        self.phase = joined["phase"]
        self._tally.counts["pictures begun"] += 1

    def _frame(self, frame: bytes) -> None:
        try:
            if frame[0] == 2:
                self.picture.load(frame)
            else:
                self.picture.apply(frame)
        except Gap:
            self._begin_again.set()
        except NotAPicture as error:
            self._tally.violated(f"an unreadable frame: {error}")

    def _push(self, message: dict[str, Any]) -> None:
        if message["t"] == "areas" and message["epoch"] == self.picture.epoch:
            for a, remaining in message["areas"]:
                self.picture.areas[a] = remaining
        elif message["t"] == "sale":
            self.phase = message["phase"]
        elif message["t"] == "resync":
            self._begin_again.set()
