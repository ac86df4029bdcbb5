"""What each message does: the application behind every socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, assert_never

import msgspec
from websockets.http11 import Request

from realtime import messages, metrics
from realtime.commands import Answer, Command, Commands, refusal
from realtime.connection import Connection
from realtime.dashboards import Dashboards
from realtime.identity import Identity, claim, read_identity
from realtime.limits import Limits
from realtime.listener import log_closed
from realtime.messages import CloseCode, Error
from realtime.proofs import Proofs
from realtime.show_session import ShowSession
from realtime.shows import Shows
from realtime.ticker import Ticker
from realtime.waiting_rooms import WaitingRooms
from seatmap.faults import Fault, Unavailable
from seatmap.inventory.port import Inventory
from server import vitals
from server.logs import logger
from server.visitor import VisitorTokens

BACKLOG_MAX = 16
_decoder: msgspec.json.Decoder[messages.ClientMessage] = msgspec.json.Decoder(messages.ClientMessage)


class Gateway:
    """Serve viewers, holders and staff. Implements `realtime.connection.Application`."""

    def __init__(
        self,
        shows: Shows,
        commands: Commands,
        inventory: Inventory,
        dashboards: Dashboards,
        waiting: WaitingRooms,
        proofs: Proofs,
        ticker: Ticker,
        visitors: VisitorTokens,
        hosts: frozenset[str],
        limits: Limits,
    ) -> None:
        self._shows, self._commands, self._inventory, self._dashboards = shows, commands, inventory, dashboards
        self._waiting, self._proofs = waiting, proofs
        self._ticker, self._visitors, self._hosts, self._limits = ticker, visitors, hosts, limits
        self._tasks: set[asyncio.Task[None]] = set()

    # From the socket.

    def opened(self, connection: Connection, request: Request) -> None:
        """Read who it is."""
        connection.identity = read_identity(request.headers, self._visitors, self._hosts, _now_s())

    def text(self, connection: Connection, payload: bytes | bytearray) -> None:
        """Take one message."""
        message = self._decode(connection, payload)
        if message is None:
            return
        if connection.backlog is not None:
            if len(connection.backlog) < BACKLOG_MAX:
                connection.backlog.append(message)
            else:
                self._refuse(connection, message, "busy")
            return
        self._dispatch(connection, message)

    def too_fast(self, connection: Connection, payload: bytes | bytearray, retry_after_ms: int) -> None:
        """Refuse a message beyond the rate; what is not a command is left unanswered."""
        metrics.RATE_LIMITED.inc()
        message = self._decode(connection, payload)
        if isinstance(message, Command):
            connection.send(messages.Refused(id=message.id, code="rate_limited", retry_after_ms=retry_after_ms))

    def paused(self, connection: Connection) -> None:
        """Leave frames out for a slow reader."""
        if connection.session is not None:
            connection.session.hub.pause(connection)
        if connection.waiter is not None:
            connection.waiter.room.pause(connection)

    def resumed(self, connection: Connection) -> None:
        """Give the slow reader what was left out."""
        if connection.session is not None:
            connection.session.hub.resume(connection)
        if connection.waiter is not None:
            connection.waiter.room.resume(connection)

    def closed(self, connection: Connection) -> None:
        """Forget the socket. The hold stays: it belongs to the visitor."""
        metrics.CLOSED.labels(str(connection.close_code) if connection.close_code < 5000 else "other").inc()
        log_closed(connection)
        self._leave(connection)
        self._waiting.unwait(connection)
        self._dashboards.unwatch(connection)

    async def settle(self, grace_s: float) -> None:
        """Wait for commands under way, so that a drain leaves none unanswered."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)

    # Messages.

    def _decode(self, connection: Connection, payload: bytes | bytearray) -> messages.ClientMessage | None:
        try:
            return _decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            connection.strike("malformed", str(error))
        except RecursionError:
            connection.strike("malformed", "nested too deeply")
        return None

    def _dispatch(self, connection: Connection, message: messages.ClientMessage) -> None:
        match message:
            case messages.Join():
                self._join(connection, message)
            case messages.ChangeScope():
                self._change_scope(connection, message)
            case messages.Hold() | messages.Best() | messages.Release() | messages.Extend():
                self._command(connection, message)
            case messages.Prove():
                self._prove(connection, message)
            case messages.Wait():
                self._start(self._waiting.wait(connection, message))
            case messages.Unwait():
                self._waiting.unwait(connection)
            case messages.Ping():
                connection.send(messages.Pong(now_ms=self._shows.now_ms()))
            case messages.Watch():
                self._start(self._dashboards.watch(connection, message))
            case messages.Unwatch():
                self._dashboards.unwatch(connection)
            case _:
                assert_never(message)

    def _join(self, connection: Connection, message: messages.Join) -> None:
        if message.v != messages.PROTOCOL:
            connection.send(
                Error(code="version_unknown", detail=f"version {messages.PROTOCOL} is spoken here", strikes_left=0)
            )
            connection.close(CloseCode.VERSION, "unknown version")
            return
        self._leave(connection)
        if message.session is not None:
            connection.identity = self._claimed(connection, message.session)
        session = self._shows.here(message.show)
        if session is not None and _visitor(connection) is None:
            self._joined(connection, session, message, None)
            return
        connection.backlog = []
        self._start(self._join_later(connection, message))

    async def _join_later(self, connection: Connection, message: messages.Join) -> None:
        """Join a show that has to be read first, or as somebody who may hold seats in it."""
        problem: messages.Error | None = None
        try:
            session = await self._shows.open(message.show)
            if session is None:
                problem = Error(code="show_unknown", detail="not on sale", strikes_left=self._strikes_left(connection))
            elif connection.is_open:
                await self._enter(connection, session, message)
        except Fault as fault:
            logger().warning("join.failed", show=message.show, fault=str(fault))
            problem = Error(code="unavailable", detail="try again", strikes_left=self._strikes_left(connection))
        if problem is not None:
            connection.send(problem)
        waiting, connection.backlog = connection.backlog, None
        for number, later in enumerate(waiting or ()):
            if connection.backlog is not None:  # a second join among them: what follows waits for that one
                connection.backlog.extend((waiting or [])[number:])
                break
            if connection.is_open:
                self._dispatch(connection, later)

    async def _enter(self, connection: Connection, session: ShowSession, message: messages.Join) -> None:
        visitor = _visitor(connection)
        if visitor is None:
            self._joined(connection, session, message, None)
            return
        # Known from before the hold is read: a change made meanwhile is kept back and pushed right after `joined`.
        session.enter(connection)
        connection.session = session
        connection.in_flight += 1
        try:
            hold = await self._inventory.read_hold(session.facts.key, visitor)
            view = None if hold is None else await self._commands.view(session, hold)
            if connection.is_open:
                connection.own = _seats_of(view)
                self._joined(connection, session, message, view)
        finally:
            self._landed(connection, session)

    def _joined(
        self, connection: Connection, session: ShowSession, message: messages.Join, hold: messages.HoldView | None
    ) -> None:
        connection.session = session
        hub = session.hub
        key = hub.scope_key(message.scope)
        attached = hub.attach(connection, key, message.position)
        if attached is None:
            return
        joined = messages.Joined(
            show=session.show_id,
            chart=(session.facts.chart_id, session.facts.chart_rev),
            scope=_scope(key, session),
            epoch=attached.epoch,
            seq=attached.seq,
            seats=hub.layout.seat_count,
            tick_ms=self._ticker.tick_ms,
            now_ms=session.clock.now_ms(),
            phase=session.phase_now(),
            hold=hold,
            challenge=self._proofs.challenge(connection) if session.needs_pass and _visitor(connection) else None,
        )
        connection.send(joined)
        for frame in attached.frames:
            connection.write(frame)

    def _change_scope(self, connection: Connection, message: messages.ChangeScope) -> None:
        session = connection.session
        if session is None:
            self._not_joined(connection)
            return
        key = session.hub.scope_key(message.scope)
        attached = session.hub.attach(connection, key, message.position)
        if attached is None:
            return
        connection.send(messages.Scoped(scope=_scope(key, session), epoch=attached.epoch, seq=attached.seq))
        for frame in attached.frames:
            connection.write(frame)

    def _not_joined(self, connection: Connection) -> None:
        left = self._strikes_left(connection)
        connection.send(Error(code="not_joined", detail="join a show first", strikes_left=left))

    # Commands.

    def _prove(self, connection: Connection, message: messages.Prove) -> None:
        if connection.session is None:
            self._not_joined(connection)
        else:
            self._proofs.prove(connection, connection.session.show_id, message)

    def _command(self, connection: Connection, command: Command) -> None:
        session, identity = connection.session, connection.identity
        if session is None:
            self._refuse(connection, command, "not_joined")
        elif identity is None or identity.visitor is None:
            self._refuse(connection, command, identity.refusal if identity is not None else "session_missing")
        elif connection.in_flight >= self._limits.commands_under_way:
            self._refuse(connection, command, "busy")
        else:
            connection.in_flight += 1
            self._start(self._run(connection, session, identity.visitor, command))

    async def _run(self, connection: Connection, session: ShowSession, visitor: str, command: Command) -> None:
        began = time.perf_counter()
        try:
            answer = await self._barred(connection, session, visitor, command)
            answer = answer or await self._commands.run(session, visitor, command, connection.own)
        except Exception:  # noqa: BLE001 the outermost loop of a command: a defect must not leave a visitor without an answer
            logger().exception("command.failed", command=type(command).__name__)
            answer = Answer(refusal(session, command.id, "internal"))
        if isinstance(answer.message, messages.Refused) and answer.message.code == "show_unknown":
            # It was known when it was joined: the store has lost it. Whoever asks first has it rebuilt.
            answer = Answer(refusal(session, command.id, "unavailable"))
            self._start(self._shows.look_after(session))
        if (
            isinstance(answer.message, messages.Refused)
            and answer.message.code == "pass_required"
            and not session.needs_pass
        ):
            self._start(
                self._renew(session)
            )  # the store demands it, and the feed has not said so yet: everybody should know
        if answer.position is not None:
            connection.hold_position = max(connection.hold_position, answer.position)
        if not isinstance(answer.message, messages.Refused):
            connection.own = _seats_of(answer.message.hold)
        connection.send(answer.message)
        self._landed(connection, session)
        kind = type(command).__name__.lower()
        took = time.perf_counter() - began
        metrics.COMMAND_SECONDS.labels(kind).observe(took)
        if kind in ("hold", "best"):
            vitals.HOLDS.observe(took)
        outcome = answer.message.code if isinstance(answer.message, messages.Refused) else "done"
        metrics.COMMANDS.labels(kind, outcome).inc()

    async def _barred(
        self, connection: Connection, session: ShowSession, visitor: str, command: Command
    ) -> Answer | None:
        """Refuse to take places in a show with a waiting room unless this socket has proven whose pass it comes with."""
        if not session.needs_pass or not isinstance(command, messages.Hold | messages.Best):
            return None
        try:
            code = await self._proofs.refusal(connection, session, visitor)
        except Unavailable:
            code = "unavailable"
        return None if code is None else Answer(refusal(session, command.id, code))

    async def _renew(self, session: ShowSession) -> None:
        try:
            await self._shows.renew(session)
        except Fault as fault:
            logger().warning("show.not_renewed", show=session.show_id, fault=str(fault))

    def _refuse(self, connection: Connection, message: Any, code: str) -> None:
        if isinstance(message, Command):
            metrics.COMMANDS.labels(type(message).__name__.lower(), code).inc()
            connection.send(refusal(connection.session, message.id, code))

    def _landed(self, connection: Connection, session: ShowSession) -> None:
        connection.in_flight -= 1
        if connection.in_flight == 0 and connection.deferred and connection.session is session:
            session.settle(connection)

    # Inside.

    def _leave(self, connection: Connection) -> None:
        session, connection.session = connection.session, None
        connection.deferred = None
        connection.own = ()
        connection.hold_position = (0, 0)
        if session is not None:
            session.leave(connection)

    def _claimed(self, connection: Connection, token: str) -> Identity:
        """Be the visitor of *token*; what the handshake proved about staff stays."""
        found, before = claim(token, self._visitors, _now_s()), connection.identity
        if before is None:
            return found
        return replace(before, visitor=found.visitor, refusal=found.refusal)

    def _strikes_left(self, connection: Connection) -> int:
        return max(0, self._limits.strikes - connection.strikes)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _visitor(connection: Connection) -> str | None:
    return connection.identity.visitor if connection.identity is not None else None


def _seats_of(hold: messages.HoldView | None) -> tuple[int, ...]:
    return () if hold is None else tuple(seat.k for seat in hold.seats)


def _scope(key: Any, session: ShowSession) -> messages.Scope:
    """Name the scope as the client may name it: ranges of seats."""
    if isinstance(key, str):
        return "overview" if key == "overview" else "all"
    return sorted(stretch for section in key for stretch in session.hub.layout.ranges[section])


def _now_s() -> int:
    return int(time.time())
