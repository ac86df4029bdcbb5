"""What a process of the door keeps in memory: challenges minted ahead, actions on their way to Postgres."""

from __future__ import annotations

import asyncpg
import pytest

from server.faults import Fault
from server.rooms.door import journal as journals
from server.rooms.door.journal import Deed
from server.rooms.door.pool import BATCH, Pool
from tests.integration.rooms.hall import Hall, now_ms
from waitingroom.challenges.price import PLAIN, Price


async def test_a_pool_is_filled_with_what_is_asked_for() -> None:
    """Minted ahead in batches, handed out once each; an empty pool mints on the spot."""
    pool = Pool(lambda: True)
    work = PLAIN[Price.DEAR]
    first = pool.take(work)
    while (stock := pool._stock.get(work)) is None or len(stock) < BATCH:
        assert await pool.mint()
    taken = [pool.take(work) for _ in range(2 * BATCH + 1)]
    assert len({kernel.nonce for kernel in [first, *taken]}) == len(taken) + 1
    assert all(kernel.cost == work.cost for kernel in taken)


async def test_a_full_pool_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing is short, nothing is minted."""
    pool = Pool(lambda: True)
    pool._most = dict.fromkeys(pool._most, BATCH)
    assert await pool.mint()
    assert not await pool.mint()


def deed(facts_org: int, room_id: int, **changes: object) -> Deed:
    values: dict[str, object] = {"subject": "try:aa", "action": "rate_limited", "reason": "session"}
    return Deed(facts_org, room_id, **(values | changes))  # type: ignore[arg-type]


async def rows(hall: Hall, org_id: int) -> list[asyncpg.Record]:
    async with hall.server.services.database.tenant(org_id) as connection:
        return list(await connection.fetch("select * from door_actions order by id"))


async def test_a_thousand_refusals_are_one_row(hall: Hall) -> None:
    """Counted, with the time they cover, over several writes."""
    facts = await hall.room()
    journal = hall.server.services.door.journal
    began = now_ms()
    for number in range(1_000):
        journal.note(deed(facts.org_id, facts.room_id), began + number)
        if number == 500:
            await journal.flush()
    await journal.flush()
    (row,) = await rows(hall, facts.org_id)
    assert row["times"] == 1_000
    assert round((row["last_at"] - row["first_at"]).total_seconds() * 1000) == 999


async def test_t45_without_postgres_actions_are_kept_and_written_later(hall: Hall) -> None:
    """T45: nothing is lost while it is away, of any room, and nobody waits for it."""
    facts = await hall.room()
    services = hall.server.services
    journal = services.door.journal
    await services.database.close()
    for reason in ("session", "net"):
        journal.note(deed(facts.org_id, facts.room_id, reason=reason), now_ms())
    with pytest.raises(Fault):
        await journal.flush()
    journal.note(deed(facts.org_id, facts.room_id), now_ms())
    await services.database.open()
    await journal.flush()
    assert {row["reason"]: row["times"] for row in await rows(hall, facts.org_id)} == {"session": 2, "net": 1}


async def test_a_deleted_room_takes_its_actions_along(hall: Hall) -> None:
    """A rehearsal ends while something of it is pending: the others' actions are written all the same."""
    facts = await hall.room()
    journal = hall.server.services.door.journal
    journal.note(deed(facts.org_id, 987_654), now_ms())
    journal.note(deed(facts.org_id, facts.room_id), now_ms())
    await journal.flush()
    assert len(await rows(hall, facts.org_id)) == 1
    assert journal._pending == {}


async def test_what_does_not_fit_is_counted_without_its_subject(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of a million sessions fills no memory, and none of its actions is forgotten."""
    monkeypatch.setattr(journals, "KEPT_MAX", 10)
    facts = await hall.room()
    journal = hall.server.services.door.journal
    for number in range(50):
        journal.note(deed(facts.org_id, facts.room_id, subject=f"try:{number}"), now_ms())
    await journal.flush()
    written = await rows(hall, facts.org_id)
    assert len(written) == 11
    assert sum(row["times"] for row in written) == 50
    assert {row["subject"]: row["times"] for row in written}[""] == 40
