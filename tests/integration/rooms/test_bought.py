"""A purchase ends the visit: the slot is the next one's at once, and who bought is told so and where their tickets are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from seatmap.inventory.model import Held, HoldRequest, Refused
from server.outbox.drain import finalise
from server.payments.provider import WebhookEvent
from server.payments.stripe_payments import StripePayments
from server.rooms.visits import visit_ender
from server.visitor import VisitorId
from server.webhooks.inbox import store_event
from tests.integration.installation import Installation
from tests.integration.rooms.hall import Hall, Visitor, code_of, now_ms, paying_installation, solve
from workers.app import make_bench


@pytest.fixture
async def server(database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Installation]:
    """A server on an empty database and an empty store, and a payment provider that answers."""
    async with paying_installation(database_url, valkey_url, tmp_path) as running:
        yield running


async def buy(hall: Hall, buyer: Visitor, seat: int) -> str:
    """Hold, order and pay, and let the workers hear of the money; return the order's reference."""
    services = hall.server.services
    held = await services.inventory.hold(
        hall.show, VisitorId(buyer.number), HoldRequest(((seat, hall.type_id),)), f"hold-{seat}"
    )
    assert isinstance(held, Held), held
    answer = await buyer.client.post(
        "/api/v1/orders",
        json={"show": hall.show_id, "name": "Ada", "email": "ada@example.org", "terms": True},
        headers={"idempotency-key": f"order-{seat}"},
    )
    assert answer.status_code == 201, answer.text
    order = answer.json()
    intent_id = order["payment"]["client_secret"].partition("_secret_")[0]
    provider = services.provider
    assert isinstance(provider, StripePayments)
    await provider.confirm_intent(
        intent_id, payment_method="pm_card_visa", return_url="https://tickets.example/", idempotency_key=f"pay-{seat}"
    )
    courier = make_bench(services).courier
    event = WebhookEvent(
        event_id=f"evt_{seat}", kind="payment_intent.succeeded", created_ms=now_ms(), livemode=False,
        object_kind="payment_intent", object_id=intent_id, intent_id=intent_id, metadata={},
    )  # fmt: skip
    await store_event(courier.desk, event, b"{}")
    await finalise(courier)
    return str(order["ref"])


async def test_a_purchase_ends_the_visit_and_the_person_is_told(hall: Hall) -> None:
    """While they choose: until when. Once bought: that it is over, where the tickets are, and that more means joining again."""
    facts = await hall.room(opens_lobby_ms=now_ms() - 60_000, draws_ms=now_ms() - 1, cap=1)
    buyer, other = await hall.visitor(facts), await hall.visitor(facts)
    for one in (buyer, other):
        assert (await one.join()).status_code == 201
    await hall.call(facts, 2)
    claimed = (await buyer.claim()).json()
    assert code_of(await other.claim()) == "visits_full"
    mine = (await buyer.mine()).json()
    assert (mine["state"], mine["visit_until_ms"], mine["bought"]) == ("claimed", claimed["expires_at_ms"], None)
    assert mine["go"]

    ref = await buy(hall, buyer, 0)
    mine = (await buyer.mine()).json()
    assert (mine["state"], mine["visit_until_ms"], mine["go"]) == ("claimed", 0, None)
    assert mine["bought"] == f"/orders/{ref}"
    assert (await buyer.client.get(mine["bought"])).status_code == 200, "no key is needed where the visitor is known"
    assert (await other.claim()).status_code == 200, "the slot is the next one's at once"
    assert code_of(await buyer.claim()) == "visit_over"
    refused = await hall.server.services.inventory.hold(
        hall.show, VisitorId(buyer.number), HoldRequest(((9, hall.type_id),)), "again"
    )
    assert isinstance(refused, Refused) and refused.code == "pass_required"
    asked = (await buyer.client.get(f"{buyer.path}/challenge")).json()["challenge"]
    again = (await buyer.join(**({} if asked is None else {"challenge": solve(asked)}))).json()
    assert again["index"] > mine["index"]
    assert again["bought"] is None


async def test_a_visit_that_ends_otherwise_bought_nothing(hall: Hall) -> None:
    """Given up, or paid for by somebody else, or before this place was taken: no tickets are spoken of."""
    facts = await hall.room(opens_lobby_ms=now_ms() - 60_000, draws_ms=now_ms() - 1)
    buyer, leaver = await hall.visitor(facts), await hall.visitor(facts)
    for one in (buyer, leaver):
        await one.join()
    await hall.call(facts, 2)
    for one in (buyer, leaver):
        assert (await one.claim()).status_code == 200
    await buy(hall, buyer, 0)
    await visit_ender(hall.server.services)(hall.show, VisitorId(leaver.number))
    mine = (await leaver.mine()).json()
    assert (mine["state"], mine["visit_until_ms"], mine["bought"]) == ("claimed", 0, None)
