"""`/orders/{ref}`: pay it, or see what became of it. The same address from the first click to the last ticket."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.buyer_pages.frame import PRIVATE, heading, organisation, place, problem, services_of, when
from server.buyer_pages.reading_order import in_reading_order
from server.buyer_pages.remembered_orders import remember_order, remembered
from server.faults import Unavailable
from server.orders.addresses import calendar_address, order_address, tickets_pdf_address
from server.orders.close import close_order
from server.orders.proofs import reader_of
from server.orders.reading import Found, Reader, find_order, view_order
from server.orders.retry import next_payment, refresh
from server.orders.routes import desk_for
from server.orders.views import LineView, OrderView, TicketView
from server.payments.currency import charge
from server.payments.provider import BrowserSetup
from server.templating import locale_of, words
from server.tickets import qr

_WORDS = ("pay.", "refusal.", "hold.minutes_left", "common.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket on the page: its line, and its code as a picture."""

    line: LineView
    ticket: TicketView
    picture: str


async def order_page(request: Request) -> Response:
    """Show the order to its visitor, to who has its key, and to staff."""
    reader = await _reader(request)
    desk, ref = desk_for(request), request.path_params["ref"]
    order = await view_order(desk, ref, reader)
    if order is None:
        return problem(request, "order_unknown")
    if order.message in ("pay_now", "declined") and _needs_payment(order):
        order = await _with_payment(request, order, reader)
    page = await _page(request, order)
    page.headers.update(PRIVATE)
    remember_order(request, page, order.ref, order.key)
    return page


async def returned(request: Request) -> Response:
    """The browser is back from the provider: ask it now, then show the order."""
    desk, reader = desk_for(request), await _reader(request)
    found = await find_order(desk.database, request.path_params["ref"], reader)
    if found is None:
        return problem(request, "order_unknown")
    # When the provider does not answer, the page says that we are checking, and asks again.
    with suppress(Unavailable):
        await refresh(desk, found.org_id, found.order_id)
    return RedirectResponse(order_address(found.ref, await _key(request, found, reader)), 303, headers=PRIVATE)


async def give_up(request: Request) -> Response:
    """Stop paying and go back to the seats, which stay held."""
    desk, reader = desk_for(request), await _reader(request)
    order = await view_order(desk, request.path_params["ref"], reader)
    found = None if order is None else await find_order(desk.database, order.ref, reader)
    if order is None or found is None:
        return problem(request, "order_unknown")
    closed = await close_order(desk, found.org_id, found.order_id, expired=False, keep_seats=True)
    target = order.show.page if closed == "ended" else order_address(order.ref, order.key)
    return RedirectResponse(target, 303, headers=PRIVATE)


def _needs_payment(order: OrderView) -> bool:
    return (
        order.payment is None or order.payment.client_secret is None or order.payment.state in ("declined", "cancelled")
    )


async def _with_payment(request: Request, order: OrderView, reader: Reader) -> OrderView:
    """Make sure there is a payment to confirm; without one the page still stands and offers to try again."""
    desk = desk_for(request)
    found = await find_order(desk.database, order.ref, reader)
    if found is None:
        return order
    try:
        await next_payment(desk, found.org_id, found.order_id)
    except Unavailable:
        return order
    return await view_order(desk, order.ref, reader) or order


async def _page(request: Request, order: OrderView) -> Response:
    services, locale = services_of(request), locale_of(request)
    facts = await services.shows.show(order.show.id)
    if facts is None:
        return problem(request, "show_unknown")
    paying = order.message in ("pay_now", "declined")
    return services.templates.page(
        request,
        "pay.html" if paying else "order.html",
        org=organisation(facts.event),
        nav="tickets",
        order=order,
        lines=in_reading_order(order.lines),
        heading=heading(facts),
        when=when(facts, locale),
        place=place(facts),
        shown=shown_tickets(order),
        links=_links(order),
        facts=facts,
        data=_data(order, services.provider.browser, services.settings.live_address),
        words=words(locale).chosen(*_WORDS),
    )


def shown_tickets(order: OrderView) -> list[Shown]:
    """Return the tickets with their lines and pictures; a void one has no picture to be fooled by."""
    issued: dict[int, list[TicketView]] = {}
    for one in order.tickets:
        issued.setdefault(one.position, []).append(one)
    return [
        Shown(line, one, "" if one.state == "void" else qr.svg(qr.symbol(one.code)))
        for line in in_reading_order(order.lines)
        for one in issued.get(line.position, ())
    ]


def _links(order: OrderView) -> dict[str, str]:
    return {
        "page": order_address(order.ref, order.key),
        "pdf": tickets_pdf_address(order.ref, order.key),
        "calendar": calendar_address(order.ref, order.key),
        "give_up": f"/orders/{order.ref}/give-up?key={order.key}",
    }


def _data(order: OrderView, browser: BrowserSetup, live_url: str) -> dict[str, Any]:
    """Return the data block of the page's script (web/src/checkout/facts.ts). The form needs no payment to be shown."""
    payment = order.payment
    return {
        "mode": "pay" if order.message in ("pay_now", "declined") else order.message,
        "show": order.show.id,
        "ref": order.ref,
        "key": order.key,
        "total": order.total,
        "charge": charge(order.total, order.currency),
        "currency": order.currency,
        "expires_at_ms": order.pay_until_ms,
        "now_ms": order.now_ms,
        "seats_url": order.show.page,
        "live_url": live_url,
        "provider": browser.kind,
        "api_base": browser.api_base,
        "publishable_key": browser.publishable_key,
        "client_secret": payment.client_secret if payment else None,
        "return_url": payment.return_url if payment else f"/orders/{order.ref}/return",
    }


async def _reader(request: Request) -> Reader:
    """Collect every proof; a browser remembers the keys of its orders."""
    return await reader_of(request, "orders:read", key=remembered(request).get(request.path_params["ref"]))


async def _key(request: Request, found: Found, reader: Reader) -> str | None:
    order = await view_order(desk_for(request), found.ref, reader)
    return order.key if order else None
