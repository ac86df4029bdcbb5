"""Real stores for the tests: one Postgres and one Valkey per test process, a fresh database per test that asks for one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.embedded import postgres, valkey


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long mode of model and fault tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        os.environ["FRONTROW_LONG"] = "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        items[:] = [item for item in items if "long" not in item.keywords or _deselect(config, item)]


def _deselect(config: pytest.Config, item: pytest.Item) -> bool:
    config.hook.pytest_deselected(items=[item])
    return False


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder of this test process, short enough for Unix sockets and open to the stores' own user."""
    with tempfile.TemporaryDirectory(prefix="fr-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def valkey_url(scratch: Path) -> Iterator[str]:
    server = valkey.start(scratch / "valkey", durable=False)
    yield server.url
    server.stop()


@pytest.fixture
async def redis(valkey_url: str) -> AsyncIterator[Redis]:
    """A client of an empty store."""
    client = Redis.from_url(valkey_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def postgres_server(scratch: Path) -> Iterator[postgres.EmbeddedPostgres]:
    server = postgres.start(scratch / "postgres", durable=False)
    yield server
    server.stop()
