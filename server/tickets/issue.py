"""Issue tickets inside the caller's transaction: all of an order's tickets, or none and the seats that stand in the way.

The unique index on (show, seat) has the last word against selling a seat twice; the one on (order line, ordinal) against
issuing one order twice. One round trip for any number of tickets, and one for the key unless the caller has it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection

from server.faults import Misuse
from server.sql_blocks import load_blocks
from server.tickets.code import TICKET_ID_MAX, TicketCode, sign
from server.tickets.keys import KeyWrapper, WrappedKey

BLOCKS = load_blocks(__package__, "issue.sql")


@dataclass(frozen=True, slots=True)
class Admission:
    """One ticket to be issued, with the words that will be printed on it.

    A seat has *k*, a place in a standing area has *area*; exactly one of them. *ordinal* counts the places of one order line
    from 0. *category* is the chart's index. *seat* is empty for a standing area, whose name stands in *section*.
    """

    line_id: int
    ordinal: int
    k: int | None
    area: int | None
    category: int
    type_id: int
    category_name: str
    type_name: str
    section: str
    row: str
    seat: str
    holder_name: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket just issued: its id and the text of its code."""

    ticket_id: int
    line_id: int
    ordinal: int
    k: int | None
    area: int | None
    code: str


@dataclass(frozen=True, slots=True)
class Issued:
    """Every admission has its ticket, in the order asked for. *again* tells that they had been issued before."""

    tickets: tuple[Ticket, ...]
    again: bool = False


@dataclass(frozen=True, slots=True)
class SeatsTicketed:
    """No ticket was issued: these seats already have a live one, of another order."""

    seats: tuple[int, ...]
    code: str = "seat_taken"


async def issue(
    connection: Connection[Any],
    wrapper: KeyWrapper,
    *,
    org_id: int,
    event_id: int,
    show_id: int,
    order_id: int,
    admissions: Sequence[Admission],
    key: WrappedKey | None = None,
) -> Issued | SeatsTicketed:
    """Issue one ticket per admission on *connection*, whose transaction belongs to *org_id*.

    *key* is the event's signing key when the caller read it with something else; without, it is read here, or made.

    Idempotent per order line: asked again, it answers with the tickets of the first time. On SeatsTicketed nothing is
    left behind, and the transaction can go on (to refund, say).
    """
    if key is None:
        key = await signing_key(connection, wrapper, org_id=org_id, event_id=event_id)
    tickets = sign_tickets(wrapper, key, admissions)
    inserted = await connection.fetchval(
        BLOCKS["insert_tickets"], org_id, event_id, show_id, order_id, *ticket_columns(tickets, admissions)
    )
    if inserted == len(tickets):
        return Issued(tuple(tickets))
    return await _explain(connection, order_id, show_id, tickets)


def sign_tickets(wrapper: KeyWrapper, key: WrappedKey, admissions: Sequence[Admission]) -> list[Ticket]:
    """Number and sign one ticket per admission. Nothing is written: they are tickets once they are in the database."""
    if not admissions:
        raise Misuse("an order without admissions has no tickets to issue")
    private = wrapper.unwrap(key)
    tickets: list[Ticket] = []
    for admission in admissions:
        if (admission.k is None) == (admission.area is None):
            raise Misuse("an admission is for a seat or for an area, never both")
        facts = TicketCode(
            event=key.event,
            ticket_id=secrets.randbelow(TICKET_ID_MAX) + 1,
            generation=0,
            kid=key.kid,
            admission_class=admission.category,
        )
        code = sign(facts, private)
        tickets.append(Ticket(facts.ticket_id, admission.line_id, admission.ordinal, admission.k, admission.area, code))
    return tickets


def ticket_columns(tickets: Sequence[Ticket], admissions: Sequence[Admission]) -> tuple[list[object], ...]:
    """Turn tickets and what is printed on them into the arrays of `insert_tickets`."""
    return (
        [ticket.ticket_id for ticket in tickets],
        [ticket.code for ticket in tickets],
        [admission.line_id for admission in admissions],
        [admission.ordinal for admission in admissions],
        [admission.k for admission in admissions],
        [admission.area for admission in admissions],
        [admission.category for admission in admissions],
        [admission.type_id for admission in admissions],
        [admission.category_name for admission in admissions],
        [admission.type_name for admission in admissions],
        [admission.section for admission in admissions],
        [admission.row for admission in admissions],
        [admission.seat for admission in admissions],
        [admission.holder_name for admission in admissions],
    )


async def signing_key(connection: Connection[Any], wrapper: KeyWrapper, *, org_id: int, event_id: int) -> WrappedKey:
    """Read the event's current signing key; make its first one when it has none yet."""
    row = await connection.fetchrow(BLOCKS["read_signing_key"], event_id)
    if row is None:
        fresh = wrapper.new_key(event_id, kid=0)
        await connection.execute(BLOCKS["insert_key"], org_id, event_id, fresh.kid, fresh.public, fresh.wrapped)
        row = await connection.fetchrow(BLOCKS["read_signing_key"], event_id)
        assert row is not None
    return WrappedKey(event_id, row["kid"], row["public_key"], row["wrapped_key"])


async def _explain(
    connection: Connection[Any], order_id: int, show_id: int, tickets: Sequence[Ticket]
) -> Issued | SeatsTicketed:
    """Take back the half that was inserted and find out what stood in the way of the rest."""
    await connection.execute(BLOCKS["delete_tickets"], [ticket.ticket_id for ticket in tickets])
    rows = await connection.fetch(BLOCKS["read_by_line"], order_id)
    earlier = {(row["line_id"], row["ordinal"]): row for row in rows}
    if all((ticket.line_id, ticket.ordinal) in earlier for ticket in tickets):
        found = (earlier[ticket.line_id, ticket.ordinal] for ticket in tickets)
        return Issued(tuple(Ticket(*row.values()) for row in found), again=True)
    seats = [ticket.k for ticket in tickets if ticket.k is not None]
    taken = await connection.fetch(BLOCKS["read_ticketed_seats"], show_id, seats)
    if not taken:
        raise Misuse(f"order {order_id} asks for tickets that clash with its own earlier ones")
    return SeatsTicketed(tuple(row["k"] for row in taken))
