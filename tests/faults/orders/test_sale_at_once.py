"""A sale in one statement holds only while what it was decided on does; otherwise it is decided again, under the lock."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from server.orders.locked import LockedOrder
from server.orders.reading import Reader, Seen, see_to_pay
from server.orders.record import OrderRecord
from server.orders.retry import refresh_seen
from server.orders.start import Placed
from tests.order_scene import Scene


@pytest.fixture
async def house(house: Scene) -> Scene:
    """A show that sold something before: its event has a signing key."""
    earlier = await house.buy("eve", [0])
    await house.webhook(await house.intent_id(earlier))
    await house.settled()
    return house


async def seen(house: Scene, placed: Placed) -> tuple[Seen, LockedOrder]:
    """Read the order, as the browser's return does first."""
    found = await see_to_pay(house.desk.database, placed.ref, Reader(org_id=house.org_id))
    assert found is not None
    return found


async def again(house: Scene) -> None:
    """What was put off is due."""
    await house.rows("update outbox set available_at = now() where settled_at is null returning 1")


async def ended_meanwhile(house: Scene, placed: Placed) -> None:
    """The order ends and its seat is let go, as when nobody could ask the provider for half an hour."""
    await house.rows("update orders set state = 'cancelled', ended_at = now() where ref = $1 returning 1", placed.ref)
    ended = await house.value("select id from orders where ref = $1", placed.ref)
    hold = await house.value("select hold_id from orders where ref = $1", placed.ref)
    await house.desk.inventory.end_payment(house.key, hold, ended, release=True)


async def test_the_order_ended_in_between(house: Scene) -> None:
    """The money is late, and is treated as late money is: the seats are free, so they are sold after all."""
    placed = await house.buy("ada", [10, 11])
    before = await seen(house, placed)
    await ended_meanwhile(house, placed)
    assert await refresh_seen(house.desk, *before) is None
    await house.settled()
    view = await house.view(placed)
    assert (view.state, len(view.tickets)) == ("paid", 2)


async def test_the_order_ended_and_the_seats_went(house: Scene) -> None:
    """Somebody else has them: the money goes back."""
    placed = await house.buy("ada", [10])
    before = await seen(house, placed)
    await ended_meanwhile(house, placed)
    await house.hold("bob", [10])
    assert await refresh_seen(house.desk, *before) is None
    await house.work()
    await again(house)
    await house.settled()
    assert (await house.view(placed)).state == "refunded"


async def test_a_seat_has_a_ticket_already(house: Scene) -> None:
    """All of the order's tickets are taken back, the one for the free seat too, and the money is returned."""
    bob = await house.buy("bob", [10])
    await house.webhook(await house.intent_id(bob))
    await house.settled()
    ada = await house.buy("ada", [11, 12])
    # As if the store had given Bob's seat to Ada too.
    owner = await asyncpg.connect(house.owner_url)
    await owner.execute("update order_lines set k = 10 where k = 12")
    await owner.close()
    before = await seen(house, ada)
    assert await refresh_seen(house.desk, *before) is None
    view = await house.view(ada)
    assert (view.state, view.tickets) == ("refunding", ())
    assert await house.value("select count(*) from tickets where k in (10, 11)") == 1


async def test_the_return_five_times_and_the_webhook_at_once(house: Scene) -> None:
    """One of them sells; nobody pays twice and nobody fails."""
    placed = await house.buy("ada", [10, 11])
    before = await seen(house, placed)
    await house.webhook(await house.intent_id(placed))
    answers = await asyncio.gather(*(refresh_seen(house.desk, *before) for _ in range(5)), house.work())
    assert sum(isinstance(answer, OrderRecord) for answer in answers) <= 1
    await house.settled()
    assert len((await house.view(placed)).tickets) == 2


async def test_the_audit_sees_a_missing_condition(house: Scene) -> None:
    """Negative control: without the condition a sale is made of an order that ended, and the books say so."""
    condition = "and o.state = 'awaiting_payment'"
    owner = await asyncpg.connect(house.owner_url)
    selling = str(await owner.fetchval("select pg_get_functiondef('sell_at_once'::regproc)"))
    assert condition in selling
    await owner.execute(selling.replace(condition, ""))
    await owner.close()
    placed = await house.buy("ada", [10])
    before = await seen(house, placed)
    await ended_meanwhile(house, placed)
    await refresh_seen(house.desk, *before)
    assert (await house.view(placed)).state == "cancelled"
    assert await house.findings()
