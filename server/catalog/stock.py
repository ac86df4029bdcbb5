"""What Postgres knows of a show's places: the facts a seat state is opened with, or rebuilt from after the store was lost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import asyncpg

from seatmap.inventory.model import AreaLine, Facts, Hold, HoldState, SeatLine, SoldOrder
from server.catalog.facts import ShowFacts
from server.catalog.inputs import ms
from server.catalog.plan import removed_seats
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "stock.sql")


async def stock_facts(connection: asyncpg.Connection[Any], facts: ShowFacts) -> Facts:
    """Return the sold, blocked and paying places of a show, read in the tenant's transaction *connection*."""
    sold = await connection.fetch(_SQL["sold"], facts.show_id)
    paying = await connection.fetch(_SQL["paying"], facts.show_id)
    blocked = await connection.fetch(_SQL["blocked"], facts.show_id)
    return Facts(
        sold=tuple(_sold(order_id, list(rows)) for order_id, rows in groupby(sold, lambda row: int(row["order_id"]))),
        blocked=removed_seats(facts) | {row["k"]: row["reason"] for row in blocked},
        paying=tuple(
            _paying(order_id, list(rows)) for order_id, rows in groupby(paying, lambda row: int(row["order_id"]))
        ),
    )


def _sold(order_id: int, rows: Sequence[asyncpg.Record]) -> SoldOrder:
    return SoldOrder(
        order_id=order_id,
        visitor=rows[0]["visitor"],
        seats=tuple((row["k"], row["type_id"]) for row in rows if row["k"] is not None),
        areas=tuple((row["area"], row["type_id"], row["places"]) for row in rows if row["area"] is not None),
    )


def _paying(order_id: int, rows: Sequence[asyncpg.Record]) -> Hold:
    order = rows[0]
    return Hold(
        hold_id=order["hold_id"],
        visitor=order["visitor"],
        started_at_ms=order["hold_started_ms"],
        expires_at_ms=ms(order["pay_until"]),
        extended=order["hold_extended"],
        state=HoldState.PAYING,
        order_id=order_id,
        seats=tuple(SeatLine(row["k"], row["type_id"], row["price_version"]) for row in rows if row["k"] is not None),
        areas=tuple(
            AreaLine(row["area"], row["type_id"], row["places"], row["price_version"])
            for row in rows
            if row["area"] is not None
        ),
    )
