"""The server of the buyer's pages, with the seeded shows on sale."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.seed.planting import seed
from tests.integration.installation import Installation, installation


@pytest.fixture
async def server(database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Installation]:
    """A seeded server."""
    async with installation(database_url, valkey_url, tmp_path) as running:
        await seed(running.services)
        yield running
