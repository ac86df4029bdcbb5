"""The server of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.integration.installation import Installation, installation


@pytest.fixture
async def server(database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Installation]:
    """A server on an empty database and an empty store."""
    async with installation(database_url, valkey_url, tmp_path) as running:
        yield running
