"""Prepare a database: roles, migrations in order, forward only."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from server.faults import Corrupt, Unavailable

# Two processes that start together must not both migrate. The number is arbitrary, ours alone.
ADVISORY_LOCK = 7_203_114
OWNER, RUNTIME = "frontrow_owner", "frontrow_app"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def all_migrations() -> list[Migration]:
    """Return the migrations in the order they are applied."""
    folder = files("server").joinpath("migrations")
    found = [Migration(f.name, f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".sql")]
    return sorted(found, key=lambda migration: migration.name)


async def prepare(url: str, *, secret: str) -> str:
    """Migrate the database at *url* and return the address for the runtime role.

    *url* may be an administrator's (roles are made, migrations applied as their owner) or the runtime role's already
    (nothing is changed; `Corrupt` is raised when the schema is not the current one).
    """
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(f"Postgres does not answer: {error}") from error
    try:
        powerful = await connection.fetchval(
            "select rolsuper or rolcreaterole from pg_roles where rolname = current_user"
        )
        if not powerful:
            await _expect_current(connection)
            return url
        password = hmac.new(secret.encode(), b"role frontrow_app", hashlib.sha256).hexdigest()
        await _make_roles(connection, password)
        await migrate(connection)
        return _as_role(url, RUNTIME, password)
    finally:
        await connection.close()


async def migrate(connection: asyncpg.Connection[Any]) -> list[str]:
    """Apply what is missing, each file in its own transaction, and return the names applied.

    Raises `Corrupt` when a file that was applied has changed since.
    """
    applied_now = []
    await connection.execute("select pg_advisory_lock($1)", ADVISORY_LOCK)
    try:
        await connection.execute(f"set role {OWNER}")
        await connection.execute(
            "create table if not exists schema_migrations "
            "(name text primary key, digest text not null, applied_at timestamptz not null default now())"
        )
        await connection.execute(f"grant select on schema_migrations to {RUNTIME}")
        applied = dict(await connection.fetch("select name, digest from schema_migrations"))
        for migration in all_migrations():
            if migration.name in applied:
                if applied[migration.name] != migration.digest:
                    raise Corrupt(f"migration {migration.name} was changed after it was applied")
                continue
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "insert into schema_migrations (name, digest) values ($1, $2)", migration.name, migration.digest
                )
            applied_now.append(migration.name)
    finally:
        await connection.execute("reset role")
        await connection.execute("select pg_advisory_unlock($1)", ADVISORY_LOCK)
    return applied_now


async def _make_roles(connection: asyncpg.Connection[Any], password: str) -> None:
    await connection.execute("select pg_advisory_lock($1)", ADVISORY_LOCK)
    try:
        for role, login in ((OWNER, "nologin"), (RUNTIME, "login")):
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", role):
                await connection.execute(f"create role {role} {login} nosuperuser nocreaterole nobypassrls")
        await connection.execute(f"alter role {RUNTIME} password '{password}'")
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"grant {OWNER} to current_user")
        await connection.execute(f"grant create, usage on schema public to {OWNER}")
        await connection.execute(f"grant usage on schema public to {RUNTIME}")
        await connection.execute(f"grant create on database {database} to {OWNER}")
    finally:
        await connection.execute("select pg_advisory_unlock($1)", ADVISORY_LOCK)


async def _expect_current(connection: asyncpg.Connection[Any]) -> None:
    known = await connection.fetchval("select to_regclass('public.schema_migrations') is not null")
    applied = dict(await connection.fetch("select name, digest from schema_migrations")) if known else {}
    behind = [m.name for m in all_migrations() if applied.get(m.name) != m.digest]
    if behind:
        raise Corrupt(f"the database lacks {', '.join(behind)}: run `frontrow migrate` with an administrator's address")


def _as_role(url: str, role: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password)}@{place}"))
