"""The latest frame of every room, in the memory of this process: what pages, polls, streams and sockets tell from.

One subscription per process hears the usher. Asking for a frame costs the store nothing; only a process that has not heard of a
room yet reads its stored frame, once. Frames hold absolute values, so the newest is enough and a lost one does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.logs import logger
from waitingroom.frame import FRAMES_CHANNEL, LineFrame, decode_frame, newer
from waitingroom.model import RoomKey

RECONNECT_S: Final = 0.5
# A subscription that says nothing is asked whether it still stands; a usher with an open room publishes every 250 ms.
SILENCE_S: Final = 5.0
ANSWER_S: Final = 2.0
# A room whose frame was not there is asked for again after this time, whoever keeps asking.
ASK_AGAIN_S: Final = 1.0
ROOMS_MAX: Final = 1000

Listen = Callable[["KeptFrame"], None]


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A frame as it was published, and when this process heard it (monotonic seconds)."""

    frame: LineFrame
    raw: bytes
    heard_s: float

    @property
    def age_s(self) -> float:
        """Tell how long ago it was heard: the age of the news, if the usher runs."""
        return time.monotonic() - self.heard_s

    @property
    def etag(self) -> str:
        """Name the content."""
        return f'"{self.frame.epoch}-{self.frame.tick}-{self.frame.now_ms}"'


class Frames:
    """A process's memory of frames (`Services.frames`)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._kept: dict[int, KeptFrame] = {}
        self._events: dict[int, int] = {}
        self._asked: dict[int, float] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._listeners: dict[int, set[Listen]] = {}
        self._news: dict[int, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None
        self.connected = False

    async def open(self) -> None:
        """Begin to listen. A store that is away is no reason not to start."""
        self._task = asyncio.create_task(self._follow(), name="frames.follow")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    # What is known.

    def latest(self, room_id: int) -> KeptFrame | None:
        """Return the newest frame of a room, however old; None when this process has heard of none."""
        return self._kept.get(room_id)

    async def find(self, key: RoomKey) -> KeptFrame | None:
        """Return the newest frame, reading the stored one when nothing was heard yet; None when there is none, or no store."""
        self._events[key.room_id] = key.event_id
        if (kept := self._kept.get(key.room_id)) is not None:
            return kept
        reading = self._reading.get(key.room_id)
        if reading is None:
            now_s = time.monotonic()
            if self._asked.get(key.room_id, -ASK_AGAIN_S) > now_s - ASK_AGAIN_S:
                return None
            if len(self._asked) >= ROOMS_MAX:
                self._asked.clear()
            self._asked[key.room_id] = now_s
            # A crowd that comes together waits for one reading.
            reading = self._reading[key.room_id] = asyncio.create_task(self._read(key.room_id))
            reading.add_done_callback(lambda _: self._reading.pop(key.room_id, None))
        await asyncio.shield(reading)
        return self._kept.get(key.room_id)

    async def after(self, room_id: int, known: KeptFrame | None) -> KeptFrame:
        """Wait for a frame that is not *known*."""
        while (kept := self._kept.get(room_id)) is None or kept is known:
            await self._news.setdefault(room_id, asyncio.Event()).wait()
        return kept

    def listen(self, room_id: int, listen: Listen) -> None:
        """Call *listen* with every new frame of a room."""
        self._listeners.setdefault(room_id, set()).add(listen)

    def deafen(self, room_id: int, listen: Listen) -> None:
        """Call it no more."""
        listeners = self._listeners.get(room_id, set())
        listeners.discard(listen)
        if not listeners:
            self._listeners.pop(room_id, None)

    # What is heard.

    def heard(self, raw: bytes) -> None:
        """Take a published frame, if it is newer than what is known."""
        try:
            frame = decode_frame(raw)
        except msgspec.DecodeError as error:
            logger().warning("frame.unreadable", reason=str(error))
            return
        before = self._kept.get(frame.room)
        if not newer(frame, before.frame if before is not None else None):
            return
        if before is None and len(self._kept) >= ROOMS_MAX:
            self._forget_oldest()
        kept = self._kept[frame.room] = KeptFrame(frame, raw, time.monotonic())
        if (news := self._news.pop(frame.room, None)) is not None:
            news.set()
        for listen in tuple(self._listeners.get(frame.room, ())):
            listen(kept)

    def _forget_oldest(self) -> None:
        quiet = (room_id for room_id in self._kept if room_id not in self._listeners)
        oldest = min(quiet, key=lambda room_id: self._kept[room_id].heard_s, default=None)
        if oldest is not None:
            del self._kept[oldest]
            self._events.pop(oldest, None)

    async def _read(self, room_id: int) -> None:
        """Read the stored frame of a room whose event is known."""
        event_id = self._events[room_id]
        try:
            raw = await self._redis.get(frame_key(RoomKey(event_id, room_id)))
        except (RedisError, OSError) as error:
            logger().warning("frame.unread", room=room_id, reason=str(error))
            return
        if raw is not None:
            self.heard(raw)

    async def _follow(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(FRAMES_CHANNEL)
                    await self._hear_all(channel)
            except (RedisError, OSError, TimeoutError) as error:
                logger().warning("frames.deaf", reason=str(error) or type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(RECONNECT_S)

    async def _hear_all(self, channel: object) -> None:
        """Hear frames until the connection ends. Whatever was published before we listened is read from the store."""
        asked = False
        while True:
            async with asyncio.timeout(SILENCE_S + ANSWER_S):
                message = await channel.get_message(timeout=ANSWER_S if asked else SILENCE_S)  # type: ignore[attr-defined]
            if message is None:
                if asked:
                    raise TimeoutError("the store does not answer")
                await channel.ping()  # type: ignore[attr-defined]
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":
                self.connected = True
                for room_id in list(self._events):
                    await self._read(room_id)
            elif message["type"] == "message":
                self.heard(message["data"])


def frame_key(key: RoomKey) -> str:
    """Name where the usher stores the last frame of a room."""
    return f"{{e:{key.event_id}}}:r:{key.room_id}:frame"
