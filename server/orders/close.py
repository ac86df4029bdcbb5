"""End an order that was not paid: the payment is cancelled at the provider before the seats are let go (rule R5)."""

from __future__ import annotations

from typing import Any, Literal, assert_never

from asyncpg import Connection

from server.faults import Unavailable
from server.logs import logger
from server.orders.decision import decide_ending
from server.orders.desk import Desk
from server.orders.locked import LockedOrder, lock_order, look_at_order
from server.orders.settle import settle
from server.outbox.effects import effect, write_effect
from server.payments.provider import Intent, NewIntent, ProviderRefused
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "orders.sql")

# How soon to ask again what became of a payment nobody knows about.
DOUBT_RETRY_S = 20.0

Closed = Literal["ended", "paid", "grace", "doubt", "nothing"]


async def close_order(desk: Desk, org_id: int, order_id: int, *, expired: bool, keep_seats: bool = False) -> Closed:
    """End the order: *expired* by the sweep when its time is over, otherwise because its buyer gave up.

    `paid`: the money had come already, there are tickets (or a refund). `doubt`: the provider does not say; the seats stay off
    sale and the sweep asks again. Safe to repeat after a crash anywhere.
    """
    async with desk.database.tenant(org_id) as connection:
        order = await look_at_order(connection, order_id)
    if order.state != "awaiting_payment" or (expired and order.pay_until_ms > desk.now_ms()):
        return "nothing"
    if order.attempt_id is None or order.attempt_state in ("declined", "cancelled"):
        return await _end(desk, org_id, order, expired=expired, keep_seats=keep_seats)
    intent = await _ask(desk, order)
    for _ in range(2):  # a cancelled intent is judged once more
        ending = decide_ending(
            None if intent is None else intent.status,
            expired=expired,
            grace_used=order.grace_used,
            doubt_since_ms=order.doubt_since_ms,
            now_ms=desk.now_ms(),
        )
        match ending:
            case "wait":
                assert intent is not None
                intent = await _cancel(desk, order, intent)
            case "finish":
                assert intent is not None
                await settle(desk, org_id, order_id, order.attempt_id, intent, cause="close")
                return "paid"
            case "end":
                return await _end(desk, org_id, order, expired=expired, keep_seats=keep_seats)
            case "end_in_doubt":
                return await _end(desk, org_id, order, expired=expired, keep_seats=keep_seats, in_doubt=True)
            case "grace":
                async with desk.database.tenant(org_id) as connection:
                    await connection.execute(SQL["give_grace"], order_id, float(desk.grace_s))
                until_ms = desk.now_ms() + 1000 * desk.grace_s
                await desk.inventory.begin_payment(order.show, order.visitor, order.hold_id, order.id, until_ms)
                return "grace"
            case "doubt":
                return await _doubt(desk, org_id, order, intent)
            case _:
                assert_never(ending)
    return await _doubt(desk, org_id, order, intent)


async def abandon(desk: Desk, org_id: int, order_id: int, *, cause: str, keep_seats: bool = False) -> None:
    """End an order whose payment was never opened at the provider."""
    async with desk.database.tenant(org_id) as connection:
        order = await lock_order(connection, order_id)
        if order.state == "awaiting_payment" and order.intent_id is None:
            await _write_end(connection, org_id, order, "cancelled", cause, keep_seats=keep_seats, in_doubt=False)
    await desk.wake()


async def cancel_attempt(desk: Desk, org_id: int, order: LockedOrder) -> Literal["ended", "paid", "doubt"]:
    """End the order's open attempt for good, so that another one can be opened; the order and its seats stay."""
    assert order.attempt_id is not None
    intent = await _ask(desk, order)
    if intent is not None and intent.status not in ("succeeded", "canceled"):
        intent = await _cancel(desk, order, intent)
    if intent is None or intent.status not in ("succeeded", "canceled"):
        return "doubt"
    outcome = await settle(desk, org_id, order.id, order.attempt_id, intent, cause="another_card")
    return "ended" if outcome in ("ended", "nothing") else "paid"


async def _ask(desk: Desk, order: LockedOrder) -> Intent | None:
    """Return the intent as it is now, finding one whose creation was never answered (race 4); None: no answer now either."""
    assert order.attempt_amount is not None
    assert order.attempt_currency is not None
    assert order.attempt_key is not None
    try:
        if order.intent_id is None:
            wanted = NewIntent(
                order.attempt_amount,
                order.attempt_currency,
                metadata={"order": order.ref, "attempt": str(order.attempt_id)},
                description=f"Frontrow order {order.ref}",
            )
            answer = await desk.provider.create_intent(wanted, idempotency_key=order.attempt_key)
            if isinstance(answer, Intent):
                # What a repeated call answers is as old as the first one: only fetching tells the truth (R1).
                answer = await desk.provider.retrieve_intent(answer.intent_id)
        else:
            answer = await desk.provider.retrieve_intent(order.intent_id)
    except Unavailable as fault:
        logger().warning("payment.in_doubt", ref=order.ref, reason=str(fault))
        return None
    return None if isinstance(answer, ProviderRefused) else answer


async def _cancel(desk: Desk, order: LockedOrder, intent: Intent) -> Intent | None:
    """Cancel the intent and return it as it is now: cancelled, or what forbade it."""
    try:
        answer = await desk.provider.cancel_intent(
            intent.intent_id, idempotency_key=f"{order.ref}:{order.attempt_number}:cancel:0"
        )
        if isinstance(answer, Intent):
            return answer
        fresh = await desk.provider.retrieve_intent(intent.intent_id)
    except Unavailable as fault:
        logger().warning("payment.in_doubt", ref=order.ref, reason=str(fault))
        return None
    return None if isinstance(fresh, ProviderRefused) else fresh


async def _doubt(desk: Desk, org_id: int, order: LockedOrder, intent: Intent | None) -> Closed:
    async with desk.database.tenant(org_id) as connection:
        locked = await lock_order(connection, order.id)
        if locked.state != "awaiting_payment":
            return "nothing"
        await connection.execute(SQL["doubt_order"], order.id, DOUBT_RETRY_S)
        if locked.attempt_state in ("created", "requires_action"):
            state = "processing" if intent is not None else "unknown"
            intent_id = None if intent is None else intent.intent_id
            await connection.execute(
                SQL["move_attempt"], locked.attempt_id, state, locked.decline_code, "in_doubt", intent_id
            )
    return "doubt"


async def _end(
    desk: Desk, org_id: int, order: LockedOrder, *, expired: bool, keep_seats: bool, in_doubt: bool = False
) -> Closed:
    """Write the end under the lock, unless a success was faster (race 6)."""
    async with desk.database.tenant(org_id) as connection:
        locked = await lock_order(connection, order.id)
        if locked.state != "awaiting_payment":
            return "nothing"
        if locked.attempt_id != order.attempt_id:
            return "doubt"  # another attempt was opened meanwhile: look at that one at the next round
        state: Literal["expired", "cancelled"] = "expired" if expired else "cancelled"
        await _write_end(
            connection,
            org_id,
            locked,
            state,
            "time_over" if expired else "buyer",
            keep_seats=keep_seats,
            in_doubt=in_doubt,
        )
    await desk.wake()
    return "ended"


async def _write_end(
    connection: Connection[Any],
    org_id: int,
    order: LockedOrder,
    state: str,
    cause: str,
    *,
    keep_seats: bool,
    in_doubt: bool,
) -> None:
    if order.attempt_id is not None and order.attempt_state not in ("declined", "cancelled", "succeeded"):
        ended = "declined" if order.decline_code else "cancelled"
        await connection.execute(SQL["move_attempt"], order.attempt_id, ended, order.decline_code, cause, None)
    await connection.execute(SQL["move_order"], order.id, state, cause, None)
    await write_effect(connection, org_id, order.id, effect("release", keep_seats=keep_seats))
    if in_doubt:
        await write_effect(connection, org_id, order.id, effect("cancel_intent", attempt=order.attempt_id))
