"""Watch shows as any client would, from docs/messages.md alone, and compare snapshot plus deltas with a fresh reading."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from server.orders.finding import Finding
from server.payments.keepalive_http import KeepAliveClient

Position = tuple[int, int]
States = NDArray[np.uint8]
# A viewer of a quiet show hears of its position about every 15 s; the tick is 100 ms to 1 s.
CATCH_UP_S = 20.0
HTTP_TIMEOUT_S = 10.0
# A viewer may be told to begin again (a rebuilt store, a slow reader), but not for ever.
BEGINS_MAX = 5
CHANGES, WHOLE = 1, 2


@dataclass(slots=True)
class Picture:
    """What a viewer believes: its position, the state of every seat, and which seats each recent frame touched."""

    epoch: int
    seq: int
    states: States
    touched: list[tuple[int, list[int]]] = field(default_factory=list)

    def apply(self, frame: bytes) -> bool:
        """Apply a frame of changes by the rule of docs/messages.md; False when something is missing."""
        epoch: int
        from_seq: int
        to_seq: int
        epoch, from_seq, to_seq = struct.unpack_from(">III", frame, 2)
        if epoch != self.epoch or to_seq <= self.seq:
            return epoch == self.epoch
        if from_seq > self.seq + 1:
            return False
        seats = []
        for k, state in read_changes(frame[14:]):
            self.states[k] = state
            seats.append(k)
        self.seq = to_seq
        self.touched.append((to_seq, seats))
        return True


def read_changes(body: bytes) -> list[tuple[int, int]]:
    """Read the records of a kind 1 frame as (k, state)."""
    out, at, k = [], 0, 0
    while at < len(body):
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        k += value >> 5
        for _ in range((value >> 2 & 7) + 1):
            out.append((k, value & 3))
            k += 1
    return out


def read_whole(body: bytes) -> Picture:
    """Read a kind 2 frame, which is also the body of the snapshot over HTTP."""
    _, _, epoch, seq, seats, _ = struct.unpack_from(">BBIIII", body)
    packed = np.frombuffer(body, np.uint8, (seats + 3) // 4, 18)
    states = np.stack([packed >> shift & 3 for shift in (6, 4, 2, 0)], axis=1).ravel()[:seats].astype(np.uint8)
    return Picture(epoch, seq, states)


async def audit_viewers(server: str, live: str, shows: Sequence[int], *, viewers: int, seconds: float) -> list[Finding]:
    """Watch every show with *viewers* sockets for *seconds*, then compare each picture with a fresh one."""
    http = KeepAliveClient(server, timeout_s=HTTP_TIMEOUT_S, connections_max=8)
    try:
        found = await asyncio.gather(
            *(_audit_viewer(http, live, show, number, seconds) for show in shows for number in range(viewers))
        )
    finally:
        await http.close()
    return [finding for findings in found for finding in findings]


async def _audit_viewer(http: KeepAliveClient, live: str, show: int, number: int, seconds: float) -> list[Finding]:
    subject = f"viewer {number} of show {show}"
    try:
        # Every other viewer takes the snapshot first and joins from its position, the others begin on the socket.
        begun = await _snapshot(http, show) if number % 2 else None
        async with connect(live, compression=None, max_size=None) as socket:
            return await _watch(http, socket, show, subject, begun, seconds)
    except (OSError, TimeoutError, WebSocketException) as error:
        return [Finding("viewer_lost", subject, f"{type(error).__name__}: {error}")]


async def _watch(
    http: KeepAliveClient, socket: ClientConnection, show: int, subject: str, begun: Picture | None, seconds: float
) -> list[Finding]:
    await _join(socket, show, begun)
    picture, begins = begun, BEGINS_MAX
    loop = asyncio.get_running_loop()
    until, fresh = loop.time() + seconds, None
    while True:
        try:
            message = await asyncio.wait_for(socket.recv(), max(0.05, until - loop.time()))
        except TimeoutError:
            message = None
        if isinstance(message, bytes):
            if message[0] == WHOLE:
                picture = read_whole(message)
            elif message[0] == CHANGES and picture is not None and not picture.apply(message):
                return [Finding("viewer_gap", subject, f"a frame is missing after {picture.seq}")]
        elif message is not None and orjson.loads(message)["t"] == "resync":
            if begins == 0:
                return [Finding("viewer_restless", subject, f"told {BEGINS_MAX} times to begin again")]
            begins, picture, fresh, until = begins - 1, None, None, loop.time() + seconds
            await _join(socket, show, None)
        if loop.time() < until or picture is None:
            if picture is None and loop.time() > until + CATCH_UP_S:
                return [Finding("viewer_blind", subject, "no picture came")]
            continue
        if fresh is None:
            picture.touched.clear()
            fresh = await _snapshot(http, show)
            if fresh.epoch != picture.epoch:
                return []
            if fresh.seq < picture.seq:
                fresh = None  # a cached one from before: ask again
                until = loop.time() + 0.1
                continue
        if picture.seq >= fresh.seq:
            return _compare(picture, fresh, subject)
        if loop.time() > until + CATCH_UP_S:
            return [
                Finding("viewer_behind", subject, f"at {picture.seq}, {fresh.seq} was reached {CATCH_UP_S:g} s ago")
            ]


async def _join(socket: ClientConnection, show: int, begun: Picture | None) -> None:
    come_from = None if begun is None else [begun.epoch, begun.seq]
    await socket.send(orjson.dumps({"t": "join", "show": show, "scope": "all", "from": come_from}).decode())


def _compare(picture: Picture, fresh: Picture, subject: str) -> list[Finding]:
    """Every seat must look the same, but for those a frame changed that reaches past the fresh reading."""
    later = {k for to_seq, seats in picture.touched if to_seq > fresh.seq for k in seats}
    wrong = [int(k) for k in np.flatnonzero(picture.states != fresh.states) if int(k) not in later]
    if not wrong:
        return []
    return [
        Finding("viewer_wrong", subject, f"{len(wrong)} seats differ from a fresh reading, the first is {wrong[0]}")
    ]


async def _snapshot(http: KeepAliveClient, show: int) -> Picture:
    reply = await http.send("GET", f"/api/v1/shows/{show}/state", {"accept-encoding": "identity"}, b"", replayable=True)
    if reply.status != 200:
        raise ConnectionError(f"the snapshot of show {show} was answered with {reply.status}")
    return read_whole(reply.body)
