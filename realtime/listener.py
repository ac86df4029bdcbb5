"""All sockets of this process: who may open one, who is silent, who reads too slowly, and how everybody is sent away."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import socket
import time
from dataclasses import dataclass
from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.protocol import SERVER, Protocol
from websockets.server import ServerProtocol

from realtime import metrics, socket_frames
from realtime.connection import Application, Connection
from realtime.http_pages import Page, Pages
from realtime.limits import Limits, TokenBucket
from realtime.messages import Bye, CloseCode
from server.logs import logger

PATH = "/live"
# The kernel's own buffer per socket counts too: left alone it grows to megabytes for a reader that has stopped.
KERNEL_SEND_BYTES = 128 * 1024
BACKLOG = 4096
RETRY_CROWDED_S = 5
# 50,000 sockets come back to the other processes within 25 s, 2,000 a second: a handshake and a join cost about 0.3 ms.
RETRY_PER_SOCKET_MS = 0.5
RETRY_MIN_MS = 1000
RETRY_MAX_MS = 30_000
RETRY_WAITING_MS = 15_000


@dataclass(slots=True, eq=False)
class Address:
    """What one remote address has open and has sent."""

    name: str
    bucket: TokenBucket
    sockets: int = 0


class Listener:
    """One listening socket and the connections that came through it."""

    def __init__(self, application: Application, pages: Pages, limits: Limits, *, trust_proxy: bool = False) -> None:
        self.application, self.limits = application, limits
        self.protocol_log = logging.getLogger("websockets.server")
        self.protocol_log.setLevel(logging.WARNING)
        self.connections: set[Connection] = set()
        self.paused: dict[Connection, float] = {}
        self.draining = False
        self.resting_parser = self.frame_parser()
        self._pages, self._trust_proxy = pages, trust_proxy
        self._addresses: dict[str, Address] = {}
        # Insertion order is age: the front is due first.
        self._shaking_hands: dict[Connection, float] = {}
        self._closing: dict[Connection, float] = {}
        self._wheel: list[set[Connection]] = [set() for _ in range(limits.ping_s)]
        self._second = 0
        self._server: asyncio.Server | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._answers: set[asyncio.Task[None]] = set()

    # Life.

    async def open(self, listening: socket.socket) -> None:
        """Accept from *listening*, which sibling processes may share (`server.listen.shared_socket`)."""
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_SEND_BYTES)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), sock=listening, backlog=BACKLOG)
        self._clock = loop.call_later(1, self._every_second)

    async def drain(self, grace_s: float) -> None:
        """Stop accepting, send everybody away with spread delays, and be rid of them within *grace_s*."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        leaving = list(self.connections)
        retry_max_ms = min(RETRY_MAX_MS, max(RETRY_MIN_MS, int(len(leaving) * RETRY_PER_SOCKET_MS)))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        for number, connection in enumerate(leaving):
            # Who waits in a line has time, and there may be more of them than of all others.
            most_ms = retry_max_ms if connection.waiter is None else max(retry_max_ms, RETRY_WAITING_MS)
            connection.send(Bye(retry_after_ms=random.randrange(most_ms)))
            connection.close(CloseCode.DRAINING, "draining")
            if number % 500 == 499:
                await asyncio.sleep(0)
        while self.connections and loop.time() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.transport.abort()
        if self._clock is not None:
            self._clock.cancel()
        await asyncio.sleep(0)

    # Parsers.

    def handshake_parser(self) -> ServerProtocol:
        """Make the parser of a new connection."""
        return ServerProtocol(max_size=self.limits.message_bytes, logger=self.protocol_log)

    def frame_parser(self) -> Protocol:
        """Make a parser of an open socket."""
        return Protocol(SERVER, max_size=self.limits.message_bytes, logger=self.protocol_log)

    def give_parser(self) -> Protocol:
        """Give away the parser that all share, which has begun to remember something for one of them."""
        given, self.resting_parser = self.resting_parser, self.frame_parser()
        return given

    # Called by connections.

    def arrived(self, connection: Connection) -> None:
        """A TCP connection: it has a few seconds to shake hands."""
        self.connections.add(connection)
        self._shaking_hands[connection] = time.monotonic() + self.limits.handshake_s

    def requested(self, connection: Connection, ws: ServerProtocol, request: Request) -> None:
        """The handshake, or a page for machines on the same port."""
        path = request.path.partition("?")[0]
        if path != PATH:
            task = asyncio.ensure_future(self._answer(connection, ws, request.method, path))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
            return
        address = self._address_of(connection, request)
        if self.draining or len(self.connections) > self.limits.sockets or self._crowded(address):
            metrics.REFUSED_SOCKETS.inc()
            response = ws.reject(HTTPStatus.SERVICE_UNAVAILABLE, "Too many sockets; come back in a moment.\n")
            response.headers["Retry-After"] = str(RETRY_CROWDED_S)
        else:
            response = ws.accept(request)
        ws.send_response(response)
        connection.flush(ws)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self._opened(connection, address, request)

    def gone(self, connection: Connection) -> None:
        """The TCP connection has ended."""
        self.connections.discard(connection)
        self._shaking_hands.pop(connection, None)
        self._closing.pop(connection, None)
        self.paused.pop(connection, None)
        if connection.opened_s:
            metrics.SOCKETS.dec()
            self._wheel[_spoke(connection, len(self._wheel))].discard(connection)
        address = connection.address
        if address is not None:
            address.sockets -= 1
            if address.sockets == 0:
                self._addresses.pop(address.name, None)

    def close_soon(self, connection: Connection) -> None:
        """The other side has some seconds to end the connection."""
        self._closing.setdefault(connection, time.monotonic() + self.limits.close_s)

    # Inside.

    def _opened(self, connection: Connection, address: Address | None, request: Request) -> None:
        self._shaking_hands.pop(connection, None)
        connection.opened_s = time.monotonic()
        connection.address = address
        if address is not None:
            address.sockets += 1
        self._wheel[_spoke(connection, len(self._wheel))].add(connection)
        metrics.SOCKETS.inc()
        self.application.opened(connection, request)

    def _address_of(self, connection: Connection, request: Request) -> Address | None:
        """Find the address to count against; None for programs on this machine."""
        peer = connection.transport.get_extra_info("peername")
        name = str(peer[0]) if peer else ""
        if self._trust_proxy:
            # The last entry is the one our own proxy wrote; those before it are the client's word.
            forwarded = request.headers.get_all("X-Forwarded-For")
            name = forwarded[-1].rpartition(",")[2].strip() if forwarded else name
        try:
            if ipaddress.ip_address(name).is_loopback:
                return None
        except ValueError:
            return None
        found = self._addresses.get(name)
        if found is None:
            found = self._addresses[name] = Address(name, TokenBucket(self.limits.address_rate, time.monotonic()))
        return found

    def _crowded(self, address: Address | None) -> bool:
        return address is not None and address.sockets >= self.limits.sockets_per_address

    async def _answer(self, connection: Connection, ws: ServerProtocol, method: str, path: str) -> None:
        page = await self._pages.page(method, path)
        if connection.transport.is_closing():
            return
        ws.send_response(_response(page))
        connection.flush(ws)

    def _every_second(self) -> None:
        self._clock = asyncio.get_running_loop().call_later(1, self._every_second)
        now_s = time.monotonic()
        for waiting in (self._shaking_hands, self._closing):
            while waiting:
                connection, due_s = next(iter(waiting.items()))
                if due_s > now_s:
                    break
                del waiting[connection]
                connection.transport.abort()
        for connection in [found for found, since_s in self.paused.items() if since_s < now_s - self.limits.slow_s]:
            metrics.SLOW_READERS.inc()
            connection.close(CloseCode.SLOW_READER, "unread for too long")
        self._ping()

    def _ping(self) -> None:
        """Ping the part of the sockets whose second it is; a whole turn of the wheel is the keepalive period."""
        self._second = (self._second + 1) % len(self._wheel)
        for connection in list(self._wheel[self._second]):
            if not connection.is_open:
                continue
            if connection.missed_pings >= self.limits.silent_pings:
                connection.close(CloseCode.SILENT, "no answer to pings")
                continue
            connection.missed_pings += 1
            connection.write(socket_frames.PING)


def _spoke(connection: Connection, spokes: int) -> int:
    """Choose the second of the keepalive period, evenly over all sockets."""
    return hash(connection) % spokes


def _response(page: Page) -> Response:
    headers = Headers()
    headers["Content-Type"] = page.content_type
    headers["Content-Length"] = str(len(page.body))
    headers["Cache-Control"] = "no-store"
    headers["Connection"] = "close"
    return Response(page.status, HTTPStatus(page.status).phrase, headers, page.body)


def log_closed(connection: Connection) -> None:
    """Write the one line a socket leaves behind; who behaved is worth no more than an answered request: 60,000 at the end of a sale."""
    write = logger().info if connection.strikes else logger().debug
    write(
        "socket.closed",
        seconds=round(time.monotonic() - connection.opened_s, 1),
        code=connection.close_code,
        received=connection.received,
        strikes=connection.strikes,
        show=connection.session.show_id if connection.session is not None else None,
    )
