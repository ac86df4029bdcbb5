"""The two stores of one machine: the configured ones, or embedded ones, prepared for use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from server import migrate
from server.embedded import postgres, valkey
from server.settings import Settings, kept_secret, read
from server.supervisor.processes import Child

DATABASE = "frontrow"
Embedded = postgres.EmbeddedPostgres | valkey.EmbeddedValkey


@dataclass(frozen=True)
class Stores:
    """Settings that reach the stores as the runtime role, and the stores that were started here, in that order."""

    settings: Settings
    started: Sequence[Child]

    def watch(self, tell: Callable[[str], None]) -> None:
        """Start a store again that has died: on the same files and the same socket, so its clients find it by themselves."""
        for store in self.started:
            store.watch(time.monotonic(), tell)

    def stop(self) -> None:
        """Stop what was started here; configured stores are left alone."""
        for store in self.started:
            store.stop()


def open_stores(settings: Settings) -> Stores:
    """Start the embedded stores that *settings* does not name, and migrate. Raises `Unavailable` saying which failed."""
    settings = replace(settings, secret=settings.secret or kept_secret(settings.var))
    var, started = settings.var, list[Child]()
    try:
        if not settings.redis_url:
            store = valkey.start(var / "valkey")
            started.append(_kept("valkey", store, lambda: valkey.start(var / "valkey")))
            settings = replace(settings, redis_url=store.url)
        if not settings.database_url:
            database = postgres.start(var / "postgres")
            started.append(_kept("postgres", database, lambda: postgres.start(var / "postgres")))
            asyncio.run(_make_database(database))
            settings = replace(settings, database_url=database.url(DATABASE))
        runtime_url = asyncio.run(migrate.prepare(settings.database_url, secret=settings.secret))
    except BaseException:
        Stores(settings, started).stop()
        raise
    return Stores(replace(settings, database_url=runtime_url), started)


def _kept(name: str, running: Embedded, again: Callable[[], Embedded]) -> Child:
    return Child(
        name, running.log, lambda: again().process, running.stop_signal, running.process, started_at=time.monotonic()
    )


async def _make_database(server: postgres.EmbeddedPostgres) -> None:
    import asyncpg

    administrator = await asyncpg.connect(server.url("postgres"))
    if not await administrator.fetchval("select 1 from pg_database where datname = $1", DATABASE):
        await administrator.execute(f"create database {DATABASE}")
    await administrator.close()


def main(_arguments: list[str]) -> int:
    """Migrate the configured database."""
    settings = read()
    if not settings.database_url:
        print("DATABASE_URL is not set; `frontrow run` migrates the embedded database by itself")
        return 2
    asyncio.run(migrate.prepare(settings.database_url, secret=settings.secret or kept_secret(settings.var)))
    print("the database is up to date")
    return 0
