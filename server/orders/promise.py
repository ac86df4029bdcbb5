"""Promise money back: the refund's row, its ledger entry and its effect, all in the caller's transaction."""

from __future__ import annotations

from typing import Any, Literal

from asyncpg import Connection

from server.ledger.postgres_ledger import post
from server.ledger.posting import refund_requested
from server.outbox.effects import effect, write_effect
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "refunds.sql")

RefundReason = Literal["staff", "late_money", "double_payment", "external", "event_cancelled"]


async def promise_refund(
    connection: Connection[Any],
    org_id: int,
    order_id: int,
    attempt_id: int,
    amount: int,
    currency: str,
    reason: RefundReason,
    *,
    platform_fees: int = 0,
    from_suspense: bool = False,
    note: str = "",
    requested_by: int | None = None,
) -> int:
    """Write the promise and return the refund's number. Its idempotency key is stored before the provider hears of it (R4)."""
    refund_id: int = await connection.fetchval(
        SQL["insert_refund"], org_id, order_id, attempt_id, amount, currency, reason, note, requested_by, platform_fees,
        from_suspense,
    )  # fmt: skip
    posting = refund_requested(
        refund_id, currency, amount=amount, platform_fees=platform_fees, from_suspense=from_suspense
    )
    await post(connection, org_id, order_id, posting)
    await write_effect(connection, org_id, order_id, effect("refund", refund=refund_id))
    return refund_id
