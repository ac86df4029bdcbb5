"""How many people watch a show, over all gateways of an installation.

Every gateway with viewers writes its counts into one hash, a field each, once a second, and once more when they left; whoever has an
organiser to tell reads the others'. A gateway that died leaves a field that is too old to count, and that the next reader takes away.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Iterable
from typing import Final, cast

import msgspec
from redis.asyncio import Redis

from realtime.clock import StoreClock
from realtime.show_session import ShowSession

KEY: Final = "frontrow:audience"
REPORT_S: Final = 1.0
# Three reports missed: nobody is there any more, or nobody can be told apart from nobody.
FRESH_MS: Final = 4_000
FORGOTTEN_MS: Final = 60_000


class Report(msgspec.Struct):
    """What one gateway counts, at the store's time."""

    at_ms: int
    viewers: dict[int, int]


_report = msgspec.json.Decoder(Report)


class Audience:
    """The viewers of all gateways; *shows* are those of this one."""

    def __init__(self, redis: Redis, clock: StoreClock, shows: Iterable[ShowSession]) -> None:
        self._redis, self._clock, self._shows = redis, clock, shows
        self._name = secrets.token_hex(8)
        self._elsewhere: dict[int, int] = {}
        self._told: dict[int, int] = {}

    def of(self, session: ShowSession) -> int:
        """Return how many watch a show here at this moment, and elsewhere a moment ago."""
        return len(session.hub.viewers) + self._elsewhere.get(session.show_id, 0)

    async def report(self) -> None:
        """Write this gateway's counts, if there are any or were a moment ago. Raises what the store raises."""
        viewers = {session.show_id: len(session.hub.viewers) for session in self._shows if session.hub.viewers}
        if not viewers and not self._told:
            return
        report = Report(self._clock.now_ms(), viewers)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(KEY, self._name, msgspec.json.encode(report).decode())
            pipe.pexpire(KEY, FORGOTTEN_MS)
            await pipe.execute()
        self._told = viewers

    async def read(self) -> None:
        """Learn what the other gateways count. Raises what the store raises."""
        fields = await cast(Awaitable[dict[bytes, bytes]], self._redis.hgetall(KEY))
        now_ms, elsewhere, forgotten = self._clock.now_ms(), dict[int, int](), list[str]()
        for field, told in fields.items():
            name = field.decode()
            try:
                report = _report.decode(told)
            except msgspec.DecodeError:
                continue  # of another version of Frontrow
            if now_ms - report.at_ms > FORGOTTEN_MS:
                forgotten.append(name)
            if name != self._name and now_ms - report.at_ms <= FRESH_MS:
                for show_id, count in report.viewers.items():
                    elsewhere[show_id] = elsewhere.get(show_id, 0) + count
        self._elsewhere = elsewhere
        if forgotten:
            await cast(Awaitable[int], self._redis.hdel(KEY, *forgotten))

    async def leave(self) -> None:
        """Take this gateway's counts away. Raises what the store raises."""
        await cast(Awaitable[int], self._redis.hdel(KEY, self._name))
