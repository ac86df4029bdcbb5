"""Commands given in another terminal find the stores of a running installation."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from server.faults import Unavailable
from server.settings import Settings
from server.supervisor.attach import attached
from server.supervisor.stores import open_stores


def test_the_running_stores_are_found(tmp_path: Path) -> None:
    """As the runtime role, without starting or stopping anything; with nothing running it says so."""
    settings = Settings(var=tmp_path / "var")
    with pytest.raises(Unavailable, match="no Frontrow runs"):
        attached(settings)
    stores = open_stores(settings)
    try:
        found = attached(settings)
        assert found.secret == stores.settings.secret

        async def speak() -> str:
            connection = await asyncpg.connect(found.database_url)
            redis = Redis.from_url(found.redis_url)
            await redis.ping()
            await redis.aclose()
            role: str = await connection.fetchval("select current_user")
            await connection.close()
            return role

        assert asyncio.run(speak()) == "frontrow_app"
    finally:
        stores.stop()
