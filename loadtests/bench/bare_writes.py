"""The floor for a broadcast: a process that writes the same bytes to every transport and does nothing else.

`python -m loadtests.bench.bare_writes <payload bytes>` prints its port, answers each handshake, and on a line `<rounds> <pause ms>` writes
that many rounds and prints the processor time per write in microseconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import uvloop

from loadtests.bench.sockets import allow_files
from realtime import socket_frames


class _Viewer(asyncio.Protocol):
    def __init__(self, transports: list[asyncio.Transport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        self._transports.append(self._transport)


async def serve(payload_bytes: int) -> None:
    """Serve until standard input ends."""
    allow_files(20_000)
    transports: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Viewer(transports), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    frame = socket_frames.binary(bytes(payload_bytes))
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        rounds, pause_ms = map(int, line.split())
        began = time.process_time()
        for _ in range(rounds):
            for transport in transports:
                transport.write(frame)
            await asyncio.sleep(pause_ms / 1000)
        print((time.process_time() - began) / (rounds * len(transports)) * 1e6, flush=True)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
