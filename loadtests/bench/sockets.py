"""Thousands of sockets in one process, as cheap as a client can be, so that the measuring does not become the load."""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import struct
import time
from typing import Any, TypeVar, cast

import msgspec

_encode = msgspec.json.encode
_decode = msgspec.json.decode


class LeanSocket(asyncio.Protocol):
    """A WebSocket client. Binary frames are kept with their time of arrival, text messages go to whoever asked."""

    __slots__ = ("_buffer", "_host", "_transport", "_waiting", "arrivals", "opened")

    def __init__(self, host: str, opened: asyncio.Future[None]) -> None:
        self._host, self.opened = host, opened
        self._buffer = b""
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.arrivals: list[tuple[float, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /live HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if self._buffer:
            data = self._buffer + data
        at, end = 0, len(data)
        if not self.opened.done():
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._buffer = data
                return
            self.opened.set_result(None)
        while end - at >= 2:
            length, head = data[at + 1], 2
            if length == 126:
                if end - at < 4:
                    break
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif length == 127:
                length, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if end - at < head + length:
                break
            self._frame(data[at] & 15, data[at + head : at + head + length], now)
            at += head + length
        self._buffer = data[at:]

    def connection_lost(self, error: Exception | None) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the gateway closed the socket"))

    def send(self, **message: Any) -> None:
        """Send one message (masked with zeros: the mask hides nothing from a measurement)."""
        payload = _encode(message)
        length = len(payload)
        head = bytes((0x81, 0x80 | length)) if length < 126 else struct.pack("!BBH", 0x81, 0xFE, length)
        self._transport.write(head + b"\0\0\0\0" + payload)

    def command(self, kind: str, command_id: str, **fields: Any) -> asyncio.Future[dict[str, Any]]:
        """Send a command; the future gets its answer."""
        future = self._waiting[command_id] = asyncio.get_running_loop().create_future()
        self.send(t=kind, id=command_id, **fields)
        return future

    def expect(self, kind: str) -> asyncio.Future[dict[str, Any]]:
        """Return a future of the next message of *kind*."""
        future = self._waiting["t:" + kind] = asyncio.get_running_loop().create_future()
        return future

    def close(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == 2:
            if self.arrivals is not None:
                self.arrivals.append((now, payload))
        elif opcode == 1:
            message = _decode(payload)
            future = self._waiting.pop(message.get("id") or "t:" + message["t"], None)
            if future is not None and not future.done():
                future.set_result(message)
        elif opcode == 9:
            self._transport.write(b"\x8a\x80\0\0\0\0")


S = TypeVar("S", bound=LeanSocket)


async def open_sockets(port: int, count: int, kind: type[S]) -> list[S]:
    """Open *count* sockets to the gateway on this machine, a few hundred at a time."""
    allow_files(count + 500)
    loop = asyncio.get_running_loop()
    sockets: list[S] = []
    while len(sockets) < count:
        made = await asyncio.gather(*(_open(loop, port, kind) for _ in range(min(200, count - len(sockets)))))
        await asyncio.wait_for(asyncio.gather(*(socket.opened for socket in made)), 30)
        sockets += made
    return sockets


async def _open(loop: asyncio.AbstractEventLoop, port: int, kind: type[S]) -> S:
    _, protocol = await loop.create_connection(lambda: kind("127.0.0.1", loop.create_future()), "127.0.0.1", port)
    return protocol


def allow_files(count: int) -> None:
    """Raise this process's limit of open files to at least *count*."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(count, soft), hard), hard))
