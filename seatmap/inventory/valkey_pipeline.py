"""One Valkey connection that sends everything asked for within one turn of the loop as one write.

Hundreds of coroutines share it: no pool to exhaust, one system call per turn each way. redis-py makes the connection
(address, TLS, authentication, database); from then on the bytes are ours, because its own reader costs a coroutine, a
timeout and a lock per reply.
"""

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from seatmap.faults import Corrupt, Unavailable

IN_FLIGHT_MAX: Final = 4096  # beyond it callers wait their turn; at 30 µs each these are 120 ms of script time
READ_BYTES: Final = 1 << 16
PASSING_ERRORS: Final = (
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "BUSY",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
)
NOTHING: Final = object()


class ValkeyPipeline:
    """Call Valkey from many coroutines over one connection.

    A call raises `Unavailable` when the connection cannot be made, breaks, or stays silent for *timeout_s*; whether a
    call in flight was executed is then unknown. The next call connects again.
    """

    def __init__(self, redis: Redis, timeout_s: float = 5.0) -> None:
        self._redis = redis
        self._timeout_s = timeout_s
        self._room = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._connecting: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._outgoing: list[bytes] = []
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()

    async def command(self, *parts: str | bytes | int) -> Any:
        """Run one command. An error reply raises `Unavailable` when it may pass, else `Corrupt`."""
        return await self.send(hiredis.pack_command(parts))  # type: ignore[arg-type]  # its stub names a 1-tuple

    async def send(self, packed: bytes) -> Any:
        """Run one packed command."""
        async with self._room:
            if self._writer is None:
                await self._connect()
            if self._writer is None:
                raise Unavailable("Valkey: connection closed")
            loop = asyncio.get_running_loop()
            if not self._outgoing:
                loop.call_soon(self._flush)
            future: asyncio.Future[Any] = loop.create_future()
            self._outgoing.append(packed)
            self._waiting.append((future, loop.time()))
            reply = await future
        if isinstance(reply, hiredis.ReplyError):
            raise _fault(str(reply))
        return reply

    async def aclose(self) -> None:
        """Close the connection; calls in flight end with `Unavailable`."""
        if self._connecting:
            self._connecting.cancel()
        reading = self._reading
        self._drop("closed")
        if reading:
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    def _flush(self) -> None:
        packed, self._outgoing = self._outgoing, []
        if self._writer is not None and packed:
            self._writer.write(b"".join(packed))

    async def _connect(self) -> None:
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._open())
            self._connecting.add_done_callback(self._connected)
        try:
            await asyncio.shield(self._connecting)
        except asyncio.CancelledError:
            if self._connecting is None or not self._connecting.cancelled():
                raise
            raise Unavailable("Valkey: closed") from None

    def _connected(self, task: asyncio.Task[None]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # every waiter got it; mark it seen

    async def _open(self) -> None:
        connection: AbstractConnection = self._redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(self._timeout_s):
                await connection.connect()  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
        stream, self._writer = connection._reader, connection._writer
        assert stream is not None
        connection._reader = connection._writer = None  # ours now: the object must not close them when collected
        self._reading = asyncio.create_task(self._read(stream))
        self._watch(self._writer)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        parser = hiredis.Reader(notEnoughData=NOTHING)
        try:
            while chunk := await stream.read(READ_BYTES):
                parser.feed(chunk)
                while (reply := parser.gets()) is not NOTHING:
                    future, _ = self._waiting.popleft()
                    if not future.done():
                        future.set_result(reply)
            self._drop("connection closed")
        except (OSError, hiredis.ProtocolError) as error:
            self._drop(str(error))

    def _watch(self, writer: asyncio.StreamWriter | None) -> None:
        """Give up on a connection that owes a reply for too long."""
        if self._writer is not writer or writer is None:
            return
        loop = asyncio.get_running_loop()
        if self._waiting and loop.time() - self._waiting[0][1] > self._timeout_s:
            self._drop(f"no reply within {self._timeout_s} s")
        else:
            loop.call_later(self._timeout_s / 4, self._watch, writer)

    def _drop(self, reason: str) -> None:
        waiting, self._waiting, self._outgoing = self._waiting, deque(), []
        writer, self._writer, reading, self._reading = self._writer, None, self._reading, None
        if writer is not None:
            writer.close()
        if reading is not None and reading is not asyncio.current_task():
            reading.cancel()
        for future, _ in waiting:
            if not future.done():
                future.set_exception(Unavailable(f"Valkey: {reason}"))


class FunctionMissing(Unavailable):
    """The function library is not loaded: the store is new or was emptied. Nothing was done."""


def _fault(error: str) -> Exception:
    if "Function not found" in error:
        return FunctionMissing(error)
    return Unavailable(error) if error.startswith(PASSING_ERRORS) else Corrupt(error)
