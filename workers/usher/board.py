"""What the usher writes besides the line itself: the frame everybody reads, what it did and why, and whether a pause is its own."""

from __future__ import annotations

from typing import Final, Literal, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.faults import Unavailable
from server.rooms.frames import frame_key
from waitingroom.frame import FRAMES_CHANNEL, LineFrame, decode_frame, encode_frame
from waitingroom.health import Health
from waitingroom.keys import part_key
from waitingroom.model import RoomKey
from waitingroom.pacing import Bound

HeldBack = Literal["payments_down", "sold_out"]
PACE_KEPT_MS: Final = 10_000


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """One tick of one room, for the organiser's page: what was called, what held it back, and how checkout is.

    *target* admissions a minute are aimed at: the room's rate times *level*, which checkout's health sets. *show_share* of the called come;
    *expected* of them are on their way, *door* stand there because of cap or rate. *verdict* and *signals* say what health asks for.
    """

    at_ms: int
    called: int
    target: float
    level: float
    bound: Bound
    show_share: float
    expected: float
    door: float
    verdict: str
    signals: tuple[str, ...]
    health: Health
    seats_left: int | None


_encode = msgspec.json.Encoder().encode
decode_pace = msgspec.json.Decoder(Pace).decode


class Board:
    """The usher's keys of a room: `frame`, `pace`, `held`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def show(self, key: RoomKey, frame: LineFrame, pace: Pace | None) -> None:
        """Store and publish the frame."""
        text = encode_frame(frame)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(frame_key(key), text)
                pipe.publish(FRAMES_CHANNEL, text)
                if pace is not None:
                    pipe.set(part_key(key, "pace"), _encode(pace), px=PACE_KEPT_MS)
                await pipe.execute()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error

    async def last_frame(self, key: RoomKey) -> LineFrame | None:
        """Return the frame shown last, by whichever leader."""
        try:
            text = await self._redis.get(frame_key(key))
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
        try:
            return None if text is None else decode_frame(text)
        except msgspec.DecodeError:
            return None  # of another version of Frontrow: the next one replaces it

    async def held_back(self, key: RoomKey) -> HeldBack | None:
        """Return why an usher paused the room; None when it did not."""
        try:
            reason = await self._redis.get(part_key(key, "held"))
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
        return None if reason is None else cast(HeldBack, reason.decode())

    async def hold_back(self, key: RoomKey, reason: HeldBack | None) -> None:
        """Remember that the pause is the usher's own, so that it may be ended by it; None forgets it."""
        try:
            if reason is None:
                await self._redis.delete(part_key(key, "held"))
            else:
                await self._redis.set(part_key(key, "held"), reason)
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
