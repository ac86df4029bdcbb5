"""The whole way through real processes: HTTP, the provider's own webhooks, arq, mail, gateway; workers killed in the middle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import httpx
import pytest
import stripe as stripe_sdk
from redis.asyncio import Redis

from server import migrate
from server.accounts.passwords import Passwords
from server.database import Database
from server.embedded.postgres import EmbeddedPostgres
from server.orders.audit import audit_until_still
from server.orders.audit_viewers import audit_viewers
from server.orders.command import refund_by_ref
from server.payments.demo_keys import demo_keys
from server.payments.stripe_payments import StripePayments, StripeSetup
from server.refusals import Refusal
from server.visitor import VisitorTokens
from tests.integration.installation import ACCOUNTS, PASSWORD
from tests.integration.orders.installation_processes import Processes, processes
from tests.order_scene import SECRET, Scene, scene

PAID_S = 20.0


@pytest.fixture(scope="module")
def running(
    postgres_server: EmbeddedPostgres, template_database: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """Every process of an installation, for all tests of this module: each lays a show of its own."""

    async def make() -> None:
        administrator = await asyncpg.connect(postgres_server.url("postgres"))
        await administrator.execute(f"create database installation template {template_database}")
        await administrator.close()

    asyncio.run(make())
    database_url = postgres_server.url("installation", migrate.RUNTIME)
    with processes(database_url, valkey_url, tmp_path_factory.mktemp("installation")) as all_of_them:
        yield all_of_them


@pytest.fixture
async def whole(running: Processes, redis: Redis, owner_url: str) -> AsyncIterator[tuple[Scene, Processes]]:
    """A show on sale there."""
    settings, keys = running.settings, demo_keys(SECRET)
    setup = StripeSetup(
        keys.secret_key, keys.publishable_key, (keys.webhook_secret,), kind="demo",
        api_base=f"http://127.0.0.1:{settings.provider_port}", browser_api_base="/demo-provider",
    )  # fmt: skip
    stripe, database = StripePayments(setup), Database(settings.database_url)
    await database.open()
    async with scene(database, redis, stripe, settings.var, owner_url) as laid:
        yield laid, running
    await database.close()
    await stripe.close()


@pytest.fixture
async def buyers(whole: tuple[Scene, Processes]) -> AsyncIterator[list[Buyer]]:
    """A dozen programs that buy over HTTP."""
    made = [Buyer(*whole, number) for number in range(12)]
    yield made
    for buyer in made:
        await buyer.close()


class Buyer:
    """A program that buys over HTTP."""

    def __init__(self, house: Scene, running: Processes, number: int) -> None:
        self.house, self.settings = house, running.settings
        tokens = VisitorTokens(SECRET)
        token = tokens.issue(int(time.time()))
        visitor = tokens.read(token, int(time.time()))
        assert visitor is not None
        self.visitor, self.number = str(visitor), number
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.settings.port}", headers={"authorization": f"Visitor {token}"}, timeout=20
        )
        self.browser = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.settings.port}", timeout=20)

    async def close(self) -> None:
        await self.http.aclose()
        await self.browser.aclose()

    async def start(self, seats: list[int], *, key: str = "k") -> dict[str, Any]:
        await self.house.hold(self.visitor, seats)
        return await self.order(key=key)

    async def order(self, *, key: str = "k", expect: int = 201, **changes: Any) -> dict[str, Any]:
        body = {
            "show": self.house.show_id,
            "name": "Ada",
            "email": f"b{self.number}@example.org",
            "terms": True,
        } | changes
        answer = await self.http.post("/api/v1/orders", json=body, headers={"idempotency-key": key})
        assert answer.status_code == expect, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def confirm(self, order: dict[str, Any], card: str = "4242424242424242") -> httpx.Response:
        payment = order["payment"]
        intent = payment["client_secret"].partition("_secret_")[0]
        return await self.browser.post(
            f"{payment['api_base']}/v1/payment_intents/{intent}/confirm",
            data={
                "key": payment["publishable_key"], "client_secret": payment["client_secret"], "return_url": "https://x.example/",
                "payment_method_data[type]": "card", "payment_method_data[card][number]": card,
                "payment_method_data[card][exp_month]": "12", "payment_method_data[card][exp_year]": "2040",
                "payment_method_data[card][cvc]": "123",
            },
        )  # fmt: skip

    async def paid(self, ref: str) -> dict[str, Any]:
        """Poll until the order is paid."""
        deadline = time.monotonic() + PAID_S
        while time.monotonic() < deadline:
            answer = await self.http.get(f"/api/v1/orders/{ref}")
            assert answer.status_code in (200, 503), answer.text  # 503: a store is away, come back
            order: dict[str, Any] = answer.json()
            if order.get("message") == "paid":
                return order
            await asyncio.sleep(0.05)
        raise AssertionError(order)


async def test_a_purchase_over_http(whole: tuple[Scene, Processes], buyers: list[Buyer]) -> None:
    """Order, pay, and the webhook alone makes tickets, a letter and sold seats; the audit and three viewers agree."""
    house, running = whole
    buyer = buyers[0]
    order = await buyer.start([10, 11])
    assert order["payment"]["provider"] == "demo"
    confirmed = await buyer.confirm(order)
    assert confirmed.status_code == 200, confirmed.text
    order = await buyer.paid(order["ref"])
    assert len(order["tickets"]) == 2
    await eventually(lambda: f"order-{order['ref']}-tickets" in house.letters())
    assert not await audit_until_still(house.desk, patience_s=10)
    server, live = (
        f"{p}:{n}"
        for p, n in (("http://127.0.0.1", running.settings.port), ("ws://127.0.0.1", running.settings.live_port))
    )
    assert not await audit_viewers(server, f"{live}/live", [house.show_id], viewers=2, seconds=0.5)


async def test_what_a_buyer_may_not(whole: tuple[Scene, Processes], buyers: list[Buyer]) -> None:
    """Each bad request has its code and changes nothing; a double click and a strange browser are told apart."""
    house, _ = whole
    buyer, other = buyers[:2]
    assert (await buyer.order(expect=409))["code"] == "hold_gone"
    await house.hold(buyer.visitor, [10])
    for code, status, changes in (
        ("terms_not_accepted", 422, {"terms": False}),
        ("amount_changed", 409, {"expected_total": 1}),
        ("currency_changed", 409, {"currency": "usd"}),
        ("attendee_unknown", 422, {"attendees": [{"name": "X", "k": 99}]}),
        ("field_invalid", 422, {"email": "nobody"}),
        ("field_invalid", 422, {"surprise": 1}),
        ("show_unknown", 404, {"show": 999}),
    ):
        assert (await buyer.order(key=f"bad-{code}", expect=status, **changes))["code"] == code
    first, second = await asyncio.gather(buyer.order(), buyer.order())
    assert first["ref"] == second["ref"]
    assert (await buyer.order(expect=409, name="Somebody else"))["code"] == "idempotency_key_reused"
    for answer in (
        await other.http.get(f"/api/v1/orders/{first['ref']}"),
        await other.http.post(f"/api/v1/orders/{first['ref']}/cancel", json={}),
        await other.http.get(f"/api/v1/orders/{first['ref']}?key=wrong"),
        await other.http.get("/api/v1/orders/0000000000"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "order_unknown")
    assert (await other.http.get(f"/api/v1/orders/{first['ref']}?key={first['key']}")).status_code == 200
    refused = await buyer.http.post(f"/api/v1/orders/{first['ref']}/refund", json={}, headers={"idempotency-key": "r"})
    assert refused.status_code == 401
    cancelled = await buyer.http.post(f"/api/v1/orders/{first['ref']}/cancel", json={"keep_seats": True})
    assert cancelled.json()["state"] == "cancelled"


async def test_bad_webhooks(whole: tuple[Scene, Processes], postgres_server: EmbeddedPostgres) -> None:
    """Unsigned, forged, stale, future, malformed and oversized ones are refused with a code and leave no row."""
    _, running = whole
    secret = demo_keys(SECRET).webhook_secret
    body = b'{"id":"evt_1","object":"event","type":"payment_intent.succeeded","livemode":false,"created":1,"data":{"object":{"id":"pi_1","object":"payment_intent"}}}'

    def signed(payload: bytes, at: float, key: str = secret) -> str:
        stamp = int(at)
        signature = stripe_sdk.WebhookSignature._compute_signature(f"{stamp}.{payload.decode()}", key)
        return f"t={stamp},v1={signature}"

    now = time.time()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.settings.port}") as http:
        for code, payload, signature in (
            ("webhook_unsigned", body, None),
            ("webhook_forged", body, signed(body, now, "whsec_other")),
            ("webhook_forged", body + b" ", signed(body, now)),
            ("webhook_stale", body, signed(body, now - 3600)),
            ("webhook_future", body, signed(body, now + 3600)),
            ("webhook_malformed", b"{}", signed(b"{}", now)),
            ("webhook_not_utf8", b"\xff\xfe", "t=1,v1=00"),
        ):
            headers = {} if signature is None else {"stripe-signature": signature}
            answer = await http.post("/webhooks/stripe", content=payload, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, code)
        too_large = await http.post("/webhooks/stripe", content=b"x" * 300_000)
        assert too_large.status_code == 413
        for _ in range(2):
            answer = await http.post("/webhooks/stripe", content=body, headers={"stripe-signature": signed(body, now)})
            assert answer.status_code == 200
    owner = await asyncpg.connect(postgres_server.url("installation"))
    assert await owner.fetchval("select count(*) from inbox where event_id = 'evt_1'") == 1
    await owner.close()


async def test_workers_killed_and_started_again(whole: tuple[Scene, Processes], buyers: list[Buyer]) -> None:
    """kill -9 while orders pour in: every paid order is ticketed, sold and told of by the workers that come after."""
    house, running = whole

    async def buy(buyer: Buyer) -> str:
        order = await buyer.start([2 * buyer.number, 2 * buyer.number + 1])
        assert (await buyer.confirm(order)).status_code == 200
        return str(order["ref"])

    async def violence() -> None:
        for _ in range(3):
            await asyncio.sleep(0.15)  # part of the fault schedule, not a wait for something
            running.kill("workers")
            running.start("workers")

    refs, _ = await asyncio.gather(asyncio.gather(*map(buy, buyers)), violence())
    running.await_health("workers")
    # What the dead workers had claimed comes back when its lease is over.
    for _ in range(3):
        await house.rows(
            "update inbox set available_at = least(available_at, now() + interval '1 second') where settled_at is null returning 1"
        )
        await house.rows(
            "update outbox set available_at = least(available_at, now() + interval '1 second') where settled_at is null returning 1"
        )
        await asyncio.sleep(0.3)
    for buyer, ref in zip(buyers, refs, strict=True):
        await buyer.paid(ref)
    assert not await audit_until_still(house.desk, patience_s=15)
    await eventually(lambda: {f"order-{ref}-tickets" for ref in refs} <= set(house.letters()))
    assert running.stop("workers") == 0
    running.start("workers")


async def test_valkey_emptied_and_provider_restarted(whole: tuple[Scene, Processes], buyers: list[Buyer]) -> None:
    """The workers rebuild the show by themselves, and a payment begun before goes on after both came back."""
    house, running = whole
    buyer = buyers[0]
    order = await buyer.start([10, 11])
    running.kill("provider")
    running.start("provider")
    await house.redis.flushall()
    running.await_health("provider")
    await eventually_async(house, 10, 1)
    assert (await buyer.confirm(order)).status_code == 200
    await buyer.paid(order["ref"])
    await eventually_async(house, 10, 2)
    assert not await audit_until_still(house.desk, patience_s=15)


async def test_staff_refund_over_http(whole: tuple[Scene, Processes], buyers: list[Buyer]) -> None:
    """The buyer's browser comes back first; staff give the money back; seats free, tickets void; a viewer may look only."""
    house, running = whole
    buyer = buyers[0]
    order = await buyer.start([10, 11])
    await buyer.confirm(order)
    returned = (await buyer.http.post(f"/api/v1/orders/{order['ref']}/return")).json()
    assert returned["message"] == "paid"
    viewer, manager = await signed_in(house, running, "viewer"), await signed_in(house, running, "manager")
    path, key = f"/api/v1/orders/{order['ref']}/refund", {"idempotency-key": "r"}
    assert (await viewer.post(path, json={}, headers=key)).status_code == 403
    first, second = await asyncio.gather(*(manager.post(path, json={"note": "kind"}, headers=key) for _ in range(2)))
    assert (first.status_code, second.status_code) == (200, 200), (first.text, second.text)
    await eventually_async(house, 10, 0)
    after = (await buyer.http.get(f"/api/v1/orders/{order['ref']}")).json()
    assert {ticket["state"] for ticket in after["tickets"]} == {"void"}
    listed = (await manager.get(f"/api/v1/orders?q={order['ref']}")).json()["orders"]
    assert [row["ref"] for row in listed] == [order["ref"]]
    answer = await refund_by_ref(house.desk, order["ref"].lower(), cancel=True, even_admitted=False, note="")
    assert isinstance(answer, Refusal)
    assert not await audit_until_still(house.desk, patience_s=15)
    for client in (viewer, manager):
        await client.aclose()


async def test_postgres_drops_every_connection(
    whole: tuple[Scene, Processes], buyers: list[Buyer], postgres_server: EmbeddedPostgres
) -> None:
    """As when it is restarted: requests are refused or repeated, and in the end every payment has its tickets."""
    house, _ = whole
    owner = await asyncpg.connect(postgres_server.url("postgres"))

    async def buy(buyer: Buyer) -> str:
        await house.hold(buyer.visitor, [2 * buyer.number, 2 * buyer.number + 1])
        for _ in range(50):
            body = {"show": house.show_id, "name": "Ada", "email": f"p{buyer.number}@example.org", "terms": True}
            answer = await buyer.http.post("/api/v1/orders", json=body, headers={"idempotency-key": "k"})
            order = answer.json()
            if answer.status_code == 201 and order["payment"]["client_secret"]:
                break
            assert answer.status_code in (201, 503), answer.text
        assert (await buyer.confirm(order)).status_code == 200
        return str(order["ref"])

    async def violence() -> None:
        for _ in range(4):
            await asyncio.sleep(0.1)  # part of the fault schedule, not a wait for something
            await owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'installation' and application_name in ('server', 'workers')"
            )

    refs, _ = await asyncio.gather(asyncio.gather(*map(buy, buyers[:6])), violence())
    await owner.close()
    for buyer, ref in zip(buyers, refs, strict=False):
        await buyer.paid(ref)
    assert not await audit_until_still(house.desk, patience_s=30)


async def signed_in(house: Scene, running: Processes, role: str) -> httpx.AsyncClient:
    """Return a browser signed in as somebody new with *role*."""
    origin = f"http://127.0.0.1:{running.settings.port}"
    email, hashed = f"{role}{house.org_id}@example.org", await Passwords().hash(PASSWORD)
    async with house.desk.database.tenant(house.org_id) as connection:
        user = await connection.fetchval(ACCOUNTS["ensure_user"], email, role, hashed, False)
        await connection.execute(ACCOUNTS["add_member"], user, role)
    client = httpx.AsyncClient(base_url=origin, headers={"origin": origin}, timeout=20)
    answer = await client.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


async def eventually(holds: Any) -> None:
    """Poll until *holds*."""
    deadline = time.monotonic() + PAID_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def eventually_async(house: Scene, k: int, state: int) -> None:
    """Poll until seat *k* is in *state*."""
    deadline = time.monotonic() + PAID_S
    while True:
        snapshot = await house.desk.inventory.read(house.key)
        if snapshot is not None and snapshot.seats[k >> 2] >> 6 - 2 * (k & 3) & 3 == state:
            return
        assert time.monotonic() < deadline, (k, state)
        await asyncio.sleep(0.05)
