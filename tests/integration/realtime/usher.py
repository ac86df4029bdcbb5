"""An usher moved by the test: says where the line is as the real one does, in the store and to whoever listens."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
from redis.asyncio import Redis

from server.rooms.facts import Host, RoomFacts
from server.rooms.frames import frame_key
from tests.integration.realtime.house import ROOM
from waitingroom.frame import FRAMES_CHANNEL, LineFrame, encode_frame
from waitingroom.model import RoomKey

EVENT = 5
KEY = RoomKey(EVENT, ROOM)


def room_facts(*, epoch: int = 1, closed: bool = False, opens_in_s: int = -600) -> RoomFacts:
    """Say what organisers have decided about the room."""
    now_ms = time.time_ns() // 1_000_000
    return RoomFacts(
        room_id=ROOM,
        org_id=1,
        event_id=EVENT,
        slug="room",
        name="Room",
        event_slug="show",
        event_title="Show",
        host=Host("org", "Org", None, "en"),
        shows=(7,),
        whole_event=False,
        opens_lobby_ms=now_ms + opens_in_s * 1000,
        draws_ms=now_ms + opens_in_s * 1000 + 1000,
        closes_ms=0,
        cap=100,
        rate_per_min=600,
        claim_window_ms=60_000,
        visit_ms=600_000,
        reentries=1,
        capacity_max=1_000_000,
        fail_open=False,
        auto_passthrough=True,
        identities=("device",),
        place="exact",
        paused=False,
        passthrough=False,
        draining=False,
        closed=closed,
        epoch=epoch,
        version=1,
        commitment="",
        tiers=(),
        message=None,
        rehearsal_of=None,
    )


@dataclass
class Usher:
    """Publishes frames of the room, and remembers when."""

    redis: Redis
    frame: LineFrame = field(
        default_factory=lambda: LineFrame(
            room=ROOM, epoch=1, tick=0, now_ms=1, phase="open", lobby=0, next=50_000, rate=(550.0, 600.0, 650.0)
        )
    )
    said: int = 0

    async def say(self, **change: Any) -> LineFrame:
        """Publish the next frame, with what is different in it; returns it."""
        now_ms = time.time_ns() // 1_000_000
        self.frame = msgspec.structs.replace(self.frame, tick=self.frame.tick + 1, now_ms=now_ms, **change)
        raw = encode_frame(self.frame)
        await self.redis.set(frame_key(KEY), raw)
        await self.redis.publish(FRAMES_CHANNEL, raw)
        self.said += 1
        return self.frame
