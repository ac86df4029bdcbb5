"""Issuing tickets against a real Postgres: all or none, once per order line, one live ticket per seat."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from server.database import Database
from server.tickets.code import TicketCode, parse, verify
from server.tickets.issue import Admission, Issued, SeatsTicketed, issue
from server.tickets.keys import KeyWrapper, public_keys
from tests.integration.ticket_scene import Scene, lay_scene

WRAPPER = KeyWrapper(b"a secret of the tests, long enough")


@pytest.fixture
async def scene(owner_url: str) -> AsyncIterator[Scene]:
    connection = await asyncpg.connect(owner_url)
    yield await lay_scene(connection)
    await connection.close()


async def issue_for(
    database: Database, scene: Scene, order: int, admissions: list[Admission]
) -> Issued | SeatsTicketed:
    async with database.tenant(scene.org) as connection:
        return await issue(
            connection, WRAPPER, org_id=scene.org, event_id=scene.event, show_id=scene.show, order_id=order,
            admissions=admissions,
        )  # fmt: skip


def seat(k: int, line: int) -> Admission:
    return Admission(
        line_id=line, ordinal=0, k=k, area=None, category=1, type_id=1,
        category_name="Stalls", type_name="Adult", section="Stalls", row="4", seat=str(k), holder_name="Ada",
    )  # fmt: skip


def places(area: int, line: int, count: int) -> list[Admission]:
    return [
        Admission(
            line_id=line, ordinal=n, k=None, area=area, category=2, type_id=1,
            category_name="Floor", type_name="Adult", section="Floor", row="", seat="",
        )
        for n in range(count)
    ]  # fmt: skip


async def test_every_admission_gets_a_ticket_whose_code_verifies(database: Database, scene: Scene) -> None:
    """Two seats and three places of an area become five tickets, each with a code signed under the event's own key."""
    issued = await issue_for(database, scene, 1, [seat(3, 1), seat(4, 2), *places(0, 3, 3)])
    assert isinstance(issued, Issued)
    assert not issued.again
    assert [ticket.k for ticket in issued.tickets] == [3, 4, None, None, None]
    assert len({ticket.ticket_id for ticket in issued.tickets}) == 5
    async with database.installation() as connection:
        rows = await connection.fetch("select * from public_ticket_keys($1)", scene.event)
    keys = public_keys({row["kid"]: (row["public_key"], row["status"]) for row in rows})
    for ticket in issued.tickets:
        facts = verify(parse(ticket.code), scene.event, keys)  # type: ignore[arg-type]
        assert isinstance(facts, TicketCode)
        assert facts.ticket_id == ticket.ticket_id


async def test_issuing_an_order_again_answers_with_the_same_tickets(database: Database, scene: Scene) -> None:
    """A worker that died after the commit and runs again finds the tickets of the first time."""
    admissions = [seat(3, 1), *places(0, 2, 2)]
    first = await issue_for(database, scene, 1, admissions)
    second = await issue_for(database, scene, 1, admissions)
    assert isinstance(first, Issued)
    assert isinstance(second, Issued)
    assert second.again
    assert second.tickets == first.tickets


async def test_a_seat_with_a_live_ticket_is_refused_and_nothing_is_left_behind(
    database: Database, scene: Scene
) -> None:
    """The second order for seat 4 gets no ticket at all, learns which seat it was, and its transaction goes on."""
    await issue_for(database, scene, 1, [seat(4, 1)])
    async with database.tenant(scene.org) as connection:
        answer = await issue(
            connection, WRAPPER, org_id=scene.org, event_id=scene.event, show_id=scene.show, order_id=2,
            admissions=[seat(3, 2), seat(4, 3), seat(5, 4)],
        )  # fmt: skip
        assert answer == SeatsTicketed((4,))
        assert await connection.fetchval("select count(*) from tickets") == 1


async def test_twenty_orders_race_for_the_same_seats_and_one_gets_them(database: Database, scene: Scene) -> None:
    """Whatever the interleaving, one order has both tickets and nineteen have none; nobody deadlocks."""

    async def buy(order: int) -> Issued | SeatsTicketed:
        pair = [seat(7, 2 * order), seat(8, 2 * order + 1)]
        return await issue_for(database, scene, order, pair if order % 2 else pair[::-1])

    answers = await asyncio.gather(*(buy(order) for order in range(1, 21)))
    assert sum(isinstance(answer, Issued) for answer in answers) == 1
    async with database.tenant(scene.org) as connection:
        assert await connection.fetchval("select count(*) from tickets") == 2


async def test_a_ticket_outlives_the_transaction_that_issued_it(database: Database, scene: Scene) -> None:
    """The application's role cannot delete a ticket once it is committed."""
    await issue_for(database, scene, 1, [seat(4, 1)])
    async with database.tenant(scene.org) as connection:
        await connection.execute("delete from tickets")
        assert await connection.fetchval("select count(*) from tickets") == 1


async def test_a_seat_is_free_again_once_its_ticket_is_void(database: Database, scene: Scene) -> None:
    """The unique index counts live tickets only."""
    await issue_for(database, scene, 1, [seat(4, 1)])
    async with database.tenant(scene.org) as connection:
        await connection.execute("update tickets set state = 'void'")
    assert isinstance(await issue_for(database, scene, 2, [seat(4, 2)]), Issued)
