"""A show on sale for the tests of orders under fault: one demo provider per module, a fresh database and store per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.database import Database
from server.payments.stripe_payments import StripePayments
from tests.demo_provider import DemoProcess
from tests.order_scene import Scene, scene


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[DemoProcess]:
    """A demo provider of its own: the audit compares everything it ever did."""
    process = DemoProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def house(
    database: Database, redis: Redis, provider: DemoProcess, tmp_path: Path, owner_url: str
) -> AsyncIterator[Scene]:
    """A show on sale, nobody there yet."""
    stripe = StripePayments(provider.setup)
    async with scene(database, redis, stripe, tmp_path, owner_url) as laid:
        yield laid
    await stripe.close()
