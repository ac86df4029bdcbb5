"""How many places of each general-admission area are sold; the inventory itself tells only how many are left."""

from __future__ import annotations

from server.database import Database
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "area_sales.sql")


async def read_area_sales(database: Database, org_id: int, show_id: int) -> dict[int, int]:
    """Count living tickets by area index; nothing for a show of another organisation."""
    async with database.tenant(org_id) as connection:
        return dict(await connection.fetch(_SQL["area_sales"], show_id))
