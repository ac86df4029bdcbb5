"""Who may hold in a show that is sold through a waiting room: the browser whose key, or whose secret cookie, the pass names.

A pass lies in the store under the visitor and names its holder. The store demands the pass; this process demands that the socket is its
holder's, so that a copied cookie buys nothing. Shows without a room never come here.
"""

from __future__ import annotations

import secrets
from typing import Protocol

from realtime.connection import Connection
from realtime.messages import Challenge, Prove, Proven
from realtime.show_session import ShowSession
from seatmap.inventory.keys import pass_key
from seatmap.inventory.model import ShowKey

NONCE_BYTES = 18


class Passes(Protocol):
    """Read passes (`seatmap.inventory.valkey_pipeline.ValkeyPipeline` underneath)."""

    async def holder(self, key: ShowKey, visitor: str) -> str | None:
        """Return the holder that the visitor's pass for a show names; None without a pass. Raises `Unavailable`."""
        ...


class Store(Protocol):
    """A pipelined connection to the store."""

    async def command(self, *parts: str | bytes | int) -> object: ...


class ValkeyPasses:
    """Read passes from Valkey. Implements `Passes`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def holder(self, key: ShowKey, visitor: str) -> str | None:
        """Return who may use the pass: one command."""
        value = await self._store.command("GET", pass_key(key, visitor))
        return value.decode().partition(":")[2] if isinstance(value, bytes) else None


class Proofs:
    """Challenge sockets, and remember on each what it has proven."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes

    def challenge(self, connection: Connection) -> str:
        """Give *connection* a new nonce; the one before is worth nothing any more."""
        connection.nonce = secrets.token_urlsafe(NONCE_BYTES)
        return connection.nonce

    def prove(self, connection: Connection, show_id: int, message: Prove) -> None:
        """Take a signature over the last nonce. A nonce is good for one try."""
        # Imported when the first room opens: a process without rooms does without the library.
        from waitingroom.holder import key_holder, proves

        nonce, connection.nonce = connection.nonce, None
        signed = f"frontrow live v1\n{show_id}\n{nonce}".encode()
        if nonce is not None and proves(message.x, message.y, signed, message.signature):
            connection.holder = key_holder(message.x, message.y)
            connection.send(Proven())
        else:
            connection.send(Challenge(show=show_id, nonce=self.challenge(connection), failed=True))

    async def refusal(self, connection: Connection, session: ShowSession, visitor: str) -> str | None:
        """Say why *connection* may not hold, or None when it may: `pass_required`, `pass_unproven`. Raises `Unavailable`."""
        holder = await self._passes.holder(session.facts.key, visitor)
        if holder is None:
            return "pass_required"
        identity = connection.identity
        if holder in (connection.holder, identity.holder if identity is not None else None):
            return None
        if connection.is_open and connection.session is session:
            connection.send(Challenge(show=session.show_id, nonce=self.challenge(connection), failed=False))
        return "pass_unproven"
