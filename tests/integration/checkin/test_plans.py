"""A scan finds its rows: no plan of it goes through a whole table that grows with the evening (`table_scans`)."""

from __future__ import annotations

from server.checkin.scan import ScanAnswer
from tests.integration.checkin.conftest import House
from tests.integration.table_scans import table_scans

GROWING = ("tickets", "orders", "order_lines", "scans", "presence")


async def test_a_scan_goes_through_no_table(house: House, owner_url: str) -> None:
    """In, in again, the lost answer asked for again, out, and a scan taken back."""
    before = await table_scans(house.database, owner_url)
    scan = house.reading(house.tickets[3].code)
    for _ in range(2):
        assert isinstance(await house.door.scan(house.scene.org, scan, None), ScanAnswer)
    assert (await house.scan(house.tickets[3].code)).reason == "already_inside"
    assert (await house.scan(house.tickets[3].code, direction="exit")).decision == "leave"
    entered = await house.scan(house.tickets[4].code)
    undone = await house.door.undo(house.scene.org, entered.scan, house.scene.device, 99, None)
    assert isinstance(undone, ScanAnswer)
    after = await table_scans(house.database, owner_url)
    assert {name: after[name] - before[name] for name in GROWING} == dict.fromkeys(GROWING, 0)
