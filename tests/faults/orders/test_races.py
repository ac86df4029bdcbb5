"""The races of docs/orders.md, each against real stores and a real provider; the audit has the last word after each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from server.orders.close import close_order
from server.orders.desk import Desk
from server.orders.refund import RefundPromised, refund_order
from server.orders.retry import next_payment, refresh, resume_order
from server.orders.start import Placed, start_order
from server.orders.sweep import end_due_orders
from server.payments.provider import CardDeclined, Intent, ProviderRefused
from server.payments.provider import Refund as ProviderRefund
from server.refusals import Refusal
from tests.faults.orders.faulty import Wire
from tests.order_scene import Scene


async def over(house: Scene, placed: Placed) -> None:
    """Let the order's time to pay be over."""
    await house.rows(
        "update orders set pay_until = now() - interval '1 second', check_at = now() where ref = $1 returning 1",
        placed.ref,
    )


def wired(house: Scene) -> tuple[Desk, Wire]:
    """Return a desk whose line to the provider can be cut."""
    wire = Wire(house.stripe)
    return replace(house.desk, provider=wire), wire


async def let_go_in_doubt(house: Scene, placed: Placed) -> None:
    """End the order while nobody can ask the provider, after half an hour of doubt."""
    desk, wire = wired(house)
    wire.cut = {"*"}
    found = await house.found(placed)
    await over(house, placed)
    assert await close_order(desk, found.org_id, found.order_id, expired=True) == "doubt"
    await house.rows(
        "update orders set doubt_since = now() - interval '31 minutes' where ref = $1 returning 1", placed.ref
    )
    assert await close_order(desk, found.org_id, found.order_id, expired=True) == "ended"
    await house.rows(
        "update outbox set available_at = now() + interval '1 hour' where kind = 'cancel_intent' returning 1"
    )
    await house.work()


async def test_1_webhook_and_return_at_once(house: Scene) -> None:
    """Webhook and browser apply the same payment at the same moment: one issue, one letter."""
    placed = await house.buy("ada", [10, 11])
    found = await house.found(placed)
    await house.webhook(await house.intent_id(placed))
    await asyncio.gather(
        house.work(), *(refresh(house.desk, found.org_id, found.order_id) for _ in range(4)), house.work()
    )
    await house.settled()
    assert len((await house.view(placed)).tickets) == 2
    assert house.letters() == [f"order-{placed.ref}-tickets"]
    assert await house.value("select count(*) from order_events where state = 'paid'") == 1


async def test_2_the_same_webhook_twice_at_once(house: Scene) -> None:
    """One is stored, the other is answered as a repetition; weeks later still."""
    placed = await house.buy("ada", [10])
    intent_id = await house.intent_id(placed)
    said = await asyncio.gather(*(house.webhook(intent_id, event_id="evt_same") for _ in range(6)))
    assert sorted(said) == ["repeated"] * 5 + ["stored"]
    await house.settled()
    assert await house.webhook(intent_id, event_id="evt_same") == "repeated"
    assert await house.webhook(intent_id) == "already_applied"
    await house.settled()


async def test_3_the_webhook_overtakes_the_answer_to_our_call(house: Scene) -> None:
    """The money is matched by the number we sent along, though we never heard of the intent."""
    desk, wire = wired(house)
    wire.deaf = {"create_intent"}
    await house.hold("ada", [10])
    placed = await house.order("ada", desk=desk)
    assert (await house.view(placed)).payment.client_secret is None  # type: ignore[union-attr]
    (intent,) = (await house.stripe.list_intents(since_ms=0)).items
    await house.stripe.confirm_intent(
        intent.intent_id, payment_method="pm_card_visa", return_url="https://x.example/", idempotency_key="c"
    )
    await house.webhook(intent.intent_id, metadata=dict(intent.metadata))
    await house.settled()
    assert (await house.view(placed)).state == "paid"


async def test_4_a_lost_answer_never_makes_a_second_intent(house: Scene) -> None:
    """The repeated request finds the intent of the first by its key."""
    desk, wire = wired(house)
    wire.deaf = {"create_intent"}
    await house.hold("ada", [10])
    first = await house.order("ada", desk=desk)
    again = await house.order("ada")
    assert again.ref == first.ref
    (intent,) = (await house.stripe.list_intents(since_ms=0)).items
    assert await house.intent_id(first) == intent.intent_id
    await house.pay(first)
    await house.webhook(intent.intent_id)
    await house.settled()


async def test_5_time_is_over_while_the_bank_asks(house: Scene) -> None:
    """The buyer gets the one extension, then the intent is cancelled before the seat is let go; nothing is charged."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    answer = await house.pay(placed, "threeDSecure2Required")
    assert isinstance(answer, Intent)
    assert answer.status == "requires_action"
    await over(house, placed)
    await end_due_orders(house.desk)
    assert (await house.view(placed)).message == "pay_now"
    assert (await house.view(placed)).pay_until_ms > house.clock()
    await over(house, placed)
    await end_due_orders(house.desk)
    await house.settled()
    assert (await house.view(placed)).state == "expired"
    assert await house.seat_state(10) == 0
    truth = await house.stripe.retrieve_intent(await house.intent_id(placed))
    assert isinstance(truth, Intent)
    assert truth.status == "canceled"


@pytest.mark.parametrize("order", ["end_first", "money_first", "at_once"])
async def test_6_end_and_success_meet(house: Scene, order: str) -> None:
    """Whatever comes first, the order is paid: the money had come before its end."""
    placed = await house.buy("ada", [10])
    found = await house.found(placed)
    intent_id = await house.intent_id(placed)
    await over(house, placed)

    async def end() -> None:
        await close_order(house.desk, found.org_id, found.order_id, expired=True)

    async def money() -> None:
        await house.webhook(intent_id)
        await house.work()

    steps = {"end_first": [end, money], "money_first": [money, end]}.get(order)
    if steps is None:
        await asyncio.gather(end(), money())
    else:
        for step in steps:
            await step()
    await house.settled()
    assert (await house.view(placed)).state == "paid"
    assert await house.seat_state(10) == 2


async def test_7_late_money_and_the_seats_are_free(house: Scene) -> None:
    """The same seats are sold after all."""
    await house.hold("ada", [10, 11], standing=2)
    placed = await house.order("ada")
    await let_go_in_doubt(house, placed)
    assert await house.seat_state(10) == 0
    await house.pay(placed)
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    view = await house.view(placed)
    assert (view.state, len(view.tickets)) == ("paid", 4)
    assert await house.seat_state(10) == 2


async def test_8_late_money_and_the_seats_are_gone(house: Scene) -> None:
    """All the money goes back, once, with a letter and an incident; the other buyer keeps the seat."""
    await house.hold("ada", [10, 11])
    placed = await house.order("ada")
    await let_go_in_doubt(house, placed)
    other = await house.buy("bob", [11])
    await house.webhook(await house.intent_id(other))
    await house.settled()
    await house.pay(placed)
    for _ in range(3):
        await house.webhook(await house.intent_id(placed))
    await asyncio.gather(house.work(), house.work())
    await house.settled()
    view = await house.view(placed)
    assert (view.state, view.message, view.tickets) == ("refunded", "refunded", ())
    assert [refund.amount for refund in view.refunds] == [view.total]
    assert (await house.view(other)).state == "paid"
    assert await house.seat_state(10) == 0
    assert f"order-{placed.ref}-refund-{view.total}" in house.letters()
    assert await house.value("select count(*) from incidents where kind = 'late_money'") == 1
    assert len((await house.stripe.list_refunds(since_ms=0)).items) == 1


async def test_9_two_tabs_make_one_order(house: Scene) -> None:
    """Whatever the tabs do at once, one hold is one order with one open attempt."""
    await house.hold("ada", [10, 11])
    placed = await asyncio.gather(*(house.order("ada", key=f"tab-{n}") for n in range(6)))
    assert len({one.ref for one in placed}) == 1
    assert await house.value("select count(*) from orders") == 1
    assert len((await house.stripe.list_intents(since_ms=0)).items) == 1
    await house.pay(placed[0])
    await house.webhook(await house.intent_id(placed[0]))
    await house.settled()


async def test_9_a_key_used_again_keeps_its_order(house: Scene) -> None:
    """A used key with other content is refused while another tab begins an order, and goes on naming the order it made."""
    first = await house.buy("ada", [10])
    await house.webhook(await house.intent_id(first))
    await house.settled()
    await house.hold("ada", [11])
    second, reused = await asyncio.gather(
        start_order(house.desk, house.purchase("ada", key="two")),
        start_order(house.desk, house.purchase("ada", email="other@example.org")),
    )
    assert isinstance(second, Placed)
    assert reused == Refusal("idempotency_key_reused")
    assert (await house.order("ada")).ref == first.ref != second.ref


async def test_9_two_payments_of_one_order(house: Scene) -> None:
    """When both went through all the same, the later one goes back and the order stays paid."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    first = await house.intent_id(placed)
    # As after a restore: we believe the first attempt dead, and it is not.
    await house.rows("update attempts set state = 'cancelled' where intent_id = $1 returning 1", first)
    await house.rows(
        "insert into order_events (org_id, order_id, subject, subject_id, state, cause) "
        "select org_id, order_id, 'attempt', id, 'cancelled', 'test' from attempts returning 1"
    )
    found = await house.found(placed)
    assert await next_payment(house.desk, found.org_id, found.order_id) is None
    second = await house.intent_id(placed)
    assert second != first
    await house.pay(placed)
    await house.webhook(second)
    await house.work()
    await house.stripe.confirm_intent(
        first, payment_method="pm_card_visa", return_url="https://x.example/", idempotency_key="late"
    )
    await house.webhook(first)
    await house.webhook(first)
    await house.settled()
    view = await house.view(placed)
    assert (view.state, len(view.tickets)) == ("paid", 1)
    assert [(refund.reason, refund.amount) for refund in view.refunds] == [("double_payment", view.total)]


async def test_10_declined_then_another_card(house: Scene) -> None:
    """A new attempt for the same order; the old intent can bring no money any more; the seats were kept."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    first = await house.intent_id(placed)
    assert isinstance(await house.pay(placed, "chargeDeclined"), CardDeclined)
    await house.webhook(first, "payment_intent.payment_failed")
    await house.work()
    assert (await house.view(placed)).message == "declined"
    found = await house.found(placed)
    assert await next_payment(house.desk, found.org_id, found.order_id) is None
    view = await house.view(placed)
    assert view.payment is not None
    assert (view.message, view.payment.attempt) == ("pay_now", 2)
    assert await house.seat_state(10) == 1
    old = await house.stripe.retrieve_intent(first)
    assert isinstance(old, Intent)
    assert old.status == "canceled"
    await house.pay(placed)
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert (await house.view(placed)).state == "paid"


async def test_10_declined_then_the_same_intent_again(house: Scene) -> None:
    """A page that confirms the same intent with another card is as good."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    await house.pay(placed, "chargeDeclined")
    await house.pay(placed)
    await house.webhook(await house.intent_id(placed), "payment_intent.payment_failed")
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert (await house.view(placed)).message == "paid"


async def test_11_a_payment_in_doubt_is_not_offered_again(house: Scene) -> None:
    """While nobody knows, the page says "checking" and there is nothing to pay with."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    found = await house.found(placed)
    desk, wire = wired(house)
    wire.cut = {"*"}
    await over(house, placed)
    assert await close_order(desk, found.org_id, found.order_id, expired=True) == "doubt"
    assert (await house.view(placed)).message == "checking"
    refused = await next_payment(desk, found.org_id, found.order_id)
    assert isinstance(refused, Refusal)
    assert refused.code == "order_not_payable"
    await house.pay(placed)
    await close_order(house.desk, found.org_id, found.order_id, expired=True)
    await house.settled()
    assert (await house.view(placed)).message == "paid"


@pytest.mark.parametrize("amount", [1, 99_00])
async def test_12_another_amount_is_never_a_sale(house: Scene, amount: int) -> None:
    """Too little or too much: quarantined, no tickets, an incident, and staff can give it back."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    intent_id = await house.intent_id(placed)
    await house.stripe.update_intent(intent_id, amount=amount + 50, currency="eur", idempotency_key="u")
    await house.pay(placed)
    await house.webhook(intent_id)
    await house.settled()
    view = await house.view(placed)
    assert (view.state, view.message, view.tickets) == ("quarantined", "in_review", ())
    assert await house.seat_state(10) == 0
    found = await house.found(placed)
    assert await refund_order(house.desk, found.org_id, found.order_id, cancel=True) == RefundPromised(
        amount + 50, "eur"
    )
    await house.settled()
    assert (await house.view(placed)).state == "refunded"


async def test_12_another_currency_is_never_a_sale(house: Scene) -> None:
    """The same number in another currency is not the same money."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    intent_id = await house.intent_id(placed)
    total = (await house.view(placed)).total
    await house.stripe.update_intent(intent_id, amount=total, currency="usd", idempotency_key="u")
    await house.pay(placed)
    await house.webhook(intent_id)
    await house.settled()
    assert (await house.view(placed)).state == "quarantined"


async def test_13_refund_clicked_twice(house: Scene) -> None:
    """Of several clicks and several members of staff, one gives the money back."""
    placed = await house.buy("ada", [10, 11])
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    found = await house.found(placed)
    answers = await asyncio.gather(
        *(refund_order(house.desk, found.org_id, found.order_id, cancel=True) for _ in range(5))
    )
    assert sum(isinstance(answer, RefundPromised) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"order_not_refundable"}
    await house.settled()
    assert (await house.view(placed)).state == "refunded"
    assert await house.seat_state(10) == 0
    assert len((await house.stripe.list_refunds(since_ms=0)).items) == 1


async def test_14_a_lost_answer_to_a_refund(house: Scene) -> None:
    """Unknown is not failed: asked again with the same key, the provider tells of the first one."""
    placed = await house.buy("ada", [10])
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    found = await house.found(placed)
    await refund_order(house.desk, found.org_id, found.order_id, cancel=True)
    desk, wire = wired(house)
    wire.deaf = {"refund"}
    courier, house.courier = house.courier, replace(house.courier, desk=desk)
    await house.work()
    assert (await house.view(placed)).message == "refund_coming"
    house.courier = courier
    await house.rows("update outbox set available_at = now() where settled_at is null returning 1")
    await house.settled()
    assert (await house.view(placed)).state == "refunded"
    assert len((await house.stripe.list_refunds(since_ms=0)).items) == 1


async def test_15_a_refund_made_at_the_providers_pages(house: Scene) -> None:
    """Taken over as money only: the tickets stay until the organiser decides."""
    placed = await house.buy("ada", [10])
    intent_id = await house.intent_id(placed)
    await house.webhook(intent_id)
    await house.settled()
    made = await house.stripe.refund(intent_id, amount=1000, currency="eur", metadata={}, idempotency_key="x")
    assert isinstance(made, ProviderRefund)
    for _ in range(2):
        await house.webhook(made.refund_id, "refund.created")
    await house.settled()
    view = await house.view(placed)
    assert (view.state, len(view.tickets), view.refunds[0].reason) == ("partly_refunded", 1, "external")
    assert await house.value("select count(*) from incidents where kind = 'external_refund'") == 1
    found = await house.found(placed)
    rest = await refund_order(house.desk, found.org_id, found.order_id, cancel=True)
    assert rest == RefundPromised(view.total - 1000, "eur")
    await house.settled()
    assert (await house.view(placed)).state == "refunded"


async def test_23_the_store_is_lost_in_mid_sale(house: Scene) -> None:
    """Sold seats and open payments come back from Postgres; nobody else gets a seat that is being paid for."""
    sold = await house.buy("ada", [10])
    await house.webhook(await house.intent_id(sold))
    await house.settled()
    await house.hold("bob", [20, 21], standing=3)
    paying = await house.order("bob")
    await house.pay(paying)
    await house.redis.flushall()
    await house.webhook(await house.intent_id(paying))
    await house.work()  # the ticket is issued; the seat waits for the store
    await house.reopen()
    assert [await house.seat_state(k) for k in (10, 20, 21)] == [2, 2, 2]
    await house.rows("update outbox set available_at = now() where settled_at is null returning 1")
    await house.settled()
    assert (await house.view(paying)).state == "paid"


async def test_25_the_provider_is_down_when_paying_begins(house: Scene) -> None:
    """The order stands and its seats are kept; when the provider is back, one intent is opened and paid."""
    desk, wire = wired(house)
    wire.cut = {"*"}
    await house.hold("ada", [10])
    placed = await house.order("ada", desk=desk)
    found = await house.found(placed)
    for _ in range(3):
        await resume_order(desk, found.org_id, found.order_id)
    assert await house.seat_state(10) == 1
    assert await next_payment(house.desk, found.org_id, found.order_id) is None
    await house.pay(placed)
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert len((await house.stripe.list_intents(since_ms=0)).items) == 1


async def test_28_a_free_order_needs_no_provider(house: Scene) -> None:
    """Tickets at once, no attempt, no ledger, and the provider never hears of it."""
    desk, wire = wired(house)
    await house.hold("ada", [10], standing=1, type_id=house.free_type)
    placed = await house.order("ada", desk=desk)
    await house.settled()
    view = await house.view(placed)
    assert (view.state, view.total, len(view.tickets), view.payment) == ("paid", 0, 2, None)
    assert wire.calls == []
    found = await house.found(placed)
    assert await refund_order(house.desk, found.org_id, found.order_id, cancel=True) == RefundPromised(0, "eur")
    await house.settled()
    assert await house.seat_state(10) == 0


async def test_two_buyers_pay_for_one_seat(house: Scene) -> None:
    """If Valkey ever gave one seat to two, the index in Postgres gives it to one and the other's money goes back."""
    await house.hold("ada", [10])
    ada = await house.order("ada")
    # As a store restored from an old copy would: it forgot Ada's hold.
    await house.redis.flushall()
    await house.rows("update orders set state = 'cancelled' where ref = $1 returning 1", ada.ref)
    await house.reopen()
    await house.hold("bob", [10])
    bob = await house.order("bob")
    await house.rows("update orders set state = 'awaiting_payment' where ref = $1 returning 1", ada.ref)
    await house.pay(ada)
    await house.pay(bob)
    for one in (ada, bob):
        await house.webhook(await house.intent_id(one))
    await asyncio.gather(house.work(), house.work())
    await house.rows("update outbox set available_at = now() where settled_at is null returning 1")
    await house.settled()
    states = sorted([(await house.view(ada)).state, (await house.view(bob)).state])
    assert states == ["paid", "refunded"]
    assert await house.seat_state(10) == 2


async def test_cancel_is_refused_or_final(house: Scene) -> None:
    """A buyer who gives up gets the seats back as a hold, and the intent can bring no money any more."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    found = await house.found(placed)
    intent_id = await house.intent_id(placed)
    assert await close_order(house.desk, found.org_id, found.order_id, expired=False, keep_seats=True) == "ended"
    await house.settled()
    assert await house.seat_state(10) == 1
    assert isinstance(await house.pay(placed), ProviderRefused)
    again = await house.order("ada", key="another")
    assert again.ref != placed.ref
    await house.pay(again)
    await house.webhook(await house.intent_id(again))
    await house.webhook(intent_id, "payment_intent.canceled")
    await house.settled()
    assert (await house.view(again)).state == "paid"


async def test_the_inbox_replayed_in_any_order_changes_nothing(house: Scene) -> None:
    """M9: every webhook ever stored, applied again backwards and shuffled, leaves everything as it is."""
    paid, refunded = await house.buy("ada", [10]), await house.buy("bob", [20])
    open_ = await _declined(house, "cid", 30)
    for placed in (paid, refunded):
        for kind in ("payment_intent.payment_failed", "payment_intent.succeeded", "payment_intent.canceled"):
            await house.webhook(await house.intent_id(placed), kind)
    await house.settled()
    found = await house.found(refunded)
    await refund_order(house.desk, found.org_id, found.order_id, cancel=True)
    await house.work()
    made = (await house.stripe.list_refunds(since_ms=0)).items[0]
    for kind in ("refund.updated", "refund.created"):
        await house.webhook(made.refund_id, kind)
    await house.settled()
    before = await _everything(house)
    for order_by in ("id desc", "md5(event_id)", "id"):
        ids = [row[0] for row in await house.rows(f"select id from inbox order by {order_by}")]
        for number in ids:
            await house.rows(
                "update inbox set settled_at = null, available_at = now() where id = $1 returning 1", number
            )
            await house.work()
        assert await _everything(house) == before
    await house.settled()
    assert (await house.view(open_)).message == "declined"


async def _declined(house: Scene, visitor: str, k: int) -> Placed:
    await house.hold(visitor, [k])
    placed = await house.order(visitor)
    await house.pay(placed, "chargeDeclined")
    await house.webhook(await house.intent_id(placed), "payment_intent.payment_failed")
    return placed


async def _everything(house: Scene) -> list[object]:
    """All that money and tickets are, without times."""
    tables = {
        "orders": "ref, state, money_without_stock", "attempts": "id, state, received, decline_code", "refunds": "id, state, amount",
        "tickets": "ticket_id, state, k", "ledger_entries": "transaction_id, account, amount", "outbox": "id, kind, outcome",
        "order_events": "id, state", "incidents": "id, kind, settlement",
    }  # fmt: skip
    return [
        [tuple(row) for row in await house.rows(f"select {columns} from {table} order by 1, 2")]
        for table, columns in tables.items()
    ]
