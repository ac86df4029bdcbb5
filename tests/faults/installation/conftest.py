"""One installation for all tests of this folder: what a fault leaves behind, the next test would see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from loadtests.bench.installation import Installation, installation
from tests.faults.installation.stage import Stage, stage


@pytest.fixture(scope="package")
def running() -> Iterator[Installation]:
    """An empty installation."""
    with installation("--no-seed") as running:
        yield running


@pytest.fixture
async def house(running: Installation, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A show on sale in it, nobody there yet."""
    async with stage(running, request.node.name.replace("_", " ")) as laid:
        yield laid
