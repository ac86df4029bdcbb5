"""Apply the truth about a payment to its order: the one way money becomes tickets, whoever noticed it first.

The webhook, the browser that came back, the sweep and the reconciliation all call `settle`. One transaction holds the
transition, the tickets, the ledger and the effects (R2); whatever is asked of the provider or of Valkey is asked outside it (R3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, assert_never

import orjson
from asyncpg import Connection

from seatmap.inventory.model import Refused
from server.faults import Unavailable
from server.ledger.postgres_ledger import columns, post
from server.ledger.posting import captured, captured_without_purpose
from server.logs import logger
from server.orders import metrics
from server.orders.decision import (
    Due,
    Ended,
    GiveBack,
    Nothing,
    Progress,
    Quarantine,
    Sell,
    SellLate,
    Truth,
    decide,
)
from server.orders.desk import Desk
from server.orders.locked import LockedOrder, lock_order
from server.orders.promise import promise_refund
from server.outbox.effects import DEADLINE_S, effect, write_effect
from server.payments.provider import Intent
from server.sql_blocks import load_blocks
from server.tickets.issue import Admission, Issued, SeatsTicketed, Ticket, issue, sign_tickets, ticket_columns
from server.tickets.keys import WrappedKey

SQL = load_blocks(__package__, "orders.sql")

Outcome = Literal["paid", "refunding", "quarantined", "open", "ended", "nothing"]
_NO_FEE: tuple[list[str], list[int]] = ([], [])


@dataclass(frozen=True, slots=True)
class _Late:
    """The transaction that was to decide found late money: the seats have to be asked for first."""

    order: LockedOrder


async def settle(desk: Desk, org_id: int, order_id: int, attempt_id: int, intent: Intent, *, cause: str) -> Outcome:
    """Apply *intent*, freshly fetched, to the order's attempt. Repeating it changes nothing.

    Raises `Unavailable` when a store does not answer; nothing was applied then, and the same call may be repeated.
    """
    outcome = await _apply(desk, org_id, order_id, attempt_id, intent, cause, stock=None)
    if isinstance(outcome, _Late):
        stock = await _take_again(desk, outcome.order)
        outcome = await _apply(desk, org_id, order_id, attempt_id, intent, cause, stock=stock)
        assert not isinstance(outcome, _Late)
    if outcome in ("paid", "refunding", "quarantined"):
        metrics.SETTLED.labels(outcome).inc()
        await desk.wake()
    return outcome


async def settle_seen(desk: Desk, org_id: int, order: LockedOrder, intent: Intent, *, cause: str) -> tuple[Ticket, ...]:
    """Do as `settle` for an order that was read a moment ago, with its newest attempt and the signing key.

    Return the tickets in the order of the order's lines when this call sold them at once; otherwise none, whatever became of it.

    Money in time is the ordinary case, and one round trip: the sale is decided on what was read, and made on the condition that what
    it was decided on still holds. Everything else, also a condition that failed, is decided under the lock.
    """
    assert order.attempt_id is not None
    if order.signing_key is not None and isinstance(decide(_due(order), _truth(intent)), Sell):
        sold = await _sell_at_once(desk, org_id, order, order.signing_key, intent, cause)
        if sold is not None:
            metrics.SETTLED.labels("paid").inc()
            await desk.wake()
            return sold
    await settle(desk, org_id, order.id, order.attempt_id, intent, cause=cause)
    return ()


async def settle_free(desk: Desk, org_id: int, order_id: int) -> Outcome:
    """Issue the tickets of an order that costs nothing: the same transition, without a provider (race 28)."""
    async with desk.database.tenant(org_id) as connection:
        order = await lock_order(connection, order_id)
        if order.state != "awaiting_payment" or order.total != 0:
            return "nothing"
        issued = await _issue(desk, connection, org_id, order)
        if isinstance(issued, SeatsTicketed):
            await _open_incident(connection, org_id, order, "stock_conflict", {"seats": list(issued.seats)})
            await connection.execute(SQL["move_order"], order.id, "cancelled", "seat_taken", None)
            await write_effect(connection, org_id, order.id, effect("release"))
            outcome: Outcome = "ended"
        else:
            await _pay(connection, order, None, "free", late=False)
            outcome = "paid"
    await desk.wake()
    return outcome


async def _apply(
    desk: Desk, org_id: int, order_id: int, attempt_id: int, intent: Intent, cause: str, *, stock: bool | None
) -> Outcome | _Late:
    async with desk.database.tenant(org_id) as connection:
        order = await lock_order(connection, order_id, attempt_id)
        decision = decide(_due(order), _truth(intent))
        match decision:
            case Nothing():
                return "nothing"
            case Progress(state, code):
                if (state, code) != (order.attempt_state, order.decline_code) or order.intent_id is None:
                    await _move_attempt(connection, attempt_id, state, code, cause, intent)
                return "open"
            case Ended(state):
                code = intent.last_decline.code if intent.last_decline else None
                await _move_attempt(connection, attempt_id, state, code, cause, intent)
                return "ended"
            case Sell():
                return await _sell(desk, connection, org_id, order, intent, cause, late=False)
            case SellLate():
                if stock is None:
                    return _Late(order)
                if stock:
                    return await _sell(desk, connection, org_id, order, intent, cause, late=True)
                return await _give_back(connection, org_id, order, intent, "late_money", cause, taken_again=False)
            case Quarantine(why):
                return await _quarantine(connection, org_id, order, intent, why)
            case GiveBack(reason):
                return await _give_back(connection, org_id, order, intent, reason, cause, taken_again=False)
            case _:
                assert_never(decision)


async def _take_again(desk: Desk, order: LockedOrder) -> bool:
    """Try to sell the same seats in Valkey, outside any transaction. Repeating it for the order is harmless."""
    facts = await desk.shows.show(order.show_id)
    if facts is not None and facts.show.state == "cancelled":
        return False
    answer = await desk.inventory.sell_late(order.show, order.id, order.visitor, order.seats(), order.areas())
    if isinstance(answer, Refused) and answer.code == "show_unknown":
        raise Unavailable("the seats of this show are being rebuilt")
    return not isinstance(answer, Refused)


async def _sell(
    desk: Desk, connection: Connection[Any], org_id: int, order: LockedOrder, intent: Intent, cause: str, *, late: bool
) -> Outcome:
    issued = await _issue(desk, connection, org_id, order)
    if isinstance(issued, SeatsTicketed):
        await _open_incident(connection, org_id, order, "stock_conflict", {"seats": list(issued.seats)})
        return await _give_back(connection, org_id, order, intent, "late_money", cause, taken_again=late)
    await _pay(connection, order, intent, cause, late=late)
    return "paid"


async def _sell_at_once(
    desk: Desk, org_id: int, order: LockedOrder, key: WrappedKey, intent: Intent, cause: str
) -> tuple[Ticket, ...] | None:
    """Make the whole sale in one statement, unless the order was paid or ended since it was read, or a seat has a ticket: None."""
    admissions = _admissions(order)
    tickets = sign_tickets(desk.keys, key, admissions)
    async with desk.database.statement() as connection:
        sold = await connection.fetchval(
            SQL["sell_at_once"],
            org_id,
            order.event_id,
            order.show_id,
            order.id,
            *ticket_columns(tickets, admissions),
            *_payment(order, intent, cause, late=False),
        )
    return tuple(tickets) if sold else None


async def _pay(
    connection: Connection[Any], order: LockedOrder, intent: Intent | None, cause: str, *, late: bool
) -> None:
    """Write everything a sale is, in one statement."""
    await connection.execute(SQL["pay_order"], order.id, order.state, *_payment(order, intent, cause, late=late))


def _payment(order: LockedOrder, intent: Intent | None, cause: str, *, late: bool) -> tuple[object, ...]:
    """Turn a payment and what follows from it into the arguments of `pay_order`, from the attempt on."""
    effects = (effect("sell", late=late), effect("mail", letter="tickets"))
    posted = _NO_FEE
    if intent is not None:
        assert order.attempt_id is not None
        posting = captured(
            order.attempt_id,
            order.currency,
            total=order.total,
            platform_fees=order.platform_fees,
            provider_fee=_fee(intent),
        )
        posted = columns(posting)
    return (
        None if intent is None else order.attempt_id,
        intent and intent.intent_id,
        intent.charge.charge_id if intent and intent.charge else None,
        0 if intent is None else intent.amount_received,
        order.currency,
        0 if intent is None else _fee(intent),
        *posted,
        [one.kind for one in effects],
        [one.encoded for one in effects],
        [DEADLINE_S[one.kind] for one in effects],
        cause,
    )


async def _give_back(
    connection: Connection[Any],
    org_id: int,
    order: LockedOrder,
    intent: Intent,
    reason: Literal["late_money", "double_payment"],
    cause: str,
    *,
    taken_again: bool,
) -> Outcome:
    """Keep the money for nobody: it goes back in full, once, and a person is told (R6)."""
    await _capture(connection, org_id, order, intent, cause)
    assert order.attempt_id is not None
    if reason == "late_money":
        await connection.execute(SQL["move_order"], order.id, "refunding", reason, True)
        if order.state == "awaiting_payment":
            await write_effect(connection, org_id, order.id, effect("release"))
        elif taken_again:
            await write_effect(connection, org_id, order.id, effect("unsell", command="late"))
    await promise_refund(
        connection,
        org_id,
        order.id,
        order.attempt_id,
        intent.amount_received,
        intent.currency,
        reason,
        from_suspense=True,
    )
    await write_effect(
        connection,
        org_id,
        order.id,
        effect("mail", letter="refund", amount=intent.amount_received, late=reason == "late_money"),
    )
    await _open_incident(connection, org_id, order, reason, {"amount": intent.amount_received, "cause": cause})
    return "refunding"


async def _quarantine(
    connection: Connection[Any], org_id: int, order: LockedOrder, intent: Intent, why: str
) -> Outcome:
    """Money of another amount or currency: never a sale, and not ours to send back unseen."""
    await _capture(connection, org_id, order, intent, why)
    await connection.execute(SQL["move_order"], order.id, "quarantined", why, None)
    if order.state == "awaiting_payment":
        await write_effect(connection, org_id, order.id, effect("release"))
    details = {
        "why": why, "due": order.attempt_amount, "currency": order.currency,
        "received": intent.amount_received, "received_currency": intent.currency,
    }  # fmt: skip
    await _open_incident(connection, org_id, order, "amount_mismatch", details)
    return "quarantined"


async def _capture(connection: Connection[Any], org_id: int, order: LockedOrder, intent: Intent, cause: str) -> None:
    assert order.attempt_id is not None
    await connection.execute(
        SQL["capture_attempt"],
        order.attempt_id,
        intent.intent_id,
        intent.charge.charge_id if intent.charge else None,
        intent.amount_received,
        intent.currency,
        _fee(intent),
        cause,
    )
    posting = captured_without_purpose(
        order.attempt_id, intent.currency, received=intent.amount_received, provider_fee=_fee(intent)
    )
    await post(connection, org_id, order.id, posting)


async def _issue(desk: Desk, connection: Connection[Any], org_id: int, order: LockedOrder) -> Issued | SeatsTicketed:
    return await issue(
        connection,
        desk.keys,
        org_id=org_id,
        event_id=order.event_id,
        show_id=order.show_id,
        order_id=order.id,
        admissions=_admissions(order),
        key=order.signing_key,
    )


def _admissions(order: LockedOrder) -> list[Admission]:
    return [
        Admission(
            line_id=line.line_id,
            ordinal=0,
            k=line.k,
            area=line.area,
            category=line.category,
            type_id=line.type_id,
            category_name=line.category_name,
            type_name=line.type_name,
            section=line.section,
            row=line.row,
            seat=line.seat,
            holder_name=line.attendee,
        )
        for line in order.lines
    ]


async def _move_attempt(
    connection: Connection[Any], attempt_id: int, state: str, code: str | None, cause: str, intent: Intent
) -> None:
    await connection.execute(SQL["move_attempt"], attempt_id, state, code, cause, intent.intent_id)


async def _open_incident(
    connection: Connection[Any], org_id: int, order: LockedOrder, kind: str, details: dict[str, Any]
) -> None:
    metrics.INCIDENTS.labels(kind).inc()
    logger().warning("incident.opened", kind=kind, ref=order.ref)
    await connection.execute(SQL["open_incident"], org_id, order.id, kind, orjson.dumps(details).decode())


def _due(order: LockedOrder) -> Due:
    assert order.attempt_state is not None
    assert order.attempt_amount is not None
    assert order.attempt_currency is not None
    return Due(
        order.state, order.total, order.currency, order.attempt_state, order.attempt_amount, order.attempt_currency
    )


def _truth(intent: Intent) -> Truth:
    code = intent.last_decline.code if intent.last_decline else None
    return Truth(intent.status, intent.amount_received, intent.currency, code)


def _fee(intent: Intent) -> int:
    return (intent.charge.fee or 0) if intent.charge else 0
