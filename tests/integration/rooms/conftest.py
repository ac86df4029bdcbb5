"""A server with a show on sale, its room still to be made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.integration.installation import Installation, installation
from tests.integration.rooms.hall import Hall, lay


@pytest.fixture
async def server(database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Installation]:
    """A server on an empty database and an empty store."""
    async with installation(database_url, valkey_url, tmp_path) as running:
        yield running


@pytest.fixture
async def hall(server: Installation) -> Hall:
    """A show on sale, nobody there yet."""
    return await lay(server)
