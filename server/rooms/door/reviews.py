"""The reviewer's queue: contests that wait, without saying whose they are, and the verdicts on them.

Postgres is written first. A verdict given twice is carried out twice, which changes nothing: so a reviewer whose store was away
asks again.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from server.accounts import audit
from server.database import Database
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.door.door import Door
from server.rooms.door.journal import SQL, Deed, place_subject
from server.rooms.facts import RoomFacts, load_own

Outcome = Literal["upheld", "overturned"]


class Desk(Protocol):
    """What a reviewer needs; `Services` has it."""

    @property
    def database(self) -> Database: ...
    @property
    def door(self) -> Door: ...


class Evidence(msgspec.Struct, frozen=True):
    """One adverse action as a reviewer sees it. *reasons* are findings with weights; the times are the window they cover."""

    action: str
    reason: str
    reasons: list[str]
    model: str
    log_odds: float
    times: int
    first_ms: int
    last_ms: int
    tier_was: int | None = None
    tier_became: int | None = None


class Case(msgspec.Struct, frozen=True):
    """A contest that waits. Blind: neither who it is nor where they are is in it."""

    contest_id: int
    room_id: int
    text: str
    opened_ms: int
    actions: list[Evidence]


class Decided(msgspec.Struct, frozen=True):
    """A verdict. *effects*: what an overturned one gave back (`claim`, `tier`), what an upheld one leaves (`held`, `tier`)."""

    contest_id: int
    verdict: Outcome
    effects: tuple[str, ...]


class AbuseCounts(msgspec.Struct, frozen=True):
    """What the door did in one room so far. *median_review_s* null: nothing decided yet."""

    price_raised: int
    second_steps: int
    lower_tier: int
    held: int
    rate_limited: int
    trapped: int
    contests_open: int
    upheld: int
    overturned: int
    median_review_s: float | None


_EVIDENCE = msgspec.json.Decoder(list[Evidence], strict=False)


async def open_contests(desk: Desk, org_id: int, room_id: int | None = None, most: int = 50) -> list[Case]:
    """List the contests that wait, oldest first."""
    async with desk.database.tenant(org_id) as connection:
        rows = await connection.fetch(SQL["open_contests"], room_id, most)
    return [
        Case(
            row["id"],
            row["room_id"],
            row["text"],
            int(row["opened_at"].timestamp() * 1000),
            _EVIDENCE.decode(row["actions"]),
        )
        for row in rows
    ]


async def uphold(desk: Desk, who: Principal, org_id: int, contest_id: int, note: str = "") -> Decided | Refusal:
    """Leave things as they were: a lowered tier is lowered again while the lobby is open, a held claim stays held.

    Refusals: `contest_unknown`, `contest_decided` (the other way).
    """
    found = await _decide(desk, who, org_id, contest_id, "upheld", note)
    if isinstance(found, Refusal):
        return found
    facts, contest = found
    stands = await desk.door.contests.uphold(facts, contest["place_index"], contest["identity"])
    return Decided(contest_id, "upheld", stands)


async def overturn(desk: Desk, who: Principal, org_id: int, contest_id: int, note: str = "") -> Decided | Refusal:
    """Take back everything that was done to the place: its claim is free and its tier is the one it came with.

    Refusals: `contest_unknown`, `contest_decided` (the other way).
    """
    found = await _decide(desk, who, org_id, contest_id, "overturned", note)
    if isinstance(found, Refusal):
        return found
    facts, contest = found
    given = await desk.door.contests.overturn(facts, contest["place_index"], contest["identity"])
    return Decided(contest_id, "overturned", given)


async def abuse(desk: Desk, org_id: int, room_id: int) -> AbuseCounts:
    """Count what the door did in a room."""
    async with desk.database.tenant(org_id) as connection:
        acted = await connection.fetchrow(SQL["abuse"], room_id)
        reviews = await connection.fetchrow(SQL["reviews"], room_id)
    assert acted is not None and reviews is not None
    return msgspec.convert(dict(acted) | dict(reviews), AbuseCounts)


async def hold(
    desk: Desk, who: Principal, org_id: int, room_id: int, index: int, note: str, now_ms: int
) -> Refusal | None:
    """Hold a place's claim until somebody has looked at it; the place is kept, and told. Refusals: `room_unknown`."""
    facts = await load_own(desk.database, org_id, room_id)
    if facts is None:
        return Refusal("room_unknown")
    deed = Deed(
        org_id, room_id, place_subject(facts.epoch, index), "held", "reviewer", (note[:120],), place_index=index
    )
    desk.door.journal.note(deed, now_ms)
    await desk.door.journal.flush()
    async with desk.database.tenant(org_id) as connection:
        await audit.record(connection, who, "door.held", f"room:{room_id}", index=index)
    await desk.door.marks.change(facts, index, acted=True, held_ms=now_ms)
    return None


async def _decide(
    desk: Desk, who: Principal, org_id: int, contest_id: int, verdict: Outcome, note: str
) -> tuple[RoomFacts, Any] | Refusal:
    async with desk.database.tenant(org_id) as connection:
        contest = await connection.fetchrow(SQL["lock_contest"], contest_id)
        if contest is None:
            return Refusal("contest_unknown")
        if contest["verdict"] not in (None, verdict):
            return Refusal("contest_decided", {"verdict": contest["verdict"]})
        if contest["verdict"] is None:
            await connection.execute(SQL["decide_contest"], contest_id, verdict, note[:1000], who.user_id)
            await audit.record(connection, who, f"door.{verdict}", f"contest:{contest_id}")
        if verdict == "overturned":
            await connection.execute(SQL["lift_actions"], contest["room_id"], contest["subject"])
    facts = await load_own(desk.database, org_id, contest["room_id"])
    assert facts is not None, "a contest without its room"
    return facts, contest
