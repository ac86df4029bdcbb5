"""All waiting rooms of this process: who waits where, positions once they are drawn, and how many people are here."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Protocol

from realtime import metrics
from realtime.connection import Connection
from realtime.messages import Error, Wait, Waiting
from realtime.waiting_room import Viewer, Waiter, WaitingRoom
from seatmap.faults import Fault
from server.logs import logger
from server.rooms.facts import RoomFacts
from server.rooms.frames import Frames, KeptFrame
from waitingroom.frame import LineFrame
from waitingroom.model import RoomKey
from waitingroom.place_token import PlaceTokens
from waitingroom.telling import eased

REPORT_EVERY_S = 3.0
EASE_EVERY_S = 1.0
# A process that dies counts for its people this much longer: about as long as they take to come back elsewhere.
REPORT_TTL_MS = 15_000
# After a process died its sockets come back over this time: 20,000 of them are 1,300 handshakes a second for the others.
RECONNECT_LEAST_MS = 15_000
RECONNECT_PER_SOCKET_MS = 0.75
RECONNECT_MOST_MS = 60_000
# Positions are looked up in handfuls, so that a room of 20,000 does not stop everything else.
HANDFUL = 500
RETRY_S = 1.0
PLACE_TRIES = 30
DRAWN = ("open", "draining", "closed")


class Directory(Protocol):
    """What rooms there are (`server.rooms.memory.Rooms`)."""

    def by_id(self, room_id: int) -> RoomFacts | None: ...

    async def find(self, wanted: int | str) -> RoomFacts | None: ...


class Positions(Protocol):
    """The part of the line that a gateway needs (`waitingroom.port.Line`)."""

    async def position_of(self, key: RoomKey, index: int, epoch: int | None = None) -> int | None: ...

    async def report_presence(
        self, key: RoomKey, process: str, blocks: Mapping[int, int], ttl_ms: int = REPORT_TTL_MS
    ) -> None: ...


class WaitingRooms:
    """Every room somebody waits in here."""

    def __init__(self, directory: Directory, frames: Frames, line: Positions, tokens: PlaceTokens) -> None:
        self._directory, self._frames, self._line, self._tokens = directory, frames, line, tokens
        self._rooms: dict[int, WaitingRoom] = {}
        self._placing: dict[int, asyncio.Task[None]] = {}
        self._reported: set[RoomKey] = set()
        self._process = secrets.token_hex(8)
        self.load = 1.0
        self._telling_s = 0.0

    # Who waits.

    async def wait(self, connection: Connection, message: Wait) -> None:
        """Let *connection* wait in a room, at the place that its token or cookie proves."""
        self.unwait(connection)
        try:
            facts = self._directory.by_id(message.room) or await self._directory.find(message.room)
            if facts is None:
                connection.send(Error(code="room_unknown", detail="no such waiting room", strikes_left=1))
                return
            key = RoomKey(facts.event_id, facts.room_id)
            kept = await self._frames.find(key)
            index = self._index(connection, facts, message.token)
            position = None if index is None else await self._position(key, kept, index)
        except Fault as fault:
            logger().warning("wait.failed", room=message.room, fault=str(fault))
            connection.send(Error(code="unavailable", detail="try again", strikes_left=1))
            return
        if connection.is_open:
            self.unwait(connection)  # a second `wait` may have overtaken this one
            room = self._rooms.get(key.room_id) or self._open(key, kept)
            called = room.enter(connection, index, position)
            connection.send(self._waiting(room, index, position, called=called))
            room.greet(connection)
            metrics.WAITING.inc()

    def unwait(self, connection: Connection) -> None:
        """Forget *connection*; the room is forgotten with the last one."""
        waiter = connection.waiter
        if waiter is None:
            return
        room = waiter.room
        room.leave(connection)
        metrics.WAITING.dec()
        if not len(room):
            self._frames.deafen(room.key.room_id, self._heard)
            del self._rooms[room.key.room_id]

    def reconnect_ms(self) -> int:
        """Say over how long the sockets of this process should come back if it dies now."""
        sockets = sum(len(room) for room in self._rooms.values())
        return min(RECONNECT_MOST_MS, max(RECONNECT_LEAST_MS, int(sockets * RECONNECT_PER_SOCKET_MS)))

    def _open(self, key: RoomKey, kept: KeptFrame | None) -> WaitingRoom:
        room = self._rooms[key.room_id] = WaitingRoom(key)
        room.load = self.load
        if kept is not None:
            room.take(kept.frame, kept.raw, time.monotonic())
        self._frames.listen(key.room_id, self._heard)
        return room

    def _index(self, connection: Connection, facts: RoomFacts, token: str | None) -> int | None:
        identity = connection.identity
        token = token or (identity.places.get(facts.room_id) if identity is not None else None)
        if token is None:
            return None
        place = self._tokens.read(token, room=facts.room_id, epoch=facts.epoch, now_s=int(time.time()))
        return None if place is None else place.index

    async def _position(self, key: RoomKey, kept: KeptFrame | None, index: int) -> int | None:
        if kept is None or kept.frame.phase not in DRAWN:
            return None
        # Who joined after the draw is served in the order of joining, behind the lobby; only the lobby's places are looked up.
        return index if index >= kept.frame.lobby else await self._line.position_of(key, index, kept.frame.epoch)

    def _waiting(self, room: WaitingRoom, index: int | None, position: int | None, *, called: bool) -> Waiting:
        return Waiting(
            room=room.key.room_id,
            index=index,
            position=position,
            called=called,
            reconnect_ms=self.reconnect_ms(),
            now_ms=time.time_ns() // 1_000_000,
        )

    # What the usher says.

    def _heard(self, kept: KeptFrame) -> None:
        room = self._rooms[kept.frame.room]
        before, delivered = room.frame, room.delivered
        if before is not None and before.epoch != kept.frame.epoch:
            for viewer in room.void():
                viewer.send(self._waiting(room, None, None, called=False))
        began = time.monotonic()
        room.take(kept.frame, kept.raw, began)
        took_s = time.monotonic() - began
        self._telling_s += took_s
        metrics.LINE_SECONDS.observe(took_s)
        metrics.LINE_DELIVERED.inc(room.delivered - delivered)
        if kept.frame.phase in DRAWN and _drawn_since(before, kept.frame):
            self._place_soon(room)

    def _place_soon(self, room: WaitingRoom) -> None:
        room_id = room.key.room_id
        if room_id not in self._placing:
            task = self._placing[room_id] = asyncio.create_task(self._place(room))
            task.add_done_callback(lambda _: self._placing.pop(room_id, None))

    async def _place(self, room: WaitingRoom) -> None:
        """Tell everybody in the lobby which position the draw gave them; tries for a while until the store knows."""
        for _ in range(PLACE_TRIES):
            unplaced = room.unplaced()
            try:
                for number, viewer in enumerate(unplaced):
                    waiter = viewer.waiter
                    if waiter is not None and waiter.room is room and waiter.position is None:
                        await self._place_one(room, viewer, waiter)
                    if number % HANDFUL == HANDFUL - 1:
                        await asyncio.sleep(0)
            except Fault as fault:
                logger().warning("places.unread", room=room.key.room_id, fault=str(fault))
            if not room.unplaced():
                return
            await asyncio.sleep(RETRY_S)
        logger().error("places.missing", room=room.key.room_id, people=len(room.unplaced()))

    async def _place_one(self, room: WaitingRoom, viewer: Viewer, waiter: Waiter) -> None:
        assert waiter.index is not None and room.frame is not None
        frame = room.frame
        live = waiter.index >= frame.lobby
        position = waiter.index if live else await self._line.position_of(room.key, waiter.index, frame.epoch)
        if position is not None and viewer.waiter is waiter:
            room.place(viewer, position)
            viewer.send(self._waiting(room, waiter.index, position, called=waiter.called))

    # How much we can bear.

    async def pace(self) -> None:
        """Look every second whether this process keeps up, and tell those far away less often while it does not; for ever."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(EASE_EVERY_S)
            now = time.monotonic()
            self.ease(now - before)
            before = now

    def ease(self, took_s: float) -> None:
        """Set the pace after a wait of `EASE_EVERY_S` that took *took_s*."""
        busy, self._telling_s = self._telling_s / took_s, 0.0
        self.load = eased(self.load, busy, took_s - EASE_EVERY_S)
        metrics.LINE_LOAD.set(self.load)
        for room in self._rooms.values():
            room.load = self.load

    # Who is here.

    async def report(self) -> None:
        """Say every few seconds how many people wait here in which part of each line; for ever."""
        while True:
            await asyncio.sleep(REPORT_EVERY_S)
            here = {room.key: room.present() for room in list(self._rooms.values())}
            # An empty report once, so that who has gone is not counted until it runs out.
            for key in self._reported - here.keys():
                here[key] = {}
            self._reported = {key for key, blocks in here.items() if blocks}
            try:
                for key, blocks in here.items():
                    await self._line.report_presence(key, self._process, blocks, REPORT_TTL_MS)
            except Fault as fault:
                logger().warning("presence.unreported", fault=str(fault))


def _drawn_since(before: LineFrame | None, after: LineFrame) -> bool:
    return before is None or before.phase not in DRAWN or before.epoch != after.epoch
