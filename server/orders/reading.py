"""Read orders for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from asyncpg import Record

from server.catalog.addresses import show_address
from server.catalog.facts import EventFacts
from server.database import Database
from server.faults import Corrupt
from server.orders.addresses import return_address, ticket_address, ticket_pdf_address
from server.orders.decision import message
from server.orders.desk import Desk
from server.orders.locked import LockedOrder, order_of
from server.orders.record import OrderRecord, decode_record
from server.orders.references import opens, read_ref
from server.orders.views import (
    BuyerMessage,
    OrderList,
    OrderQuery,
    OrderRow,
    OrderView,
    PaymentView,
    ShowView,
    TicketView,
)
from server.path_numbers import BIGINT_MAX
from server.sql_blocks import load_blocks
from server.tickets.number import write_number

SQL = load_blocks(__package__, "orders.sql")
# Of `order_at`.
SEEN_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a visitor, somebody with the order's key, staff of an organisation with the right to read orders, or several."""

    visitor: str | None = None
    key: str | None = None
    org_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An order that may be seen, and the tenant it belongs to."""

    org_id: int
    order_id: int
    ref: str


class Seen(NamedTuple):
    """An order as it was a moment ago: whose it is, and its `OrderRecord` as JSON."""

    found: Found
    record: str


async def find_order(database: Database, ref: str, reader: Reader) -> Found | None:
    """Return the order when it exists and *reader* may see it; both noes look the same from outside."""
    seen = await see_order(database, ref, reader)
    return None if seen is None else seen.found


async def see_order(database: Database, ref: str, reader: Reader) -> Seen | None:
    """Find the order and read it as its buyer sees it, in one statement."""
    wanted = read_ref(ref)
    if wanted is None:
        return None
    async with database.statement() as connection:
        row = await connection.fetchrow("select * from order_at($1)", wanted)
    return None if row is None else _seen_by(reader, wanted, row)


async def see_to_pay(database: Database, ref: str, reader: Reader) -> tuple[Seen, LockedOrder] | None:
    """Do the same, and read what decides about its payment, in one statement too."""
    wanted = read_ref(ref)
    if wanted is None:
        return None
    async with database.statement() as connection:
        row = await connection.fetchrow(SQL["see_to_pay"], wanted)
    seen = None if row is None else _seen_by(reader, wanted, row)
    return None if row is None or seen is None else (seen, order_of(tuple(row.values())[SEEN_COLUMNS:]))


def _seen_by(reader: Reader, ref: str, row: Record) -> Seen | None:
    """Return the order when *reader* may see it. The columns of `order_at` come first in *row*."""
    org_id, order_id, visitor, key, record = tuple(row.values())[:SEEN_COLUMNS]
    if (reader.visitor is not None and reader.visitor == visitor) or reader.org_id == org_id or opens(key, reader.key):
        return Seen(Found(org_id, order_id, ref), record)
    return None


async def view_order(desk: Desk, ref: str, reader: Reader) -> OrderView | None:
    """Return the order as *reader* sees it."""
    seen = await see_order(desk.database, ref, reader)
    return None if seen is None else await view_record(desk, decode_record(seen.record))


async def view_record(desk: Desk, record: OrderRecord) -> OrderView:
    """Show an order with the addresses of its pages and the words of its show."""
    return OrderView(
        ref=record.ref,
        key=record.key,
        state=record.state,
        message=_message(record),
        show=await _show(desk, record.show_id),
        name=record.name,
        email=record.email,
        lines=record.lines,
        tickets=tuple(
            TicketView(
                ticket.position,
                number := write_number(ticket.ticket_id),
                ticket.code,
                ticket.state,
                ticket_address(number),
                ticket_pdf_address(number),
            )
            for ticket in record.tickets or ()
        ),
        refunds=record.refunds or (),
        subtotal=record.subtotal,
        fees=record.fees,
        total=record.total,
        currency=record.currency,
        pay_until_ms=record.pay_until_ms,
        now_ms=desk.now_ms(),
        payment=_payment(desk, record),
    )


def _message(record: OrderRecord) -> BuyerMessage:
    state = None if record.attempt is None else record.attempt.state
    declined = record.attempt is not None and record.attempt.decline_code is not None
    return cast(BuyerMessage, message(record.state, state, declined, doubted=record.doubted))


def _payment(desk: Desk, record: OrderRecord) -> PaymentView | None:
    if record.attempt is None:
        return None
    browser = desk.provider.browser
    return PaymentView(
        provider=browser.kind,
        publishable_key=browser.publishable_key,
        api_base=browser.api_base,
        client_secret=record.attempt.client_secret,
        return_url=return_address(record.ref),
        attempt=record.attempt.number,
        state=record.attempt.state,
        decline_code=record.attempt.decline_code,
        amount=record.attempt.amount,
        currency=record.attempt.currency,
    )


async def _show(desk: Desk, show_id: int) -> ShowView:
    facts = await desk.shows.show(show_id)
    if facts is None:
        raise Corrupt(f"show {show_id} of an order is not there")
    event: EventFacts = facts.event
    return ShowView(
        id=show_id,
        event_id=event.event_id,
        title=event.title,
        label=facts.show.label,
        starts_at_ms=_ms(facts.show.starts_at),
        time_zone=facts.time_zone,
        venue=facts.show.venue.name,
        page=show_address(show_id),
    )


async def list_orders(database: Database, org_id: int, wanted: OrderQuery) -> OrderList:
    """Return a page of the organisation's orders, newest first."""
    given = wanted.after or ""
    after = min(int(given), BIGINT_MAX) if given.isascii() and given.isdigit() else None
    async with database.tenant(org_id) as connection:
        rows = await connection.fetch(
            SQL["list_orders"], wanted.show, wanted.state, wanted.q or None, after, wanted.limit
        )
    return OrderList(
        orders=tuple(
            OrderRow(
                ref=row["ref"],
                state=row["state"],
                show=row["show_id"],
                name=row["buyer_name"],
                email=row["buyer_email"],
                places=row["places"],
                total=row["total"],
                currency=row["currency"],
                created_at_ms=_ms(row["created_at"]),
                paid_at_ms=None if row["paid_at"] is None else _ms(row["paid_at"]),
            )
            for row in rows
        ),
        next=str(rows[-1]["id"]) if len(rows) == wanted.limit else None,
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
