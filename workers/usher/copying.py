"""Copies of a line into Postgres, for the day its store loses everything (docs/waiting-room.md).

All but the places, two bits each and who is inside, goes every two seconds. Who has which place is a walk through sixteen thousand
small hashes, 110 ms in the smallest room: it is made when somebody joined or left, and may take a twentieth of the time, so a copy of a
small room is seconds old and one of a million people a minute.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from server.faults import Fault
from server.logs import logger
from server.rooms.desk import Desk
from server.rooms.facts import RoomFacts
from server.rooms.line_copies import BLOCK_BYTES, keep_copy, keep_places
from server.rooms.plan import room_key
from waitingroom.model import LineCopy, LineState, Phase
from waitingroom.roll import make_roll
from workers.usher.due import Due
from workers.usher.on_the_side import OnTheSide

COPY_MS: Final = 2_000
PLACES_MS: Final = 5_000
RESTORED_MS: Final = 60_000  # places that tokens brought back are not counted by the line: looked for so often
REST: Final = 20  # a reading of the places rests so many times as long as it took
COPIED: Final = (Phase.LOBBY, Phase.DRAWING, Phase.OPEN, Phase.DRAINING)


class Copying:
    """One room's copies, as its usher makes them. `follow` is called every tick and never waits: *work* is what it began."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.work = OnTheSide("usher.copy")
        self._troubled = False
        self.renew()

    def renew(self) -> None:
        """Begin anew with a line that was led by another: what it copied is not known."""
        self._copy, self._places, self._restored = Due(COPY_MS), Due(PLACES_MS), Due(RESTORED_MS)
        self._given: tuple[int, int] | None = None
        self._blocks: list[bytes] = []
        self._last: LineCopy | None = None
        self._rested_s = 0.0

    def follow(self, facts: RoomFacts, line: LineState, *, on_record: bool) -> None:
        """Copy when it is time. A draw that is not on record is not copied: nothing could be rebuilt from its positions."""
        wanted = line.phase in COPIED and facts.rehearsal_of is None and (on_record or not line.drawn)
        if self.work.busy or not wanted or not self._copy.now(line.now_ms):
            return
        given = line.next, line.left
        rested = time.monotonic() >= self._rested_s
        places = rested and self._places.now(line.now_ms) and (given != self._given or self._restored.now(line.now_ms))
        if places:
            self._given = given
        self.work.begin(self._keep(facts, places=places))

    async def _keep(self, facts: RoomFacts, *, places: bool) -> None:
        """Copy; a database that is away is logged once and tried again."""
        try:
            if places:
                await self._keep_places(facts)
            copy = await self._desk.line.copy(room_key(facts))
            if copy is not None and copy != self._last:
                await keep_copy(self._desk, facts, copy)
                self._last = copy
            self._troubled = False
        except Fault as fault:
            if not self._troubled:
                logger().warning("copy.put_off", room=facts.room_id, reason=str(fault))
            self._troubled = True
            self._blocks, self._last, self._given = [], None, None

    async def _keep_places(self, facts: RoomFacts) -> None:
        began_s = time.monotonic()
        places = await self._desk.line.read_places(room_key(facts))
        took_s = time.monotonic() - began_s
        self._rested_s = time.monotonic() + REST * took_s
        if places is None:
            return
        listed = await asyncio.to_thread(make_roll, places.tiers, places.identities)
        blocks = [listed[at : at + BLOCK_BYTES] for at in range(0, len(listed), BLOCK_BYTES)]
        known = self._blocks + [b""] * len(blocks)
        changed = {number: block for number, block in enumerate(blocks) if block != known[number]}
        if changed or len(blocks) < len(self._blocks) or not self._blocks:
            await keep_places(self._desk, facts, changed, len(blocks))
        self._blocks = blocks
