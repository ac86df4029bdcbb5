"""A small HTTP/1.1 client for many short calls to one origin: connections kept open, parsed by httptools, TLS when https.

Made because a call through httpx costs five times the processor time (1.31 against 0.23 ms, docs/demo-provider.md) and a
purchase makes several. It does what talking to a payment provider needs and no more: no redirects, cookies, compression.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httptools

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# A list of 100 Stripe intents is about 300 KB; anything beyond this is not an answer we asked for.
REPLY_BYTES_MAX = 8 * 1024 * 1024


class ReplyHeaders(Mapping[str, str]):
    """Header fields, found in any spelling. Repeated fields are joined with a comma."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: ReplyHeaders
    body: bytes


class Stale(ConnectionError):
    """The peer had closed an idle connection before it saw our request: nothing happened there."""


class _Connection(asyncio.Protocol):
    """One connection; one request at a time. Also the callback target of the parser (the `on_*` methods)."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self.used = False
        self._waiter: asyncio.Future[Reply] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._fields: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self._bytes_seen = False
        self._headers_done = False

    @property
    def is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def exchange(self, request: bytes) -> "asyncio.Future[Reply]":
        """Send *request*; the future gets the reply, or a ConnectionError."""
        assert self._waiter is None, "one request at a time on a connection"
        assert self.transport is not None
        self._begin()
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiter

    def drop(self) -> None:
        """Close without waiting: the state of the stream is unknown."""
        self._waiter = None
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's class is none of asyncio's

    def data_received(self, data: bytes) -> None:
        self._bytes_seen = True
        self._size += len(data)
        if self._waiter is None or self._size > REPLY_BYTES_MAX:
            self._fail(ConnectionError("the peer sent more than was asked for"))
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"unreadable reply: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiter is None:
            return
        unbounded = "content-length" not in self._fields and "transfer-encoding" not in self._fields
        if self._headers_done and unbounded and exc is None:
            self._finish()
        elif self.used and not self._bytes_seen:
            self._fail(Stale("the peer closed the idle connection"))
        else:
            self._fail(ConnectionError(f"connection lost before the reply was whole: {exc}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._fields[key] = f"{self._fields[key]}, {text}" if key in self._fields else text

    def on_headers_complete(self) -> None:
        self._headers_done = True

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:  # 100 Continue, 103 Early Hints: the answer follows
            self._fields, self._headers_done = {}, False
            return
        self._finish()

    def _finish(self) -> None:
        reply = Reply(self._parser.get_status_code(), ReplyHeaders(self._fields), b"".join(self._chunks))
        waiter, self._waiter = self._waiter, None
        if not self._parser.should_keep_alive() and self.transport is not None:
            self.transport.close()
        self.used = True
        if waiter is not None and not waiter.done():
            waiter.set_result(reply)

    def _fail(self, error: ConnectionError) -> None:
        waiter, self._waiter = self._waiter, None
        if self.transport is not None:
            self.transport.abort()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)


class KeepAliveClient:
    """Talk to one origin over at most *connections_max* connections. Belongs to the loop that uses it first.

    *timeout_s* bounds a whole exchange, waiting for a free connection and connecting included; *idle_s* is how long a
    connection may rest before it is replaced (keep it under the peer's own limit).
    """

    def __init__(
        self,
        origin: str,
        *,
        timeout_s: float = 20.0,
        connections_max: int = 32,
        idle_s: float = 30.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(origin)
        assert parts.scheme in ("http", "https"), f"not an http origin: {origin!r}"
        assert parts.hostname, f"no host in {origin!r}"
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._host_line = f"Host: {parts.netloc}\r\n"
        self._timeout_s, self._idle_s = timeout_s, idle_s
        self._slots = asyncio.Semaphore(connections_max)
        self._idle: deque[_Connection] = deque()

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        replayable: bool | None = None,
    ) -> Reply:
        """Exchange one request for one reply. Raise TimeoutError or ConnectionError (OSError) when there is none.

        *replayable* requests (default: GET) are sent once more when the peer had just closed an idle connection.
        """
        request = self._encode(method, target, headers, body)
        replay = method == "GET" if replayable is None else replayable
        async with asyncio.timeout(self._timeout_s), self._slots:
            try:
                return await self._exchange(request, fresh=False)
            except Stale:
                if not replay:
                    raise
            return await self._exchange(request, fresh=True)

    async def close(self) -> None:
        """Close what is idle; exchanges under way end by themselves."""
        while self._idle:
            self._idle.pop().drop()

    def _encode(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {target} HTTP/1.1\r\n", self._host_line]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        if body or method not in ("GET", "DELETE"):
            lines.append(f"Content-Length: {len(body)}\r\n")
        head = "".join(lines)
        # A line break inside a name or value would let a caller's text forge header fields or a second request.
        if head.count("\n") != len(lines) or head.count("\r") != len(lines):
            raise ValueError("line break in a header field or target")
        return head.encode("latin-1") + b"\r\n" + body

    async def _exchange(self, request: bytes, *, fresh: bool) -> Reply:
        async with self._connection(fresh=fresh) as connection:
            return await connection.exchange(request)

    @asynccontextmanager
    async def _connection(self, *, fresh: bool) -> "AsyncIterator[_Connection]":
        connection = None if fresh else self._take_idle()
        if connection is None:
            loop = asyncio.get_running_loop()
            name = self._host if self._tls is not None else None
            _, connection = await loop.create_connection(
                _Connection, self._host, self._port, ssl=self._tls, server_hostname=name
            )
        try:
            yield connection
        except BaseException:  # cancelled or timed out in mid-exchange: a late reply must not meet the next request
            connection.drop()
            raise
        if connection.is_open:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)

    def _take_idle(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - self._idle_s
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since >= oldest:
                return connection
            connection.drop()
        return None
