"""Read tickets as they are shown: of an order, or one by its number or code."""

from __future__ import annotations

from typing import Any

from asyncpg import Connection, Record

from server.database import Database
from server.sql_blocks import load_blocks
from server.tickets.code import CodeRefused, parse
from server.tickets.face import TicketFace
from server.tickets.number import read_number, write_number

SQL = load_blocks(__package__, "tickets.sql")


async def faces_of_order(connection: Connection[Any], order_id: int, *, void: bool = False) -> list[TicketFace]:
    """Read an order's tickets in the order of its lines; those that are void only when asked for."""
    rows = await connection.fetch(SQL["read_of_order"], order_id)
    return [face_of(row) for row in rows if void or row["state"] != "void"]


async def find_ticket(database: Database, text: str) -> Record | None:
    """Find a ticket by its number or its code, whoever's it is: knowing either is the right to look at it.

    A code of an earlier generation finds nothing: its ticket belongs to somebody else now.
    """
    number, code = read_number(text), None
    if number is None:
        parsed = parse(text)
        if isinstance(parsed, CodeRefused):
            return None
        number, code = parsed.facts.ticket_id, "".join(text.split()).upper()
    async with database.installation() as connection:
        owner = await connection.fetchrow("select org_id from owner_of_ticket($1)", number)
    if owner is None:
        return None
    async with database.tenant(owner["org_id"]) as connection:
        row = await connection.fetchrow(SQL["read_ticket"], number)
    return row if row is not None and code in (None, row["code"]) else None


def face_of(row: Record) -> TicketFace:
    """Say what is written on a ticket."""
    return TicketFace(
        number=write_number(row["ticket_id"]),
        code=row["code"],
        category=row["category_name"],
        type=row["type_name"],
        section=row["section"],
        row=row["row_label"],
        seat=row["seat_label"],
        holder=row["holder_name"],
        valid=row["state"] != "void",
    )
