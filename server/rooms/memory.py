"""The rooms of the installation, remembered by each process: a request looks here and asks no store.

Valkey keeps the facts of every room in one hash; whoever changes a room writes there and publishes its number, and every process
reads that room again. When an event changes its rooms are read from Postgres: they say its title, and a new show of it may have joined
one. A process that hears nothing goes on with the last facts it knew. Postgres counts the versions of a room under
its lock; an older one never replaces a newer one, in the hash or in a memory, in whatever order they arrive. What could not be written
while Valkey was away is written by the next process that hears it again: each compares the hash with Postgres then.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.catalog.catalogue import CHANNEL as EVENT_CHANNEL
from server.database import Database
from server.faults import Unavailable
from server.logs import logger
from server.rooms.facts import RoomFacts, load_open, load_own, load_room, pack, unpack
from server.rooms.keys import ROOMS_KEY

CHANNEL: Final = "rooms"
RECONNECT_S: Final = 0.5
# What Postgres could not be asked for is asked again.
BEHIND_S: Final = 2.0
# An unknown address is asked for once in so long, whoever keeps asking; and so many of them are remembered.
UNKNOWN_TRUST_S: Final = 2.0
UNKNOWN_MAX: Final = 1000
# KEYS [1] the hash  ARGV [1] room [2] version [3] facts. Reply 1 when they were kept, 0 when it had newer ones.
KEEP_NEWEST: Final = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
local read, facts = pcall(cjson.decode, known or '{}')
if read and tonumber(facts.version or 0) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class Rooms:
    """A process's memory of rooms (`Services.rooms`)."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database, self._redis = database, redis
        self._rooms: dict[int, RoomFacts] = {}
        self._numbers: dict[str, int] = {}
        self._shows: dict[int, int] = {}
        self._unknown: dict[int | str, float] = {}
        self._task: asyncio.Task[None] | None = None
        # What Postgres is still to be asked: everything, or the rooms of these events.
        self._all_behind, self._behind, self._troubled = False, set[int](), False

    async def open(self) -> None:
        """Read what there is, then follow changes. A store that is away is no reason not to start."""
        with contextlib.suppress(RedisError, OSError):
            await self._read_all()
            await self._catch_up()
        self._task = asyncio.create_task(self._follow(), name="rooms.follow")

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def by_id(self, room_id: int) -> RoomFacts | None:
        """Return the room of a number."""
        return self._rooms.get(room_id)

    def by_slug(self, slug: str) -> RoomFacts | None:
        """Return the room of an address."""
        return self._rooms.get(self._numbers.get(slug, 0))

    def covering(self, show_id: int) -> RoomFacts | None:
        """Return the open room a show is sold through; None when it is sold without one."""
        return self._rooms.get(self._shows.get(show_id, 0))

    def open_rooms(self) -> list[RoomFacts]:
        """List the rooms that are not closed, by number."""
        return [room for _, room in sorted(self._rooms.items()) if not room.closed]

    async def find(self, wanted: int | str) -> RoomFacts | None:
        """Return the room of a number or address, asking the stores when this process doesn't know it.

        What nobody knew a moment ago is not asked for again: guessing addresses costs us nothing.
        """
        known = self.by_id(wanted) if isinstance(wanted, int) else self.by_slug(wanted)
        if known is not None or self._unknown.get(wanted, 0.0) > time.monotonic() - UNKNOWN_TRUST_S:
            return known
        facts = await self._ask(wanted)
        if facts is None:
            if len(self._unknown) >= UNKNOWN_MAX:
                self._unknown.clear()
            self._unknown[wanted] = time.monotonic()
        else:
            self._learn(facts)
        return facts

    async def changed(self, facts: RoomFacts) -> None:
        """Remember *facts*, keep them in Valkey and tell every process. Called after the commit that changed the room."""
        self._learn(facts)
        # Committed already: a store that is away now is filled from Postgres when it is back (`_read_all`).
        with contextlib.suppress(RedisError, OSError):
            await self._keep(facts)

    async def _keep(self, facts: RoomFacts) -> None:
        command = "EVAL", KEEP_NEWEST, 1, ROOMS_KEY, facts.room_id, facts.version, pack(facts)
        await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]
        await self._redis.publish(CHANNEL, str(facts.room_id))

    async def forget(self, room_id: int) -> None:
        """Forget a room that was deleted (rehearsals only), here and everywhere."""
        self._drop(room_id)
        with contextlib.suppress(RedisError, OSError):
            await self._redis.execute_command("HDEL", ROOMS_KEY, room_id)  # type: ignore[no-untyped-call]
            await self._redis.publish(CHANNEL, str(room_id))

    async def _ask(self, wanted: int | str) -> RoomFacts | None:
        if isinstance(wanted, int):
            with contextlib.suppress(RedisError, OSError, msgspec.DecodeError):
                if (text := await self._redis.execute_command("HGET", ROOMS_KEY, wanted)) is not None:  # type: ignore[no-untyped-call]
                    return unpack(text)
            return await load_room(self._database, room_id=wanted)
        return await load_room(self._database, slug=wanted)

    def _learn(self, facts: RoomFacts) -> None:
        before = self._rooms.get(facts.room_id)
        if before is not None and before.version > facts.version:
            return
        self._drop(facts.room_id)
        self._rooms[facts.room_id] = facts
        self._numbers[facts.slug] = facts.room_id
        self._unknown.pop(facts.room_id, None)
        self._unknown.pop(facts.slug, None)
        if not facts.closed:
            self._shows.update(dict.fromkeys(facts.shows, facts.room_id))

    def _drop(self, room_id: int) -> None:
        facts = self._rooms.pop(room_id, None)
        if facts is not None:
            self._numbers.pop(facts.slug, None)
            self._shows = {show: room for show, room in self._shows.items() if room != room_id}

    async def _read(self, room_id: int) -> None:
        text = await self._redis.execute_command("HGET", ROOMS_KEY, room_id)  # type: ignore[no-untyped-call]
        if text is None:
            self._drop(room_id)
        else:
            self._learn(unpack(text))

    async def _read_all(self) -> None:
        """Read every room from Valkey; Postgres is asked next for what Valkey has lost, or has only an older version of."""
        for facts in (await self._kept()).values():
            self._learn(facts)
        self._all_behind = True

    async def _kept(self) -> dict[int, RoomFacts]:
        kept = {}
        texts: list[bytes] = await self._redis.execute_command("HVALS", ROOMS_KEY)  # type: ignore[no-untyped-call]
        for text in texts:
            try:
                facts = unpack(text)
                kept[facts.room_id] = facts
            except msgspec.DecodeError:
                continue  # of another version of Frontrow: Postgres has it
        return kept

    async def _catch_up(self) -> None:
        """Ask Postgres what it is to be asked; a database that is away is asked again."""
        try:
            if self._all_behind:
                await self._compare(await self._kept())
                self._all_behind = False
            for event_id in sorted(self._behind):
                await self._read_event(event_id)
                self._behind.discard(event_id)
            self._troubled = False
        except Unavailable as fault:
            if not self._troubled:
                logger().warning("rooms.unread", reason=str(fault))
            self._troubled = True

    async def _compare(self, kept: dict[int, RoomFacts]) -> None:
        """Replace in Valkey what Postgres knows better."""
        newest = {facts.room_id: facts for facts in await load_open(self._database)}
        for facts in kept.values():
            if not facts.closed and facts.room_id not in newest:
                await self._closed_or_gone(facts)
        for room_id, facts in newest.items():
            if room_id not in kept or (kept[room_id].version <= facts.version and kept[room_id] != facts):
                await self.changed(facts)

    async def _read_event(self, event_id: int) -> None:
        for known in [room for room in self.open_rooms() if room.event_id == event_id]:
            facts = await load_own(self._database, known.org_id, known.room_id)
            if facts is not None and facts != self._rooms.get(facts.room_id):
                await self.changed(facts)

    async def _closed_or_gone(self, kept: RoomFacts) -> None:
        """Valkey missed the end of a room: that it closed, or that it was a rehearsal."""
        facts = await load_room(self._database, room_id=kept.room_id)
        if facts is None:
            await self.forget(kept.room_id)
        elif facts.version > kept.version:
            await self.changed(facts)

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":  # the second of both
            await self._read_all()
        elif message["type"] == "message" and message["data"].isdigit():
            await self._read(int(message["data"]))
        elif message["type"] == "pmessage" and message["data"].isdigit():
            self._behind.add(int(message["data"]))

    async def _follow(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    await channel.psubscribe(f"{EVENT_CHANNEL}*")
                    while True:
                        behind = self._all_behind or bool(self._behind)
                        message = await channel.get_message(timeout=BEHIND_S if behind else None)
                        if message is not None:
                            await self._hear(message)
                        await self._catch_up()
            except (RedisError, OSError, msgspec.DecodeError) as error:
                logger().warning("rooms.deaf", reason=str(error))
            await asyncio.sleep(RECONNECT_S)
