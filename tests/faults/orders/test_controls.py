"""Negative controls: with one safeguard taken away, the race it guards against happens and is seen. Otherwise the other tests prove nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from server.orders import refund as refunding
from server.orders import settle as settling
from server.orders.close import close_order
from server.orders.decision import Sell
from server.orders.locked import LockedOrder, lock_order
from server.orders.refund import RefundPromised, refund_order
from server.orders.retry import refresh
from server.orders.start import Placed
from server.outbox.drain import finalise
from server.payments.provider import Intent
from tests.faults.orders.faulty import Steps, Wire
from tests.faults.orders.test_killed_between_steps import dying
from tests.faults.orders.test_races import over
from tests.order_scene import Scene


@pytest.fixture
async def owner(owner_url: str) -> Any:
    """The administrator's connection, for what no code of ours may do."""
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def sold(house: Scene, visitor: str = "ada", seats: tuple[int, ...] = (10,)) -> Placed:
    """Sell seats, all the way."""
    placed = await house.buy(visitor, seats)
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    return placed


async def test_without_the_lock_a_refund_is_promised_twice(
    house: Scene, owner: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Race 13 without the lock on the order: both clicks read that nothing was refunded, and both promise it."""
    placed = await sold(house)
    found = await house.found(placed)
    await owner.execute(
        "do $$ declare f text; begin select pg_get_functiondef('lock_order(bigint,bigint,boolean)'::regprocedure) into f; "
        "execute replace(f, 'for update', ''); end $$"
    )
    meeting = asyncio.Barrier(2)

    async def both_read_first(connection: Any, order_id: int, attempt_id: int | None = None) -> LockedOrder:
        order = await lock_order(connection, order_id, attempt_id)
        await meeting.wait()
        return order

    monkeypatch.setattr(refunding, "lock_order", both_read_first)
    # A promise's own key would still collide (order:attempt:refund:0): take that safeguard away too.
    await owner.execute("alter table refunds drop constraint refunds_key_once")
    answers = await asyncio.gather(
        *(refund_order(house.desk, found.org_id, found.order_id, cancel=False) for _ in range(2))
    )
    assert sum(isinstance(answer, RefundPromised) for answer in answers) == 2
    assert "refunded_too_much" in {finding.check for finding in await house.findings()}


async def test_without_the_index_a_webhook_counts_twice(house: Scene, owner: asyncpg.Connection[Any]) -> None:
    """Race 2 without the unique index and its arbiter: the same event is stored as often as it comes."""
    placed = await house.buy("ada", [10])
    await owner.execute(
        "do $$ declare f text; begin select pg_get_functiondef('store_event(text,text,text,text,text,bigint,bytea)'::regprocedure) into f; "
        "execute regexp_replace(f, 'ON CONFLICT[^;]*?DO NOTHING', ''); end $$; "
        "alter table inbox drop constraint inbox_event_once"
    )
    intent_id = await house.intent_id(placed)
    assert [await house.webhook(intent_id, event_id="evt_same") for _ in range(2)] == ["stored", "stored"]


async def test_without_cancel_before_release_money_meets_sold_seats(
    house: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Race 5 without rule R5: the seat is let go while its intent lives, and the buyer is charged for nothing."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    await over(house, placed)
    found = await house.found(placed)

    class Pretending(Wire):
        async def cancel_intent(self, intent_id: str, **_: Any) -> Intent:
            """Say that it is done, and do nothing."""
            truth = await house.stripe.retrieve_intent(intent_id)
            assert isinstance(truth, Intent)
            return replace(truth, status="canceled")

    desk = replace(house.desk, provider=Pretending(house.stripe))
    assert await close_order(desk, found.org_id, found.order_id, expired=True) == "ended"
    await house.work()
    await sold(house, "bob")
    await house.pay(placed)
    assert {finding.check for finding in await house.findings()} == {"payment_not_ours"}
    await house.webhook(await house.intent_id(placed))
    await house.settled()
    assert (await house.view(placed)).state == "refunded"


async def test_without_the_truth_a_hint_is_believed(house: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule R7 without its comparison: one cent buys the seat, and the audit says so."""
    await house.hold("ada", [10])
    placed = await house.order("ada")
    intent_id = await house.intent_id(placed)
    await house.stripe.update_intent(intent_id, amount=50, currency="eur", idempotency_key="u")
    await house.pay(placed)
    monkeypatch.setattr(settling, "decide", lambda due, truth: Sell())
    found = await house.found(placed)
    await refresh(house.desk, found.org_id, found.order_id)
    await house.work()
    assert (await house.view(placed)).state == "paid"
    assert {"ticket_without_payment", "balance_of_order"} & {finding.check for finding in await house.findings()}


async def test_effects_outside_the_commit_are_lost(house: Scene, owner: asyncpg.Connection[Any]) -> None:
    """Without the rows of the outbox, a worker that dies after the commit leaves a ticket nobody sees as sold or hears of."""
    placed = await house.buy("ada", [10])
    await house.webhook(await house.intent_id(placed))
    await owner.execute(
        "create function forget() returns trigger language plpgsql as 'begin return null; end'; "
        "create trigger forget before insert on outbox for each row execute function forget()"
    )
    steps = Steps(1_000)
    await finalise(dying(house, steps))
    assert steps.taken < 1_000
    await house.work()
    assert {"sold_not_shown", "letters_of_order"} <= {finding.check for finding in await house.findings()}


CORRUPTIONS = {
    "quota_oversold": "with q as (insert into quotas (org_id, show_id, name, capacity) select org_id, show_id, 'tiny', 0 from orders limit 1 "
    "returning id, org_id) insert into quota_members (org_id, quota_id) select org_id, id from q",
    "paid_without_tickets": "update tickets set state = 'void'",
    "ticket_without_payment": "update orders set paid_at = null",
    "balance_of_order": "update attempts set received = received + 1",
    "ledger_not_zero": "alter table ledger_entries disable trigger all; "
    "update ledger_entries set amount = amount + 1 where account = 'organiser_payable'",
    "transaction_not_zero": "alter table ledger_entries disable trigger all; delete from ledger_entries where account = 'platform_fee'",
    "refunded_too_much": "insert into refunds (org_id, order_id, attempt_id, amount, currency, reason, idempotency_key) "
    "select org_id, order_id, id, received + 1, currency, 'staff', 'x' from attempts",
    "refund_without_effect": "insert into refunds (org_id, order_id, attempt_id, amount, currency, reason, idempotency_key) "
    "select org_id, order_id, id, 1, currency, 'staff', 'x' from attempts",
    "effect_overdue": "update outbox set settled_at = null, deadline = now() - interval '1 second'",
    "webhook_overdue": "update inbox set settled_at = null, received_at = now() - interval '1 hour'",
    "letters_of_order": "insert into outbox (org_id, order_id, kind, payload, deadline, settled_at) "
    "select org_id, order_id, kind, payload, deadline, now() from outbox where kind = 'mail'",
    "charged_for_nothing": "update orders set state = 'expired'",
    "paid_twice": "insert into attempts (org_id, order_id, number, state, provider, amount, currency, idempotency_key, received) "
    "select org_id, order_id, 2, 'succeeded', provider, amount, currency, 'y', received from attempts",
    "state_without_cause": "update attempts set state = 'cancelled'",
    "never_ended": "update orders set state = 'awaiting_payment', pay_until = now() - interval '1 hour'",
    "two_open_attempts": "update attempts set state = 'created'",
    "sold_not_shown": "insert into tickets (ticket_id, org_id, event_id, show_id, order_id, line_id, k, category, type_id, code) "
    "select 1, org_id, event_id, show_id, order_id, 999, 77, category, type_id, 'x' from tickets limit 1",
    "shown_not_sold": "update tickets set k = k + 1",
    "area_miscounted": "insert into tickets (ticket_id, org_id, event_id, show_id, order_id, line_id, ordinal, area, category, type_id, code) "
    "select n, t.org_id, t.event_id, t.show_id, t.order_id, 999, n, 0, 0, t.type_id, 'x' from generate_series(1, 1401) n, "
    "(select * from tickets limit 1) t",
    "payment_not_ours": "update attempts set intent_id = null",
    "payment_not_theirs": "update attempts set intent_id = 'pi_nowhere'",
    "payment_differs": "update attempts set received_currency = 'usd'",
    "refund_not_theirs": "insert into refunds (org_id, order_id, attempt_id, amount, currency, reason, idempotency_key, provider_refund_id) "
    "select org_id, order_id, id, 1, currency, 'external', 'x', 're_nowhere' from attempts",
    "seat_in_two_tickets": "drop index tickets_seat_once; "
    "insert into tickets (ticket_id, org_id, event_id, show_id, order_id, line_id, ordinal, k, category, type_id, code) "
    "select 1, org_id, event_id, show_id, order_id, line_id, 1, k, category, type_id, 'x' from tickets",
}


@pytest.mark.parametrize("check", sorted(CORRUPTIONS))
async def test_the_audit_sees(house: Scene, owner: asyncpg.Connection[Any], check: str) -> None:
    """Each check of the audit finds the one thing it is for."""
    await sold(house)
    await owner.execute(CORRUPTIONS[check])
    assert check in {finding.check for finding in await house.findings()}


async def test_the_database_refuses_an_unbalanced_ledger(house: Scene, owner: asyncpg.Connection[Any]) -> None:
    """Not even the administrator posts a transaction that does not sum to zero, or changes one that was posted."""
    await sold(house)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(
            "with t as (insert into ledger_transactions (org_id, order_id, kind, source_id) select org_id, id, 'test', 1 from orders returning *) "
            "insert into ledger_entries select id, org_id, 'suspense', 'eur', 5 from t"
        )
    for change in ("update ledger_entries set amount = 1", "delete from ledger_entries", "truncate ledger_entries"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(change)
