"""The crowd of rehearsals: simulated people who join, wait, come when called (or don't), look around and go, through the real line.

    async with rehearsing(services):
        ...

What they do is drawn from the room's number, so that a rehearsal can be told again. One worker plays a rehearsal; when it dies, another
takes over what is left of the time. At the end the sandbox is deleted, whoever played it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import heapq
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.faults import Fault
from server.logs import logger
from server.rooms.desk import Desk, desk_for
from server.rooms.facts import GENERAL_TIER, RoomFacts
from server.rooms.organiser.rehearsal import clear_away, player_key
from server.rooms.plan import room_key
from server.services import Services
from waitingroom.model import Claimed, Joined, Phase, RoomKey
from waitingroom.port import Line

LOOK_S: Final = 1.0
TICK_S: Final = 0.25
# A player that says nothing for so long is gone, and another worker takes over.
PLAYER_MS: Final = 10_000
PEOPLE_MIN, PEOPLE_MAX = 200, 3_000
# How people are: measured shares vary with the sale; these show an organiser every number moving.
IN_LOBBY: Final = 0.8
LATE_S: Final = 150.0
COMES: Final = 0.7
COMES_AFTER_S: Final = 5.0
GIVES_UP_AFTER_S: Final = 400.0
SHOPS_S: Final = 45.0
ASK_AGAIN_S: Final = 1.0
AT_ONCE: Final = 200


def people_for(rate_per_min: int) -> int:
    """Return how many people rehearse: enough that the line is still there when the five minutes are over."""
    return min(max(rate_per_min * 4, PEOPLE_MIN), PEOPLE_MAX)


@dataclass(slots=True)
class Person:
    """One simulated person. Times are seconds since the rehearsal began."""

    number: int
    identity: bytes
    joins_s: float
    gives_up_s: float
    comes: bool
    index: int | None = None
    position: int | None = None
    called: bool = False

    @property
    def visitor(self) -> str:
        """Name the visitor; no visitor of ours can have this name (theirs are 16 characters)."""
        return f"rehearsal{self.number}"


def make_crowd(room_id: int, people: int, lobby_s: float) -> list[Person]:
    """Draw *people* from the room's number."""
    draw = random.Random(room_id)
    return [
        Person(
            number,
            hashlib.blake2b(f"rehearsal {room_id} {number}".encode(), digest_size=8).digest(),
            # The last seconds of the lobby stay free: everybody who means to be in the draw is in it.
            draw.uniform(0, lobby_s * 0.85) if draw.random() < IN_LOBBY else lobby_s + draw.uniform(0, LATE_S),
            lobby_s + draw.expovariate(1 / GIVES_UP_AFTER_S),
            draw.random() < COMES,
        )
        for number in range(people)
    ]


@dataclass(slots=True)
class Crowd:
    """The people of one rehearsal, and what each does next."""

    line: Line
    key: RoomKey
    people: list[Person]
    began_s: float
    draw: random.Random
    _next: list[tuple[float, int, int, Callable[[Person], object]]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        for person in self.people:
            self._later(person.joins_s, person, self._join)
            self._later(person.gives_up_s, person, self._give_up)

    async def tick(self) -> None:
        """Do what is due, and notice who is called."""
        now_s = time.monotonic() - self.began_s
        state = await self.line.read(self.key)
        if state is None or state.phase is Phase.CLOSED:
            return
        if state.phase in (Phase.OPEN, Phase.DRAINING):
            await self._look(state.served, now_s)
        due: list[tuple[Callable[[Person], object], Person]] = []
        while self._next and self._next[0][0] <= now_s and len(due) < AT_ONCE:
            _, _, number, deed = heapq.heappop(self._next)
            due.append((deed, self.people[number]))
        # The line pipelines what is asked in one turn of the loop.
        await asyncio.gather(*(deed(person) for deed, person in due))  # type: ignore[call-overload]

    def _later(self, at_s: float, person: Person, deed: Callable[[Person], object]) -> None:
        self._count += 1
        heapq.heappush(self._next, (at_s, self._count, person.number, deed))

    def _now_s(self) -> float:
        return time.monotonic() - self.began_s

    async def _look(self, served: int, now_s: float) -> None:
        for person in self.people:
            if person.called or person.index is None:
                continue
            if person.position is None:
                person.position = await self.line.position_of(self.key, person.index)
            if person.position is not None and person.position < served:
                person.called = True
                if person.comes:
                    self._later(now_s + self.draw.expovariate(1 / COMES_AFTER_S), person, self._claim)

    async def _join(self, person: Person) -> None:
        answer = await self.line.join(self.key, person.identity, GENERAL_TIER)
        if isinstance(answer, Joined):
            person.index, person.position = answer.index, answer.position

    async def _claim(self, person: Person) -> None:
        if person.index is None:
            return
        answer = await self.line.claim(self.key, person.index, person.identity, person.visitor, "rehearsal")
        if isinstance(answer, Claimed):
            self._later(self._now_s() + self.draw.expovariate(1 / SHOPS_S), person, self._go)
        elif answer.code in ("full", "busy", "room_paused"):
            self._later(self._now_s() + ASK_AGAIN_S, person, self._claim)

    async def _go(self, person: Person) -> None:
        await self.line.end_visit(self.key, person.visitor)

    async def _give_up(self, person: Person) -> None:
        """Leave, if the turn has not come."""
        if person.index is not None and not person.called:
            person.called = True
            await self.line.leave(self.key, person.index, person.identity)


class Rehearsals:
    """Plays every rehearsal of the installation that nobody else plays."""

    def __init__(self, desk: Desk, redis: Redis) -> None:
        self._desk, self._redis = desk, redis
        self._me = secrets.token_hex(8)
        self._playing: dict[int, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look for rehearsals until *stop*."""
        try:
            while not stop.is_set():
                await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
        finally:
            for task in self._playing.values():
                task.cancel()
            await asyncio.gather(*self._playing.values(), return_exceptions=True)

    async def _look(self) -> None:
        self._playing = {room: task for room, task in self._playing.items() if not task.done()}
        for facts in self._desk.rooms.open_rooms():
            if facts.rehearsal_of is not None and facts.room_id not in self._playing:
                with contextlib.suppress(RedisError, OSError):
                    if await self._lead(facts.room_id):
                        task = asyncio.create_task(self._play(facts), name=f"rehearsal.{facts.room_id}")
                        self._playing[facts.room_id] = task

    async def _lead(self, room_id: int) -> bool:
        """Become, or stay, the player of a rehearsal."""
        key = player_key(room_id)
        if await self._redis.set(key, self._me, nx=True, px=PLAYER_MS):
            return True
        if await self._redis.get(key) != self._me.encode():
            return False
        await self._redis.pexpire(key, PLAYER_MS)
        return True

    async def _play(self, facts: RoomFacts) -> None:
        began_s = time.monotonic() - max(0.0, time.time() - facts.opens_lobby_ms / 1000)
        people = make_crowd(
            facts.room_id, people_for(facts.rate_per_min), (facts.draws_ms - facts.opens_lobby_ms) / 1000
        )
        crowd = Crowd(self._desk.line, room_key(facts), people, began_s, random.Random(facts.room_id + 1))
        logger().info("rehearsal.began", room=facts.room_id, people=len(people))
        while (now := self._desk.rooms.by_id(facts.room_id)) is not None and not _over(now):
            try:
                if not await self._lead(facts.room_id):
                    return
                await crowd.tick()
            except (Fault, RedisError, OSError) as fault:
                logger().warning("rehearsal.interrupted", room=facts.room_id, reason=str(fault))
            await asyncio.sleep(TICK_S)
        await self._clear_away(facts)

    async def _clear_away(self, facts: RoomFacts) -> None:
        try:
            await clear_away(self._desk, self._redis, None, facts)
        except (Fault, RedisError, OSError) as fault:
            logger().warning("rehearsal.not_cleared", room=facts.room_id, reason=str(fault))
        logger().info("rehearsal.over", room=facts.room_id)


@asynccontextmanager
async def rehearsing(services: Services) -> AsyncIterator[None]:
    """Play rehearsals as long as the workers work."""
    stop = asyncio.Event()
    playing = asyncio.create_task(Rehearsals(desk_for(services), services.redis).run(stop), name="rehearsals")
    try:
        yield
    finally:
        stop.set()
        await playing


def _over(facts: RoomFacts) -> bool:
    return facts.closed or time.time() * 1000 >= facts.closes_ms
