"""Read and write what surrounds scans: counters, lookups, gates, devices."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

import msgspec
from asyncpg import Connection

from server.checkin.views import (
    CheckinCounters,
    DoorShow,
    FoundTicket,
    FoundTickets,
    GateCount,
    GateView,
    NewGate,
)
from server.database import Database
from server.refusals import Refusal
from server.sql_blocks import load_blocks
from server.tickets.number import read_number, write_number

_SQL = load_blocks(__package__, "checkin.sql")
FOUND_MAX = 20
_LIKE = re.compile(r"([\\%_])")


async def read_counters(database: Database, org_id: int, show_id: int) -> CheckinCounters:
    """Count a show's door; all zero for a show of another organisation. About 10 ms of Postgres for 60,000 admissions."""
    async with database.tenant(org_id) as connection:
        totals = await connection.fetchrow(_SQL["read_counters"], show_id)
        gates = await connection.fetch(_SQL["read_gate_counters"], show_id)
    assert totals is not None
    return CheckinCounters(
        show=show_id,
        tickets=totals["tickets"],
        admitted=totals["admitted"],
        inside=totals["inside"],
        gates=tuple(
            GateCount(
                gate["id"], gate["name"], gate["admitted"], gate["refused"], gate["last_minute"], _ms(gate["last_at"])
            )
            for gate in gates
        ),
        now_ms=round(time.time() * 1000),
    )


async def find_tickets(database: Database, org_id: int, show_id: int, asked: str) -> FoundTickets:
    """Find a show's tickets by name, address, order, seat or ticket number."""
    words = asked.lower().replace(",", " ").split()
    text = _LIKE.sub(r"\\\1", " ".join(words))
    async with database.tenant(org_id) as connection:
        rows = await connection.fetch(
            _SQL["find_tickets"], show_id, text, text.upper(), words, FOUND_MAX + 1, read_number(asked)
        )
    found = tuple(
        FoundTicket(
            number=write_number(row["ticket_id"]),
            state=row["state"],
            category=row["category_name"],
            type=row["type_name"],
            section=row["section"],
            row=row["row_label"],
            seat=row["seat_label"],
            holder=row["holder_name"],
            order=row["ref"],
            buyer=row["buyer_name"],
            inside=row["inside"],
            entries=row["entries"],
            first_ms=_ms(row["first_at"]),
            first_gate=row["first_gate"],
        )
        for row in rows
    )
    return FoundTickets(found[:FOUND_MAX], len(found) > FOUND_MAX)


async def door_shows(connection: Connection[Any]) -> tuple[DoorShow, ...]:
    """List the tenant's shows whose doors may open soon, soonest first."""
    rows = await connection.fetch(_SQL["read_door_shows"])
    return tuple(
        DoorShow(
            id=row["id"],
            event=row["event_id"],
            title=row["title"],
            label=row["label"],
            starts_ms=_ms(row["starts_at"]) or 0,
            doors_ms=_ms(row["doors_at"]),
            venue_id=row["venue_id"],
            venue=row["venue"],
            time_zone=row["time_zone"],
            gates=msgspec.json.decode(row["gates"], type=tuple[GateView, ...]),
        )
        for row in rows
    )


async def add_gate(connection: Connection[Any], gate: NewGate) -> GateView | Refusal:
    """Add a gate to one of the tenant's venues. Refusals: venue_unknown, gate_name_taken."""
    if not await connection.fetchval(_SQL["venue_exists"], gate.venue):
        return Refusal("venue_unknown")
    number = await connection.fetchval(_SQL["insert_gate"], gate.venue, gate.name.strip(), list(gate.classes))
    return Refusal("gate_name_taken") if number is None else GateView(number, gate.name.strip())


async def enrol_device(connection: Connection[Any], name: str, staff_id: int | None) -> int:
    """Give a browser or machine the number it signs its scans with."""
    number: int = await connection.fetchval(_SQL["insert_device"], name.strip(), staff_id)
    return number


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)
