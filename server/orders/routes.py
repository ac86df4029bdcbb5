"""The orders API (docs/api-orders.md)."""

from __future__ import annotations

import hashlib
import time

import msgspec
from starlette.requests import Request
from starlette.routing import BaseRoute

from server import vitals
from server.endpoint import endpoint, query
from server.orders import metrics
from server.orders.close import close_order
from server.orders.desk import Desk, desk_of
from server.orders.lines import Named
from server.orders.proofs import reader_of
from server.orders.quote import quote_hold
from server.orders.reading import Found, Reader, find_order, list_orders, see_to_pay, view_order, view_record
from server.orders.refund import refund_order
from server.orders.retry import next_payment, refresh_seen, resume_order
from server.orders.start import Purchase, start_order
from server.orders.views import (
    CancelOrder,
    OrderList,
    OrderProof,
    OrderQuery,
    OrderView,
    Quote,
    QuoteQuery,
    RefundOrder,
    StartOrder,
)
from server.principal import Principal
from server.refusals import Refusal
from server.visitor_session import visitor_of

READ, WRITE = "orders:read", "orders:write"


def desk_for(request: Request) -> Desk:
    """Return the desk of this process, made at the first order."""
    state = request.app.state
    desk: Desk | None = getattr(state, "order_desk", None)
    if desk is None:
        desk = state.order_desk = desk_of(state.services)
    return desk


@endpoint(
    "POST", "/api/v1/orders", body=StartOrder, reply=OrderView, status=201, idempotent=True, visitor=True,
    summary="Buy what the visitor holds",
    refusals=(
        "session_missing", "session_expired", "terms_not_accepted", "show_unknown", "hold_gone", "hold_paying", "hold_not_yours",
        "attendee_unknown", "amount_changed", "currency_changed", "per_person_limit", "payment_refused", "idempotency_key_reused",
    ),
)  # fmt: skip
async def post_order(request: Request, body: StartOrder) -> OrderView | Refusal:
    """Start an order from the visitor's hold, or return the one the same request or another tab started."""
    visitor = visitor_of(request)
    if isinstance(visitor, Refusal):
        return visitor
    desk = desk_for(request)
    began = time.perf_counter()
    placed = await start_order(desk, _purchase(body, visitor, request.state.idempotency_key))
    vitals.CHECKOUTS.observe(time.perf_counter() - began)
    if isinstance(placed, Refusal):
        metrics.STARTED.labels("refused").inc()
        return placed
    metrics.STARTED.labels("again" if placed.again else "new").inc()
    if placed.again:
        found = await find_order(desk.database, placed.ref, Reader(visitor=visitor))
        if found is None:
            return Refusal("order_unknown")
        await resume_order(desk, found.org_id, found.order_id)
    if placed.record is not None:
        return await view_record(desk, placed.record)
    return await _seen(desk, placed.ref, Reader(visitor=visitor))


@endpoint(
    "GET", "/api/v1/orders/quote", query=QuoteQuery, reply=Quote, visitor=True, summary="Say what the visitor's hold costs, fees included",
    refusals=("session_missing", "session_expired", "show_unknown", "hold_gone"),
)  # fmt: skip
async def get_quote(request: Request) -> Quote | Refusal:
    """Price the visitor's hold, line by line, as an order of it would be."""
    visitor = visitor_of(request)
    if isinstance(visitor, Refusal):
        return visitor
    wanted = query(request, QuoteQuery)
    if isinstance(wanted, Refusal):
        return wanted
    return await quote_hold(desk_for(request), wanted.show, visitor)


@endpoint(
    "GET", "/api/v1/orders/{ref}", query=OrderProof, reply=OrderView, summary="Read an order",
    refusals=("order_unknown",),
)  # fmt: skip
async def get_order(request: Request) -> OrderView | Refusal:
    """Return the order to its visitor, to who has its key, and to staff."""
    return await _seen(desk_for(request), request.path_params["ref"], await reader_of(request, READ))


@endpoint(
    "POST", "/api/v1/orders/{ref}/payment", query=OrderProof, reply=OrderView, summary="Get a payment to confirm, a new one after a declined card",
    refusals=("order_unknown", "order_not_payable", "payment_in_doubt", "hold_gone", "payment_refused"),
)  # fmt: skip
async def post_payment(request: Request) -> OrderView | Refusal:
    """Return the open payment, or open another attempt when the card of the last one was declined."""
    desk, reader = desk_for(request), await reader_of(request, WRITE)
    found = await find_order(desk.database, request.path_params["ref"], reader)
    if found is None:
        return Refusal("order_unknown")
    refused = await next_payment(desk, found.org_id, found.order_id)
    return refused or await _seen(desk, found.ref, reader)


@endpoint(
    "POST", "/api/v1/orders/{ref}/return", query=OrderProof, reply=OrderView, summary="Ask the provider now what became of the payment",
    refusals=("order_unknown",),
)  # fmt: skip
async def post_return(request: Request) -> OrderView | Refusal:
    """Apply the truth about the payment at once; the webhook does the same work, whichever is first."""
    desk, reader = desk_for(request), await reader_of(request, READ)
    found = await see_to_pay(desk.database, request.path_params["ref"], reader)
    if found is None:
        return Refusal("order_unknown")
    seen, order = found
    record = await refresh_seen(desk, seen, order)
    return await _seen(desk, seen.found.ref, reader) if record is None else await view_record(desk, record)


@endpoint(
    "POST", "/api/v1/orders/{ref}/cancel", body=CancelOrder, query=OrderProof, reply=OrderView, summary="Stop paying",
    refusals=("order_unknown", "payment_in_doubt"),
)  # fmt: skip
async def post_cancel(request: Request, body: CancelOrder) -> OrderView | Refusal:
    """Cancel the payment at the provider, then let the seats go (or keep them as a hold)."""
    desk, reader = desk_for(request), await reader_of(request, WRITE)
    found = await find_order(desk.database, request.path_params["ref"], reader)
    if found is None:
        return Refusal("order_unknown")
    closed = await close_order(desk, found.org_id, found.order_id, expired=False, keep_seats=body.keep_seats)
    return Refusal("payment_in_doubt") if closed == "doubt" else await _seen(desk, found.ref, reader)


@endpoint(
    "POST", "/api/v1/orders/{ref}/refund", body=RefundOrder, reply=OrderView, scope=WRITE, idempotent=True,
    summary="Give all the money back, and void the tickets",
    refusals=("order_unknown", "order_not_refundable", "tickets_used"),
)  # fmt: skip
async def post_refund(request: Request, body: RefundOrder) -> OrderView | Refusal:
    """Promise what is left of the order's money back to its buyer. Asked again, it returns the order as it is."""
    desk, who = desk_for(request), request.state.principal
    found = await _of_staff(desk, request, who)
    if isinstance(found, Refusal):
        return found
    promised = await refund_order(
        desk, found.org_id, found.order_id, cancel=body.cancel, note=body.note, user_id=who.user_id
    )
    reader = Reader(org_id=who.org_id)
    if isinstance(promised, Refusal) and promised.params.get("state") not in ("refunding", "refunded"):
        return promised
    return await _seen(desk, found.ref, reader)


@endpoint(
    "GET", "/api/v1/orders", query=OrderQuery, reply=OrderList, scope=READ, summary="List the organisation's orders",
)  # fmt: skip
async def get_orders(request: Request) -> OrderList | Refusal:
    """Return a page of orders, newest first."""
    wanted = query(request, OrderQuery)
    if isinstance(wanted, Refusal):
        return wanted
    return await list_orders(desk_for(request).database, request.state.principal.org_id, wanted)


async def _seen(desk: Desk, ref: str, reader: Reader) -> OrderView | Refusal:
    return await view_order(desk, ref, reader) or Refusal("order_unknown")


async def _of_staff(desk: Desk, request: Request, who: Principal) -> Found | Refusal:
    found = await find_order(desk.database, request.path_params["ref"], Reader(org_id=who.org_id))
    return found or Refusal("order_unknown")


def _purchase(body: StartOrder, visitor: str, key: str) -> Purchase:
    return Purchase(
        show_id=body.show,
        visitor=visitor,
        actor=visitor,
        key=key,
        digest=hashlib.blake2b(msgspec.msgpack.encode(body), digest_size=16).digest(),
        name=body.name,
        email=body.email,
        terms=body.terms,
        attendees=tuple(Named(one.name, one.k, one.area, one.type) for one in body.attendees),
        expected_total=body.expected_total,
        currency=body.currency,
        locale=body.locale,
    )


routes: list[BaseRoute] = [
    post_order, get_quote, get_order, post_payment, post_return, post_cancel, post_refund, get_orders,
]  # fmt: skip
