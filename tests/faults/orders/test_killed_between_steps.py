"""The process dies before or after any statement, commit, call to Valkey, to the provider or to the mail; the next one goes on.

Steps are enumerated, not drawn: die at step 1, 2, 3 … until the deed is done without dying.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from server.orders.close import close_order
from server.orders.reading import Reader, see_to_pay
from server.orders.refund import refund_order
from server.orders.retry import refresh_seen
from server.orders.start import Placed, start_order
from server.outbox.carry_out import Courier
from server.outbox.drain import deliver, finalise
from server.outbox.letters import OrderLetters
from server.payments.provider import Intent, Refund
from tests.faults.orders.faulty import CALLS, Killed, Steps
from tests.order_scene import Scene

INVENTORY = frozenset({"read_hold", "begin_payment", "end_payment", "sell", "sell_late", "unsell"})
STEPS_MAX = 400


def dying(house: Scene, steps: Steps) -> Courier:
    """Return the workers' courier with steps around everything it reaches."""
    desk = replace(
        house.desk,
        database=steps.database(house.desk.database),
        inventory=steps.around(house.desk.inventory, INVENTORY),
        provider=steps.around(house.stripe, CALLS),
    )
    letters = house.courier.letters
    assert isinstance(letters, OrderLetters)
    letters = replace(letters, database=desk.database, mailer=steps.around(letters.mailer, frozenset({"send"})))
    return replace(house.courier, desk=desk, letters=letters)


async def each_step(house: Scene, deed: Callable[[Courier, int], Awaitable[None]]) -> int:
    """Run *deed* dying at step 1, then at step 2 … until it lives; return how many steps it has."""
    for die_at in range(1, STEPS_MAX):
        steps = Steps(die_at)
        try:
            await deed(dying(house, steps), die_at)
        except Killed:
            continue
        assert die_at > 5, "a deed this short is not what was meant"
        return steps.taken
    raise AssertionError("it never ended")


async def leases_end(house: Scene) -> None:
    """What the dead process had claimed is due again."""
    await house.rows("update inbox set available_at = now() where settled_at is null returning 1")
    await house.rows("update outbox set available_at = now() where settled_at is null returning 1")


def visitor(number: int) -> str:
    return f"visitor{number:08d}"


async def test_starting_an_order(house: Scene) -> None:
    """The buyer sends the same request again and pays: one order, one intent, whatever step the first one died at."""

    async def deed(courier: Courier, number: int) -> None:
        await house.hold(visitor(number), [number * 2], standing=1)
        await start_order(courier.desk, house.purchase(visitor(number)))

    count = await each_step(house, deed)
    for number in range(1, count + 2):
        placed = await house.order(visitor(number))
        await house.pay(placed)
        await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert await house.value("select count(*) from orders where state = 'paid'") == count + 1
    assert await house.value("select count(*) from attempts") == count + 1
    assert len(await intents(house)) == count + 1


async def test_finalising_and_delivering(house: Scene) -> None:
    """Workers die at every step from the webhook to the letter: each order is paid, sold and told of once."""
    placed: dict[int, Placed] = {}

    async def deed(courier: Courier, number: int) -> None:
        placed[number] = await house.buy(visitor(number), [number * 2, number * 2 + 1])
        await house.webhook(await house.intent_id(placed[number]))
        await finalise(courier)
        await deliver(courier)

    await each_step(house, deed)
    await leases_end(house)
    await house.settled()
    for number, one in placed.items():
        assert (await house.view(one)).state == "paid"
        assert await house.seat_state(number * 2) == 2
    assert sorted(house.letters()) == sorted(f"order-{one.ref}-tickets" for one in placed.values())


async def test_coming_back_from_the_provider(house: Scene) -> None:
    """The browser comes back, the server dies at any step of the sale, the browser asks again: two tickets, one payment."""
    earlier = await house.buy("eve", [0])  # which makes the event's signing key
    await house.webhook(await house.intent_id(earlier))
    await house.settled()
    placed: list[Placed] = []

    async def come_back(courier: Courier, order: Placed) -> None:
        found = await see_to_pay(courier.desk.database, order.ref, Reader(org_id=house.org_id))
        assert found is not None
        await refresh_seen(courier.desk, *found)

    async def deed(courier: Courier, number: int) -> None:
        placed.append(await house.buy(visitor(number), [number * 2, number * 2 + 1]))
        await come_back(courier, placed[-1])

    await each_step(house, deed)
    for order in placed:
        await come_back(house.courier, order)
        assert len((await house.view(order)).tickets) == 2
    await house.settled()


async def test_a_dead_workers_seats_are_soon_anothers_work(house: Scene) -> None:
    """What a worker had claimed of seats when it died is due again within five seconds, not within the minute of a letter."""
    claimed = "select extract(epoch from available_at - now())::float as due_s from outbox where kind = 'sell' and settled_at is null"
    for die_at in range(1, STEPS_MAX):
        placed = await house.buy(visitor(die_at), [die_at * 2, die_at * 2 + 1])
        await house.webhook(await house.intent_id(placed))
        with suppress(Killed):
            await finalise(dying(house, Steps(die_at)))
        if rows := await house.rows(f"{claimed} and tries > 0"):
            assert all(0 < row["due_s"] <= 5 for row in rows)
            return
    raise AssertionError("it never died between claiming and selling")


async def test_ending_an_unpaid_order(house: Scene) -> None:
    """The sweep dies at every step: the intent is cancelled before the seat is free, and the seat gets free."""
    placed: dict[int, Placed] = {}

    async def deed(courier: Courier, number: int) -> None:
        await house.hold(visitor(number), [number])
        placed[number] = await house.order(visitor(number))
        found = await house.found(placed[number])
        await house.rows(
            "update orders set pay_until = now() - interval '1 second' where ref = $1 returning 1", found.ref
        )
        await close_order(courier.desk, found.org_id, found.order_id, expired=True)
        await finalise(courier)

    await each_step(house, deed)
    await leases_end(house)
    for one in placed.values():
        found = await house.found(one)
        await close_order(house.desk, found.org_id, found.order_id, expired=True)
    await house.settled()
    for number, one in placed.items():
        assert (await house.view(one)).state == "expired"
        assert await house.seat_state(number) == 0
    assert {intent.status for intent in await intents(house)} == {"canceled"}


async def test_refunding(house: Scene) -> None:
    """Command and workers die at every step: the money goes back once, the tickets are void, the seat is free."""
    placed: dict[int, Placed] = {}

    async def deed(courier: Courier, number: int) -> None:
        placed[number] = await house.buy(visitor(number), [number])
        await house.webhook(await house.intent_id(placed[number]))
        await house.work()
        found = await house.found(placed[number])
        await refund_order(courier.desk, found.org_id, found.order_id, cancel=True)
        await finalise(courier)
        await deliver(courier)

    await each_step(house, deed)
    await leases_end(house)
    for one in placed.values():
        found = await house.found(one)
        await refund_order(house.desk, found.org_id, found.order_id, cancel=True)
    await house.settled()
    for number, one in placed.items():
        view = await house.view(one)
        assert (view.state, len(view.refunds)) == ("refunded", 1)
        assert await house.seat_state(number) == 0
    assert len(await refunds(house)) == len(placed)


async def test_giving_late_money_back(house: Scene) -> None:
    """Workers die at every step of refunding money that came after the seat was sold to somebody else."""
    placed: dict[int, Placed] = {}
    others: dict[int, Placed] = {}

    async def deed(courier: Courier, number: int) -> None:
        await house.hold(visitor(number), [number])
        placed[number] = await house.order(visitor(number))
        intent_id = await house.intent_id(placed[number])
        # Let go although the intent lives: what half an hour of doubt ends in.
        await house.rows(
            "with a as (update attempts set state = 'cancelled' where intent_id = $1 returning id, order_id, org_id), "
            "o as (update orders set state = 'expired' where id = (select order_id from a) returning id, org_id) "
            "insert into order_events (org_id, order_id, subject, subject_id, state, cause) "
            "select org_id, order_id, 'attempt', id, 'cancelled', 'test' from a "
            "union all select org_id, id, 'order', id, 'expired', 'test' from o returning 1",
            intent_id,
        )
        hold = await house.desk.inventory.read_hold(house.key, visitor(number))
        assert hold is not None
        assert hold.order_id is not None
        await house.desk.inventory.end_payment(house.key, hold.hold_id, hold.order_id, release=True)
        others[number] = await house.buy(f"z{visitor(number)}", [number])
        await house.webhook(await house.intent_id(others[number]))
        await house.work()
        await house.pay(placed[number])
        await house.webhook(intent_id)
        await finalise(courier)
        await deliver(courier)

    await each_step(house, deed)
    await leases_end(house)
    await house.settled()
    for one in placed.values():
        assert (await house.view(one)).state == "refunded"
    for one in others.values():
        assert (await house.view(one)).state == "paid"


async def intents(house: Scene) -> list[Intent]:
    """Every payment the provider knows."""
    cursor: str | None = None
    found: list[Intent] = []
    while True:
        page = await house.stripe.list_intents(since_ms=0, cursor=cursor)
        found += page.items
        if (cursor := page.cursor) is None:
            return found


async def refunds(house: Scene) -> list[Refund]:
    """Every refund the provider made."""
    cursor: str | None = None
    found: list[Refund] = []
    while True:
        page = await house.stripe.list_refunds(since_ms=0, cursor=cursor)
        found += page.items
        if (cursor := page.cursor) is None:
            return found
