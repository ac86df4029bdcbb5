"""How often tables were gone through from end to end, as Postgres counts it.

The plans of a new installation are made while its tables are empty and nothing is known of them, and kept until somebody analyses the
tables. Whatever goes through all rows then, does so again at every purchase and every scan of the first minutes of a sale.
"""

from __future__ import annotations

import asyncpg

from server.database import Database


async def table_scans(database: Database, owner_url: str) -> dict[str, int]:
    """Return the counts by table name. Closes the pool's connections, which tell what they did when they end, and opens it again."""
    await database.close()
    owner = await asyncpg.connect(owner_url)
    try:
        counts = await owner.fetch("select relname, seq_scan from pg_stat_user_tables")
    finally:
        await owner.close()
    await database.open()
    return {row["relname"]: row["seq_scan"] for row in counts}
