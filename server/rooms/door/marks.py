"""What the door remembers of a place while the room runs: held at the claim, acted upon, contested. One small hash per room.

Only places something was held against are in it, so it stays small, and joining and claiming go on while Postgres is away.
"""

from __future__ import annotations

import time
from typing import Final, Literal

import msgspec

from server.rooms.facts import RoomFacts
from waitingroom.challenges.valkey_attempts import Store

Review = Literal["open", "upheld", "restored"]
# As long as a place token is good.
LIFE_S: Final = 7 * 24 * 3600
GLANCE_S: Final = 2.0


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands against a place. *held_ms*: since when its claim waits for a reviewer.

    *lowered*: the tiers it had and was put into, while the lobby was open.
    """

    acted: bool = False
    held_ms: int | None = None
    lowered: tuple[int, int] | None = None
    review: Review | None = None


NO_MARK: Final = Mark()
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Mark)


class Marks:
    """Read and write marks. Raises what *store* raises."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Per room: whether anything is held against anybody, and when that was asked (monotonic seconds).
        self._any: dict[int, tuple[bool, float]] = {}

    async def read(self, facts: RoomFacts, index: int) -> Mark:
        """Return the mark of a place: one command."""
        raw = await self._store.command("HGET", marks_key(facts), field(facts, index))
        return NO_MARK if raw is None else _DECODER.decode(raw)

    async def glance(self, facts: RoomFacts, index: int) -> Mark:
        """Return the mark of a place as pages show it: no command at all, but for one every 2 s, where nobody has a mark."""
        known, asked_s = self._any.get(facts.room_id, (False, -GLANCE_S))
        if not known and time.monotonic() - asked_s >= GLANCE_S:
            known = bool(await self._store.command("EXISTS", marks_key(facts)))
            self._any[facts.room_id] = known, time.monotonic()
        return await self.read(facts, index) if known else NO_MARK

    async def change(self, facts: RoomFacts, index: int, **changes: object) -> Mark:
        """Change some of a place's mark. Two changes of one place at once are a reviewer's and its own; the later one counts."""
        mark = msgspec.structs.replace(await self.read(facts, index), **changes)
        await self.write(facts, index, mark)
        return mark

    async def write(self, facts: RoomFacts, index: int, mark: Mark) -> None:
        """Keep a place's mark."""
        await self._store.command("HSET", marks_key(facts), field(facts, index), _ENCODER.encode(mark))
        await self._store.command("EXPIRE", marks_key(facts), LIFE_S)
        self._any[facts.room_id] = True, time.monotonic()


def marks_key(facts: RoomFacts) -> str:
    """Name the hash of a room's marks."""
    return f"{{e:{facts.event_id}}}:r:{facts.room_id}:door"


def field(facts: RoomFacts, index: int) -> str:
    """Name a place in it: the places of an earlier line are other places."""
    return f"{facts.epoch}:{index}"
