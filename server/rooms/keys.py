"""The names of the keys this side of a room uses; docs/keys.md describes each. The line's own are in waitingroom/keys.py."""

from __future__ import annotations

import hashlib
from typing import Final

from server.rooms.facts import RoomFacts

ROOMS_KEY: Final = "frontrow:rooms"


def roll_key(facts: RoomFacts) -> str:
    """Name the roll of a draw that is not yet in Postgres."""
    return _key(facts, "roll")


def rebuilding_key(facts: RoomFacts) -> str:
    """Name the lock of whoever rebuilds a room that the store lost."""
    return _key(facts, "rebuilding")


def nonce_key(facts: RoomFacts, nonce: str) -> str:
    """Name the memory of a spent nonce."""
    return _key(facts, f"nonce:{nonce}")


def mail_code_key(facts: RoomFacts, digest: bytes) -> str:
    """Name the code that was sent to the mailbox of *digest*."""
    return _key(facts, f"mail:{hashlib.blake2b(digest, digest_size=12).hexdigest()}")


def _key(facts: RoomFacts, part: str) -> str:
    return f"{{e:{facts.event_id}}}:r:{facts.room_id}:{part}"
