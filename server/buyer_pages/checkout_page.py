"""`/shows/{show}/checkout`: who buys, for whom, at what price. Works as a plain form; with its script the card is taken here too."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.buyer_pages.frame import PRIVATE, heading, organisation, place, problem, said, services_of, when
from server.buyer_pages.purchase_form import PurchaseForm, read_purchase
from server.buyer_pages.reading_order import in_reading_order
from server.catalog.addresses import show_address
from server.catalog.facts import ShowFacts
from server.endpoint import bounded_body
from server.orders.addresses import order_address
from server.orders.lines import Named
from server.orders.quote import quote_hold
from server.orders.reading import Reader, view_order, view_record
from server.orders.retry import resume_order
from server.orders.routes import desk_for
from server.orders.start import Placed, Purchase, start_order
from server.orders.views import LineView, OrderView, Quote
from server.payments.currency import charge
from server.refusals import Refusal
from server.templating import locale_of, words
from server.visitor import VisitorId
from server.visitor_session import visitor_of

_BODY_MAX = 64 * 1024
_WORDS = ("pay.", "refusal.", "hold.minutes_left", "common.")


async def checkout_page(request: Request) -> Response:
    """Show the form for what the visitor holds; a hold that is being paid leads to its order."""
    facts = await services_of(request).shows.show(request.path_params["show"])
    if facts is None or not facts.show.listed:
        return problem(request, "show_unknown")
    visitor = visitor_of(request)
    quote = await _quote(request, facts, visitor)
    if isinstance(quote, Refusal):
        return _nothing_held(request, facts, quote)
    if quote.state == "paying" and isinstance(visitor, str):
        order = await _order_of_hold(request, facts, visitor)
        if order is not None:
            return RedirectResponse(order_address(order.ref, order.key), 303, headers=PRIVATE)
    return _form(request, facts, quote, PurchaseForm(idempotency_key=secrets.token_urlsafe(12)))


async def place_order(request: Request) -> Response:
    """Start the order from the posted form, then go to its page to pay; show the form again with what is missing."""
    facts = await services_of(request).shows.show(request.path_params["show"])
    if facts is None or not facts.show.listed:
        return problem(request, "show_unknown")
    visitor = visitor_of(request)
    body = await bounded_body(request, _BODY_MAX)
    if isinstance(body, Refusal):
        return problem(request, body.code)
    form = read_purchase(body)
    if isinstance(visitor, Refusal):
        return _nothing_held(request, facts, visitor)
    if not form.errors:
        placed = await _start(request, facts, visitor, form)
        if isinstance(placed, OrderView):
            return RedirectResponse(order_address(placed.ref, placed.key), 303, headers=PRIVATE)
        if placed.code in ("hold_gone", "show_unknown"):
            return _nothing_held(request, facts, placed)
        form = _refused(form, placed)
    quote = await quote_hold(desk_for(request), facts.show_id, visitor)
    if isinstance(quote, Refusal):
        return _nothing_held(request, facts, quote)
    return _form(request, facts, quote, form, status=422)


async def _quote(request: Request, facts: ShowFacts, visitor: VisitorId | Refusal) -> Quote | Refusal:
    if isinstance(visitor, Refusal):
        return visitor
    return await quote_hold(desk_for(request), facts.show_id, visitor)


async def _start(request: Request, facts: ShowFacts, visitor: VisitorId, form: PurchaseForm) -> OrderView | Refusal:
    desk, locale = desk_for(request), locale_of(request)
    named = tuple(Named(one.name, one.k, one.area, one.type) for one in form.named())
    content = (facts.show_id, form.name, form.email, form.expected_total, locale, form.named())
    purchase = Purchase(
        show_id=facts.show_id,
        visitor=visitor,
        actor=visitor,
        key=form.idempotency_key or secrets.token_urlsafe(12),
        digest=hashlib.blake2b(msgspec.msgpack.encode(content), digest_size=16).digest(),
        name=form.name,
        email=form.email,
        terms=form.terms,
        attendees=named,
        expected_total=form.expected_total,
        currency=facts.currency,
        locale=locale,
    )
    placed = await start_order(desk, purchase)
    if not isinstance(placed, Placed):
        return placed
    if placed.record is not None:
        return await view_record(desk, placed.record)
    order = await view_order(desk, placed.ref, Reader(visitor=visitor))
    if order is None:
        return Refusal("order_unknown")
    return order


async def _order_of_hold(request: Request, facts: ShowFacts, visitor: VisitorId) -> OrderView | None:
    """Return the order that froze the visitor's hold."""
    services, desk = services_of(request), desk_for(request)
    hold = await services.inventory.read_hold(facts.key, visitor)
    if hold is None or hold.order_id is None:
        return None
    async with services.database.tenant(facts.org_id) as connection:
        ref = await connection.fetchval("select ref from orders where id = $1", hold.order_id)
    if ref is None:
        return None
    await resume_order(desk, facts.org_id, hold.order_id)
    return await view_order(desk, ref, Reader(visitor=visitor))


def _refused(form: PurchaseForm, refusal: Refusal) -> PurchaseForm:
    """The form again, with the order's own reason and a new key: the next try is another request."""
    return PurchaseForm(
        name=form.name,
        email=form.email,
        terms=form.terms,
        idempotency_key=secrets.token_urlsafe(12),
        attendees=form.attendees,
        errors={"form": f"refusal.{refusal.code}"},
    )


def _form(request: Request, facts: ShowFacts, quote: Quote, form: PurchaseForm, status: int = 200) -> Response:
    services, locale = services_of(request), locale_of(request)
    t = words(locale)
    browser = services.provider.browser
    lines = in_reading_order(quote.lines)
    errors = {
        name: t(key) if t.has(key) else said(request, Refusal("bad_request")) for name, key in form.errors.items()
    }
    page = services.templates.page(
        request,
        "checkout.html",
        status=status,
        org=organisation(facts.event),
        heading=heading(facts),
        when=when(facts, locale),
        place=place(facts),
        seats_url=show_address(facts.show_id),
        quote=quote,
        lines=lines,
        groups=admissions(lines),
        form=form,
        errors=errors,
        data={
            "mode": "start",
            "show": facts.show_id,
            "total": quote.total,
            "charge": charge(quote.total, quote.currency),
            "currency": quote.currency,
            "expires_at_ms": quote.expires_at_ms,
            "now_ms": desk_for(request).now_ms(),
            "seats_url": show_address(facts.show_id),
            "live_url": services.settings.live_address,
            "provider": browser.kind,
            "api_base": browser.api_base,
            "publishable_key": browser.publishable_key,
        },
        words=t.chosen(*_WORDS),
    )
    page.headers.update(PRIVATE)
    return page


def admissions(lines: Sequence[LineView]) -> list[dict[str, Any]]:
    """Return each line with the name of its attendee field: seats by `k`, places of an area counted per ticket type."""
    counts: dict[tuple[int | None, int], int] = {}
    named = []
    for line in lines:
        spot = (line.area, line.type)
        counts[spot] = counts.get(spot, 0) + 1
        field = f"attendee-k{line.k}" if line.k is not None else f"attendee-a{line.area}-t{line.type}-{counts[spot]}"
        named.append({"line": line, "field": field})
    return named


def _nothing_held(request: Request, facts: ShowFacts, refusal: Refusal) -> Response:
    page = services_of(request).templates.page(
        request,
        "nothing_held.html",
        status=200 if request.method == "GET" else 409,
        org=organisation(facts.event),
        heading=heading(facts),
        seats_url=show_address(facts.show_id),
        code=refusal.code,
    )
    page.headers.update(PRIVATE)
    return page
