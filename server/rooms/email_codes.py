"""Six digits that prove a mailbox: derived, not stored, and good for ten to twenty minutes.

What is stored is how often a mailbox was tried: after ten codes, right or wrong, it answers "wrong" until ten minutes are over. So a
guesser needs 50,000 mailboxes for one place, and the bot door counts them.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.faults import Unavailable
from server.rooms.facts import RoomFacts
from server.rooms.keys import mail_code_key

WINDOW_S: Final = 600
TRIES_MAX: Final = 10


class EmailCodes:
    """The codes of one installation."""

    def __init__(self, secret: str, redis: Redis) -> None:
        self._key = hashlib.sha256(b"frontrow line mail code 1\0" + secret.encode()).digest()
        self._redis = redis

    def code(self, room: int, digest: bytes, now_s: int) -> str:
        """Return the six digits for the mailbox of *digest* now."""
        return self._code(room, digest, now_s // WINDOW_S)

    async def good(self, facts: RoomFacts, digest: bytes, code: str) -> bool:
        """Tell whether *code* is this window's or the last one's. Every try counts, the right ones too."""
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(mail_code_key(facts, digest))
                pipe.expire(mail_code_key(facts, digest), WINDOW_S, nx=True)
                tries, _ = await pipe.execute()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
        window = int(time.time()) // WINDOW_S
        right = [hmac.compare_digest(self._code(facts.room_id, digest, window - back), code.strip()) for back in (0, 1)]
        return any(right) and tries <= TRIES_MAX

    def _code(self, room: int, digest: bytes, window: int) -> str:
        named = b"\0".join((str(room).encode(), str(window).encode(), digest))
        return f"{int.from_bytes(hmac.new(self._key, named, hashlib.sha256).digest()[:8], 'big') % 1_000_000:06d}"
