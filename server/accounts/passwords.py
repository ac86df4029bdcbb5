"""Passwords: argon2id, off the event loop, a few at a time."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's second recommended setting (19 MiB, 2 passes, 1 lane): about 25 ms of one core. The full 64 MiB of the RFC would let four
# people who sign in at once take half of a small machine's memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Verified when nobody has the address, so that the answer takes as long as for somebody who exists.
_NOBODY = _HASHER.hash("a password nobody has")
PASSWORD_MIN, PASSWORD_MAX = 10, 200
_AT_ONCE = 2


class Passwords:
    """Hash and verify, at most two at a time per process: a flood of sign-ins queues here and not in the scheduler."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """Return the text to store for *password*."""
        async with self._turn:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether *password* is the one of *stored*; as slow for None (nobody) as for somebody."""
        async with self._turn:
            matches = await asyncio.to_thread(_matches, stored or _NOBODY, password)
        return matches and stored is not None

    def outdated(self, stored: str) -> bool:
        """Tell whether *stored* was hashed with other costs than today's."""
        return _HASHER.check_needs_rehash(stored)


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
