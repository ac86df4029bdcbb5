"""A demo provider per test module, and the official SDK pointed at it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import stripe

from server.payments.stripe_payments import StripePayments
from tests.demo_provider import KEYS, DemoProcess


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """A running demo provider."""
    folder: Path = tmp_path_factory.mktemp("demo-provider")
    process = DemoProcess(folder)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def sdk(provider: DemoProcess) -> stripe.StripeClient:
    """The official SDK with its own HTTP client, as any program would use it."""
    return stripe.StripeClient(KEYS.secret_key, base_addresses={"api": provider.origin}, max_network_retries=0)


@pytest.fixture
async def payments(provider: DemoProcess) -> AsyncIterator[StripePayments]:
    """Our adapter."""
    adapter = StripePayments(provider.setup)
    yield adapter
    await adapter.close()
