"""A client written from docs/messages.md alone: joins, keeps a picture, comes back after a break."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from realtime.picture import Picture

WAIT_S = 5.0
_numbers = itertools.count(1)


class Client:
    """One viewer on a real socket."""

    def __init__(self, url: str, *, show: int = 7, session: str | None = None, scope: Any = "all") -> None:
        self.url, self.show, self.session, self.scope = url, show, session, scope
        self.picture = Picture.empty(0)
        self.messages: list[dict[str, Any]] = []
        self.gaps = 0
        self.resyncs = 0
        self.reconnects = -1
        self.headers: dict[str, str] = {}
        self.origin: str | None = None
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self.code: int | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Open the socket without joining."""
        self._socket = await connect(
            self.url,
            compression=None,
            additional_headers=self.headers,
            origin=None if self.origin is None else Origin(self.origin),
            ping_interval=None,
        )
        self.reconnects += 1
        self._reader = asyncio.create_task(self._read(self._socket))

    async def close(self) -> None:
        """Go away."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    @property
    def socket(self) -> ClientConnection:
        assert self._socket is not None
        return self._socket

    async def send(self, **message: Any) -> None:
        """Send one message."""
        await self.socket.send(msgspec.json.encode(message).decode())

    async def join(self) -> dict[str, Any]:
        """Join from the position reached, and return `joined` or `resync`."""
        await self.ask_to_join()
        joined: dict[str, Any] = await self.heard("joined", "resync")
        return joined

    async def ask_to_join(self) -> None:
        await self.send(
            t="join", show=self.show, scope=self.scope, session=self.session, **{"from": self.picture.position}
        )

    async def command(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        command_id = fields.pop("id", None) or f"c{next(_numbers)}"
        seen = len(self.messages)
        await self.send(t=kind, id=command_id, **fields)
        answer: dict[str, Any] = await self.until(
            lambda: next((m for m in self.messages[seen:] if m.get("id") == command_id), None)
        )
        return answer

    async def heard(self, *kinds: str, after: int | None = None) -> dict[str, Any]:
        """Wait for the next message of one of *kinds*; *after* counts messages to skip."""
        seen = len(self.messages) if after is None else after
        found: dict[str, Any] = await self.until(
            lambda: next((m for m in self.messages[seen:] if m["t"] in kinds), None)
        )
        return found

    async def until(self, condition: Any) -> Any:
        """Wait until *condition* is true, looking after every message."""
        async with asyncio.timeout(WAIT_S), self._news:
            while not (result := condition()):
                await self._news.wait()
            return result

    async def closed(self) -> int:
        """Wait until the gateway has closed the socket; return the close code."""
        async with asyncio.timeout(WAIT_S):
            assert self._reader is not None
            await self._reader
        assert self.code is not None
        return self.code

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                if isinstance(data, bytes):
                    if self.picture.take(data) == "gap":
                        self.gaps += 1
                        await self.send(t="scope", scope=self.scope, **{"from": self.picture.position})
                else:
                    await self._take(msgspec.json.decode(data))
                async with self._news:
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        self.code = socket.close_code
        async with self._news:
            self._news.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["t"] == "joined" and len(self.picture.states) != message["seats"]:
            self.picture = Picture.empty(message["seats"])
        if message["t"] == "resync":
            self.resyncs += 1
            self.picture.forget()
            await self.ask_to_join()
