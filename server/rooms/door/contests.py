"""Contest what the door did to a place, while it goes on waiting.

A contest takes the decision away from the machine: a lowered tier is given back at once, so the draw is as if nothing had been
done, and the claim waits for a person instead. So nobody's place depends on how fast a reviewer is, and contesting everything
gains a farm nothing but reviews.
"""

from __future__ import annotations

import time

from server.refusals import Refusal
from server.rooms.door.journal import SQL, Journal, place_subject
from server.rooms.door.marks import Mark, Marks
from server.rooms.door.views import TEXT_MAX, ActionView, StandingView
from server.rooms.facts import RoomFacts
from server.rooms.plan import room_key
from waitingroom.challenges.valkey_tiers import ValkeyTiers
from waitingroom.model import Phase
from waitingroom.place_token import Place
from waitingroom.port import Line

Standing = StandingView


class Contests:
    """Contests of places, of one process."""

    def __init__(self, journal: Journal, marks: Marks, line: Line, tiers: ValkeyTiers) -> None:
        self._journal, self._marks, self._line, self._tiers = journal, marks, line, tiers

    async def open(self, facts: RoomFacts, place: Place, text: str) -> Standing | Refusal:
        """Open a contest. Contesting again changes the text of the open one. Refusals: `nothing_to_contest`.

        A tier lowered in a lobby that is still open is given back, and the claim is held until somebody has decided.
        """
        mark = await self._marks.read(facts, place.index)
        if not mark.acted:
            return Refusal("nothing_to_contest")
        if mark.review in ("upheld", "restored"):  # a person has looked at it, and has the last word
            return await self.standing(facts, place.index)
        subject = place_subject(facts.epoch, place.index)
        async with self._journal.database.tenant(facts.org_id) as connection:
            text = text.replace("\0", "")[:TEXT_MAX]
            await connection.fetchval(SQL["open_contest"], facts.room_id, subject, place.index, place.identity, text)
        held_ms = mark.held_ms
        if mark.lowered is not None and await self.retier(facts, place.index, place.identity, mark.lowered[0]):
            held_ms = held_ms or time.time_ns() // 1_000_000
        await self._marks.change(facts, place.index, review="open", held_ms=held_ms)
        return await self.standing(facts, place.index)

    async def standing(self, facts: RoomFacts, index: int) -> Standing:
        """Return everything that was done to a place and how its contest stands."""
        await self._journal.flush()
        mark = await self._marks.read(facts, index)
        async with self._journal.database.tenant(facts.org_id) as connection:
            rows = await connection.fetch(SQL["actions_of"], facts.room_id, place_subject(facts.epoch, index))
        return StandingView(
            mark.review,
            mark.held_ms is not None,
            [
                ActionView(
                    row["id"],
                    row["action"],
                    row["reason"],
                    int(row["first_at"].timestamp() * 1000),
                    row["lifted_at"] is not None,
                )
                for row in rows
            ],
        )

    async def uphold(self, facts: RoomFacts, index: int, identity: bytes) -> tuple[str, ...]:
        """Carry out a verdict that leaves things as they were; says what stands: `tier` or `held`.

        While the lobby is open a contested tier is lowered again and the claim freed; after the draw the claim stays held.
        """
        mark = await self._marks.read(facts, index)
        lowered = mark.lowered is not None and await self.retier(facts, index, identity, mark.lowered[1])
        held_ms = None if lowered else mark.held_ms
        await self._marks.write(facts, index, Mark(True, held_ms, mark.lowered, "upheld"))
        return ("tier",) * lowered + ("held",) * (held_ms is not None)

    async def overturn(self, facts: RoomFacts, index: int, identity: bytes) -> tuple[str, ...]:
        """Carry out a verdict that takes everything back; says what was given back: `claim`, and `tier` in an open lobby."""
        mark = await self._marks.read(facts, index)
        given = mark.lowered is not None and await self.retier(facts, index, identity, mark.lowered[0])
        await self._marks.write(facts, index, Mark(True, None, mark.lowered, "restored"))
        return ("tier",) * given + ("claim",) * (mark.held_ms is not None)

    async def retier(self, facts: RoomFacts, index: int, identity: bytes, tier: int) -> bool:
        """Let a place be drawn in *tier*; False when its lobby has closed, and the draw goes by what it was."""
        state = await self._line.read(room_key(facts))
        if state is None or state.phase not in (Phase.PLANNED, Phase.LOBBY):
            return False
        return await self._tiers.change(room_key(facts), index, identity, tier)
