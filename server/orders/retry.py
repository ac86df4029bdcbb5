"""Take an order up again: a request repeated, a page reloaded, a declined card, a browser back from the provider."""

from __future__ import annotations

from seatmap.inventory.model import Refused
from server.faults import Unavailable
from server.logs import logger
from server.orders.close import abandon, cancel_attempt
from server.orders.desk import Desk
from server.orders.locked import LockedOrder, lock_order, look_at_order
from server.orders.reading import Seen
from server.orders.record import OrderRecord, decode_record
from server.orders.settle import settle, settle_free, settle_seen
from server.orders.start import open_payment
from server.payments.provider import Intent, ProviderRefused
from server.refusals import Refusal
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "orders.sql")


async def resume_order(desk: Desk, org_id: int, order_id: int) -> Refusal | None:
    """Go on where a request stopped: freeze the hold, open the payment. Harmless on an order that is further.

    Refusals: hold_gone, payment_refused.
    """
    order = await _read(desk, org_id, order_id)
    if order.state != "awaiting_payment":
        return None
    frozen = await desk.inventory.begin_payment(order.show, order.visitor, order.hold_id, order.id, order.pay_until_ms)
    if isinstance(frozen, Refused):
        if frozen.code == "show_unknown":
            raise Unavailable("the seats of this show are being rebuilt")
        if order.intent_id is not None:
            return None  # the money decides: tickets if the seats are still there, else a refund
        await abandon(desk, org_id, order_id, cause=frozen.code)
        return Refusal("hold_gone")
    if order.attempt_id is None:
        await settle_free(desk, org_id, order_id)
        return None
    if order.intent_id is not None:
        return None
    try:
        return await open_payment(desk, org_id, order_id, order.attempt_id)
    except Unavailable as fault:
        logger().warning("payment.not_opened", ref=order.ref, reason=str(fault))
        return None


async def next_payment(desk: Desk, org_id: int, order_id: int) -> Refusal | None:
    """Make sure there is a payment to confirm: the open one, or a new attempt when its card was declined (race 10).

    The old intent is cancelled first, so that never two can succeed. Refusals: order_not_payable, payment_in_doubt,
    hold_gone, payment_refused.
    """
    await refresh(desk, org_id, order_id)
    order = await _read(desk, org_id, order_id)
    if order.state != "awaiting_payment" or order.pay_until_ms <= desk.now_ms():
        return None if order.state == "paid" else Refusal("order_not_payable", {"state": order.state})
    if order.attempt_state in ("processing", "unknown"):
        return Refusal("payment_in_doubt")
    if order.decline_code is None and order.attempt_state not in ("declined", "cancelled"):
        return await resume_order(desk, org_id, order_id)
    if order.attempt_state not in ("declined", "cancelled"):
        ended = await cancel_attempt(desk, org_id, order)
        if ended == "paid":
            return None
        if ended == "doubt":
            return Refusal("payment_in_doubt")
    async with desk.database.tenant(org_id) as connection:
        locked = await lock_order(connection, order_id)
        if locked.state != "awaiting_payment":
            return Refusal("order_not_payable", {"state": locked.state})
        if locked.attempt_state in ("declined", "cancelled"):
            await connection.fetchrow(SQL["insert_attempt"], org_id, order_id, desk.provider.name, "another_card")
    return await resume_order(desk, org_id, order_id)


async def refresh(desk: Desk, org_id: int, order_id: int, *, cause: str = "return") -> None:
    """Ask the provider now and apply what it says. What cannot be asked is left to the webhook and the sweep."""
    order = await _read(desk, org_id, order_id)
    intent = await _ask(desk, order)
    if intent is not None:
        assert order.attempt_id is not None
        await settle(desk, org_id, order_id, order.attempt_id, intent, cause=cause)


async def refresh_seen(desk: Desk, seen: Seen, order: LockedOrder) -> OrderRecord | None:
    """Do the same for an order that was read a moment ago; return it as it is now, None when it has to be read again."""
    record = decode_record(seen.record)
    intent = await _ask(desk, order)
    if intent is None:
        return record
    tickets = await settle_seen(desk, seen.found.org_id, order, intent, cause="return")
    return record.paid_with(tickets) if tickets else None


async def _ask(desk: Desk, order: LockedOrder) -> Intent | None:
    """Fetch the intent of an attempt that is open; None when there is nothing to ask about, or no answer."""
    if order.state != "awaiting_payment" or order.intent_id is None or order.attempt_state in ("declined", "cancelled"):
        return None
    try:
        intent = await desk.provider.retrieve_intent(order.intent_id)
    except Unavailable as fault:
        logger().warning("payment.not_asked", order=order.id, reason=str(fault))
        return None
    return None if isinstance(intent, ProviderRefused) else intent


async def _read(desk: Desk, org_id: int, order_id: int) -> LockedOrder:
    async with desk.database.tenant(org_id) as connection:
        return await look_at_order(connection, order_id)
