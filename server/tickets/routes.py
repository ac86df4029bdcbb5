"""Tickets over HTTP: one by number or code, its picture and paper, an order's paper and calendar entry, an event's keys."""

from __future__ import annotations

import asyncio

import msgspec
from asyncpg import Record
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server import problems
from server.endpoint import endpoint
from server.orders.addresses import order_address, ticket_address, ticket_pdf_address
from server.orders.proofs import reader_of
from server.orders.reading import find_order
from server.refusals import Refusal
from server.services import Services
from server.tickets import qr
from server.tickets.calendar_file import calendar_file
from server.tickets.face import Occasion, TicketFace, occasion
from server.tickets.key_set import KeySet, PublishedKey, encoded, root_key, signed_key_set
from server.tickets.postgres_tickets import SQL, face_of, faces_of_order, find_ticket
from server.tickets.ticket_pdf import tickets_pdf

# Whoever has the address has the ticket: no cache may keep it, no other site may learn it.
_PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


class TicketView(msgspec.Struct, frozen=True):
    """A ticket as its holder sees it. *code* is what its QR code says. Times in Unix ms."""

    number: str
    code: str
    state: str
    event: int
    show: int
    title: str
    label: str
    starts_ms: int
    time_zone: str
    venue: str
    category: str
    type: str
    section: str
    row: str
    seat: str
    holder: str
    page: str
    svg: str
    pdf: str


@endpoint(
    "GET",
    "/api/v1/tickets/{ticket}",
    reply=TicketView,
    summary="Read a ticket by its number or code",
    refusals=("ticket_unknown",),
)
async def read_ticket(request: Request) -> TicketView | Refusal:
    """Knowing the number is the right to read it: it has 63 random bits."""
    found = await _ticket(request)
    if found is None:
        return Refusal("ticket_unknown")
    row, when = found
    face = face_of(row)
    return TicketView(
        number=face.number, code=face.code, state=row["state"], event=row["event_id"], show=row["show_id"],
        title=when.title, label=when.label, starts_ms=round(when.starts_at.timestamp() * 1000), time_zone=when.time_zone,
        venue=when.venue, category=face.category, type=face.type, section=face.section, row=face.row, seat=face.seat,
        holder=face.holder, page=ticket_address(face.number), svg=f"/tickets/{face.number}/code.svg",
        pdf=ticket_pdf_address(face.number),
    )  # fmt: skip


@endpoint(
    "GET",
    "/api/v1/events/{event:number}/ticket-keys",
    reply=KeySet,
    summary="Read the public keys that an event's ticket codes are signed with",
    tag="tickets",
)
async def read_ticket_keys(request: Request) -> KeySet:
    """An event without tickets has no keys yet."""
    services: Services = request.app.state.services
    event = request.path_params["event"]
    async with services.database.installation() as connection:
        rows = await connection.fetch("select * from public_ticket_keys($1)", event)
    revision = max((round(row["changed_at"].timestamp() * 1000) for row in rows), default=0)
    keys = tuple(PublishedKey(row["kid"], encoded(row["public_key"]), row["status"]) for row in rows)
    return signed_key_set(event, revision, keys, root_key(services.settings.secret))


async def ticket_page(request: Request) -> Response:
    """One ticket, large: what a holder shows at the door."""
    found = await _ticket(request)
    services: Services = request.app.state.services
    if found is None:
        return services.templates.page(request, "problem.html", status=404, code="ticket_unknown")
    row, when = found
    face = face_of(row)
    picture = qr.svg(qr.symbol(face.code))
    page = services.templates.page(
        request, "ticket.html", ticket=face, occasion=when, state=row["state"], ref=row["ref"], picture=picture
    )
    page.headers.update(_PRIVATE)
    return page


async def ticket_picture(request: Request) -> Response:
    """The code as SVG, for pages of other programs."""
    found = await _ticket(request)
    if found is None:
        return problems.response(Refusal("ticket_unknown"))
    face = face_of(found[0])
    return Response(qr.svg(qr.symbol(face.code), title=face.number), headers=_PRIVATE, media_type="image/svg+xml")


async def ticket_paper(request: Request) -> Response:
    """One ticket as PDF."""
    found = await _ticket(request)
    if found is None:
        return problems.response(Refusal("ticket_unknown"))
    row, when = found
    pdf = await asyncio.to_thread(tickets_pdf, [face_of(row)], when, order_ref=row["ref"], locale=row["locale"])
    return _file(pdf, "application/pdf", f"ticket-{face_of(row).number}.pdf")


async def order_paper(request: Request) -> Response:
    """All tickets of an order as one PDF. A paid order whose tickets are void prints them as void."""
    found = await _order(request)
    if found is None:
        return problems.response(Refusal("order_unknown"))
    order, when, faces = found
    if not faces:
        return problems.response(Refusal("ticket_unknown"))
    pdf = await asyncio.to_thread(tickets_pdf, faces, when, order_ref=order["ref"], locale=order["locale"])
    return _file(pdf, "application/pdf", f"tickets-{order['ref']}.pdf")


async def order_calendar(request: Request) -> Response:
    """The show as a calendar entry that leads back to the order."""
    found = await _order(request)
    if found is None:
        return problems.response(Refusal("order_unknown"))
    order, when, _ = found
    services: Services = request.app.state.services
    site = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    entry = calendar_file(
        when, order_ref=order["ref"], page_url=site + order_address(order["ref"], order["key"]),
        stamp=order["said_at"], locale=order["locale"],
    )  # fmt: skip
    return _file(entry, "text/calendar; charset=utf-8", f"{order['ref']}.ics")


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(
        content, headers=_PRIVATE | {"Content-Disposition": f'inline; filename="{name}"'}, media_type=media_type
    )


async def _ticket(request: Request) -> tuple[Record, Occasion] | None:
    services: Services = request.app.state.services
    row = await find_ticket(services.database, request.path_params["ticket"])
    when = None if row is None else await _occasion(services, row["show_id"])
    return None if row is None or when is None else (row, when)


async def _order(request: Request) -> tuple[Record, Occasion, list[TicketFace]] | None:
    """Find the order for whoever may see it: its visitor, whoever has its key, and staff of its organisation."""
    services: Services = request.app.state.services
    found = await find_order(services.database, request.path_params["ref"], await reader_of(request, "orders:read"))
    if found is None:
        return None
    async with services.database.tenant(found.org_id) as connection:
        order = await connection.fetchrow(SQL["read_order"], found.order_id)
        faces = await faces_of_order(connection, found.order_id, void=True)
    when = None if order is None else await _occasion(services, order["show_id"])
    return None if order is None or when is None else (order, when, faces)


async def _occasion(services: Services, show_id: int) -> Occasion | None:
    facts = await services.shows.show(show_id)
    return None if facts is None else occasion(facts.event, facts.show)


routes: list[BaseRoute] = [
    read_ticket,
    read_ticket_keys,
    Route("/tickets/{ticket}", ticket_page),
    Route("/tickets/{ticket}/code.svg", ticket_picture),
    Route("/tickets/{ticket}/ticket.pdf", ticket_paper),
    Route("/orders/{ref}/tickets.pdf", order_paper),
    Route("/orders/{ref}/calendar.ics", order_calendar),
]
