"""What organisers, buyers, doors and workers do to one event at the same moment: nobody waits for somebody who waits for them.

Whoever locks more than one thing locks the event first, then what is below it (server/catalog/sql/catalog.sql).
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from server.accounts import api as accounts
from server.catalog import events, prices, sale, shows
from server.catalog.desk import Desk as CatalogueDesk
from server.catalog.inputs import (
    EventChange,
    Fee,
    FeeList,
    NewEvent,
    NewQuota,
    NewTicketType,
    NewVenue,
    QuotaList,
    QuotaMember,
    ShowChange,
    TicketTypeChange,
)
from server.database import Connection, Database
from server.faults import Unavailable
from server.orders import settle as settling
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
from server.rooms.facts import RoomFacts
from server.rooms.inputs import NewTier, RoomChange
from server.rooms.line_copies import keep_places
from server.rooms.make import change_room, create_room
from server.rooms.organiser.rehearsal import end_rehearsal, start_rehearsal
from server.rooms.steer import Action, steer
from server.rooms.tiers import issue_codes
from server.settings import Settings
from tests.integration.installation import installation
from tests.integration.rooms.hall import Hall, lay, made, new_show, now_ms, price_list
from tests.order_scene import Scene, provider_on_loopback, scene

T = TypeVar("T")
Deed = Callable[[], Awaitable[object]]
SEED = 20261121
# With every one of them in need of a connection, none of the pool's eight is waited for.
CROWD = 5
PASSES = 3
DEADLINE_S = 10
BUYERS = 14


class Brake:
    """Stops the deed it is put on before its *n*-th statement (that begins with *text*), whatever it has locked by then, until it is
    let go."""

    def __init__(self, n: int, text: str = "") -> None:
        self._left, self._text, self.stopped, self.go = n, text, asyncio.Event(), asyncio.Event()

    def put_on(self, deed: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """Begin the deed."""

        async def slowly() -> T:
            _brake.set(self)
            return await deed()

        return asyncio.create_task(slowly())

    async def statement(self, text: str) -> None:
        self._left -= text.startswith(self._text)
        if self._left == 0 and not self.stopped.is_set():
            self.stopped.set()
            await self.go.wait()


_brake: ContextVar[Brake | None] = ContextVar("brake", default=None)


@pytest.fixture(autouse=True)
def brakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a brake take hold of the application's connections."""

    def braked(plain: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any, **options: Any) -> Any:
            if (brake := _brake.get()) is not None:
                await brake.statement(arguments[1])
            return await plain(*arguments, **options)

        return call

    for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
        monkeypatch.setattr(Connection, name, braked(getattr(asyncpg.Connection, name)))


async def at_once(watch: Watch, crowd: Sequence[tuple[str, Deed]], n: int) -> list[tuple[str, object]]:
    """Stop the first deed before its *n*-th statement, do the others as far as they can go, then let it go on.

    Return what each came to, an exception for one that broke.
    """

    brake = Brake(n)
    first = brake.put_on(crowd[0][1])
    stopped = asyncio.create_task(brake.stopped.wait())
    await asyncio.wait({first, stopped}, return_when=asyncio.FIRST_COMPLETED)
    others = [asyncio.ensure_future(deed()) for _, deed in crowd[1:]]
    await watch.until_stuck(others)
    brake.go.set()
    stopped.cancel()
    ends = await asyncio.gather(first, *others, return_exceptions=True)
    return [(name, end) for (name, _), end in zip(crowd, ends, strict=True)]


@dataclass
class Watch:
    """Sees who waits for a lock, from outside the application."""

    owner: asyncpg.Connection[Any]
    url: str

    async def until_stuck(self, tasks: Sequence[asyncio.Future[Any]]) -> None:
        """Wait until each is over or waits for somebody."""
        async with asyncio.timeout(DEADLINE_S):
            while pending := sum(not task.done() for task in tasks):
                waiting = await self.owner.fetchval(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
                )
                if waiting >= pending:
                    return
                await asyncio.sleep(0.002)


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


def broken(ends: Sequence[tuple[str, object]]) -> list[str]:
    return [
        f"{name}: {end!r} {getattr(end, '__cause__', '')!r}" for name, end in ends if isinstance(end, BaseException)
    ]


def deadlocked(ends: Sequence[tuple[str, object]]) -> bool:
    return any(isinstance(getattr(end, "__cause__", None), asyncpg.DeadlockDetectedError) for _, end in ends)


@dataclass
class Organisers:
    """People of one organisation who do not know of each other: two events that play at the same two venues, and a room."""

    hall: Hall
    venues: tuple[int, int]
    other_event: int
    other_show: int
    second_show: int
    chart: tuple[int, int]
    room: RoomFacts | None = None
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def move_in(cls, hall: Hall) -> Organisers:
        """Make what the deeds need."""
        desk, who = hall.desk.catalogue, hall.who
        event = made(await desk.event_of(who.org_id, hall.event_id))
        first = event.shows[0]
        second_venue = made(await events.create_venue(desk, who, venue("Second house")))
        added = []
        other = made(await events.create_event(desk, who, NewEvent(title="Other", currency="eur")))
        for event_id, venue_id in (
            (hall.event_id, second_venue),
            (other.event_id, second_venue),
            (other.event_id, first.venue.venue_id),
        ):
            show = made(await shows.add_show(desk, who, event_id, new_show(venue_id, first.chart_id, first.chart_rev)))
            added.append(show.show_id)
        made(await prices.set_prices(desk, who, added[0], price_list(hall.type_id)))
        made(await sale.change_sale(desk, who, who.org_id, added[0], "open"))
        chart = first.chart_id, first.chart_rev
        return cls(hall, (first.venue.venue_id, second_venue), other.event_id, added[1], added[0], chart)

    def deeds(self) -> dict[str, Deed]:
        """Everything one of them may do, ready to be done any number of times."""
        desk, who, org = self.hall.desk.catalogue, self.hall.who, self.hall.who.org_id
        event, show, second, kind = self.hall.event_id, self.hall.show_id, self.second_show, self.hall.type_id
        quotas = (NewQuota("Members", 50, (QuotaMember(type_id=kind),)),)

        def sell(number: int, action: str) -> Deed:
            return lambda: sale.change_sale(desk, who, org, number, action)

        return {
            "retitle": lambda: events.change_event(desk, who, event, EventChange(title=f"Play {next(self.numbers)}")),
            "readdress": lambda: events.change_event(desk, who, event, EventChange(slug=f"play-{next(self.numbers)}")),
            "cancel": lambda: events.cancel_event(desk, who, event),
            "cancel the other": lambda: events.cancel_event(desk, who, self.other_event),
            "add a show": self.add_show,
            "label": lambda: shows.change_show(desk, who, show, ShowChange(label=f"Day {next(self.numbers)}")),
            "limit": lambda: shows.change_show(desk, who, second, ShowChange(per_order_max=1 + next(self.numbers) % 9)),
            "label the other": lambda: shows.change_show(
                desk, who, self.other_show, ShowChange(label=f"{next(self.numbers)}")
            ),
            "price": lambda: prices.set_prices(desk, who, show, price_list(kind)),
            "price the second": lambda: prices.set_prices(desk, who, second, price_list(kind)),
            "set quotas": lambda: prices.set_quotas(desk, who, show, QuotaList(quotas[: next(self.numbers) % 2])),
            "add a type": lambda: prices.add_type(desk, who, event, NewTicketType(name="Student")),
            "rename a type": lambda: prices.change_type(
                desk, who, kind, TicketTypeChange(name=f"{next(self.numbers)}")
            ),
            "set fees": lambda: prices.set_fees(desk, who, event, FeeList((Fee("Service", fixed=50),))),
            "pause": sell(show, "pause"),
            "resume": sell(show, "resume"),
            "close the second": sell(second, "close"),
            "open the second": sell(second, "open"),
            "block": lambda: sale.block_seats(desk, who, show, range(20, 40), "kept"),
            "unblock": lambda: sale.unblock_seats(desk, who, show, range(20, 40)),
            "rebuild": lambda: sale.open_in_inventory(desk, show),
            "move the first venue": lambda: events.replace_venue(desk, who, self.venues[0], venue("First house")),
            "move the second venue": lambda: events.replace_venue(desk, who, self.venues[1], venue("Second house")),
            "make a room": self.make_room,
            "widen the room": lambda: self.change(shows=(), whole_event=True),
            "narrow the room": lambda: self.change(),
            "pause the room": lambda: self.steer("pause"),
            "pace the room": lambda: self.steer("pace"),
            "close the room": lambda: self.steer("close"),
            "invite": lambda: self.in_room(lambda room: issue_codes(self.hall.desk, who, org, room, 0, 3)),
            "rehearse": lambda: self.in_room(self.rehearse),
        }

    async def add_show(self) -> object:
        return await shows.add_show(
            self.hall.desk.catalogue, self.hall.who, self.hall.event_id, new_show(self.venues[1], *self.chart)
        )

    async def make_room(self) -> object:
        number = next(self.numbers)
        wish = self.hall.wish(
            slug=f"room-{number}", shows=() if number % 2 else (self.hall.show_id,), whole_event=bool(number % 2)
        )
        room = await create_room(self.hall.desk, self.hall.who, self.hall.who.org_id, wish)
        if isinstance(room, RoomFacts):
            self.room = room
        return room

    async def in_room(self, deed: Callable[[int], Awaitable[object]]) -> object:
        return Refusal("room_unknown") if self.room is None else await deed(self.room.room_id)

    async def change(self, **wanted: Any) -> object:
        wish = self.hall.wish(tiers=(NewTier(tier=1, name="Fans"), NewTier(tier=0, name="Friends")), **wanted)
        settings = RoomChange(**{name: getattr(wish, name) for name in RoomChange.__struct_fields__})
        return await self.in_room(
            lambda room: change_room(self.hall.desk, self.hall.who, self.hall.who.org_id, room, settings)
        )

    async def steer(self, action: Action) -> object:
        pace = 60 + next(self.numbers) if action == "pace" else None
        return await self.in_room(
            lambda room: steer(self.hall.desk, self.hall.who, self.hall.who.org_id, room, action, rate_per_min=pace)
        )

    async def rehearse(self, room: int) -> object:
        desk, who = self.hall.desk, self.hall.who
        redis = self.hall.server.services.redis
        started = await start_rehearsal(desk, redis, who, who.org_id, room, "Rehearsal")
        ended = await end_rehearsal(desk, redis, who, who.org_id, room)
        return ended if isinstance(started, RoomFacts) else started

    async def look(self) -> None:
        """A cancelled event has no show that is not, and what stands before the whole event stands before every show of it."""
        async with self.hall.server.services.database.tenant(self.hall.who.org_id) as connection:
            assert not await connection.fetch(
                "select s.id from shows s join events e on e.id = s.event_id where e.status = 'cancelled' and s.state <> 'cancelled'"
            )
            assert not await connection.fetch(
                "select s.id, r.id from rooms r join shows s on s.event_id = r.event_id where r.whole_event and r.closed_at is null "
                "and not exists (select from room_shows c where c.room_id = r.id and c.show_id = s.id)"
            )

    async def begin_again(self, status: str = "published") -> None:
        """Take the cancellation back behind the application's back: the next round needs an event."""
        async with self.hall.server.services.database.tenant(self.hall.who.org_id) as connection:
            await connection.execute("update events set status = $1 where status = 'cancelled'", status)
            await connection.execute(
                "update shows set state = 'on_sale' where state = 'cancelled' and price_version > 0"
            )
            await connection.execute("update shows set state = 'draft' where state = 'cancelled'")


def venue(name: str) -> NewVenue:
    return NewVenue(name=name, city="Bremen", country="DE", time_zone="Europe/Berlin")


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
    people = await Organisers.move_in(hall)
    chance, done = random.Random(SEED), Counter[str]()
    deeds = people.deeds()
    for name in chance.sample(PASSES * sorted(deeds), PASSES * len(deeds)):
        wide = chance.sample(sorted(WIDE - {name}), 2)
        rest = chance.sample(sorted(deeds.keys() - WIDE - {name}), CROWD - 3)
        crowd, n = [name, *wide, *rest], chance.randint(3, 9)
        ends = await at_once(watch, [(one, deeds[one]) for one in crowd], n)
        assert not broken(ends), f"seed {SEED}, stopped before statement {n}: {crowd} {broken(ends)}"
        done.update(one for one, end in ends if not isinstance(end, Refusal))
        await people.look()
        await people.begin_again()
    assert set(done) == set(deeds), f"never done: {set(deeds) - set(done)}"


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
async def test_a_payment_and_the_worker_that_heard_of_it(
    house: Scene, watch: Watch, skips: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser's return settles the webhooks a worker is settling in another order: it leaves them to the worker."""
    if not skips:
        block = settling.SQL["pay_order"].replace("for update skip locked", "order by x.id for update")
        monkeypatch.setattr(settling, "SQL", {**settling.SQL, "pay_order": block})
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
