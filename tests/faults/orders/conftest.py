"""A show on sale for the tests of orders under fault: a fresh database, store and provider per test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.database import Database
from server.payments.stripe_payments import StripePayments
from tests.order_scene import Scene, provider_on_loopback, scene


@pytest.fixture
async def stripe(tmp_path: Path) -> AsyncIterator[StripePayments]:
    """Our adapter, speaking over a socket to a provider of the test's own: the audit compares everything it ever did."""
    async with provider_on_loopback(tmp_path) as setup:
        payments = StripePayments(setup)
        yield payments
        await payments.close()


@pytest.fixture
async def house(
    database: Database, redis: Redis, stripe: StripePayments, tmp_path: Path, owner_url: str
) -> AsyncIterator[Scene]:
    """A show on sale, nobody there yet."""
    async with scene(database, redis, stripe, tmp_path, owner_url) as laid:
        yield laid
