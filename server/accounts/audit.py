"""The record of who changed money, stock, people or prices. Written in the transaction of the deed itself."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson

from server.principal import Principal
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "accounts.sql")


async def record(
    connection: asyncpg.Connection[Any], who: Principal | None, deed: str, subject: str, **details: Any
) -> None:
    """Add a row for *deed* (`price.changed`) on *subject* (`show:12`). No names, addresses or secrets in *details*.

    *who* None means the system itself: the seed, a job.
    """
    user_id, token_id = (None, None) if who is None else (who.user_id, who.token_id)
    await connection.execute(_SQL["audit"], user_id, token_id, deed, subject, orjson.dumps(details).decode())
