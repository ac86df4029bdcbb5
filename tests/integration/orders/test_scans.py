"""A purchase finds its rows: no plan of it goes through a whole table that grows with sales.

The plans are those of a new installation, made while the tables are empty and nothing is known of them, and kept until somebody analyses
the tables: whatever goes through all rows then, does so at every purchase of the first minutes of a sale.
"""

from __future__ import annotations

import asyncpg

from server.orders.reading import Reader, see_order
from server.orders.retry import refresh_seen
from tests.order_scene import Scene

GROWING = (
    "orders", "order_lines", "order_requests", "order_events", "attempts", "tickets", "inbox", "ledger_transactions", "ledger_entries",
)  # fmt: skip


async def scans(house: Scene) -> dict[str, int]:
    """Return how often each table was gone through from end to end, as all connections of the pool have told when they end."""
    await house.desk.database.close()
    owner = await asyncpg.connect(house.owner_url)
    try:
        counts = await owner.fetch(
            "select relname, seq_scan from pg_stat_user_tables where relname = any ($1)", GROWING
        )
    finally:
        await owner.close()
    await house.desk.database.open()
    return {row["relname"]: row["seq_scan"] for row in counts}


async def test_a_purchase_goes_through_no_table(house: Scene) -> None:
    """From the hold to the letter, settled by the browser that came back, and a webhook that was there before it; then its page."""
    before = await scans(house)
    placed = await house.buy("ada", [10, 11])
    await house.webhook(await house.intent_id(placed))
    seen = await see_order(house.desk.database, placed.ref, Reader(visitor="ada"))
    assert seen is not None
    paid = await refresh_seen(house.desk, seen)
    assert paid is not None
    assert paid.state == "paid"
    await house.work()
    assert (await house.view(placed)).message == "paid"
    assert await scans(house) == before


async def test_the_count_sees_a_table_gone_through(house: Scene) -> None:
    """Negative control: a read without an index is counted."""
    before = await scans(house)
    await house.rows("select count(*) from order_lines where seat_label = 'none'")
    after = await scans(house)
    assert {name for name in before if after[name] != before[name]} == {"order_lines"}
