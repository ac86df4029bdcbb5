"""A show on sale, and a room before it whose clock the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.faults.waitingroom.usher_scene import RoomScene, room_scene
from tests.integration.rooms.conftest import hall, server
from tests.integration.rooms.hall import Hall

__all__ = ["hall", "scene", "server"]


@pytest.fixture
async def scene(hall: Hall) -> AsyncIterator[RoomScene]:
    """A room with its lobby open."""
    scene = await room_scene(hall)
    yield scene
    await scene.close()
