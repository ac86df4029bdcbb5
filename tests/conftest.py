"""Real stores for the tests: one Postgres and one Valkey per test process, a fresh database per test that asks for one."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings
from redis.asyncio import Redis
from xdist.remote import Producer

from server import migrate
from server.database import Database
from server.embedded import postgres, valkey
from tests.scheduling import Scheduling

# The default run tries the same cases every time, so that a change fails for what it changed; the long mode explores.
settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("long", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("default")

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long mode of model and fault tests")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        os.environ["FRONTROW_LONG"] = "1"
        settings.load_profile("long")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


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


@pytest.fixture(scope="session")
def template_database(postgres_server: postgres.EmbeddedPostgres) -> str:
    """The name of a migrated, empty database that tests clone."""

    async def make() -> None:
        administrator = await asyncpg.connect(postgres_server.url("postgres"))
        await administrator.execute("create database template_frontrow")
        await administrator.close()
        await migrate.prepare(postgres_server.url("template_frontrow"), secret="tests only")

    asyncio.run(make())
    return "template_frontrow"


@pytest.fixture
async def owner_url(postgres_server: postgres.EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """The address of a fresh database as its administrator, for what tests do behind the application's back."""
    administrator = await asyncpg.connect(postgres_server.url("postgres"))
    name = f"test_{next(_numbers)}"
    await administrator.execute(f"create database {name} template {template_database}")
    yield postgres_server.url(name)
    await administrator.execute(f"drop database {name} with (force)")
    await administrator.close()


@pytest.fixture
def database_url(owner_url: str) -> str:
    """The address of the same fresh database as the runtime role."""
    return owner_url.replace("//postgres@", f"//{migrate.RUNTIME}@")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The application's pool on a fresh, migrated database."""
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()
