"""Read orders for those who may see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
from asyncpg import Connection

from server.catalog.addresses import show_address
from server.catalog.facts import EventFacts
from server.database import Database
from server.faults import Corrupt
from server.orders.addresses import return_address, ticket_address, ticket_pdf_address
from server.orders.decision import message
from server.orders.desk import Desk
from server.orders.locked import LockedOrder, look_at_order
from server.orders.references import opens, read_ref
from server.orders.states import AttemptState, OrderState
from server.orders.views import (
    BuyerMessage,
    LineView,
    OrderList,
    OrderQuery,
    OrderRow,
    OrderView,
    PaymentView,
    RefundView,
    ShowView,
    TicketView,
)
from server.sql_blocks import load_blocks
from server.tickets.number import write_number

SQL = load_blocks(__package__, "orders.sql")


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


class _Row(msgspec.Struct):
    ref: str
    key: str
    state: OrderState
    show_id: int
    name: str
    email: str
    locale: str
    currency: str
    subtotal: int
    fees: int
    total: int
    pay_until_ms: int
    doubted: bool
    lines: tuple[LineView, ...]
    tickets: tuple[tuple[int, int, str, str], ...] | None = None
    refunds: tuple[RefundView, ...] | None = None
    attempt: tuple[int, AttemptState, str | None, str | None, int, str] | None = None


_decode = msgspec.json.Decoder(_Row).decode


async def find_order(database: Database, ref: str, reader: Reader) -> Found | None:
    """Return the order when it exists and *reader* may see it; both noes look the same from outside."""
    async with _opened(database, ref, reader) as (_, found):
        return found


async def find_and_look(database: Database, ref: str, reader: Reader) -> tuple[Found, LockedOrder] | None:
    """Find the order and look at it, in one transaction."""
    async with _opened(database, ref, reader) as (connection, found):
        return None if found is None else (found, await look_at_order(connection, found.order_id))


async def view_order(desk: Desk, ref: str, reader: Reader) -> OrderView | None:
    """Return the order as *reader* sees it, in one transaction."""
    async with _opened(desk.database, ref, reader) as (connection, found):
        text = None if found is None else await connection.fetchval(SQL["read_view"], found.order_id)
    return None if text is None else await _view(desk, _decode(text))


@asynccontextmanager
async def _opened(database: Database, ref: str, reader: Reader) -> AsyncIterator[tuple[Connection[Any], Found | None]]:
    """Open a transaction that becomes the tenant's once the order's owner is known."""
    async with database.installation() as connection:
        wanted = read_ref(ref)
        row: Any = None if wanted is None else await connection.fetchrow(SQL["adopt_owner"], wanted)
        allowed = row is not None and (
            (reader.visitor is not None and reader.visitor == row["visitor"])
            or reader.org_id == row["org_id"]
            or opens(row["key"], reader.key)
        )
        yield connection, (Found(row["org_id"], row["order_id"], cast(str, wanted)) if allowed else None)


async def _view(desk: Desk, row: _Row) -> OrderView:
    return OrderView(
        ref=row.ref,
        key=row.key,
        state=row.state,
        message=_message(row),
        show=await _show(desk, row.show_id),
        name=row.name,
        email=row.email,
        lines=row.lines,
        tickets=tuple(
            TicketView(
                position,
                number := write_number(ticket_id),
                code,
                state,
                ticket_address(number),
                ticket_pdf_address(number),
            )
            for position, ticket_id, code, state in row.tickets or ()
        ),
        refunds=row.refunds or (),
        subtotal=row.subtotal,
        fees=row.fees,
        total=row.total,
        currency=row.currency,
        pay_until_ms=row.pay_until_ms,
        now_ms=desk.now_ms(),
        payment=_payment(desk, row),
    )


def _message(row: _Row) -> BuyerMessage:
    state, declined = (None, False) if row.attempt is None else (row.attempt[1], row.attempt[3] is not None)
    return cast(BuyerMessage, message(row.state, state, declined, doubted=row.doubted))


def _payment(desk: Desk, row: _Row) -> PaymentView | None:
    if row.attempt is None:
        return None
    number, state, client_secret, decline_code, amount, currency = row.attempt
    browser = desk.provider.browser
    return PaymentView(
        provider=browser.kind,
        publishable_key=browser.publishable_key,
        api_base=browser.api_base,
        client_secret=client_secret,
        return_url=return_address(row.ref),
        attempt=number,
        state=state,
        decline_code=decline_code,
        amount=amount,
        currency=currency,
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
    after = int(wanted.after) if wanted.after and wanted.after.isascii() and wanted.after.isdigit() else None
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
