"""Rebuild seats that Valkey lost, from what Postgres knows: sold and blocked seats, and the holds of payments that are open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from seatmap.inventory.model import ShowKey
from server.catalog.desk import Desk as CatalogDesk
from server.catalog.sale import open_in_inventory
from server.logs import logger
from server.orders import metrics
from server.orders.desk import Desk
from server.services import Services


def reopener(services: Services) -> Callable[[int], Awaitable[None]]:
    """Return what rebuilds one show; the last of two at once has the newest facts and wins."""
    catalog = CatalogDesk(services.database, services.shows, services.inventory, services.settings)

    async def reopen(show_id: int) -> None:
        await open_in_inventory(catalog, show_id)
        metrics.REBUILT.inc()
        logger().warning("show.rebuilt", show=show_id)

    return reopen


async def reopen_lost_shows(desk: Desk, reopen: Callable[[int], Awaitable[None]]) -> int:
    """Rebuild every show that should be known to the inventory and is not; say how many.

    After a restart of the store that is all of them: it may have forgotten its last moment (docs/keys.md).
    """
    life = await desk.inventory.unsettled_life()
    known = set(await desk.inventory.open_shows()) if life is None else set[ShowKey]()
    async with desk.database.installation() as connection:
        rows = await connection.fetch("select event_id, show_id from sellable_shows()")
    lost = [row["show_id"] for row in rows if ShowKey(row["event_id"], row["show_id"]) not in known]
    for show_id in lost:
        await reopen(show_id)
    if life is not None:
        await desk.inventory.settle_life(life)
    return len(lost)
