"""Who is asking: an anonymous visitor, a signed-in member of staff, or a program with a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import HTTPConnection

from server.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Principal:
    """Staff or a program, acting for one organisation at a time.

    *scopes* is what the role or the token grants there (`orders:read`, `scans:write`, …).
    """

    org_id: int
    scopes: frozenset[str]
    user_id: int | None = None
    token_id: int | None = None
    name: str = ""
    role: str = ""
    platform_admin: bool = False

    def may(self, scope: str) -> bool:
        """Tell whether *scope* is granted."""
        return scope in self.scopes


class Principals(Protocol):
    """Find out who is asking. Implemented by `server.accounts`."""

    async def principal(self, connection: HTTPConnection) -> Principal | Refusal | None:
        """Return the principal of the staff cookie or bearer token; None when neither was sent.

        Refusals: `token_invalid` for a bearer token that is unknown, expired or revoked.
        """
        ...
