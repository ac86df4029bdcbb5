"""What time does to orders: unpaid ones end, cancel before release (R5)."""

from __future__ import annotations

from server.faults import Unavailable
from server.logs import logger
from server.orders.close import close_order
from server.orders.desk import Desk

BATCH = 50
# A worker that dies while it asks the provider leaves the order to the next sweep after this.
LEASE_S = 60


async def end_due_orders(desk: Desk) -> int:
    """End every order whose time to pay is over; say how many were looked at."""
    total = 0
    while True:
        async with desk.database.installation() as connection:
            rows = await connection.fetch("select org_id, order_id from claim_due_orders($1, $2)", BATCH, LEASE_S)
        for row in rows:
            try:
                await close_order(desk, row["org_id"], row["order_id"], expired=True)
            except Unavailable as fault:
                logger().warning("order.not_ended", order=row["order_id"], reason=str(fault))
        total += len(rows)
        if len(rows) < BATCH:
            return total
