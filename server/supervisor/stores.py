"""The two stores of one machine: the configured ones, or embedded ones, prepared for use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from server import migrate
from server.embedded import postgres, valkey
from server.settings import Settings, kept_secret, read

DATABASE = "frontrow"


@dataclass(frozen=True)
class Stores:
    """Running stores and the settings that reach them, as the runtime role."""

    settings: Settings
    postgres: postgres.EmbeddedPostgres | None
    valkey: valkey.EmbeddedValkey | None

    def stop(self) -> None:
        """Stop what was started here; configured stores are left alone."""
        if self.valkey is not None:
            self.valkey.stop()
        if self.postgres is not None:
            self.postgres.stop()


def open_stores(settings: Settings) -> Stores:
    """Start the embedded stores that *settings* does not name, and migrate. Raises `Unavailable` saying which failed."""
    settings = replace(settings, secret=settings.secret or kept_secret(settings.var))
    started_postgres = started_valkey = None
    try:
        if not settings.redis_url:
            started_valkey = valkey.start(settings.var / "valkey")
            settings = replace(settings, redis_url=started_valkey.url)
        if not settings.database_url:
            started_postgres = postgres.start(settings.var / "postgres")
            asyncio.run(_make_database(started_postgres))
            settings = replace(settings, database_url=started_postgres.url(DATABASE))
        runtime_url = asyncio.run(migrate.prepare(settings.database_url, secret=settings.secret))
    except BaseException:
        Stores(settings, started_postgres, started_valkey).stop()
        raise
    return Stores(replace(settings, database_url=runtime_url), started_postgres, started_valkey)


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
