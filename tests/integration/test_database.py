"""The runtime role is confined to one tenant at a time, and nothing leaks from one transaction to the next."""

import asyncio

import anyio
import asyncpg
import pytest

from server import migrate
from server.database import Connection, Database
from server.faults import Corrupt, Misuse, Unavailable


async def test_a_powerful_role_is_refused_at_start(owner_url: str) -> None:
    """A superuser's address stops the start and says why."""
    database = Database(owner_url)
    with pytest.raises(Misuse, match="superuser"):
        await database.open()
    await database.close()


async def test_a_member_of_the_owner_is_refused_at_start(owner_url: str) -> None:
    """A role that could become the owner of the tables could read across tenants."""
    administrator = await asyncpg.connect(owner_url)
    await administrator.execute("create role sneaky login; grant frontrow_owner to sneaky")
    database = Database(owner_url.replace("//postgres@", "//sneaky@"))
    try:
        with pytest.raises(Misuse, match="owns tables"):
            await database.open()
    finally:
        await database.close()
        await administrator.execute("drop role sneaky")
        await administrator.close()


async def test_the_tenant_ends_with_its_transaction(database: Database) -> None:
    """After a transaction of an organisation, a pooled connection sees no organisation any more."""
    async with database.installation() as connection:
        org = await connection.fetchval("select found_organisation('north', 'North Stage', null)")
    async with database.tenant(org) as connection:
        assert await connection.fetchval("select name from organisations") == "North Stage"
    async with database.installation() as connection:
        assert await connection.fetchval("select count(*) from organisations") == 0


async def test_an_exception_rolls_back(database: Database) -> None:
    """Nothing of a transaction that failed is kept."""
    async with database.installation() as connection:
        org = await connection.fetchval("select found_organisation('north', 'North Stage', null)")
    with pytest.raises(RuntimeError):
        async with database.tenant(org) as connection:
            await connection.execute("update organisations set name = 'Other'")
            raise RuntimeError
    async with database.tenant(org) as connection:
        assert await connection.fetchval("select name from organisations") == "North Stage"


async def test_a_lost_connection_is_unavailable_and_the_next_one_works(database: Database, owner_url: str) -> None:
    """A connection ended by the server is a fault with a name, and the pool replaces it."""
    administrator = await asyncpg.connect(owner_url)
    with pytest.raises(Unavailable):
        async with database.installation() as connection:
            pid = await connection.fetchval("select pg_backend_pid()")
            await administrator.fetchval("select pg_terminate_backend($1)", pid)
            await connection.fetchval("select 1 from pg_sleep(5)")
    async with database.installation() as connection:
        assert await connection.fetchval("select 1") == 1
    await administrator.close()


async def test_who_loses_a_deadlock_is_told_to_come_back(database: Database) -> None:
    """Of two that wait for each other one is `Unavailable` with nothing of it kept; the other goes on, and the pool is whole."""
    async with database.installation() as connection:
        org = await connection.fetchval("select found_organisation('north', 'North Stage', null)")
        users = [await connection.fetchval("select ensure_user($1, 'x', '', false)", f"{n}@x.example") for n in "ab"]
    both_hold = asyncio.Barrier(2)

    async def write(first: int, second: int) -> None:
        async with database.tenant(org) as connection:
            await connection.execute(
                "insert into venues (org_id, name, city, country, time_zone) values ($1, $2, 'x', 'DE', 'UTC')",
                org, str(first),
            )  # fmt: skip
            await connection.fetchval("select replace_password($1, $2, null)", users[first], f"by {first}")
            await both_hold.wait()
            await connection.fetchval("select replace_password($1, $2, null)", users[second], f"by {first}")

    ends = await asyncio.gather(write(0, 1), write(1, 0), return_exceptions=True)
    (lost,) = (end for end in ends if end is not None)
    assert isinstance(lost, Unavailable) and isinstance(lost.__cause__, asyncpg.DeadlockDetectedError)
    async with database.tenant(org) as connection:
        assert [row["name"] for row in await connection.fetch("select name from venues")] == [str(ends.index(None))]
        assert await connection.fetchval("select count(*) from pg_stat_activity where state like 'idle in%'") == 0


GIVEN_UP = {
    "do $$ begin raise exception 'x' using errcode = 'serialization_failure'; end $$": asyncpg.SerializationError,
    "select set_config('statement_timeout', '5', true); select pg_sleep(9)": asyncpg.QueryCanceledError,
}


@pytest.mark.parametrize("statement", GIVEN_UP)
async def test_what_postgres_gives_up_is_unavailable(database: Database, statement: str) -> None:
    """A serialization failure, or a statement that waited too long, is a fault to come back after; the connection is whole."""
    for lend in (database.installation, database.statement):
        with pytest.raises(Unavailable) as fault:
            async with lend() as connection:
                await connection.execute(statement)
        assert isinstance(fault.value.__cause__, GIVEN_UP[statement])
        async with lend() as connection:
            assert await connection.fetchval("show statement_timeout") == "15s"


async def test_arrays_are_asked_about_once_for_the_process(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second connection reads and writes arrays of numbers without asking Postgres what they are; types of our own it would ask for."""
    asked = list[frozenset[int]]()
    original = asyncpg.Connection._introspect_types  # type: ignore[attr-defined]

    async def watched(connection: object, typeoids: frozenset[int], timeout: float | None) -> object:
        asked.append(frozenset(typeoids))
        return await original(connection, typeoids, timeout)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", watched, raising=True)
    monkeypatch.setattr(Connection, "_built_in", {})
    for _ in range(2):
        database = Database(database_url)
        await database.open()
        async with database.statement() as connection:
            row = await connection.fetchrow("select $1::bigint[] as a, $2::smallint[] as b", [1, None, 2**62], [3])
            assert row is not None and tuple(row) == ([1, None, 2**62], [3])
        await database.close()
    assert len(asked) == 1


async def test_a_reader_who_leaves_gives_the_connection_back(database_url: str) -> None:
    """A task group cancels at every await, the rollback's too: the only connection still comes back, rolled back."""
    database = Database(database_url, connections=1)
    await database.open()

    async def read_for_long() -> None:
        async with database.installation() as connection:
            await connection.execute("select pg_sleep(30)")

    for left_after_s in (0.0, 0.001, 0.05):
        async with anyio.create_task_group() as group:
            group.start_soon(read_for_long)
            await asyncio.sleep(left_after_s)
            group.cancel_scope.cancel()
    async with asyncio.timeout(3):
        async with database.installation() as connection:
            assert await connection.fetchval("select count(*) from pg_stat_activity where state = 'active'") == 1
        await database.close()


async def test_closing_does_not_wait_for_ever(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that nobody ends is cut off and rolled back, and the process can stop."""
    monkeypatch.setattr("server.database.CLOSE_TIMEOUT_S", 0.2)
    database, observer = Database(database_url), Database(database_url)
    await database.open()
    await observer.open()
    begun = asyncio.Event()

    async def never_ends() -> None:
        async with database.installation() as connection:
            await connection.fetchval("select found_organisation('north', 'North Stage', null)")
            begun.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(never_ends())
    await begun.wait()
    async with asyncio.timeout(5):
        await database.close()
    async with observer.installation() as connection:
        assert await connection.fetchval("select count(*) from all_organisations()") == 0
    holding.cancel()
    await asyncio.wait({holding})
    await observer.close()


async def test_migrating_twice_changes_nothing_and_an_edited_file_stops(owner_url: str) -> None:
    """Migrations are applied once; one that changed after it was applied is found."""
    connection = await asyncpg.connect(owner_url)
    assert await migrate.migrate(connection) == []
    await connection.execute("update schema_migrations set digest = 'other' where name like '0001%'")
    with pytest.raises(Corrupt, match="0001_tenancy"):
        await migrate.migrate(connection)
    await connection.close()
