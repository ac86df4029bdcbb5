"""The organiser's figures of a show, pushed while somebody watches and recomputed only when something happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from realtime import socket_frames
from realtime.audience import REPORT_S, Audience
from realtime.connection import Connection
from realtime.identity import Identity
from realtime.messages import Dashboard, GateCount, OrderLine, Watch, WatchRefused
from realtime.overview import section_counts
from realtime.show_session import ShowSession
from seatmap.faults import Fault
from server.logs import logger
from server.organiser.dashboard import SaleFigures
from server.principal import Principal

ACTIVITY = "activity:"
"""Published as `activity:<org_id>` after the commit of orders, refunds and scans."""

SCOPE = "sales:read"
EVERY_S = 0.25
# The first figures after a quiet moment wait this long, so that one sale's seat and money arrive together.
FIRST_S = 0.05
LISTEN_S = 5.0
RECONNECT_S = 1.0
# The minutes move on, and whoever signed out or lost the role meanwhile is not told any more.
RENEW_S = 60.0


class News(msgspec.Struct):
    """What happened: which show, if it was one."""

    show: int | None = None


_news = msgspec.json.Decoder(News)


class Staff(Protocol):
    """Find out who a cookie or a token belongs to (`server.accounts.principals`)."""

    async def of_session(self, session: str) -> Principal | None: ...

    async def of_token(self, token: str) -> Principal | None: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """What Postgres knows of a show: the sale, and sold places by area."""

    sale: SaleFigures
    area_sold: dict[int, int]


class ReadFigures(Protocol):
    """Read the figures of a show as of now."""

    def __call__(self, org_id: int, show_id: int, now_ms: int) -> Awaitable[Figures]: ...


@dataclass(slots=True, eq=False)
class Watched:
    """A show that staff watch here."""

    session: ShowSession
    figures: Figures | None = None
    figures_stale: bool = True
    sent_at: float = 0.0
    minute: int = 0
    viewers: int = 0
    timer: asyncio.TimerHandle | None = None
    publishing: bool = False


class Dashboards:
    """All dashboards of this process."""

    def __init__(
        self,
        open_show: Callable[[int], Awaitable[ShowSession | None]],
        staff: Staff,
        read: ReadFigures,
        redis: Redis,
        audience: Audience,
    ) -> None:
        self._open_show, self._staff, self._read, self._redis = open_show, staff, read, redis
        self._audience = audience
        self._watched: dict[int, Watched] = {}
        self._somebody = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # Who watches.

    async def watch(self, connection: Connection, message: Watch) -> None:
        """Begin to push the figures of a show, if they are this person's business."""
        self.unwatch(connection)
        try:
            code = await self._begin(connection, message)
        except Fault as fault:
            logger().warning("watch.failed", show=message.show, fault=str(fault))
            code = "unavailable"
        if code:
            connection.send(WatchRefused(show=message.show, code=code))

    def unwatch(self, connection: Connection) -> None:
        """Stop."""
        session, connection.watching = connection.watching, None
        if session is None:
            return
        session.watchers.discard(connection)
        if not session.watchers and (watched := self._watched.pop(session.show_id, None)) is not None:
            session.stirred = None
            if watched.timer is not None:
                watched.timer.cancel()
            if not self._watched:
                self._somebody.clear()

    async def _begin(self, connection: Connection, message: Watch) -> str:
        principal = await self._principal(connection.identity, message.token)
        if principal is None:
            return "sign_in_required"
        if not principal.may(SCOPE):
            return "not_allowed"
        session = await self._open_show(message.show)
        # Another organisation's show looks like none at all.
        if session is None or session.facts.org_id != principal.org_id:
            return "show_unknown"
        if not connection.is_open:
            return ""
        watched = self._watched.get(session.show_id)
        if watched is None:
            watched = self._watched[session.show_id] = Watched(session)
            session.stirred = lambda: self._schedule(watched)
            self._somebody.set()
        session.watchers.add(connection)
        connection.watching, connection.watch_token = session, message.token
        self._schedule(watched)
        return ""

    async def _principal(self, identity: Identity | None, token: str | None) -> Principal | None:
        token = token or (identity.staff_token if identity is not None else None)
        if token is not None:
            return await self._staff.of_token(token)
        if identity is not None and identity.staff_session is not None:
            return await self._staff.of_session(identity.staff_session)
        return None

    # When to push.

    def _schedule(self, watched: Watched) -> None:
        if watched.timer is None and not watched.publishing:
            loop = asyncio.get_running_loop()
            when = max(watched.sent_at + EVERY_S, loop.time() + FIRST_S)
            watched.timer = loop.call_at(when, self._publish_soon, watched)

    def _publish_soon(self, watched: Watched) -> None:
        watched.timer = None
        task = asyncio.create_task(self._publish(watched))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, watched: Watched) -> None:
        session = watched.session
        watched.publishing = True
        try:
            now_ms = session.clock.now_ms()
            if watched.figures_stale or watched.figures is None or watched.minute != now_ms // 60_000:
                watched.figures_stale = False
                watched.figures = await self._read(session.facts.org_id, session.show_id, now_ms)
                watched.minute = now_ms // 60_000
            watched.viewers = self._audience.of(session)
            dashboard = compose(session, watched.figures, now_ms, viewers=watched.viewers)
        except Fault as fault:
            watched.figures_stale = True
            logger().warning("dashboard.unavailable", show=session.show_id, fault=str(fault))
            return
        finally:
            watched.publishing = False
            watched.sent_at = asyncio.get_running_loop().time()
        self._push(watched, dashboard)
        if watched.figures_stale:
            self._schedule(watched)

    def _push(self, watched: Watched, dashboard: Dashboard) -> None:
        """Send the figures if any of them changed; only the time changing is no news."""
        same = socket_frames.text(msgspec.structs.replace(dashboard, now_ms=0))
        message = socket_frames.text(dashboard)
        for connection in list(watched.session.watchers):
            if connection.shown != same and connection.is_open:
                connection.shown = same
                connection.write(message)

    async def follow(self) -> None:
        """Listen for activity, for ever, while somebody watches."""
        while True:
            await self._somebody.wait()
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                logger().warning("activity.broken", fault=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        async with self._redis.pubsub() as channel:
            await channel.psubscribe(ACTIVITY + "*")
            # Whatever happened before we listened was not heard.
            self._heard_nothing()
            while self._watched:
                message = await channel.get_message(ignore_subscribe_messages=True, timeout=LISTEN_S)
                if message is not None:
                    self._heard_of(message["channel"].decode().removeprefix(ACTIVITY), message["data"])

    async def count(self) -> None:
        """Tell the other gateways how many watch here, for ever; while staff watch, learn how many watch there."""
        try:
            while True:
                try:
                    await self._audience.report()
                    if self._watched:
                        await self._audience.read()
                except (RedisError, OSError) as error:
                    logger().warning("audience.unknown", fault=str(error))
                for watched in self._watched.values():
                    if watched.viewers != self._audience.of(watched.session):
                        self._schedule(watched)
                await asyncio.sleep(REPORT_S)
        finally:
            with suppress(RedisError, OSError):
                await self._audience.leave()

    async def renew(self) -> None:
        """Once a minute while somebody watches: ask again who they are, and move the minutes on."""
        while True:
            await self._somebody.wait()
            await asyncio.sleep(RENEW_S)
            try:
                for watched in list(self._watched.values()):
                    await self._ask_again(watched)
            except Fault as fault:
                logger().warning("watchers.not_asked", fault=str(fault))
            self._heard_nothing()

    async def _ask_again(self, watched: Watched) -> None:
        for connection in list(watched.session.watchers):
            principal = await self._principal(connection.identity, connection.watch_token)
            if principal is None or not principal.may(SCOPE) or principal.org_id != watched.session.facts.org_id:
                self.unwatch(connection)
                connection.send(WatchRefused(show=watched.session.show_id, code="sign_in_required"))

    def _heard_of(self, org_id: str, data: bytes) -> None:
        """Take news as `{"show": 12, "kind": "order"}`; what cannot be read concerns every show of the organisation."""
        try:
            news = _news.decode(data)
        except msgspec.DecodeError:
            news = News()
        for watched in self._watched.values():
            facts = watched.session.facts
            if str(facts.org_id) == org_id and news.show in (None, facts.show_id):
                self._stale(watched)

    def _heard_nothing(self) -> None:
        """Nobody listened for a while, or the minute is over: read everything again."""
        for watched in self._watched.values():
            self._stale(watched)

    def _stale(self, watched: Watched) -> None:
        watched.figures_stale = True
        self._schedule(watched)


def compose(session: ShowSession, figures: Figures, now_ms: int, *, viewers: int) -> Dashboard:
    """Put the picture in memory and the figures of Postgres together."""
    hub, sale = session.hub, figures.sale
    sections = section_counts(hub.layout, hub.states)
    free, held, sold, off_sale = (sum(row[column] for row in sections) for column in (1, 2, 3, 4))
    areas = []
    for a, (area, remaining) in enumerate(zip(session.facts.chart.areas, hub.remaining, strict=True)):
        area_sold = figures.area_sold.get(a, 0)
        # The two stores are read one after the other: a sale in between must not show as a negative number.
        area_held = max(0, area.capacity - remaining - area_sold)
        areas.append((a, area.capacity, area_held, area_sold))
        free, held, sold = free + remaining, held + area_held, sold + area_sold
    return Dashboard(
        show=session.show_id,
        now_ms=now_ms,
        phase=session.phase_now(),
        free=free,
        held=held,
        sold=sold,
        off_sale=off_sale,
        revenue=sale.revenue,
        currency=session.facts.currency,
        orders=sale.orders,
        per_minute=list(sale.per_minute),
        last_orders=[
            OrderLine(ref=order.ref, at_ms=order.at_ms, tickets=order.tickets, amount=order.amount)
            for order in sale.last_orders
        ],
        sections=sections,
        areas=areas,
        admitted=sale.admitted,
        gates=[
            GateCount(gate=gate.gate, admitted=gate.admitted, refused=gate.refused, last_minute=gate.last_minute)
            for gate in sale.gates
        ],
        viewers=viewers,
    )
