"""The watched shows of this process: open them when somebody comes, keep them true to the store, forget them when nobody is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import numpy as np

from realtime import metrics
from realtime.clock import StoreClock
from realtime.frames import unpack_states
from realtime.show_session import ShowSession
from realtime.ticker import Ticker
from seatmap.faults import Fault, Unavailable
from seatmap.inventory.model import Change, Position, ShowKey, Snapshot
from seatmap.inventory.port import Inventory
from server.catalog.facts import ShowFacts
from server.logs import logger

# A show is read again this often while watched, and compared with the picture in memory.
VERIFY_EVERY_S = 10.0
IDLE_MS = 60_000
# Facts and store change one after the other; between the two they may not fit together.
FIT_TRIES = 20
FIT_WAIT_S = 0.1
# Changes a process that comes new to a show reads back: half a minute of a hot sale, some 50 ms of work.
RECALLED = 5_000


class FactsReader(Protocol):
    """The catalogue, as far as the gateway reads it."""

    async def show(self, show_id: int) -> ShowFacts | None:
        """Return everything about one show."""
        ...


Restore = Callable[[int], Awaitable[None]]
"""Have the seat state of a show rebuilt that the store has lost; asking twice does no harm."""


class Shows:
    """Every show that somebody here watches."""

    def __init__(
        self, facts: FactsReader, inventory: Inventory, restore: Restore, clock: StoreClock, ticker: Ticker
    ) -> None:
        self._facts, self._inventory, self._restore = facts, inventory, restore
        self._clock, self._ticker = clock, ticker
        self._sessions: dict[int, ShowSession] = {}
        self._by_key: dict[ShowKey, ShowSession] = {}
        self._resynchronising = asyncio.Lock()
        self._opening: dict[int, asyncio.Task[ShowSession | None]] = {}
        self.arrived = asyncio.Event()

    def __iter__(self) -> Iterator[ShowSession]:
        return iter(list(self._sessions.values()))

    def here(self, show_id: int) -> ShowSession | None:
        """Return the show if it is watched here already."""
        return self._sessions.get(show_id)

    async def open(self, show_id: int) -> ShowSession | None:
        """Return the show, reading it when nobody here watched it; None when buyers may not know of it or the store does not have it."""
        if (session := self._sessions.get(show_id)) is not None:
            return session
        task = self._opening.get(show_id)
        if task is None:
            task = self._opening[show_id] = asyncio.create_task(self._open(show_id))
            task.add_done_callback(lambda _: self._opening.pop(show_id, None))
        return await asyncio.shield(task)

    async def _open(self, show_id: int) -> ShowSession | None:
        found = await self._read(show_id)
        if found is None:
            return None
        session = ShowSession(*found, self._clock)
        await self._recall(session)
        self._sessions[show_id] = self._by_key[session.facts.key] = session
        metrics.SHOWS.set(len(self._sessions))
        self.arrived.set()
        return session

    async def _recall(self, session: ShowSession) -> None:
        """Read what happened lately: after a crash of this process its viewers come back with their old positions."""
        epoch, seq = session.hub.position
        try:
            past = await self._inventory.gap(
                session.facts.key, Position(epoch, max(0, seq - RECALLED)), limit=2 * RECALLED
            )
        except Fault as fault:
            logger().warning("show.not_recalled", show=session.show_id, fault=str(fault))
        else:
            session.hub.recall(past or ())

    async def _read(self, show_id: int) -> tuple[ShowFacts, Snapshot] | None:
        """Read facts and state until they fit together."""
        for _ in range(FIT_TRIES):
            facts = await self._facts.show(show_id)
            if facts is None or not facts.show.listed or facts.event.status == "draft":
                return None
            snapshot = await self._inventory.read(facts.key)
            if snapshot is None:
                if facts.show.state not in ("on_sale", "paused"):
                    return None
                await self._restore(show_id)
                continue
            if snapshot.seat_count == facts.chart.n and len(snapshot.remaining) == len(facts.chart.areas):
                return facts, snapshot
            await asyncio.sleep(FIT_WAIT_S)
        raise Unavailable(f"show {show_id}: the store has another chart than the catalogue")

    def now_ms(self) -> int:
        """Tell the store's time."""
        return self._clock.now_ms()

    # The feed.

    async def take(self, key: ShowKey, changes: list[Change]) -> None:
        """Apply what the feed says about one show."""
        session = self._by_key.get(key)
        if session is None:
            return
        metrics.FEED_ENTRIES.inc(len(changes))
        if not session.take(changes):
            await self.resynchronise(session, "feed")
        elif session.outdated:
            await self.renew(session)
        if session.hub.due:
            self._ticker.changed(session.hub)
        if session.stirred is not None:
            session.stirred()

    async def renew(self, session: ShowSession) -> None:
        """Read prices and phase again."""
        found = await self._read(session.show_id)
        if found is not None:
            session.refresh(*found)

    async def resynchronise(self, session: ShowSession, reason: str) -> None:
        """Begin again from a fresh reading; when the store has lost the show, have it rebuilt and come back later."""
        async with self._resynchronising:
            await self._resynchronise(session, reason)

    async def _resynchronise(self, session: ShowSession, reason: str) -> None:
        found = await self._read(session.show_id)
        metrics.RESYNCS.labels(reason).inc()
        if found is not None:
            logger().warning("show.resynchronised", show=session.show_id, reason=reason, epoch=found[1].position.epoch)
            session.restart(*found)
            if session.stirred is not None:
                session.stirred()

    # Keeping true.

    async def verify(self, session: ShowSession) -> None:
        """Compare the picture in memory with the store; begin again when they differ.

        Finds what a feed cannot tell: a store that was emptied, and our own defects.
        """
        hub = session.hub
        snapshot = await self._inventory.read(session.facts.key)
        if snapshot is None or snapshot.position.epoch != hub.position.epoch:
            await self.resynchronise(session, "store")
            return
        self._clock.heard(snapshot.now_ms)
        if snapshot.position < hub.position:
            if snapshot.position.seq + 1 < hub.position.seq and not hub.due:
                await self.resynchronise(session, "store")
        elif snapshot.position == hub.position:
            states = unpack_states(snapshot.seats, snapshot.seat_count)
            if not np.array_equal(states, hub.states) or list(snapshot.remaining) != hub.remaining:
                logger().error("show.differs", show=session.show_id, seats=int(np.sum(states != hub.states)))
                await self.resynchronise(session, "differs")

    async def pulse(self) -> None:
        """Once a second: overviews, and positions of quiet scopes; for ever."""
        while True:
            await asyncio.sleep(1)
            for session in self:
                session.hub.pulse(self._clock.now_ms())
                if session.phase_now() != session.phase_told:
                    session.tell_phase()

    async def keep(self) -> None:
        """Verify what is watched and forget what is not, for ever."""
        while True:
            await asyncio.sleep(VERIFY_EVERY_S)
            for session in self:
                if not session.in_use and session.idle_since_ms < self._clock.now_ms() - IDLE_MS:
                    self._forget(session)
                    continue
                await self.look_after(session)

    async def look_after(self, session: ShowSession) -> None:
        """Verify a show, unless that is being done already; a store that is away is tried again later."""
        if session.looked_after:
            return
        session.looked_after = True
        try:
            await self.verify(session)
        except Fault as fault:
            logger().warning("show.not_verified", show=session.show_id, fault=str(fault))
        finally:
            session.looked_after = False

    def _forget(self, session: ShowSession) -> None:
        del self._sessions[session.show_id]
        self._by_key.pop(session.facts.key, None)
        metrics.SHOWS.set(len(self._sessions))

    @property
    def positions(self) -> dict[ShowKey, ShowSession]:
        """All shows by key."""
        return self._by_key
