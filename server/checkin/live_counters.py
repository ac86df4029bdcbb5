"""The door's counters, pushed: whoever follows a show gets them again soon after each scan.

One subscription per process hears what happened (`activity:<organisation>`); a show's counters are read once for all who follow
it, at most twice a second. A message that is lost, or a store that restarts, costs a moment: every follower is served again after
a reconnect, and every fifteen seconds in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.checkin.postgres_checkin import read_counters
from server.checkin.views import CheckinCounters
from server.database import Database

PAUSE_S = 0.5
AGAIN_S = 15.0
_log = structlog.get_logger()


@dataclass(eq=False)
class _Followed:
    """A show that somebody follows. *news* counts what happened, *told* what the counters in *latest* know of."""

    org_id: int
    show: int
    followers: int = 0
    news: int = 1
    told: int = 0
    latest: CheckinCounters | None = None
    stirred: asyncio.Event = field(default_factory=asyncio.Event)  # set for a moment at each news
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class LiveCounters:
    """Follow shows, for one process."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database, self._redis = database, redis
        self._followed: dict[tuple[int, int], _Followed] = {}
        self._ear: asyncio.Task[None] | None = None

    async def follow(self, org_id: int, show: int) -> AsyncGenerator[CheckinCounters, None]:
        """Yield the counters now, after each change, and every fifteen seconds."""
        followed = self._followed.setdefault((org_id, show), _Followed(org_id, show))
        followed.followers += 1
        if self._ear is None or self._ear.done():
            self._ear = asyncio.create_task(self._listen())
        known = 0
        try:
            while True:
                if followed.news == known:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(AGAIN_S):
                            await followed.stirred.wait()
                counters, known = await self._counters(followed, known)
                yield counters
                await asyncio.sleep(PAUSE_S)
        finally:
            self._leave(followed)

    async def _counters(self, followed: _Followed, known: int) -> tuple[CheckinCounters, int]:
        """Read the counters, unless another follower did since the last news."""
        async with followed.reading:
            if followed.latest is None or followed.told < followed.news or followed.told == known:
                news = followed.news
                followed.latest = await read_counters(self._database, followed.org_id, followed.show)
                followed.told = news
            return followed.latest, followed.told

    def _leave(self, followed: _Followed) -> None:
        followed.followers -= 1
        if followed.followers == 0:
            self._followed.pop((followed.org_id, followed.show), None)
        if not self._followed and self._ear is not None:
            self._ear.cancel()
            self._ear = None

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as heard:
                    await heard.psubscribe("activity:*")
                    for followed in self._followed.values():  # whatever happened while nobody listened
                        _stir(followed)
                    async for message in heard.listen():
                        if message["type"] == "pmessage":
                            self._hear(message["channel"], message["data"])
            except (RedisError, OSError) as error:
                _log.warning("activity.deaf", error=str(error))
                await asyncio.sleep(1)

    def _hear(self, channel: bytes | str, data: bytes | str) -> None:
        name = channel.decode() if isinstance(channel, bytes) else channel
        try:
            show = orjson.loads(data)["show"]
            followed = self._followed.get((int(name.removeprefix("activity:")), show))
        except (ValueError, KeyError, TypeError):
            _log.warning("activity.unreadable", channel=name)
            return
        if followed is not None:
            _stir(followed)


def _stir(followed: _Followed) -> None:
    """Wake whoever waits; setting and clearing an event wakes all who wait at this moment."""
    followed.news += 1
    followed.stirred.set()
    followed.stirred.clear()
