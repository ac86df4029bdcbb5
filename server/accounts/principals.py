"""Find out who is asking: the staff cookie or a bearer token, looked up by its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict

from starlette.requests import HTTPConnection

from server.accounts.roles import scopes_of
from server.database import Database
from server.principal import Principal
from server.refusals import Refusal
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "accounts.sql")

STAFF_COOKIE = "fr_staff"
TOKEN_PREFIX = "frt_"
# A scanner sends its token with every scan. A revoked token or an ended session works this much longer in other processes.
TRUST_S = 5.0
REMEMBERED_MAX = 2_000
SECRET_MAX = 200


def digest(secret: str) -> bytes:
    """Return what the database keeps of *secret*."""
    return hashlib.sha256(secret.encode()).digest()


def new_session() -> str:
    """Return a fresh value for the staff cookie."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """Return a fresh API token."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


class StaffPrincipals:
    """The `Principals` of `Services`. The gateway, whose requests are not Starlette's, calls `of_session` and `of_token`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def principal(self, connection: HTTPConnection) -> Principal | Refusal | None:
        """Return the principal of the bearer token or the staff cookie; None when neither was sent or the session ended."""
        scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self.of_token(credentials.strip()) or Refusal("token_invalid")
        session = connection.cookies.get(STAFF_COOKIE)
        return None if session is None else await self.of_session(session)

    async def of_session(self, session: str) -> Principal | None:
        """Return who signed in as *session*; None when it ended or never was."""
        if not 0 < len(session) <= SECRET_MAX:
            return None
        key = digest(session)
        if (known := self._remembered(key)) is not None:
            return known
        async with self._database.installation() as connection:
            row = await connection.fetchrow(_SQL["staff_of_session"], key)
        if row is None:
            return None
        admin = row["platform_admin"]
        return self._remember(
            key,
            Principal(
                org_id=row["org_id"] or 0,
                scopes=scopes_of(row["role"], platform_admin=admin) if row["org_id"] is not None else frozenset(),
                user_id=row["user_id"],
                name=row["name"],
                role=row["role"] or ("owner" if admin and row["org_id"] is not None else ""),
                platform_admin=admin,
            ),
        )

    async def of_token(self, token: str) -> Principal | None:
        """Return the program that bears *token*; None when it is unknown, expired or revoked."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > SECRET_MAX:
            return None
        key = digest(token)
        if (known := self._remembered(key)) is not None:
            return known
        async with self._database.installation() as connection:
            row = await connection.fetchrow(_SQL["api_token_of"], key)
        if row is None:
            return None
        return self._remember(
            key,
            Principal(
                org_id=row["org_id"], scopes=frozenset(row["scopes"]), token_id=row["token_id"], name=row["name"]
            ),
        )

    def forget_all(self) -> None:
        """Look everybody up again: called where a session ended, a role changed or a token was revoked."""
        self._known.clear()

    def _remembered(self, key: bytes) -> Principal | None:
        known = self._known.get(key)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def _remember(self, key: bytes, principal: Principal) -> Principal:
        self._known[key] = (time.monotonic() + TRUST_S, principal)
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return principal
