"""Signing in with a password, bounded against guessing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.accounts.passwords import PASSWORD_MAX, Passwords
from server.accounts.principals import digest, new_session
from server.database import Database
from server.logs import logger
from server.refusals import Refusal
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "accounts.sql")

SESSION_DAYS = 7
WINDOW_S = 900
# Failures per quarter of an hour. The pair is what a person with a bad memory meets; the other two stop a spread-out search, and are
# high enough that nobody can lock somebody else out with a few wrong guesses from one place.
FAILURES_MAX = {"pair": 10, "address": 100, "place": 100}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. *session* is the cookie's value; it is stored nowhere."""

    session: str
    user_id: int
    name: str


class SignIn:
    """Open and close staff sessions."""

    def __init__(self, database: Database, redis: Redis, passwords: Passwords) -> None:
        self._database, self._redis, self._passwords = database, redis, passwords

    async def with_password(self, email: str, password: str, client: str) -> SignedIn | Refusal:
        """Open a session for *email*. Refusals: `sign_in_failed`, `rate_limited` after too many failures from *client*."""
        email = email.strip().lower()[:254]
        counters = _counters(email, client)
        if await self._exhausted(counters):
            return Refusal("rate_limited", {"window_s": WINDOW_S})
        async with self._database.installation() as connection:
            row = await connection.fetchrow(_SQL["credentials"], email)
        stored = None if row is None else row["password_hash"]
        if len(password) > PASSWORD_MAX or not await self._passwords.verify(stored, password) or row is None:
            await self._count_failure(counters)
            return Refusal("sign_in_failed")
        session = new_session()
        async with self._database.installation() as connection:
            until = datetime.now(UTC) + timedelta(days=SESSION_DAYS)
            await connection.execute(_SQL["open_session"], digest(session), row["user_id"], until)
            if self._passwords.outdated(row["password_hash"]):
                renewed = await self._passwords.hash(password)
                await connection.execute(_SQL["replace_password"], row["user_id"], renewed, digest(session))
        await self._forgive(counters)
        return SignedIn(session, row["user_id"], row["name"])

    async def out(self, session: str) -> None:
        """End *session*, if it is one."""
        async with self._database.installation() as connection:
            await connection.execute(_SQL["close_session"], digest(session))

    async def _exhausted(self, counters: dict[str, str]) -> bool:
        try:
            counts = await self._redis.mget(list(counters.values()))
        except (RedisError, OSError) as error:
            # Without the counters each guess still costs 25 ms behind a queue of two: let staff in rather than nobody.
            logger().warning("sign_in.uncounted", reason=str(error))
            return False
        return any(int(count or 0) >= FAILURES_MAX[kind] for kind, count in zip(counters, counts, strict=True))

    async def _count_failure(self, counters: dict[str, str]) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for key in counters.values():
                    pipe.incr(key)
                    pipe.expire(key, WINDOW_S, nx=True)
                await pipe.execute()
        except (RedisError, OSError) as error:
            logger().warning("sign_in.uncounted", reason=str(error))

    async def _forgive(self, counters: dict[str, str]) -> None:
        try:
            await self._redis.delete(counters["pair"])
        except (RedisError, OSError) as error:
            logger().warning("sign_in.uncounted", reason=str(error))


def _counters(email: str, client: str) -> dict[str, str]:
    """Name the counters of failures. They hold digests: a key listing must not tell who works here. One hash tag, so one slot."""

    def name(kind: str, *parts: str) -> str:
        return f"{{signin}}:{kind}:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:24]}"

    return {"pair": name("pair", email, client), "address": name("address", email), "place": name("place", client)}
