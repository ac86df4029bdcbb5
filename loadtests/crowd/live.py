"""The live socket of a buyer or watcher (docs/messages.md): join, commands answered by id, reconnection with the old ids."""

import asyncio
import itertools
import random
import secrets
from collections.abc import Callable
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from loadtests.crowd.room import HolderKey
from loadtests.crowd.tally import Tally

ANSWER_TIMEOUT_S = 15.0
RECONNECT_TIMEOUT_S = 30.0
# "reconnect" by docs/messages.md; everything else in 4100-4199 and 1002, 1003, 1007, 1009 will not get better by itself.
COME_BACK = frozenset((*range(4000, 4100), 1001, 1006, 1011, 1012, 1013))
ANSWERS = ("held", "released", "refused")


class Dropped(Exception):
    """The socket is gone for good, or the gateway did not answer in time."""


class LiveSocket:
    """One socket on one show. *on_frame* gets binary frames, *on_push* what nobody asked for."""

    def __init__(
        self,
        url: str,
        show: int,
        token: str | None,
        tally: Tally,
        random_: random.Random,
        *,
        on_frame: Callable[[bytes], None] | None = None,
        on_push: Callable[[dict[str, Any]], None] | None = None,
        holder: HolderKey | None = None,
    ) -> None:
        self._url, self._show, self._token = url, show, token
        self._tally, self._random = tally, random_
        self._on_frame, self._on_push = on_frame, on_push
        self._holder = holder
        self._proving: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._joined: asyncio.Future[dict[str, Any]] | None = None
        self._numbers = itertools.count(1)
        self._retry_after_s: float | None = None
        self.scope: Any = "overview"
        self.closed_with: int | None = None

    async def join(self, scope: Any, position: tuple[int, int] | None) -> dict[str, Any]:
        """Open the socket if need be and join the show; gives the `joined` message."""
        self.scope = scope
        if self._socket is None:
            await self._open()
        assert self._socket is not None
        self._joined = asyncio.get_running_loop().create_future()
        message = {"t": "join", "show": self._show, "scope": scope}
        if position is not None:
            message["from"] = position
        if self._token is not None:
            message["session"] = self._token
        with self._tally.timed("join"):
            await self._say(message)
            joined = await self._in_time(self._joined, "join")
        if joined.get("challenge") is not None and self._holder is not None:
            await self._prove(joined["challenge"])
        return joined

    @property
    def reading(self) -> asyncio.Task[None] | None:
        """The task that ends with the connection; None while there is none."""
        return self._reader

    async def enter(self, scope: Any) -> None:
        """Join for the first time, trying again while the gateway is away."""
        self.scope = scope
        try:
            await self.join(scope, None)
        except (OSError, ConnectionClosed, InvalidHandshake):
            await self.come_back()

    async def look_at(self, scope: Any) -> None:
        """Change the scope, without waiting; a lost connection comes back with it."""
        self.scope = scope
        try:
            await self._say({"t": "scope", "scope": scope})
        except ConnectionClosed:
            await self.come_back()

    async def command(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; after a lost connection the same id is sent again."""
        number = f"{kind[0]}{next(self._numbers)}-{secrets.token_hex(6)}"
        with self._tally.timed(kind):
            for _ in range(4):
                future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
                self._waiting[number] = future
                try:
                    await self._say({"t": kind, "id": number, **fields})
                    answer = await self._in_time(future, kind)
                except ConnectionClosed:
                    await self.come_back()
                    continue
                finally:
                    self._waiting.pop(number, None)
                if answer["t"] == "refused":
                    self._tally.refused(kind, str(answer["code"]))
                return answer
        raise Dropped(f"{kind} was never answered")

    async def come_back(self) -> None:
        """Reconnect as the documentation asks, and join again without a position."""
        if self.closed_with is not None and self.closed_with not in COME_BACK:
            self._tally.violated(f"the gateway closed a well-behaved socket with {self.closed_with}")
            raise Dropped(f"closed with {self.closed_with}")
        self._tally.counts["reconnects"] += 1
        deadline = asyncio.get_running_loop().time() + RECONNECT_TIMEOUT_S
        for attempt in itertools.count():
            pause_s = self._retry_after_s
            if pause_s is None:
                pause_s = self._random.uniform(0, min(30.0, 0.5 * 2**attempt))
            await asyncio.sleep(pause_s)
            try:
                await self.leave()
                await self.join(self.scope, None)
                return
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Dropped("no way back to the gateway") from error

    async def leave(self) -> None:
        """Close the socket."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        self._socket = self._reader = None

    async def _open(self) -> None:
        self._socket = await connect(
            self._url, compression=None, ping_interval=None, max_size=2**20, open_timeout=20, close_timeout=2
        )
        self._retry_after_s = self.closed_with = None
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _say(self, message: dict[str, Any]) -> None:
        if self._socket is None:
            raise ConnectionClosed(None, None)
        await self._socket.send(orjson.dumps(message).decode())

    async def _prove(self, nonce: str) -> None:
        """Show that the pass of this show is ours; a hold sent right after it is decided after it."""
        assert self._holder is not None
        signature = self._holder.sign(f"frontrow live v1\n{self._show}\n{nonce}".encode())
        await self._say({"t": "prove", **self._holder.point, "signature": signature})

    async def _in_time(self, future: asyncio.Future[dict[str, Any]], what: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await future
        except TimeoutError:
            self._tally.violated(f"{what} was not answered within {ANSWER_TIMEOUT_S:g} s")
            raise Dropped(what) from None

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                if isinstance(data, bytes):
                    if self._on_frame is not None:
                        self._on_frame(data)
                # Most text is the overview, once a second on every socket: buyers of a crowd don't read it.
                elif not data.startswith('{"t":"overview"'):
                    self._take(orjson.loads(data))
        except ConnectionClosed:
            pass
        finally:
            self.closed_with = socket.close_code
            lost = ConnectionClosed(None, None)
            for future in (*self._waiting.values(), self._joined):
                if future is not None and not future.done():
                    future.set_exception(lost)
                    future.exception()  # nobody may be waiting any more

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["t"]
        if kind in ANSWERS:
            future = self._waiting.get(message["id"])
            if future is not None and not future.done():
                future.set_result(message)
        elif kind == "joined" and self._joined is not None:
            if not self._joined.done():
                self._joined.set_result(message)
        elif kind == "resync" and self._joined is not None and not self._joined.done():
            self._joined.set_exception(Dropped("the position is too old"))
        elif kind == "challenge" and self._holder is not None:
            self._proving = asyncio.create_task(self._prove(message["nonce"]))
        elif kind == "bye":
            self._retry_after_s = message["retry_after_ms"] / 1000
        elif kind == "error":
            if message["code"] in ("malformed", "binary", "version_unknown", "not_joined"):
                self._tally.violated(f"the gateway did not understand us: {message}")
            if self._joined is not None and not self._joined.done():
                self._joined.set_exception(Dropped(str(message["code"])))
        elif self._on_push is not None:
            self._on_push(message)
