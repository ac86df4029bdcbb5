"""Postgres: a bounded pool, and transactions that belong to one tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import asyncpg

from server.faults import Misuse, Unavailable

# A request that waited this long for a connection is told to come back: longer would only hide the overload.
ACQUIRE_TIMEOUT_S = 5.0
RELEASE_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_MS = 15_000

_LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg raises when the server's farewell arrived between two queries
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
# Postgres ended the transaction and nothing of it is kept: two waited for each other, or one waited too long. The same may do next time.
_GIVEN_UP = (
    asyncpg.TransactionRollbackError,  # deadlocks and serialization failures
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,  # what it says after STATEMENT_TIMEOUT_MS
)


# Types below this OID came with Postgres and are the same in every database.
_BUILT_IN_BELOW = 16_384
# What asyncpg looks at of a statement that asked: its name, which says that ours need not be prepared again.
_NOT_ASKED = SimpleNamespace(name="not asked")


class Connection(asyncpg.Connection):
    """A pooled connection. Its transactions leave no session state behind, so giving it back costs no round trip."""

    _built_in: ClassVar[dict[frozenset[int], Any]] = {}

    def get_reset_query(self) -> str:
        return ""

    async def _introspect_types(self, typeoids: Collection[int], timeout: float | None) -> tuple[Any, Any]:
        """Ask what built-in arrays are once for the process; asyncpg 0.32 asks on every connection, which costs Postgres 30 ms."""
        wanted = frozenset(typeoids)
        if (known := self._built_in.get(wanted)) is not None:
            return known, _NOT_ASKED
        types, statement = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc] # not in the stubs
        if max(wanted) < _BUILT_IN_BELOW:
            self._built_in[wanted] = types
        return types, statement


class Database:
    """The pool of one process, as the runtime role."""

    def __init__(self, url: str, *, connections: int = 8, application: str = "frontrow") -> None:
        self._url, self._connections, self._application = url, connections, application
        self._pool: asyncpg.Pool[Any] | None = None

    async def open(self) -> None:
        """Connect. Raises `Unavailable` when Postgres does not answer, `Misuse` when the role could cross tenants."""
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._connections,
                connection_class=Connection,
                command_timeout=STATEMENT_TIMEOUT_MS / 1000 + 5,
                max_inactive_connection_lifetime=300,
                server_settings={
                    "application_name": self._application,
                    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                    "idle_in_transaction_session_timeout": "30000",
                    "timezone": "UTC",
                    # Our queries find rows by key: a plan made once is as good as one made for each value, and saves
                    # some 12 % of Postgres' time per settled order.
                    "plan_cache_mode": "force_generic_plan",
                },
            )
        except _LOST as error:
            raise Unavailable(f"Postgres does not answer: {error}") from error
        async with self.installation() as connection:
            await refuse_powerful_role(connection)

    async def close(self) -> None:
        """Close every connection, waiting up to 5 s for those in use: a transaction cut off then is rolled back."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), CLOSE_TIMEOUT_S)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def tenant(self, org_id: int) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Open a transaction that sees and writes the rows of organisation *org_id* alone; commit at the end.

        Any exception rolls it back. Raises `Unavailable` when no connection is to be had, it is lost, or Postgres gives up.
        """
        async with self._transaction(f"begin; set local frontrow.org = '{int(org_id)}'") as connection:
            yield connection

    @asynccontextmanager
    async def installation(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Open a transaction without a tenant: tenant tables look empty, doors and installation tables work."""
        async with self._transaction("begin") as connection:
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        """Lend a connection for one statement, which is its own transaction: one round trip instead of three.

        Without a tenant, as `installation()`; a function that sets the tenant sets it for that statement alone.
        """
        connection = await self._acquire()
        try:
            yield connection
        except _LOST as error:
            raise Unavailable(f"the connection to Postgres was lost: {error}") from error
        except _GIVEN_UP as error:
            raise Unavailable(f"Postgres gave the statement up: {error}") from error
        finally:
            await self._release(connection)

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[asyncpg.Connection[Any]]:
        connection = await self._acquire()
        finished = False
        try:
            await connection.execute(begin)
            yield connection
            await connection.execute("commit")
            finished = True
        except _LOST as error:
            raise Unavailable(f"the connection to Postgres was lost: {error}") from error
        except _GIVEN_UP as error:
            raise Unavailable(f"Postgres gave the transaction up: {error}") from error
        finally:
            if finished:
                await self._release(connection)
            else:
                # Shielded: a task group cancels its tasks anew at every await, and would cut the rollback short
                # before the connection is given back. Eight readers leaving like that emptied the pool for good.
                await asyncio.shield(self._abandon(connection))

    async def _acquire(self) -> asyncpg.Connection[Any]:
        if self._pool is None:
            raise Misuse("the database is not open")
        try:
            # Not the pool's own timeout: before Python 3.12 it waits in a task, whose result is lost when the caller leaves.
            async with asyncio.timeout(ACQUIRE_TIMEOUT_S):
                return cast("asyncpg.Connection[Any]", await self._pool.acquire())
        except TimeoutError as error:
            raise Unavailable("every database connection is busy") from error
        except _LOST as error:
            raise Unavailable(f"Postgres does not answer: {error}") from error

    async def _abandon(self, connection: Any) -> None:
        """Roll back and give back; a connection that cannot even do that is thrown away."""
        try:
            await connection.execute("rollback", timeout=2)
        except (*_LOST, asyncpg.PostgresError, TimeoutError):
            with suppress(asyncpg.InterfaceError):  # a connection already lost has left the pool by itself
                connection.terminate()
        finally:
            await self._release(connection)

    async def _release(self, connection: Any) -> None:
        """Give *connection* back, waiting for a cancelled statement's end; asyncpg shields this itself."""
        await self._pool.release(connection, timeout=RELEASE_TIMEOUT_S)  # type: ignore[union-attr]


async def refuse_powerful_role(connection: asyncpg.Connection[Any]) -> None:
    """Raise `Misuse` when the connected role could read across tenants: superuser, BYPASSRLS, or an owner of tables."""
    reasons = await connection.fetchval(
        """
        select array_remove(array[
          case when bool_or(r.rolsuper) then 'it is a superuser' end,
          case when bool_or(r.rolbypassrls) then 'it has BYPASSRLS' end,
          case when bool_or(exists (
            select from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = 'public' and c.relkind in ('r', 'p') and pg_has_role(r.oid, c.relowner, 'member')))
            then 'it owns tables' end,
          case when bool_or(r.rolcreaterole) then 'it may create roles' end], null)
          from pg_roles r where r.rolname in (current_user, session_user)
        """
    )
    if reasons:
        raise Misuse(
            "the database role could cross tenants ("
            + ", ".join(reasons)
            + "): connect as frontrow_app, or let `frontrow run` prepare the database"
        )
