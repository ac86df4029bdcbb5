"""One socket: bytes to messages and back, nothing else. No task, no queue and no timer of its own, so that an idle viewer costs little.

The handshake and the parsing are `websockets`' sans-I/O protocol; what is sent is framed elsewhere and written straight to the transport.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import websockets.protocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.streams import StreamReader

from realtime import metrics, socket_frames
from realtime.limits import TokenBucket
from realtime.messages import CloseCode, Error

if TYPE_CHECKING:
    from realtime.hub import Group
    from realtime.identity import Identity
    from realtime.listener import Address, Listener
    from realtime.show_session import ShowSession
    from realtime.waiting_room import Waiter

# A full read of uvloop is 256 KiB; in slices a flood is noticed before all of it is parsed.
SLICE = 4096
# What a peer that was cut off may still send before the connection is broken as well: closing on unread bytes would make the kernel
# answer with a reset, which takes the close code with it.
DISCARD_BYTES = 1 << 20


class Application(Protocol):
    """What happens with a socket's messages."""

    def opened(self, connection: Connection, request: Request) -> None:
        """The handshake is done."""

    def text(self, connection: Connection, payload: bytes | bytearray) -> None:
        """A whole text message, within the limits of size and rate."""

    def too_fast(self, connection: Connection, payload: bytes | bytearray, retry_after_ms: int) -> None:
        """A whole text message beyond the rate."""

    def paused(self, connection: Connection) -> None:
        """The other side reads too slowly."""

    def resumed(self, connection: Connection) -> None:
        """It has caught up."""

    def closed(self, connection: Connection) -> None:
        """It is gone, or about to be."""


class Connection(asyncio.Protocol):
    """A socket, from the handshake to the end. The application's own fields live here too: one object per viewer."""

    __slots__ = (
        "__weakref__",
        "_bucket",
        "_discard",
        "_fragments",
        "_listener",
        "_ws",
        "address",
        "backlog",
        "close_code",
        "deferred",
        "group",
        "hold_position",
        "holder",
        "identity",
        "in_flight",
        "missed_pings",
        "nonce",
        "opened_s",
        "own",
        "received",
        "session",
        "shown",
        "strikes",
        "transport",
        "waiter",
        "watch_token",
        "watching",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        # Its own parser only during the handshake, while a frame has arrived in part, and from the close on: at rest it has nothing to
        # remember, and the listener's serves all (3 KiB less per viewer, and fewer pages to touch in a broadcast).
        self._ws: websockets.protocol.Protocol | None = listener.handshake_parser()
        self._bucket: TokenBucket | None = None
        self._fragments: bytearray | None = None
        self._discard: int | None = None
        self.address: Address | None = None
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.close_code = 0
        self.missed_pings = 0
        self.opened_s = 0.0
        self.received = 0
        self.strikes = 0
        # The application's: who it is, what it watches, what is under way.
        self.identity: Identity | None = None
        self.session: ShowSession | None = None
        self.group: Group | None = None
        self.watching: ShowSession | None = None
        self.watch_token: str | None = None
        self.shown = b""
        self.backlog: list[Any] | None = None
        self.in_flight = 0
        self.deferred: list[Any] | None = None
        self.hold_position: tuple[int, int] = (0, 0)
        self.own: tuple[int, ...] = ()
        self.waiter: Waiter | None = None
        # The nonce it was given last, and the holder whose key it has proven to have.
        self.nonce: str | None = None
        self.holder: str | None = None

    # From the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        limits = self._listener.limits
        self.transport.set_write_buffer_limits(high=limits.buffer_high, low=limits.buffer_low)
        self._listener.arrived(self)

    def data_received(self, data: bytes) -> None:
        self.missed_pings = 0
        if self._discard is not None:
            self._discard -= len(data)
            if self._discard < 0:
                self.transport.abort()
            return
        if self.close_code and not self.opened_s:
            return
        for start in range(0, len(data), SLICE):
            self._feed(data[start : start + SLICE] if len(data) > SLICE else data)
            if self.transport.is_closing():
                return
            if self.close_code and (start + SLICE < len(data) or self.close_code == CloseCode.FLOODING):
                self._read_no_more()
                return

    def eof_received(self) -> bool:
        """Let the transport close."""
        return False

    def pause_writing(self) -> None:
        self._listener.paused[self] = time.monotonic()
        self._listener.application.paused(self)

    def resume_writing(self) -> None:
        self._listener.paused.pop(self, None)
        if self.is_open:
            self._listener.application.resumed(self)

    def connection_lost(self, error: Exception | None) -> None:
        received = self._ws.close_rcvd if self._ws is not None else None
        self._ended(received.code if received is not None else 1006)
        self._listener.gone(self)

    # From the application.

    @property
    def sink(self) -> asyncio.Transport:
        """Where the hub writes frames."""
        return self.transport

    def write(self, framed: bytes) -> None:
        """Write framed bytes."""
        if not self.transport.is_closing():
            self.transport.write(framed)

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return bool(self.opened_s) and not self.close_code and (self._ws is None or self._ws.state is State.OPEN)

    def send(self, message: Any) -> None:
        """Send one record now, ahead of any tick. Who lets too much pile up is cut off."""
        if not self.is_open:
            return
        if self in self._listener.paused and self.transport.get_write_buffer_size() > self._listener.limits.buffer_max:
            self.close(CloseCode.SLOW_READER, "too much unread")
            self.transport.abort()
            return
        self.write(socket_frames.text(message))

    def strike(self, code: Literal["malformed", "binary"], detail: str) -> None:
        """Tell that a message could not be understood; after too many, close."""
        self.strikes += 1
        left = self._listener.limits.strikes - self.strikes
        metrics.STRIKES.labels(code).inc()
        self.send(Error(code=code, detail=detail[:200], strikes_left=max(left, 0)))
        if left <= 0:
            self.close(CloseCode.MALFORMED, "too many messages that could not be understood")

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake; nothing is sent after it."""
        if not self.is_open:
            return
        self.write(socket_frames.close(code, reason))
        if self._ws is None:
            self._ws = self._listener.frame_parser()
        self._ws.close_sent, self._ws.state = Close(code, reason), State.CLOSING
        self._ended(code)
        self._listener.close_soon(self)

    # Inside.

    def _read_no_more(self) -> None:
        """Our close is sent: half-close, and let what still arrives pass unread, up to `DISCARD_BYTES` and `Limits.close_s`."""
        self._discard = DISCARD_BYTES
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._listener.close_soon(self)

    def _feed(self, data: bytes) -> None:
        ws = self._ws
        if ws is None:
            ws = self._listener.resting_parser
        ws.receive_data(data)
        if self._ws is None and not _at_rest(ws):
            self._ws = self._listener.give_parser()
        for event in ws.events_received():
            if type(event) is Frame:
                self._frame(event)
            elif type(event) is Request:
                assert isinstance(ws, ServerProtocol)
                self._listener.requested(self, ws, event)
        if ws.writes:
            self.flush(ws)
        if self._ws is ws and self.is_open and self._fragments is None and _at_rest(ws):
            self._ws = None

    def flush(self, ws: websockets.protocol.Protocol) -> None:
        """Write what the protocol itself wants to say: handshake, pongs, the answer to a close."""
        for data in ws.data_to_send():
            if data:
                if not self.close_code:  # nothing follows a close frame
                    self.write(data)
            elif not self.transport.is_closing():
                self._ended(ws.close_sent.code if ws.close_sent else 1000)
                # Half closed: what was written still arrives, and the other side ends the connection.
                self.transport.write_eof()
                self._listener.close_soon(self)

    def _frame(self, frame: Frame) -> None:
        if not self.is_open or frame.opcode is Opcode.PONG:
            return
        match frame.opcode:
            case Opcode.TEXT if frame.fin:
                self._message(cast(bytes, frame.data))
            case Opcode.TEXT:
                self._fragments = bytearray(frame.data)
            case Opcode.CONT if self._fragments is not None:
                self._fragments += frame.data
                if frame.fin:
                    whole, self._fragments = self._fragments, None
                    self._message(whole)
                else:
                    self._count()
            case Opcode.BINARY | Opcode.CONT:
                self.send(Error(code="binary", detail="clients send text only", strikes_left=0))
                self.close(CloseCode.BINARY, "clients send text only")
            case Opcode.PING:
                self._count()

    def _message(self, payload: bytes | bytearray) -> None:
        self.received += 1
        retry_after_ms = self._count()
        if retry_after_ms is None:
            self._listener.application.text(self, payload)
        elif self.is_open:
            self._listener.application.too_fast(self, payload, retry_after_ms)

    def _count(self) -> int | None:
        """Count one message against the rates; tell how long to wait when it was too many."""
        limits = self._listener.limits
        now_s = time.monotonic()
        if self._bucket is None:
            self._bucket = TokenBucket(limits.socket_rate, now_s)
        left = self._bucket.take(limits.socket_rate, now_s)
        if left < -limits.socket_rate.burst:
            self.close(CloseCode.FLOODING, "too many messages")
            return 0
        if left < 0:
            return TokenBucket.wait_ms(left, limits.socket_rate)
        if self.address is not None:
            left = self.address.bucket.take(limits.address_rate, now_s)
            if left < 0:
                return TokenBucket.wait_ms(left, limits.address_rate)
        return None

    def _ended(self, code: int) -> None:
        if not self.close_code:
            self.close_code = code
            if self.opened_s:
                self._listener.application.closed(self)


def _at_rest(ws: websockets.protocol.Protocol) -> bool:
    """Tell whether the parser waits for the first byte of a frame, with nothing else to remember.

    It is a chain of generators; the innermost one says what it waits for. A library that is built otherwise never looks at rest, which
    costs memory and nothing else.
    """
    if ws.state is not State.OPEN or ws.current_size is not None:
        return False
    waiting: Any = ws.parser
    while getattr(waiting, "gi_yieldfrom", None) is not None:
        waiting = waiting.gi_yieldfrom
    return getattr(waiting, "gi_code", None) is StreamReader.at_eof.__code__
