"""Tenants cannot see each other (promise 7)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from server.database import Database
from server.faults import Misuse
from tests.integration.accounts.tenancy_walk import Administrator, populate, tables, trespasses

OURS, THEIRS = 901, 902

# Tables without org_id, and why that is right.
WITHOUT_TENANT = {
    "organisations": "is the tenant itself; its policy compares id",
    "schema_migrations": "says which migrations this installation has; read only",
    "users": "a person may work for several organisations; reached through doors only",
    "staff_sessions": "belongs to a person; reached through doors only",
}
# References between tenant tables that do not carry org_id, and why a foreign number there does no harm.
LOOSE_REFERENCES = {
    "scans.first_scan_id": "written from the presence row of the same transaction, never from input",
    "scans.undoes_scan_id": "looked up under row-level security before it is written",
}


@pytest.fixture
async def administrator(owner_url: str) -> AsyncIterator[Administrator]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def _two_organisations(administrator: Administrator) -> None:
    await administrator.execute(
        "insert into organisations (id, slug, name) overriding system value values ($1, 'ours', 'Ours'), ($2, 'theirs', 'Theirs')",
        OURS,
        THEIRS,
    )
    await populate(administrator, await tables(administrator), (OURS, THEIRS))


async def test_no_table_lets_one_tenant_reach_another(administrator: Administrator, database: Database) -> None:
    """Selecting, inserting, updating, deleting and giving away rows across tenants fails in every table."""
    await _two_organisations(administrator)
    assert await trespasses(administrator, database, OURS, THEIRS) == []
    assert await trespasses(administrator, database, THEIRS, OURS) == []


@pytest.mark.parametrize(
    ("sabotage", "expected"),
    [
        ("alter table venues disable row level security", {"reads", "changes", "deletes", "gives away", "plants"}),
        ("create policy open on venues for select using (true)", {"reads"}),
        ("alter policy tenant on venues with check (true)", {"gives away", "plants"}),
        ("alter policy tenant on venues using (true)", {"reads", "deletes"}),
    ],
)
async def test_the_walk_notices_an_open_table(
    administrator: Administrator, database: Database, sabotage: str, expected: set[str]
) -> None:
    """Negative control: a table whose policy is missing or too wide is found, with the ways in."""
    await _two_organisations(administrator)
    await administrator.execute(sabotage)
    found = {finding for finding in await trespasses(administrator, database, OURS, THEIRS) if "without" not in finding}
    assert {finding.partition(": ")[2] for finding in found} >= expected
    assert {finding.partition(": ")[0] for finding in found} == {"venues"}


async def test_every_tenant_table_is_protected(administrator: Administrator) -> None:
    """A table with org_id has row-level security and a policy on org_id, and the runtime role does not own it."""
    found = await tables(administrator)
    assert len([table for table in found if table.tenant]) > 20
    for table in found:
        assert table.owner == "frontrow_owner", table.name
        assert not table.granted & {"TRUNCATE", "REFERENCES", "TRIGGER"}, table.name
        if table.tenant:
            assert table.secured, table.name
            permissive = [policy for policy in table.policies if " true " in policy.partition(": ")[2]]
            assert permissive, table.name
            assert all("(org_id = current_org())" in policy for policy in permissive), (table.name, permissive)


async def test_tables_without_a_tenant_are_few_and_reasoned(administrator: Administrator) -> None:
    """A table without org_id is on the list above; those of people and sessions give the runtime role nothing."""
    found = {table.name: table for table in await tables(administrator) if not table.tenant}
    assert set(found) == set(WITHOUT_TENANT)
    assert found["users"].granted == found["staff_sessions"].granted == frozenset()
    assert found["schema_migrations"].granted == {"SELECT"}
    assert found["organisations"].secured
    assert found["organisations"].granted == {"SELECT", "UPDATE"}


async def test_references_stay_inside_a_tenant(administrator: Administrator) -> None:
    """A foreign key between tenant tables carries org_id: references are checked past row-level security."""
    rows = await administrator.fetch(
        """
        select c.conrelid::regclass::text as "table",
               (select array_agg(a.attname::text order by a.attname) from pg_attribute a
                 where a.attrelid = c.conrelid and a.attnum = any (c.conkey)) as columns
          from pg_constraint c
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace
           and exists (select from pg_attribute a where a.attrelid = c.conrelid and a.attname = 'org_id')
           and exists (select from pg_attribute a where a.attrelid = c.confrelid and a.attname = 'org_id')
           and c.confrelid <> 'organisations'::regclass
        """
    )
    loose = {f"{row['table']}.{'+'.join(row['columns'])}" for row in rows if "org_id" not in row["columns"]}
    assert loose == set(LOOSE_REFERENCES)


async def test_doors_are_listed_and_narrow(administrator: Administrator) -> None:
    """Every SECURITY DEFINER function is in docs/tenancy.md, pins its search path and is closed to everybody else."""
    rows = await administrator.fetch(
        """
        select p.proname::text as name, coalesce(p.proconfig::text, '') as settings,
               has_function_privilege('public', p.oid, 'execute') as everybody
          from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace
        """
    )
    listed = set(re.findall(r"^\| `(\w+)`", (Path(__file__).parents[3] / "docs/tenancy.md").read_text(), re.MULTILINE))
    assert {row["name"] for row in rows} == listed
    assert [row["name"] for row in rows if "search_path=public" not in row["settings"] or row["everybody"]] == []


@pytest.mark.parametrize(
    ("power", "reason"),
    [
        ("alter role test_powerful superuser", "superuser"),
        ("alter role test_powerful bypassrls", "BYPASSRLS"),
        ("grant frontrow_owner to test_powerful", "owns tables"),
    ],
)
async def test_a_role_that_could_cross_tenants_is_refused(
    administrator: Administrator, owner_url: str, power: str, reason: str
) -> None:
    """The server does not start on a superuser, a role with BYPASSRLS, or a member of the tables' owner."""
    await administrator.execute("create role test_powerful login")
    try:
        await administrator.execute(power)
        refused = Database(owner_url.replace("//postgres@", "//test_powerful@"))
        with pytest.raises(Misuse, match=reason):
            await refused.open()
        await refused.close()
    finally:
        await administrator.execute("drop owned by test_powerful")
        await administrator.execute("drop role test_powerful")


async def test_the_runtime_role_is_accepted(database: Database) -> None:
    """Negative control of the refusal: the runtime role opens the database, and that role is frontrow_app."""
    async with database.installation() as connection:
        assert await connection.fetchval("select current_user") == "frontrow_app"
