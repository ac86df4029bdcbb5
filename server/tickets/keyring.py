"""Public keys by event, as a door needs them with every scan: read from Postgres, kept for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.database import Database
from server.tickets.code import CodeRefused, ParsedCode, TicketCode, verify
from server.tickets.keys import public_keys

KEPT_S = 10.0  # how long a key that was given up is still believed in another process
EVENTS_MAX = 500


class Keyring:
    """Verify codes against the keys of their event."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[int, tuple[float, Mapping[int, Ed25519PublicKey | None]]] = {}

    async def verify(self, parsed: ParsedCode, event: int) -> TicketCode | CodeRefused:
        """Believe *parsed* as a ticket of *event*, or refuse it; a key not seen yet is looked for once more."""
        answer = verify(parsed, event, await self.keys(event))
        if answer == CodeRefused("code_unknown_key") and self._kept[event][0] - time.monotonic() < KEPT_S - 1:
            self._kept.pop(event, None)
            answer = verify(parsed, event, await self.keys(event))
        return answer

    async def keys(self, event: int) -> Mapping[int, Ed25519PublicKey | None]:
        """Return the event's keys by kid, None for those that were given up."""
        kept = self._kept.get(event)
        if kept is None or kept[0] < time.monotonic():
            async with self._database.installation() as connection:
                rows = await connection.fetch("select kid, public_key, status from public_ticket_keys($1)", event)
            if len(self._kept) >= EVENTS_MAX:
                self._kept.clear()
            keys = public_keys({row["kid"]: (row["public_key"], row["status"]) for row in rows})
            kept = self._kept[event] = (time.monotonic() + KEPT_S, keys)
        return kept[1]
