"""Walk every table of the schema as one tenant and try to reach another's rows. Knows no table by name, so new ones are walked too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from server.database import Database

Administrator: TypeAlias = "asyncpg.Connection[Any]"

_TABLES = """
    select c.relname as table, c.relrowsecurity as secured, pg_get_userbyid(c.relowner) as owner,
           exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped) as tenant,
           (select coalesce(array_agg(p.polname || ': ' || p.polcmd::text || ' ' || p.polpermissive::text || ' '
                    || coalesce(pg_get_expr(p.polqual, c.oid), '') || ' / ' || coalesce(pg_get_expr(p.polwithcheck, c.oid), '')), '{}')
              from pg_policy p where p.polrelid = c.oid) as policies,
           (select coalesce(array_agg(privilege order by privilege), '{}')
              from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege
             where has_table_privilege('frontrow_app', c.oid, privilege)) as granted
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p')
     order by 1
"""
_COLUMNS = """
    select a.attname as name, format_type(a.atttypid, null) as type, a.attnotnull as required,
           a.attidentity <> '' or a.attgenerated <> '' as made_by_database
      from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_LITERALS = {
    "boolean": "true",
    "bytea": "decode(md5('{n}') || md5('x{n}'), 'hex')",
    "json": "'{{}}'",
    "jsonb": "'{{}}'",
    "timestamp with time zone": "now()",
    "date": "current_date",
    "text[]": "array['x{n}']",
    "smallint[]": "array[{n}]::smallint[]",
    "integer[]": "array[{n}]",
    "uuid": "gen_random_uuid()",
}


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the catalogue of Postgres describes it."""

    name: str
    tenant: bool
    secured: bool
    owner: str
    policies: tuple[str, ...]
    granted: frozenset[str]


async def tables(administrator: Administrator) -> list[Table]:
    """List every table of the schema."""
    rows = await administrator.fetch(_TABLES)
    return [
        Table(r["table"], r["tenant"], r["secured"], r["owner"], tuple(r["policies"]), frozenset(r["granted"]))
        for r in rows
    ]


async def populate(administrator: Administrator, found: list[Table], organisations: tuple[int, int]) -> None:
    """Give each organisation one row in every tenant table, whatever its checks and references say.

    Checks are dropped and references switched off: this database is thrown away, and only policies are on trial.
    """
    checks = await administrator.fetch(
        "select conrelid::regclass::text as table, conname as name from pg_constraint "
        "where contype = 'c' and connamespace = 'public'::regnamespace"
    )
    for check in checks:
        await administrator.execute(f'alter table {check["table"]} drop constraint "{check["name"]}"')
    await administrator.execute("set session_replication_role = replica")
    for table in found:
        if table.tenant:
            for org_id in organisations:
                await administrator.execute(await insertion(administrator, table.name, org_id, org_id))
    await administrator.execute("set session_replication_role = origin")


async def insertion(administrator: Administrator, table: str, org_id: int, number: int) -> str:
    """Return an INSERT of one row for *org_id*; *number* makes its other values differ from other rows'."""
    names, values = [], []
    for column in await administrator.fetch(_COLUMNS, f"public.{table}"):
        if column["made_by_database"]:
            continue
        if column["name"] == "org_id":
            value = str(org_id)
        elif column["type"] in _LITERALS:
            value = _LITERALS[column["type"]].format(n=number)
        elif column["type"] in ("integer", "bigint", "smallint", "numeric", "double precision", "real"):
            value = str(number)
        else:
            value = f"'x{number}'"
        names.append(f'"{column["name"]}"')
        values.append(value)
    return f"insert into {table} ({', '.join(names)}) values ({', '.join(values)})"


async def trespasses(administrator: Administrator, database: Database, ours: int, theirs: int) -> list[str]:
    """Try as organisation *ours* to reach the rows of *theirs* in every tenant table; list what succeeded."""
    findings = []
    for table in await tables(administrator):
        if table.tenant:
            for attempt in (_reads, _changes, _deletes, _gives_away, _plants, _reads_without_a_tenant):
                if await attempt(administrator, database, table.name, ours, theirs):
                    findings.append(f"{table.name}: {attempt.__name__.strip('_').replace('_', ' ')}")
    return findings


async def _reads(_administrator: Administrator, database: Database, table: str, ours: int, theirs: int) -> bool:
    try:
        async with database.tenant(ours) as connection:
            seen = await connection.fetch(f"select org_id from {table}")
    except asyncpg.InsufficientPrivilegeError:
        return False  # reached through doors only
    else:
        assert any(row["org_id"] == ours for row in seen), f"{table} hides our own rows: the walk proves nothing"
        return any(row["org_id"] != ours for row in seen)


async def _changes(administrator: Administrator, database: Database, table: str, ours: int, theirs: int) -> bool:
    return await _touches(database, ours, f"update {table} set org_id = org_id where org_id = {theirs}")


async def _deletes(administrator: Administrator, database: Database, table: str, ours: int, theirs: int) -> bool:
    return await _touches(database, ours, f"delete from {table} where org_id = {theirs}")


async def _gives_away(administrator: Administrator, database: Database, table: str, ours: int, theirs: int) -> bool:
    # Without a condition: with one, Postgres would also hold the new row against the policy for reading.
    return await _touches(database, ours, f"update {table} set org_id = {theirs}")


async def _plants(administrator: Administrator, database: Database, table: str, ours: int, theirs: int) -> bool:
    return await _touches(database, ours, await insertion(administrator, table, theirs, 77))


async def _reads_without_a_tenant(
    administrator: Administrator, database: Database, table: str, ours: int, theirs: int
) -> bool:
    try:
        async with database.installation() as connection:
            return bool(await connection.fetch(f"select 1 from {table}"))
    except asyncpg.InsufficientPrivilegeError:
        return False


async def _touches(database: Database, ours: int, statement: str) -> bool:
    """Tell whether *statement* touched a row. Every try is rolled back."""
    try:
        async with database.tenant(ours) as connection:
            status = await connection.execute(statement)
            raise _RollBack(not status.endswith(" 0"))
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.IntegrityConstraintViolationError:
        return True  # it got past the policy: only a reference or a key stopped it
    except _RollBack as done:
        return done.touched


class _RollBack(Exception):
    def __init__(self, touched: bool) -> None:
        super().__init__()
        self.touched = touched
