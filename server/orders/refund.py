"""Give money back. Refunding moves money, cancelling changes tickets and seats; one command may do both, in one commit (R8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from asyncpg import Connection

from server.faults import Corrupt
from server.ledger.postgres_ledger import post
from server.ledger.posting import refund_failed, refund_paid, refund_requested, refund_reversed
from server.logs import logger
from server.orders import metrics
from server.orders.decision import after_refund, refundable
from server.orders.desk import Desk
from server.orders.locked import LockedOrder, lock_order
from server.orders.promise import promise_refund
from server.orders.states import REFUND_NEXT, RefundState
from server.outbox.effects import effect, write_effect
from server.payments.provider import ProviderRefused, RefundStatus
from server.payments.provider import Refund as ProviderRefund
from server.refusals import Refusal
from server.sql_blocks import load_blocks
from server.tickets.lifecycle import AlreadyAdmitted, void_tickets

ORDERS = load_blocks(__package__, "orders.sql")
SQL = load_blocks(__package__, "refunds.sql")

_STATE: dict[RefundStatus, RefundState] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class RefundPromised:
    """The money is on its way: *amount* minor units, 0 for an order that was free."""

    amount: int
    currency: str


async def refund_order(
    desk: Desk,
    org_id: int,
    order_id: int,
    *,
    cancel: bool,
    note: str = "",
    user_id: int | None = None,
    even_admitted: bool = False,
) -> RefundPromised | Refusal:
    """Promise back everything that is left of the order's money; with *cancel*, void its tickets and free its seats.

    What is promised already counts as given (race 13), under the lock of the order. Refusals: order_not_refundable,
    tickets_used (somebody entered with one, unless *even_admitted*).
    """
    async with desk.database.tenant(org_id) as connection:
        order = await lock_order(connection, order_id)
        if order.state not in ("paid", "partly_refunded", "quarantined"):
            return Refusal("order_not_refundable", {"state": order.state})
        money: Any = await connection.fetchrow(SQL["money_of_order"], order_id)
        left = refundable(money["captured"], money["returned"] + money["outstanding"])
        if left == 0 and not (order.total == 0 and cancel):
            return Refusal("order_not_refundable", {"state": order.state})
        if cancel:
            voided = await void_tickets(connection, order_id, even_admitted=even_admitted)
            if isinstance(voided, AlreadyAdmitted):
                return Refusal("tickets_used", {"tickets": len(voided.tickets)})
            await write_effect(connection, org_id, order_id, effect("unsell", command="refund"))
        if left == 0:
            await connection.execute(ORDERS["move_order"], order_id, "refunded", "staff", None)
        else:
            await _promise(connection, org_id, order, money["attempt_id"], left, note, user_id)
            letter = effect("mail", letter="refund", amount=left, late=False, tickets_void=cancel)
            await write_effect(connection, org_id, order_id, letter)
        await _log(connection, org_id, order, left, cancel, user_id)
    await desk.wake()
    return RefundPromised(left, order.currency)


async def _promise(
    connection: Connection[Any],
    org_id: int,
    order: LockedOrder,
    attempt_id: int,
    amount: int,
    note: str,
    user_id: int | None,
) -> None:
    quarantined = order.state == "quarantined"
    row: Any = await connection.fetchrow("select received_currency from attempts where id = $1", attempt_id)
    await promise_refund(
        connection,
        org_id,
        order.id,
        attempt_id,
        amount,
        row["received_currency"],
        "staff",
        # All of an order gives back all of our fees; what is left after a partial one, at most that.
        platform_fees=0 if quarantined else min(amount, order.platform_fees if amount == order.total else 0),
        from_suspense=quarantined,
        note=note,
        requested_by=user_id,
    )
    await connection.execute(ORDERS["move_order"], order.id, "refunding", "staff", None)
    if quarantined:
        await connection.execute(ORDERS["settle_incidents"], order.id, ["amount_mismatch"], "refunded")


async def _log(
    connection: Connection[Any], org_id: int, order: LockedOrder, amount: int, cancel: bool, user_id: int | None
) -> None:
    details = orjson.dumps({"amount": amount, "currency": order.currency, "cancel": cancel}).decode()
    await connection.execute(SQL["log_refund"], org_id, user_id, f"order:{order.ref}", details)


async def make_refund(desk: Desk, org_id: int, refund_id: int) -> str:
    """Ask the provider for a promised refund and write down what it says; the same key makes a repetition harmless (race 14).

    Raises `Unavailable` when the provider does not answer: the state is unknown, never "failed".
    """
    async with desk.database.tenant(org_id) as connection:
        row: Any = await connection.fetchrow(SQL["refund_to_make"], refund_id)
    if row["state"] not in ("requested", "submitted"):
        return "already_made"
    answer = await desk.provider.refund(
        row["intent_id"],
        amount=row["amount"],
        currency=row["currency"],
        metadata={"order": row["ref"], "refund": str(refund_id)},
        idempotency_key=row["idempotency_key"],
    )
    if isinstance(answer, ProviderRefused):
        await _apply(desk, org_id, row["order_id"], refund_id, "failed", None, cause=answer.code)
        return f"refused:{answer.code}"
    return await apply_refund(desk, org_id, row["order_id"], refund_id, answer, cause="made")


async def apply_refund(
    desk: Desk, org_id: int, order_id: int, refund_id: int, truth: ProviderRefund, *, cause: str
) -> str:
    """Apply what the provider says about one of our refunds, freshly fetched. Repeating it changes nothing."""
    return await _apply(desk, org_id, order_id, refund_id, _STATE[truth.status], truth.refund_id, cause=cause)


async def adopt_refund(desk: Desk, org_id: int, order_id: int, attempt_id: int, truth: ProviderRefund) -> str:
    """Take over a refund made at the provider's own pages: money only, the tickets are the organiser's decision (race 15)."""
    async with desk.database.tenant(org_id) as connection:
        order = await lock_order(connection, order_id)
        refund_id = await connection.fetchval(
            SQL["insert_external_refund"], org_id, order_id, attempt_id, truth.amount, truth.currency, truth.refund_id
        )
        if refund_id is None:
            return "already_adopted"
        await post(connection, org_id, order_id, refund_requested(refund_id, truth.currency, amount=truth.amount))
        details = orjson.dumps({"amount": truth.amount, "refund": truth.refund_id}).decode()
        await connection.execute(ORDERS["open_incident"], org_id, order_id, "external_refund", details)
        logger().warning("incident.opened", kind="external_refund", ref=order.ref)
        metrics.INCIDENTS.labels("external_refund").inc()
    return await apply_refund(desk, org_id, order_id, refund_id, truth, cause="external")


async def _apply(
    desk: Desk, org_id: int, order_id: int, refund_id: int, state: RefundState, provider_id: str | None, *, cause: str
) -> str:
    async with desk.database.tenant(org_id) as connection:
        order = await lock_order(connection, order_id)
        refund = await connection.fetchrow(SQL["lock_refund"], refund_id)
        if refund is None or refund["order_id"] != order_id:
            raise Corrupt(f"refund {refund_id} does not belong to order {order_id}")
        before: RefundState = refund["state"]
        if state == before or state not in REFUND_NEXT[before]:
            return "nothing"
        await connection.execute(SQL["move_refund"], refund_id, state, provider_id, cause)
        await _post_change(connection, org_id, order_id, refund, before, state)
        if refund["reason"] == "double_payment":
            if state == "succeeded":
                await connection.execute(ORDERS["settle_incidents"], order_id, ["double_payment"], "refunded")
        else:
            await _move_order(connection, order)
        if state in ("failed", "cancelled"):
            details = orjson.dumps({"refund": refund_id, "cause": cause, "amount": refund["amount"]}).decode()
            await connection.execute(ORDERS["open_incident"], org_id, order_id, "refund_failed", details)
            metrics.INCIDENTS.labels("refund_failed").inc()
            logger().error("incident.opened", kind="refund_failed", ref=order.ref, cause=cause)
    return state


async def _post_change(
    connection: Connection[Any], org_id: int, order_id: int, refund: Any, before: RefundState, state: RefundState
) -> None:
    amount, currency = refund["amount"], refund["currency"]
    if state == "succeeded":
        await post(connection, org_id, order_id, refund_paid(refund["id"], currency, amount=amount))
    elif state in ("failed", "cancelled"):
        if before == "succeeded":
            await post(connection, org_id, order_id, refund_reversed(refund["id"], currency, amount=amount))
        posting = refund_failed(
            refund["id"],
            currency,
            amount=amount,
            platform_fees=refund["platform_fees"],
            from_suspense=refund["from_suspense"],
        )
        await post(connection, org_id, order_id, posting)


async def _move_order(connection: Connection[Any], order: LockedOrder) -> None:
    money: Any = await connection.fetchrow(SQL["money_of_order"], order.id)
    state = after_refund(order.state, money["captured"], money["returned"], money["outstanding"])
    if state != order.state:
        settled = False if state == "refunded" else None
        await connection.execute(ORDERS["move_order"], order.id, state, "refund", settled)
    if state == "refunded":
        await connection.execute(ORDERS["settle_incidents"], order.id, ["late_money", "refund_failed"], "refunded")
