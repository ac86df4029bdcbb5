"""The usher of a process: steps every open room four times a second, and looks at checkout's health once for all of them."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from server.faults import Fault, Unavailable
from server.logs import logger
from server.orders.addresses import base_url
from server.refusals import Refusal
from server.rooms.desk import Desk, desk_for
from server.rooms.facts import RoomFacts
from server.rooms.steer import steer
from server.services import Services
from workers.usher.board import Board
from workers.usher.checkup import Checkup, provider_probe
from workers.usher.hands import Hands
from workers.usher.near_turn import NearTurn
from workers.usher.room_usher import RoomUsher
from workers.usher.stock import Stock

TICK_S: Final = 0.25
# A room that opens in a long while is looked at less often: each look costs the store three commands.
FAR_S: Final = 2.0
FAR_MS: Final = 10_000


class Usher:
    """All rooms of the installation, as far as this process leads them. Several processes share them by their leases."""

    def __init__(self, services: Services, who: str | None = None) -> None:
        self._rooms = services.rooms
        self._checkup = Checkup(services.redis, provider_probe(services.provider), services.jobs.default_queue_name)
        self._desk = desk_for(services)
        self._near_turn = NearTurn(self._desk, services.mailer, services.templates, base_url(services.settings))
        self._posting: dict[int, asyncio.Task[int]] = {}
        self._ushers: dict[int, RoomUsher] = {}
        self._rest: dict[int, float] = {}
        self._troubled: set[int] = set()
        self.hands = Hands(
            who=who or f"{socket.gethostname()}:{os.getpid()}",
            line=services.line,
            desk=self._desk,
            board=Board(services.redis),
            checkup=self._checkup,
            stock=Stock(services.inventory, services.redis),
            post=self._post,
            close=lambda facts: close_room(self._desk, facts),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until *stop*, then hand over."""
        stopping = asyncio.create_task(stop.wait(), name="usher.stop")
        try:
            while not stop.is_set():
                began = time.monotonic()
                await self.tick(began)
                await asyncio.wait({stopping}, timeout=max(0.0, TICK_S - (time.monotonic() - began)))
        finally:
            stopping.cancel()
            await self.close()

    async def tick(self, now_s: float) -> None:
        """Step every open room side by side: one that has trouble holds up no other."""
        rooms = {facts.room_id: facts for facts in self._rooms.open_rooms()}
        for gone in self._ushers.keys() - rooms.keys():
            usher = self._ushers.pop(gone)
            await self._bear(gone, usher.resign)
        due = [facts for room_id, facts in rooms.items() if self._rest.get(room_id, 0.0) <= now_s]
        if due:
            await self._bear(0, lambda: self._checkup.look(time.time_ns() // 1_000_000, probe=self._serving()))
            await asyncio.gather(*(self._step(facts, now_s) for facts in due))

    async def close(self) -> None:
        """Stop leading everywhere."""
        for room_id, usher in self._ushers.items():
            await self._bear(room_id, usher.resign)
        await self._checkup.close()
        for task in self._posting.values():
            task.cancel()
        await asyncio.gather(*self._posting.values(), return_exceptions=True)

    def _serving(self) -> bool:
        """Whether somebody could be paying."""
        return any(
            usher.frame is not None and usher.frame.phase in ("open", "draining") for usher in self._ushers.values()
        )

    async def _step(self, facts: RoomFacts, now_s: float) -> None:
        usher = self._ushers.get(facts.room_id)
        if usher is None:
            usher = self._ushers[facts.room_id] = RoomUsher(self.hands, facts)
        usher.facts = facts
        await self._bear(facts.room_id, usher.step)
        frame = usher.frame
        far = frame is not None and frame.phase == "planned" and (frame.opens_ms or 0) - frame.now_ms > FAR_MS
        self._rest[facts.room_id] = now_s + FAR_S if far else 0.0

    async def _bear(self, room_id: int, deed: Callable[[], object]) -> None:
        """Do it; a fault is logged once, until it is over. Everybody keeps the last frame meanwhile."""
        try:
            await deed()  # type: ignore[misc]
            self._troubled.discard(room_id)
        except Fault as fault:
            if room_id not in self._troubled:
                logger().error("usher.troubled", room=room_id, reason=str(fault))
            self._troubled.add(room_id)
        except Exception:  # noqa: BLE001 (the outermost loop: a defect in one room must not stop the others)
            logger().exception("usher.broken", room=room_id)

    def _post(self, facts: RoomFacts, near: Callable[[int], bool]) -> None:
        """Send letters on the side, one round per room at a time."""
        under_way = self._posting.get(facts.room_id)
        if under_way is None or under_way.done():
            self._posting[facts.room_id] = asyncio.create_task(self._near_turn.send(facts, near), name="usher.letters")


async def close_room(desk: Desk, facts: RoomFacts) -> None:
    """Close a room that is over: its shows sell without it. A database that is away puts it off."""
    try:
        closed = await steer(desk, None, facts.org_id, facts.room_id, "close")
    except Unavailable as fault:
        logger().warning("usher.close_put_off", room=facts.room_id, reason=str(fault))
        return
    if isinstance(closed, Refusal):
        logger().error("usher.close_refused", room=facts.room_id, code=closed.code)


@asynccontextmanager
async def ushering(services: Services) -> AsyncIterator[None]:
    """Usher while the context lasts, and hand over at its end."""
    stop = asyncio.Event()
    running = asyncio.create_task(Usher(services).run(stop), name="usher")
    try:
        yield
    finally:
        stop.set()
        await running
