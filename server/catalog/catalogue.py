"""The facts of the catalogue, remembered by each process until somebody changes them.

Whoever changes an event publishes its number on `catalog:<org_id>` after the commit; every process follows `catalog:*` and forgets
that event. While a process is not connected to that channel it trusts nothing it read more than two seconds ago, and a new
connection starts with an empty memory, so a lost message never leaves an old price on a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.catalog.facts import EventFacts, ShowFacts, load_event, load_show
from server.database import Database
from server.logs import logger

CHANNEL = "catalog:"
BLIND_TRUST_S = 2.0
RECONNECT_S = 0.5
EVENTS_MAX = 500
# A show of 60,000 seats weighs about 4 MB once its chart is decoded.
SHOWS_MAX = 64
V = TypeVar("V", EventFacts, ShowFacts)


class _Memory(Generic[V]):
    """The last *most* values read, by number; each knows when it was read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, tuple[float, V]] = OrderedDict()

    def get(self, number: int, oldest: float) -> V | None:
        kept = self._kept.get(number)
        if kept is None or kept[0] < oldest:
            return None
        self._kept.move_to_end(number)
        return kept[1]

    def put(self, number: int, read_at: float, value: V) -> None:
        self._kept[number] = (read_at, value)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, matches: Callable[[V], bool]) -> None:
        for number in [number for number, (_, value) in self._kept.items() if matches(value)]:
            del self._kept[number]

    def clear(self) -> None:
        self._kept.clear()


class Catalogue:
    """A process's memory of events and shows (the `ShowFactsSource` of `Services`)."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database, self._redis = database, redis
        self._events: _Memory[EventFacts] = _Memory(EVENTS_MAX)
        self._shows: _Memory[ShowFacts] = _Memory(SHOWS_MAX)
        self._numbers: dict[str, int] = {}
        self._generation = 0
        self._following = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start to follow changes. Reading works before and without it, at the price of a fresh read every two seconds."""
        self._task = asyncio.create_task(self._follow(), name="catalogue.follow")

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @property
    def following(self) -> bool:
        """Tell whether changes are heard. While they are not, nothing is trusted for longer than two seconds."""
        return self._following

    async def show(self, show_id: int) -> ShowFacts | None:
        """Return everything about one show, drafts included."""
        if (known := self._shows.get(show_id, self._oldest())) is not None:
            return known
        generation, read_at = self._generation, time.monotonic()
        facts = await load_show(self._database, show_id)
        if facts is not None and generation == self._generation:
            self._shows.put(show_id, read_at, facts)
        return facts

    async def event(self, *, slug: str | None = None, event_id: int | None = None) -> EventFacts | None:
        """Return the event of an address or a number, drafts included."""
        number = event_id if slug is None else self._numbers.get(slug)
        if number is not None:
            known = self._events.get(number, self._oldest())
            if known is not None and slug in (None, known.slug):
                return known
        generation, read_at = self._generation, time.monotonic()
        facts = await load_event(self._database, slug=slug, event_id=event_id)
        if facts is not None and generation == self._generation:
            self._events.put(facts.event_id, read_at, facts)
            self._numbers[facts.slug] = facts.event_id
        return facts

    async def changed(self, org_id: int, event_id: int) -> None:
        """Tell every process that the event changed. Called after the commit that changed it."""
        self._forget(event_id)
        # The change is committed. A process that hears nothing because Valkey is away trusts its memory for two seconds only.
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(f"{CHANNEL}{org_id}", str(event_id))

    def _oldest(self) -> float:
        return 0.0 if self._following else time.monotonic() - BLIND_TRUST_S

    def _forget(self, event_id: int) -> None:
        # A read that began before this moment may carry old facts: the generation keeps it out of memory.
        self._generation += 1
        self._events.forget(lambda event: event.event_id == event_id)
        self._shows.forget(lambda show: show.event_id == event_id)

    def _forget_all(self) -> None:
        self._generation += 1
        self._events.clear()
        self._shows.clear()
        self._numbers.clear()

    async def _follow(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.psubscribe(f"{CHANNEL}*")
                    async for message in channel.listen():
                        if message["type"] == "psubscribe":
                            self._forget_all()
                            self._following = True
                        elif message["type"] == "pmessage" and message["data"].isdigit():
                            self._forget(int(message["data"]))
            except (RedisError, OSError) as error:
                logger().warning("catalogue.deaf", reason=str(error))
            finally:
                self._following = False
            await asyncio.sleep(RECONNECT_S)
