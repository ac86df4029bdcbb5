"""A purchase finds its rows: no plan of it goes through a whole table that grows with sales (`table_scans`)."""

from __future__ import annotations

from server.orders.reading import Reader, see_to_pay
from server.orders.retry import refresh_seen
from tests.integration.table_scans import table_scans
from tests.order_scene import Scene

GROWING = (
    "orders", "order_lines", "order_requests", "order_events", "attempts", "tickets", "inbox", "ledger_transactions", "ledger_entries",
)  # fmt: skip


async def scans(house: Scene) -> dict[str, int]:
    counts = await table_scans(house.desk.database, house.owner_url)
    return {name: counts[name] for name in GROWING}


async def test_a_purchase_goes_through_no_table(house: Scene) -> None:
    """From the hold to the letter, settled by the browser that came back, and a webhook that was there before it; then its page."""
    earlier = await house.buy("eve", [0])  # which makes the event's signing key
    await house.webhook(await house.intent_id(earlier))
    await house.work()
    before = await scans(house)
    placed = await house.buy("ada", [10, 11])
    await house.webhook(await house.intent_id(placed))
    found = await see_to_pay(house.desk.database, placed.ref, Reader(visitor="ada"))
    assert found is not None
    paid = await refresh_seen(house.desk, *found)
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
