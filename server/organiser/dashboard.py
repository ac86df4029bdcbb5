"""The figures of a sale that only Postgres knows: money, orders and admissions. Seat states come from the inventory.

    figures = await read_figures(database, org_id, show_id, now_ms)

The caller has checked that whoever watches belongs to *org_id*; row-level security keeps it so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from server.database import Database
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "dashboard.sql")
MINUTES = 60
LAST_ORDERS = 8
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class LastOrder:
    """A paid order: its public reference, when it was paid, its tickets and what the buyer paid (minor units)."""

    ref: str
    at_ms: int
    tickets: int
    amount: int


@dataclass(frozen=True, slots=True)
class GateFigures:
    """What a gate has counted; *last_minute* counts admissions."""

    gate: str
    admitted: int
    refused: int
    last_minute: int


@dataclass(frozen=True, slots=True)
class SaleFigures:
    """*revenue* is what buyers paid less what was refunded (minor units). *per_minute* has 60 entries, the last is the running minute."""

    revenue: int
    orders: int
    per_minute: tuple[int, ...]
    last_orders: tuple[LastOrder, ...]
    admitted: int
    gates: tuple[GateFigures, ...]


async def read_figures(database: Database, org_id: int, show_id: int, now_ms: int) -> SaleFigures:
    """Read the figures of a show as they are at *now_ms*. All zero for a show of another organisation."""
    this_minute = now_ms // _MINUTE_MS
    since = datetime.fromtimestamp((this_minute - MINUTES + 1) * 60, UTC)
    async with database.tenant(org_id) as connection:
        totals = await connection.fetchrow(_SQL["totals"], show_id)
        minutes = dict(await connection.fetch(_SQL["sold_per_minute"], show_id, since))
        orders = await connection.fetch(_SQL["last_orders"], show_id, LAST_ORDERS)
        gates = await connection.fetch(_SQL["gates"], show_id)
        admitted = await connection.fetchval(_SQL["admitted"], show_id)
    assert totals is not None
    return SaleFigures(
        revenue=totals["taken"] - totals["refunded"],
        orders=totals["orders"],
        per_minute=tuple(minutes.get(this_minute - back, 0) for back in range(MINUTES - 1, -1, -1)),
        last_orders=tuple(
            LastOrder(row["ref"], round(row["paid_at"].timestamp() * 1000), row["tickets"], row["total"])
            for row in orders
        ),
        admitted=admitted,
        gates=tuple(GateFigures(*row) for row in gates),
    )
