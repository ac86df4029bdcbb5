"""Measure the gateway of a whole installation: memory per socket, frames, pushes, holds."""

from __future__ import annotations

import asyncio
import bisect
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import brotli
import msgspec
import numpy as np
import uvloop
from redis.asyncio import Redis

from loadtests.bench import processes
from loadtests.bench.figures import Figure
from loadtests.bench.installation import Installation, installation
from loadtests.bench.sockets import LeanSocket, open_sockets
from realtime import frames
from seatmap.chart.attributes import ACCESSIBLE, Attribute
from seatmap.chart.compiled import CompiledChart
from seatmap.inventory.model import HoldRequest, ShowKey
from seatmap.inventory.valkey_inventory import ValkeyInventory
from server.live_state.snapshot import decode_snapshot
from server.settings import kept_secret
from server.visitor import VisitorTokens

VIEWERS = 2000
CONTENDERS = 1000
CONTENDED_SEATS = 20
HOLDERS = 400
HOLDS_EACH = 5
FRAME_TURNS = 5
FRAME_ROUNDS = 12
# A frame with one changed seat: 14 bytes of header, 3 of record.
DELTA_BYTES = 17
CHANGES_PER_S = 300
CHANGERS = 60
SEATS_EACH = 6
PUSH_S = 8
TICK_S = 0.12


# (seat, state) → when it was asked for
Sent = dict[tuple[int, int], list[float]]


@dataclass
class Place:
    """A running installation and the show that is measured."""

    installation: Installation
    event_id: int
    show_id: int
    adult: int
    tokens: VisitorTokens
    gateway_pid: int
    seats: list[int]

    def token(self) -> str:
        """Be a new visitor."""
        return self.tokens.issue(int(time.time()))


def measure() -> list[Figure]:
    """Start an installation and measure everything."""
    with installation() as running:
        return uvloop.run(measure_running(running))


async def measure_running(running: Installation) -> list[Figure]:
    """Measure *running*; the largest show on sale is used."""
    place = await _arrive(running)
    return [
        await socket_kib(place),
        *await frame_cpu_ratio(place),
        await push_p95_ms(place),
        await hold_socket_cpu_us(place),
        *await hold_contended(place),
    ]


async def socket_kib(place: Place) -> Figure:
    """Tell the memory of one idle viewer."""
    await asyncio.sleep(1)
    before = _rss_kib(place.gateway_pid)
    viewers = await _viewers(place, VIEWERS)
    await asyncio.sleep(2)
    per_socket = (_rss_kib(place.gateway_pid) - before) / VIEWERS
    _close(viewers)
    await asyncio.sleep(1)
    return Figure("socket_kib", round(per_socket, 2), "KiB", 20, note=f"{VIEWERS} viewers of 60,000 seats")


async def frame_cpu_ratio(place: Place) -> list[Figure]:
    """Compare the gateway's processor time per delivered frame with a bare write of as many bytes to as many sockets.

    The changes come from another process, as most do: what a command costs is `hold_socket_cpu_us`. Both take turns, so that whatever else the machine does burdens both alike; the median of the turns counts.
    """
    viewers = await _viewers(place, VIEWERS)
    key, visitor = ShowKey(place.event_id, place.show_id), f"bench{time.time_ns() % 10**11:011}"
    redis = Redis.from_url(_redis_url(place.gateway_pid))
    inventory = ValkeyInventory(redis)
    ours, bare_us = [], []
    async with _bare_writes(DELTA_BYTES) as bare:
        for turn in range(FRAME_TURNS):
            for viewer in viewers:
                viewer.arrivals = []
            began = processes.cpu_s([place.gateway_pid])
            for number in range(FRAME_ROUNDS):
                k, command_id = place.seats[number // 2], f"f{turn}.{number}"
                if number % 2 == 0:
                    await inventory.hold(key, visitor, HoldRequest(((k, place.adult),)), command_id)
                else:
                    await inventory.release(key, visitor, command_id, [k])
                await asyncio.sleep(TICK_S)
            spent = processes.cpu_s([place.gateway_pid]) - began
            ours.append(spent / sum(len(viewer.arrivals or ()) for viewer in viewers) * 1e6)
            bare_us.append(await bare())
    _close(viewers)
    await inventory.aclose()
    await redis.aclose()
    ratio = float(np.median(np.array(ours) / np.array(bare_us)))
    note = f"{VIEWERS} sockets; {np.median(ours):.2f} µs against {np.median(bare_us):.2f} µs"
    return [
        Figure("frame_cpu_ratio", round(ratio, 3), "×", 1.3, note=note),
        Figure("frame_cpu_us", round(float(np.median(ours)), 2), "µs"),
    ]


@asynccontextmanager
async def _bare_writes(payload_bytes: int) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """Open as many sockets to a process that only writes; yields what runs one turn and tells its microseconds per write."""
    command = [sys.executable, "-m", "loadtests.bench.bare_writes", str(payload_bytes)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout
    sockets = await open_sockets(int(await stdout.readline()), VIEWERS, LeanSocket)

    async def turn() -> float:
        stdin.write(f"{FRAME_ROUNDS} {int(TICK_S * 1000)}\n".encode())
        return float(await stdout.readline())

    yield turn
    _close(sockets)
    stdin.close()
    await process.wait()


async def push_p95_ms(place: Place) -> Figure:
    """Tell how long a change at one viewer takes to reach the others."""
    viewers, changers = await _viewers(place, VIEWERS), await _visitors(place, CHANGERS)
    for viewer in viewers:
        viewer.arrivals = []
    sent: Sent = {}
    await asyncio.gather(*(_change(place, changer, number, sent) for number, changer in enumerate(changers)))
    await asyncio.sleep(1)
    delays = _delays_ms(viewers, sent)
    _close([*viewers, *changers])
    changes = sum(len(asked) for asked in sent.values())
    note = f"{changes / PUSH_S:.0f} changes/s, {len(delays):,} deliveries, median {np.median(delays):.0f} ms"
    return Figure("push_p95_ms", round(float(np.percentile(delays, 95)), 1), "ms", 200, note=note)


async def _change(place: Place, changer: LeanSocket, number: int, sent: Sent) -> None:
    """Hold one's own seats one after the other, then release them, at an even pace; note when each change was asked for."""
    own = place.seats[number * SEATS_EACH : (number + 1) * SEATS_EACH]
    every_s = CHANGERS / CHANGES_PER_S
    due = time.perf_counter() + every_s * number / CHANGERS
    end, turn = due + PUSH_S, 0
    while due < end:
        await asyncio.sleep(max(0, due - time.perf_counter()))
        k, state = own[turn % SEATS_EACH], 1 - turn // SEATS_EACH % 2
        sent.setdefault((k, state), []).append(time.perf_counter())
        await _ask(place, changer, f"p{turn}", k, state)
        turn, due = turn + 1, due + every_s


def _delays_ms(viewers: Iterable[LeanSocket], sent: Sent) -> np.ndarray:
    """Find for every change and viewer the frame that brought it.

    The same change of a seat is repeated every 2.4 s, so a frame belongs to the last time it was asked for before.
    """
    changes_of: dict[bytes, list[tuple[int, int]]] = {}
    delays = []
    for viewer in viewers:
        for at, frame in viewer.arrivals or ():
            if frame not in changes_of:
                changes_of[frame] = frames.decode_delta(frame)[3]
            for change in changes_of[frame]:
                if (asked := sent.get(change)) is not None:
                    delays.append((at - asked[bisect.bisect(asked, at) - 1]) * 1000)
    return np.array(delays)


async def hold_socket_cpu_us(place: Place) -> Figure:
    """Tell the processor time of all processes per hold of one seat, from command to answer."""
    holders = await _visitors(place, HOLDERS)
    pids = place.installation.pids()
    began = processes.cpu_s(pids)
    answers = await asyncio.gather(*(_hold_some(place, holder, number) for number, holder in enumerate(holders)))
    spent = processes.cpu_s(pids) - began
    held = sum(answers)
    _close(holders)
    note = f"{held} holds of {HOLDERS * HOLDS_EACH}; all processes, Valkey included"
    return Figure("hold_socket_cpu_us", round(spent / held * 1e6, 1), "µs", 200, note=note)


async def _hold_some(place: Place, holder: LeanSocket, number: int) -> int:
    held = 0
    for turn in range(HOLDS_EACH):
        k = place.seats[CHANGERS * SEATS_EACH + number * HOLDS_EACH + turn]
        answer = await holder.command("hold", f"h{turn}", seats=[[k, place.adult]])
        held += answer["t"] == "held"
    return held


async def hold_contended(place: Place) -> list[Figure]:
    """Let a thousand visitors ask for the same twenty seats at once."""
    contenders = await _visitors(place, CONTENDERS, scope="all")
    wanted = place.seats[-CONTENDED_SEATS:]
    began = time.perf_counter()
    asked = [
        contender.command("hold", "c", seats=[[wanted[number % CONTENDED_SEATS], place.adult]])
        for number, contender in enumerate(contenders)
    ]
    answers = await asyncio.gather(*asked)
    took = time.perf_counter() - began
    _close(contenders)
    won = sum(answer["t"] == "held" for answer in answers)
    offered = sum(len(answer.get("offers", ())) == 3 for answer in answers)
    return [
        Figure("hold_contended_s", round(took, 3), "s", 1, note=f"{CONTENDERS} answered, {offered} with three offers"),
        Figure(
            "hold_contended_lost", abs(won - CONTENDED_SEATS), "seats", 0, note=f"{won} of {CONTENDED_SEATS} seats won"
        ),
    ]


# Getting there.


async def _arrive(running: Installation) -> Place:
    """Find the largest show on sale, and seats in it that may be held alone."""
    shows = [show for event in _get(running, "/api/v1/events")["events"] for show in _shows_of(running, event)]
    show = max((show for show in shows if show["state"] == "on_sale"), key=lambda show: show["capacity"])
    [gateway] = [pid for pid in running.pids() if processes.command(pid).endswith("-m realtime")]
    tokens = VisitorTokens(kept_secret(running.var))
    place = Place(running, show["event_id"], show["id"], show["prices"][0]["type_id"], tokens, gateway, [])
    place.seats = _seats(place)
    # Whatever the first viewers cost once (the chart, the index, code paths) is not what one more costs.
    _close(await _viewers(place, 300))
    return place


def _bytes(running: Installation, path: str) -> bytes:
    with urllib.request.urlopen(running.url + path, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def _get(running: Installation, path: str) -> Any:
    return msgspec.json.decode(_bytes(running, path))


def _chart(place: Place) -> CompiledChart:
    show = _get(place.installation, f"/api/v1/shows/{place.show_id}")
    return CompiledChart.load(
        brotli.compress(_bytes(place.installation, f"/api/v1/charts/{show['chart_id']}/{show['chart_rev']}"))
    )


def _state_of(place: Place) -> str:
    return f"/api/v1/shows/{place.show_id}/state"


def _shows_of(running: Installation, event: dict[str, Any]) -> list[Any]:
    return list(_get(running, f"/api/v1/events/{event['id']}")["shows"])


def _seats(place: Place) -> list[int]:
    """Find enough free seats that stand at the end of their row, so that holding one alone is always allowed."""
    chart = _chart(place)
    states = frames.unpack_states(decode_snapshot(_bytes(place.installation, _state_of(place))).packed, chart.n)
    run = chart.run[chart.order]
    starts = chart.order[np.flatnonzero(np.diff(run, prepend=-1))]
    length = np.bincount(run[run >= 0])
    kept = chart.attributes & int(ACCESSIBLE | Attribute.COMPANION) != 0
    fit = [
        int(k)
        for k in starts
        if length[chart.run[k]] >= 5 and not kept[k : k + 5].any() and not states[k : k + 5].any()
    ]
    random.Random(1).shuffle(fit)
    assert len(fit) > CHANGERS * SEATS_EACH + HOLDERS * HOLDS_EACH + CONTENDED_SEATS
    return fit


async def _viewers(place: Place, count: int) -> list[LeanSocket]:
    sockets = await open_sockets(place.installation.live_port, count, LeanSocket)
    joined = [socket.expect("joined") for socket in sockets]
    state = _position(place)
    for socket in sockets:
        socket.send(t="join", show=place.show_id, scope="all", **{"from": state})
    await asyncio.wait_for(asyncio.gather(*joined), 30)
    return sockets


def _position(place: Place) -> list[int]:
    snapshot = decode_snapshot(_bytes(place.installation, _state_of(place)))
    return [snapshot.epoch, snapshot.seq]


async def _visitors(place: Place, count: int, scope: Any = ()) -> list[LeanSocket]:
    """Open sockets of visitors; without *scope* they are told of no seats, so that only their commands cost."""
    sockets = await open_sockets(place.installation.live_port, count, LeanSocket)
    joined = [socket.expect("joined") for socket in sockets]
    for socket in sockets:
        socket.send(t="join", show=place.show_id, scope=scope, session=place.token(), **{"from": None})
    await asyncio.wait_for(asyncio.gather(*joined), 30)
    return sockets


async def _ask(place: Place, changer: LeanSocket, command_id: str, k: int, state: int) -> None:
    """Hold a seat (*state* 1) or release it (0)."""
    if state:
        answer = await changer.command("hold", command_id, seats=[[k, place.adult]])
    else:
        answer = await changer.command("release", command_id, seats=[k])
    if answer["t"] == "refused":
        raise RuntimeError(f"the measurement was refused: {answer}")


def _redis_url(pid: int) -> str:
    """Find the store of an installation where its processes find it: in the environment."""
    with open(f"/proc/{pid}/environ", "rb") as book:
        variables = dict(entry.partition(b"=")[::2] for entry in book.read().split(b"\0"))
    return variables[b"REDIS_URL"].decode()


def _close(sockets: Iterable[LeanSocket]) -> None:
    for socket in sockets:
        socket.close()


def _rss_kib(pid: int) -> float:
    with open(f"/proc/{pid}/smaps_rollup") as book:
        return sum(float(line.split()[1]) for line in book if line.startswith("Rss:"))
