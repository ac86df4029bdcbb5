"""A show on sale, for the tests of orders: real Postgres, Valkey and demo provider, nothing in between but our own code."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from redis.asyncio import Redis

from seatmap.chart import CompiledChart, compile_chart
from seatmap.chart.generators.festival import generate_festival
from seatmap.inventory.model import Held, HoldRequest, ShowKey
from seatmap.inventory.valkey_inventory import ValkeyInventory
from server.catalog.catalogue import Catalogue
from server.catalog.facts import load_show
from server.catalog.plan import show_plan
from server.catalog.stock import stock_facts
from server.database import Database
from server.listen import shared_socket
from server.mail.captured_mail import CapturedMail
from server.orders.audit import audit_installation
from server.orders.desk import Desk, unix_ms
from server.orders.finding import Finding
from server.orders.reading import Found, Reader, find_order, view_order
from server.orders.references import new_ref
from server.orders.retry import resume_order
from server.orders.start import Placed, Purchase, start_order
from server.orders.views import OrderView
from server.outbox.carry_out import Courier
from server.outbox.drain import deliver, finalise
from server.outbox.letters import OrderLetters
from server.outbox.wake import no_wake
from server.payments.demo.app import DemoProvider
from server.payments.demo.store import Store
from server.payments.demo.world import World
from server.payments.demo_keys import demo_keys
from server.payments.provider import CardDeclined, Intent, PaymentProvider, ProviderRefused, WebhookEvent
from server.payments.stripe_payments import StripePayments, StripeSetup
from server.payments.subscriptions import WANTED_EVENTS
from server.refusals import Refusal
from server.templating import Templates
from server.tickets.keys import KeyWrapper

SECRET = "a secret of at least thirty-two characters"
SEAT_PRICE, STANDING_PRICE = 4000, 2500


@cache
def festival() -> CompiledChart:
    """A field with standing areas and a grandstand of numbered seats."""
    return compile_chart(generate_festival())


@cache
def drawing() -> bytes:
    return festival().dump()


class Clock:
    """The process's time, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return unix_ms() + self.ahead_ms


@dataclass
class Scene:
    """One organisation with one show, and what a test does in it."""

    desk: Desk
    courier: Courier
    clock: Clock
    redis: Redis
    stripe: StripePayments
    mail: CapturedMail
    owner_url: str
    org_id: int
    event_id: int
    show_id: int
    adult: int
    free_type: int
    announced: list[tuple[int, int]] = field(default_factory=list)

    @property
    def key(self) -> ShowKey:
        return ShowKey(self.event_id, self.show_id)

    # ── buyers ──

    async def hold(
        self, visitor: str, seats: Sequence[int] = (), standing: int = 0, *, type_id: int | None = None
    ) -> Held:
        """Hold seats and *standing* places of area 0."""
        kind = type_id or self.adult
        request = HoldRequest(tuple((k, kind) for k in seats), ((0, kind, standing),) if standing else ())
        held = await self.desk.inventory.hold(self.key, visitor, request, new_ref())
        assert isinstance(held, Held), held
        return held

    def purchase(self, visitor: str, *, key: str = "one", email: str | None = None, **changes: Any) -> Purchase:
        """A request as the API makes it."""
        digest = hashlib.blake2b(repr((visitor, key, email, sorted(changes.items()))).encode(), digest_size=16).digest()
        wanted = Purchase(
            self.show_id, visitor, visitor, key, digest, "Ada Byron", email or f"{visitor}@example.org", True
        )
        return replace(wanted, **changes)

    async def order(self, visitor: str, *, desk: Desk | None = None, **changes: Any) -> Placed:
        """Start an order, as the API does: a repeated one is taken up."""
        placed = await start_order(desk or self.desk, self.purchase(visitor, **changes))
        assert isinstance(placed, Placed), placed
        if placed.again:
            await resume_order(desk or self.desk, placed.org_id, (await self.found(placed)).order_id)
        return placed

    async def refused(self, visitor: str, **changes: Any) -> str:
        """Start an order that must be refused, and return the code."""
        answer = await start_order(self.desk, self.purchase(visitor, **changes))
        assert isinstance(answer, Refusal), answer
        return answer.code

    async def buy(self, visitor: str, seats: Sequence[int] = (), standing: int = 0, **changes: Any) -> Placed:
        """Hold, order and pay; nothing has told us of the money yet."""
        await self.hold(visitor, seats, standing)
        placed = await self.order(visitor, **changes)
        await self.pay(placed)
        return placed

    async def pay(self, placed: Placed, card: str = "visa") -> Intent | CardDeclined | ProviderRefused:
        """Confirm the order's payment at the provider, as the browser does."""
        intent_id = await self.intent_id(placed)
        return await self.stripe.confirm_intent(
            intent_id,
            payment_method=f"pm_card_{card}",
            return_url="https://tickets.example/",
            idempotency_key=new_ref(),
        )

    # ── looking ──

    async def found(self, placed: Placed) -> Found:
        found = await find_order(self.desk.database, placed.ref, Reader(org_id=self.org_id))
        assert found is not None
        return found

    async def view(self, placed: Placed) -> OrderView:
        view = await view_order(self.desk, placed.ref, Reader(org_id=self.org_id))
        assert view is not None
        return view

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        """Read behind the application's back, within the organisation."""
        async with self.desk.database.tenant(self.org_id) as connection:
            return list(await connection.fetch(query, *arguments))

    async def value(self, query: str, *arguments: Any) -> Any:
        return (await self.rows(query, *arguments))[0][0]

    async def intent_id(self, placed: Placed) -> str:
        found = await self.value(
            "select a.intent_id from attempts a join orders o on o.id = a.order_id where o.ref = $1 order by a.number desc",
            placed.ref,
        )
        assert isinstance(found, str)
        return found

    async def seat_state(self, k: int) -> int:
        """0 free, 1 held, 2 sold, 3 off sale."""
        snapshot = await self.desk.inventory.read(self.key)
        assert snapshot is not None
        return snapshot.seats[k >> 2] >> 6 - 2 * (k & 3) & 3

    def letters(self) -> list[str]:
        """The names of the letters captured, oldest first."""
        return [letter.name for letter in reversed(self.mail.newest(500))]

    # ── the provider speaks ──

    async def webhook(
        self, intent_id: str, kind: str = "payment_intent.succeeded", *, event_id: str | None = None, **extra: Any
    ) -> str:
        """Deliver an event about an intent, as stored by the webhook's route."""
        from server.webhooks.inbox import store_event

        event = WebhookEvent(
            event_id=event_id or f"evt_{new_ref()}",
            kind=kind,
            created_ms=self.clock(),
            livemode=False,
            object_kind=kind.partition(".")[0],
            object_id=intent_id,
            intent_id=intent_id if kind.startswith("payment_intent") else None,
            metadata=extra.get("metadata", {}),
        )
        return await store_event(self.desk, event, orjson.dumps({"id": event.event_id}))

    # ── time passes ──

    async def work(self) -> None:
        """Let the workers do everything that is due."""
        await finalise(self.courier)
        await deliver(self.courier)

    async def settled(self, *, forgiving: Sequence[str] = ()) -> None:
        """Let the workers finish, then nothing may be wrong: M1 to M11."""
        await self.work()
        found = [finding for finding in await self.findings() if finding.check not in forgiving]
        assert not found, "\n".join(map(str, found))

    async def findings(self) -> list[Finding]:
        return await audit_installation(self.desk)

    async def reopen(self) -> None:
        """Build the seats in Valkey from Postgres."""
        await _open(self.desk, self.show_id)


async def _open(desk: Desk, show_id: int) -> None:
    facts = await load_show(desk.database, show_id)
    assert facts is not None
    fence = await desk.inventory.begin_rebuild(facts.key)
    async with desk.database.tenant(facts.org_id) as connection:
        known = await stock_facts(connection, facts)
    await desk.inventory.open_show(facts.key, show_plan(facts), known, fence=fence)


@asynccontextmanager
async def provider_on_loopback(folder: Path, *, webhook_url: str = "") -> AsyncIterator[StripeSetup]:
    """Serve a demo provider with an empty memory on a free port, and say how our adapter reaches it."""
    keys = demo_keys(SECRET)
    world = World(Store(folder / "demo.sqlite3"))
    if webhook_url:
        world.ensure_endpoint(webhook_url, keys.webhook_secret, list(WANTED_EVENTS))
    listener = shared_socket("127.0.0.1", 0)
    config = uvicorn.Config(DemoProvider(world, keys), log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)  # polled: uvicorn has no event for it
        assert not serving.done(), serving
    try:
        yield StripeSetup(
            keys.secret_key,
            keys.publishable_key,
            (keys.webhook_secret,),
            kind="demo",
            api_base=f"http://127.0.0.1:{listener.getsockname()[1]}",
            browser_api_base="/demo-provider",
        )
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def scene(
    database: Database, redis: Redis, stripe: StripePayments, folder: Path, owner_url: str
) -> AsyncIterator[Scene]:
    """Lay a show and put it on sale."""
    org_id, event_id, show_id, adult, free_type = await _lay(database)
    inventory = ValkeyInventory(redis)
    shows = Catalogue(database, redis)
    mail = CapturedMail(folder / "mail", "Frontrow <tickets@localhost>")
    clock = Clock()
    provider: PaymentProvider = stripe
    desk = Desk(database, inventory, provider, shows, KeyWrapper(SECRET.encode()), no_wake, 240, clock)
    letters = OrderLetters(database, shows, mail, Templates(), "http://localhost:8000")
    announced: list[tuple[int, int]] = []

    async def reopen(number: int) -> None:
        await _open(desk, number)

    async def announce(changed: set[tuple[int, int]]) -> None:
        announced.extend(changed)

    courier = Courier(desk, letters, reopen, announce)
    laid = Scene(
        desk, courier, clock, redis, stripe, mail, owner_url, org_id, event_id, show_id, adult, free_type, announced
    )
    await laid.reopen()
    yield laid
    await inventory.aclose()


async def _lay(database: Database) -> tuple[int, int, int, int, int]:
    chart = festival()
    async with database.installation() as connection:
        org: int = await connection.fetchval(
            "select found_organisation($1, 'Riverside', null)", f"org-{time.time_ns()}"
        )
    async with database.tenant(org) as connection:
        venue = await connection.fetchval(
            "insert into venues (org_id, name, city, country, time_zone) values ($1, 'Field', 'Graz', 'AT', 'Europe/Vienna') returning id",
            org,
        )
        chart_id = await connection.fetchval(
            "insert into charts (org_id, venue_id, name, seats, wire) values ($1, $2, 'Field', $3, $4) returning id",
            org,
            venue,
            chart.n,
            drawing(),
        )
        event = await connection.fetchval(
            "insert into events (org_id, slug, title, currency, status, published_at) "
            "values ($1, $2, 'Summer Nights', 'eur', 'published', now()) returning id",
            org,
            f"summer-{org}",
        )
        await connection.execute(
            "insert into fee_rules (org_id, event_id, name, percent_bp, fixed, payer) values "
            "($1, $2, 'Service', 500, 50, 'buyer'), ($1, $2, 'Platform', 200, 0, 'organiser')",
            org,
            event,
        )
        show = await connection.fetchval(
            "insert into shows (org_id, event_id, venue_id, chart_id, chart_rev, starts_at, sale_opens_at, sale_closes_at, state, price_version) "
            "values ($1, $2, $3, $4, 1, now() + interval '30 days', now() - interval '1 day', now() + interval '29 days', 'on_sale', 1) "
            "returning id",
            org,
            event,
            venue,
            chart_id,
        )
        adult, free = [
            await connection.fetchval(
                "insert into ticket_types (org_id, event_id, name) values ($1, $2, $3) returning id", org, event, name
            )
            for name in ("Adult", "Guest")
        ]
        standing = {area.category for area in chart.areas}
        for number, category in enumerate(chart.categories):
            await connection.execute(
                "insert into show_categories (org_id, show_id, category, name, capacity) values ($1, $2, $3, $4, 100000)",
                org,
                show,
                number,
                category.name,
            )
            for kind, amount in ((adult, STANDING_PRICE if number in standing else SEAT_PRICE), (free, 0)):
                await connection.execute(
                    "insert into prices (org_id, show_id, version, category, ticket_type_id, amount) values ($1, $2, 1, $3, $4, $5)",
                    org,
                    show,
                    number,
                    kind,
                    amount,
                )
    return org, event, show, adult, free
