"""A whole server in the test's own process: real stores, real adapters, spoken to over HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog
from starlette.applications import Starlette

from server.accounts.passwords import Passwords
from server.accounts.roles import Role
from server.app import create_app
from server.services import Services
from server.settings import Settings
from server.sql_blocks import load_blocks

ACCOUNTS = load_blocks("server.accounts", "accounts.sql")
PASSWORD = "correct horse battery"
ORIGIN = "http://testserver"


@dataclass(frozen=True)
class Installation:
    """A running application and its services."""

    app: Starlette
    services: Services

    def client(self, *, token: str | None = None, visitor_of: str = "127.0.0.1") -> httpx.AsyncClient:
        """Return a browser (it keeps cookies and names its origin) or, with *token*, a program."""
        headers = {"origin": ORIGIN} if token is None else {"authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(self.app, client=(visitor_of, 4321))
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)

    async def organisation(self, slug: str) -> int:
        """Found an organisation and return its number."""
        async with self.services.database.installation() as connection:
            number: int = await connection.fetchval(ACCOUNTS["found_organisation"], slug, slug.title(), None)
        return number

    async def staff(self, org_id: int, email: str, role: Role, *, admin: bool = False) -> int:
        """Add somebody with `PASSWORD` and return their number."""
        hashed = await Passwords().hash(PASSWORD)
        async with self.services.database.tenant(org_id) as connection:
            user_id: int = await connection.fetchval(
                ACCOUNTS["ensure_user"], email, email.partition("@")[0], hashed, admin
            )
            await connection.execute(ACCOUNTS["add_member"], user_id, role)
        return user_id

    async def signed_in(self, org_id: int, role: Role, *, email: str | None = None) -> httpx.AsyncClient:
        """Return a browser signed in as somebody new with *role*."""
        email = email or f"{role}@{org_id}.example"
        await self.staff(org_id, email, role)
        client = self.client()
        answer = await client.post("/api/v1/session", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client


# Plain lines for what went wrong: the default rendering of a traceback takes a minute for a page of templates.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer(key_order=["event"])],
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
)


@asynccontextmanager
async def installation(database_url: str, redis_url: str, var: Path) -> AsyncIterator[Installation]:
    """Open the application on fresh stores and close it at the end."""
    settings = Settings(database_url=database_url, redis_url=redis_url, secret="x" * 48, var=var)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield Installation(app, app.state.services)
