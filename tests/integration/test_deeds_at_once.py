"""What organisers, buyers, doors and workers do to one event at the same moment: nobody waits for somebody who waits for them.

Whoever locks more than one thing locks the event first, then what is below it (server/catalog/sql/catalog.sql).
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from server.accounts import api as accounts
from server.catalog import events, prices, shows
from server.catalog.desk import Desk as CatalogueDesk
from server.catalog.inputs import (
    ShowChange,
)
from server.database import Database
from server.faults import Unavailable
from server.orders.close import close_order
from server.orders.reading import Found
from server.orders.refund import refund_order
from server.orders.retry import refresh
from server.orders.sweep import end_due_orders
from server.outbox.drain import finalise
from server.payments.stripe_payments import StripePayments
from server.principal import Principal
from server.refusals import Refusal
from server.rooms import steer as steering
from server.rooms.door import journal as journals
from server.rooms.door.journal import Deed as DoorDeed
from server.rooms.door.journal import Journal
from server.rooms.facts import SQL as ROOMS
from server.rooms.line_copies import keep_places
from server.rooms.organiser.rehearsal import end_rehearsal, start_rehearsal
from server.rooms.steer import steer
from server.settings import Settings
from tests.integration.brakes import Brake, Deed, Watch, at_once, broken, deadlocked, put_in_brakes
from tests.integration.installation import installation
from tests.integration.organisers import Organisers
from tests.integration.rooms.hall import Hall, lay, made, now_ms
from tests.order_scene import Scene, provider_on_loopback, scene

SEED = 20261121
# With every one of them in need of a connection, none of the pool's eight is waited for.
CROWD = 5
PASSES = 2
BUYERS = 10


@pytest.fixture(autouse=True)
def brakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deed with a brake on stops where the test wants it."""
    put_in_brakes(monkeypatch)


@pytest.fixture
async def watch(owner_url: str) -> AsyncIterator[Watch]:
    """Somebody who sees the locks. Postgres looks for circles sooner than after its usual second."""
    owner = await asyncpg.connect(owner_url)
    name = await owner.fetchval("select current_database()")
    await owner.execute(f"alter database {name} set deadlock_timeout = '100ms'")
    yield Watch(owner, owner_url)
    await owner.close()


@pytest.fixture
async def hall(watch: Watch, database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Hall]:
    """A show on sale, nobody there yet."""
    async with installation(database_url, valkey_url, tmp_path) as running:
        yield await lay(running)


# What keeps two deeds from a circle, and how each looks without it: the block, what it is replaced by, the deed that is slow, the statement
# it stops before, the deed that meets it.
KEEPS_APART = {
    "the event before its show": (prices, "lock_event_of_show", "select 1 where $1::integer > 0", "price", 7, "cancel"),
    "the event before its room": (steering, "hold_event", "select 1 where $1::integer > 0", "add a show", 5, "close the room"),
    "events in their order": (
        events, "events_at_venue",
        "select distinct event_id, event_id * (-1) ^ $1::integer from shows where venue_id = $1::integer order by 2",
        "move the first venue", 5, "move the second venue",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "broken"])
@pytest.mark.parametrize("rule", KEEPS_APART)
async def test_the_order_of_locks_is_what_keeps_deeds_apart(
    hall: Hall, watch: Watch, rule: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without the rule the two deeds wait for each other, and one is told to come back."""
    where, block, without, slow, n, other = KEEPS_APART[rule]
    people = await Organisers.move_in(hall)
    deeds = people.deeds()
    people.numbers = itertools.count(1)  # a room before the whole event
    made(await deeds["make a room"]())
    if not kept:
        monkeypatch.setattr(where, "SQL", {**where.SQL, block: without})
    ends = await at_once(watch, [(slow, deeds[slow]), (other, deeds[other])], n)
    assert deadlocked(ends) is not kept, ends
    assert all(isinstance(end, Unavailable) for _, end in ends if isinstance(end, BaseException)), broken(ends)
    await people.look()


# They lock more than their own event or show: the likely half of a circle.
WIDE = {
    "cancel",
    "add a show",
    "move the first venue",
    "move the second venue",
    "make a room",
    "widen the room",
    "close the room",
}


async def test_organisers_never_wait_in_a_circle(hall: Hall, watch: Watch) -> None:
    """Crowds of deeds on one event, its shows and its room, one of them slow: each is done or refused, and nothing is half done."""
    people, chance = await Organisers.move_in(hall), random.Random(SEED)
    deeds = people.deeds()
    for deed in deeds.values():  # each can be done at all
        made(await deed())
        await people.begin_again()
    for name in chance.sample(PASSES * sorted(deeds), PASSES * len(deeds)):
        wide = chance.sample(sorted(WIDE - {name}), 2)
        rest = chance.sample(sorted(deeds.keys() - WIDE - {name}), CROWD - 3)
        crowd, n = [name, *wide, *rest], chance.randint(3, 9)
        ends = await at_once(watch, [(one, deeds[one]) for one in crowd], n)
        assert not broken(ends), f"seed {SEED}, stopped before statement {n}: {crowd} {broken(ends)}"
        await people.look()
        await people.begin_again()


@pytest.mark.parametrize("late", ["publish", "open the second"])
async def test_what_was_cancelled_meanwhile_stays_cancelled(hall: Hall, watch: Watch, late: str) -> None:
    """A cancellation between somebody's look at the event and their deed: the deed is refused, and nothing is on sale."""
    people = await Organisers.move_in(hall)
    desk, who = hall.desk.catalogue, hall.who
    deeds = people.deeds()
    deeds["publish"] = lambda: events.publish_event(desk, who, people.other_event)
    deeds["cancel"] = deeds["cancel the other" if late == "publish" else "cancel"]
    made(await deeds["close the second"]())
    for n in range(2, 12):
        ends = await at_once(watch, [(late, deeds[late]), ("cancel", deeds["cancel"])], n)
        (_, answer), (_, cancelled) = ends
        assert not broken(ends) and not isinstance(cancelled, Refusal)
        assert not isinstance(answer, Refusal) or answer.code == "event_cancelled"
        await people.look()
        event = made(await desk.event_of(who.org_id, cancelled.event_id))  # type: ignore[attr-defined]
        assert event.status == "cancelled"
        await people.begin_again("draft" if late == "publish" else "published")


@pytest.mark.parametrize("locks", ["everybody", "the owners"])
async def test_people_change_roles_at_the_same_moment(
    hall: Hall, watch: Watch, locks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody was made an owner a moment ago: who looked before, and who looks now, do not lock people crosswise.

    With the owners alone they do: one request is answered 503, with nothing of it done.
    """
    if locks == "the owners":
        owners = "select user_id from memberships where role = 'owner' order by id for update"
        monkeypatch.setattr(accounts, "_SQL", {**accounts._SQL, "lock_owners": owners})
    server, org = hall.server, await hall.server.organisation("harbour")
    chosen = await server.staff(org, "chosen@harbour.example", "viewer")
    other = await server.staff(org, "other@harbour.example", "viewer")
    owner = await server.signed_in(org, "owner")

    def give(user_id: int, role: str) -> Callable[[], Coroutine[Any, Any, httpx.Response]]:
        return lambda: owner.patch(f"/api/v1/members/{user_id}", json={"role": role})

    promotes, meets = Brake(1, "commit"), Brake(1, "update memberships")
    await owner.get("/api/v1/members")  # who asks is remembered: the next commit is the deed's
    promotion = promotes.put_on(give(chosen, "owner"))
    await promotes.stopped.wait()
    before = meets.put_on(give(chosen, "manager"))
    await watch.until_stuck([before])
    promotes.go.set()
    await promotion
    await meets.stopped.wait()
    now = asyncio.create_task(give(other, "door")())
    await watch.until_stuck([now])
    meets.go.set()
    answers = await asyncio.gather(promotion, before, now)
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == ([204, 204, 204] if locks == "everybody" else [204, 204, 503])
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["code"] == "unavailable" and answer.headers["retry-after"]
    roles = {one["user_id"]: one["role"] for one in (await owner.get("/api/v1/members")).json()["members"]}
    assert roles[chosen] == ("manager" if codes[1] == 204 else "owner")
    assert roles[other] == ("door" if codes[2] == 204 else "viewer")


@pytest.mark.parametrize("sorts", [True, False], ids=["sorts", "does not"])
async def test_processes_count_the_same_people_up(hall: Hall, sorts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes write down what the door did to the same people, in whatever order it happened; the control is without sorting."""
    if not sorts:
        monkeypatch.setattr("server.rooms.door.journal.sorted", lambda rows, key: list(rows), raising=False)
    room = await hall.room()
    database = hall.server.services.database
    subjects = [f"place:1:{index}" for index in range(300)]
    ends = []
    for _ in range(4):
        processes = Journal(database), Journal(database)
        for journal, order in zip(processes, (subjects, subjects[::-1]), strict=True):
            for subject in order:
                journal.note(DoorDeed(hall.who.org_id, room.room_id, subject, "rate_limited", "too_fast"), now_ms())
        ends += await asyncio.gather(*(journal.flush() for journal in processes), return_exceptions=True)
    assert any(isinstance(end, Unavailable) for end in ends) is not sorts, ends


@pytest.mark.parametrize("keeps", [True, False], ids=["keeps the room", "does not"])
async def test_a_rehearsal_ends_while_its_door_is_written_down(
    hall: Hall, watch: Watch, keeps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes down what the door did keeps the room first, as its deletion does; the control writes the actions first."""
    if not keeps:
        monkeypatch.setattr(journals, "SQL", {**journals.SQL, "keep_room": "select 1 where $1::integer > 0"})
    room, redis, org = await hall.room(), hall.server.services.redis, hall.who.org_id
    rehearsal = made(await start_rehearsal(hall.desk, redis, hall.who, org, room.room_id, "Rehearsal"))
    journal = Journal(hall.server.services.database)

    def note(*places: int) -> Awaitable[None]:
        for place in places:
            subject = f"place:1:{place}"
            journal.note(DoorDeed(org, rehearsal.room_id, subject, "rate_limited", "too_fast"), now_ms())
        return journal.flush()

    await note(1, 2)
    holder = await asyncpg.connect(watch.url)
    async with holder.transaction():
        await holder.execute("select from door_actions where subject = 'place:1:2' for update")
        writing = asyncio.ensure_future(note(1, 2, 3))
        await watch.until_stuck([writing])
        ending = asyncio.ensure_future(end_rehearsal(hall.desk, redis, hall.who, org, room.room_id))
        await watch.until_stuck([writing, ending])
    await holder.close()
    ends = await asyncio.gather(writing, ending, return_exceptions=True)
    assert any(isinstance(end, Unavailable) for end in ends) is not keeps, ends


@pytest.mark.parametrize("ordered", [True, False], ids=["in order", "as they lie"])
async def test_a_room_closes_while_its_line_is_copied(
    hall: Hall, watch: Watch, ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usher copies places, the organiser closes: both take the blocks in their order, not as they lie in the table."""
    if not ordered:
        forget = "with places as (delete from room_copy_blocks where room_id = $1) delete from room_copies where room_id = $1"
        monkeypatch.setattr(steering, "SQL", {**ROOMS, "forget_copy": forget})
    room, desk = await hall.room(), hall.desk
    for block in (1, 0):  # they lie like this after a line lost places and grew again
        await keep_places(desk, room, {block: b"y" * 9}, 2)
    brake = Brake(2, "insert into room_copy_blocks")
    copying = brake.put_on(lambda: keep_places(desk, room, {0: b"x" * 9, 1: b"x" * 9}, 2))
    await brake.stopped.wait()
    closing = asyncio.ensure_future(steer(desk, hall.who, hall.who.org_id, room.room_id, "close"))
    await watch.until_stuck([closing])
    brake.go.set()
    ends = await asyncio.gather(copying, closing, return_exceptions=True)
    assert any(isinstance(end, Unavailable) for end in ends) is not ordered, ends


@pytest.fixture
async def house(watch: Watch, database: Database, redis: Redis, tmp_path: Path, owner_url: str) -> AsyncIterator[Scene]:
    """A show on sale with a provider that takes money."""
    async with provider_on_loopback(tmp_path) as setup:
        stripe = StripePayments(setup)
        async with scene(database, redis, stripe, tmp_path, owner_url) as laid:
            yield laid
        await stripe.close()


@pytest.mark.parametrize("skips", [True, False], ids=["skips", "waits"])
async def test_a_payment_and_the_worker_that_heard_of_it(house: Scene, watch: Watch, skips: bool) -> None:
    """A browser's return settles the webhooks a worker is settling in another order: it leaves them to the worker."""
    if not skips:
        paying = str(await watch.owner.fetchval("select pg_get_functiondef('pay_order'::regproc)"))
        assert "for update skip locked" in paying
        await watch.owner.execute(paying.replace("for update skip locked", "order by x.id for update"))
    placed = await house.buy("ada", [10])
    found, intent_id = await house.found(placed), await house.intent_id(placed)
    for kind in ("processing", "succeeded"):
        await house.webhook(intent_id, f"payment_intent.{kind}")
    first, second = [row["id"] for row in await watch.owner.fetch("select id from inbox order by id")]

    async def settle_both() -> None:
        async with house.desk.database.statement() as connection:
            await connection.execute("select settle_inbox($1, $2)", [second, first], ["done", "done"])

    holder = await asyncpg.connect(house.owner_url)
    async with holder.transaction():
        await holder.fetch("select from inbox where id = $1 for update", second)
        worker = asyncio.ensure_future(settle_both())
        await watch.until_stuck([worker])
        browser = asyncio.ensure_future(refresh(house.desk, found.org_id, found.order_id))
        await watch.until_stuck([worker, browser])
    await holder.close()
    ends = await asyncio.gather(worker, browser, return_exceptions=True)
    assert any(isinstance(end, Unavailable) for end in ends) is not skips, ends
    await refresh(house.desk, found.org_id, found.order_id)
    await house.settled()
    assert (await house.view(placed)).state == "paid"


async def test_buyers_workers_and_organisers_at_once(house: Scene, watch: Watch) -> None:
    """Payments, their webhooks, refunds, the sweep and the organiser's deeds on one show: nothing breaks, and the books agree."""
    sold = house.desk
    settings = Settings(database_url="", redis_url="", secret="x" * 48)
    desk = CatalogueDesk(sold.database, sold.shows, sold.inventory, settings)
    who = Principal(org_id=house.org_id, scopes=frozenset())
    earlier: Found | None = None
    for number in range(BUYERS):
        paid = await house.buy(f"ada{number}", [10 * number, 10 * number + 1], standing=2)
        await house.hold(f"eve{number}", [10 * number + 2])
        given_up = await house.found(await house.order(f"eve{number}"))
        found, intent_id = await house.found(paid), await house.intent_id(paid)
        for kind in ("created", "processing", "succeeded"):
            await house.webhook(intent_id, f"payment_intent.{kind}")
        crowd: list[tuple[str, Deed]] = [
            ("return", partial(refresh, sold, found.org_id, found.order_id)),
            ("worker", partial(finalise, house.courier)),
            ("give up", partial(close_order, sold, house.org_id, given_up.order_id, expired=False)),
            ("sweep", partial(end_due_orders, sold)),
            ("label", partial(shows.change_show, desk, who, house.show_id, ShowChange(label="Late", per_order_max=7))),
            ("cancel", partial(events.cancel_event, desk, who, house.event_id)),
        ]
        if earlier is not None:
            crowd.append(("refund", partial(refund_order, sold, house.org_id, earlier.order_id, cancel=True)))
        slow = number % len(crowd)
        ends = await at_once(watch, [*crowd[slow:], *crowd[:slow]], 3 + number % 4)
        assert not broken(ends), f"{crowd[slow][0]}: {broken(ends)}"
        earlier = found
        await house.rows("update events set status = 'published' where status = 'cancelled' returning 1")
        await house.rows("update shows set state = 'on_sale' where state = 'cancelled' returning 1")
        await sold.shows.changed(house.org_id, house.event_id)
        await house.reopen()
    await house.settled()
    assert await house.value("select count(*) from orders where state = 'refunded'") == BUYERS - 1
