"""What tests of the line share."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.integration.waitingroom.line_scene import Scene


@pytest.fixture
async def scene(redis: Redis) -> AsyncIterator[Scene]:
    """A line on an empty store."""
    scene = Scene(redis)
    yield scene
    await scene.close()
