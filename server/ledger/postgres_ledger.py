"""Write postings. The database refuses one that does not sum to zero, and writes each (kind, source) once."""

from __future__ import annotations

from typing import Any

from asyncpg import Connection

from server.ledger.posting import Posting
from server.sql_blocks import load_blocks

SQL = load_blocks("server.orders", "orders.sql")


async def post(connection: Connection[Any], org_id: int, order_id: int, posting: Posting) -> None:
    """Write *posting* in the caller's transaction; a repeated one changes nothing."""
    if posting.entries:
        await connection.execute(
            SQL["post"], org_id, order_id, posting.kind, posting.source_id, posting.currency, *columns(posting)
        )


def columns(posting: Posting) -> tuple[list[str], list[int]]:
    """Return the entries as two columns."""
    return [account for account, _ in posting.entries], [amount for _, amount in posting.entries]
