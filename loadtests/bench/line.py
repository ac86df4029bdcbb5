"""Measure the waiting line alone: memory a place, joins, claims under a storm, order with many writers, a draw of a million."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import redis
import uvloop
from redis.asyncio import Redis

from loadtests.bench.figures import Figure
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from server.collector import spare_what_stays
from server.embedded import valkey
from waitingroom import keys, roll
from waitingroom.draw import draw, seed_of
from waitingroom.model import Claimed, Drawn, Joined, Lobby, RoomKey, RoomPlan
from waitingroom.scripts import load_library
from waitingroom.valkey_line import ValkeyLine

SEED: Final = 11
PEOPLE: Final = 1_000_000
ROOM: Final = "bench"
ROUND: Final = 5_000  # the middle round counts: commandstats are wall time, and a short round is seldom interrupted
PEAK_JOINS: Final = 40_000
TOGETHER: Final = 64
PACED_S: Final = 5.0
WRITERS: Final = 8
JOINS_A_WRITER: Final = 2_000
CAP: Final = 300
STORM: Final = 10
SECRET: Final = bytes(32)


class Join(NamedTuple):
    """One join as its writer saw it, on the clock all processes share."""

    sent_ns: int
    answered_ns: int
    place: int


def measure() -> list[Figure]:
    """Measure on a store of its own."""
    with tempfile.TemporaryDirectory(prefix="fr-") as folder:
        server = valkey.start(Path(folder) / "valkey", durable=False)
        try:
            figures = uvloop.run(_million(server.url))
            figures.append(uvloop.run(_storm(server.url)))
            figures.append(_inversions(server.url))
        finally:
            server.stop()
    return figures


def identities(count: int, first: int = 0) -> list[bytes]:
    """Make digests as evenly spread as real ones, the same every time."""
    return [hashlib.blake2b(n.to_bytes(8, "big"), digest_size=8).digest() for n in range(first, first + count)]


@asynccontextmanager
async def _line(url: str) -> AsyncIterator[tuple[Redis, ValkeyLine]]:
    client = Redis.from_url(url)
    store = ValkeyPipeline(client)
    yield client, ValkeyLine(store, FunctionMissing)
    await store.aclose()
    await client.aclose()


async def _open(line: ValkeyLine, key: RoomKey, *, lobby: bool, cap: int = CAP) -> None:
    now_ms = int(time.time() * 1000)
    draws_ms = now_ms + 3_600_000 if lobby else now_ms
    await line.open_room(key, RoomPlan(now_ms, draws_ms, cap=cap, rate_per_min=10**6, shows=(1,)))


# ── a million in the lobby ──


async def _million(url: str) -> list[Figure]:
    """Fill a lobby, measuring joins on the way; then draw it."""
    key = RoomKey(1, 1)
    async with _line(url) as (client, line):
        await client.flushall()
        await _open(line, key, lobby=True)
        crowd = identities(PEOPLE)
        await line.join(key, crowd[0])
        before = await _used_bytes(client)
        rounds = _fill(url, key, crowd)
        drawn = await _draw_figures(line, key)
        used = (await _used_bytes(client) - before) / PEOPLE
        later = identities(3 * PEAK_JOINS, PEOPLE)
        spare_what_stays()  # a million digests are no garbage: without this the client pauses to look at them
        half_per_s = await _peak_per_s(lambda n: line.join(key, later[n])) / 2
        p99_ms = await _paced(lambda n: line.join(key, later[PEAK_JOINS + n]), half_per_s)
    return [
        Figure("room_bytes", round(used, 1), "B", 25, note="1,000,000 places, drawn: list, positions and states"),
        Figure("join_script_us", round(statistics.median(rounds), 1), "µs", 12, note=f"lowest round {min(rounds):.1f}"),
        Figure(
            "join_p99_ms", round(p99_ms, 1), "ms", 50, note=f"at {half_per_s:,.0f} joins/s, half the peak of a client"
        ),
        *drawn,
    ]


def _fill(url: str, key: RoomKey, crowd: Sequence[bytes]) -> list[float]:
    """Let the crowd join over a bare connection, a round at once; Valkey's µs per call of each round."""
    function, parts, rounds = load_library().functions["join_line"], keys.room_keys(key), []
    client = redis.Redis.from_url(url)
    for at in range(0, len(crowd), ROUND):
        client.config_resetstat()
        pipe = client.pipeline(transaction=False)
        for one in crowd[at : at + ROUND]:
            bucket, field = keys.bucket_of(one)
            call: list[Any] = [*parts, keys.bucket_key(key, bucket), field, one[7] % 3]
            pipe.fcall(function, len(parts) + 1, *call)
        pipe.execute()
        stats: Any = client.info("commandstats")
        rounds.append(float(stats["cmdstat_fcall"]["usec_per_call"]))
    client.close()
    return rounds


async def _used_bytes(client: Redis) -> int:
    """Read what is used once what was unlinked is free: the staged arrays of a draw are 4 MB, let go in the background."""
    async with asyncio.timeout(10):
        while (memory := await client.info("memory"))["lazyfree_pending_objects"]:
            await asyncio.sleep(0.01)
    return int(memory["used_memory"])


async def _peak_per_s(join: Callable[[int], Awaitable[object]]) -> float:
    """Join as fast as one client can, each of many tasks asking again when it was answered."""
    numbers = iter(range(PEAK_JOINS))

    async def some() -> None:
        for number in numbers:
            await join(number)

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(TOGETHER)))
    return PEAK_JOINS / (time.perf_counter() - began)


async def _paced(join: Callable[[int], Awaitable[object]], rate_per_s: float) -> float:
    """Send joins at random times at *rate_per_s*, whatever becomes of them; p99 from the planned moment to the answer."""
    loop, rng = asyncio.get_running_loop(), np.random.default_rng(SEED)
    planned = np.cumsum(rng.exponential(1 / rate_per_s, min(int(PACED_S * rate_per_s), 2 * PEAK_JOINS)))
    waits: list[float] = []

    async def one(number: int, due: float) -> None:
        await join(number)
        waits.append((loop.time() - due) * 1000)

    began, under_way = loop.time(), set[asyncio.Task[None]]()
    for number, at in enumerate(planned.tolist()):
        if (early := began + at - loop.time()) > 0:
            await asyncio.sleep(early)
        task = asyncio.create_task(one(number, began + at))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return float(np.percentile(waits, 99))


async def _draw_figures(line: ValkeyLine, key: RoomKey) -> list[Figure]:
    """Close the lobby now; read it, prove it and put it in force."""
    await line.stop_clock(key, int(time.time() * 1000) + 3_600_000)
    began = time.perf_counter()
    lobby = await line.read_lobby(key)
    assert isinstance(lobby, Lobby)
    listed = roll.make_roll(lobby.tiers, lobby.identities)
    roots = roll.block_roots(listed)
    seed = seed_of(SECRET, roll.root_of(roots), b"")
    proved = time.perf_counter()
    positions = draw(seed, ROOM, lobby.tiers)
    answer = await line.publish_draw(key, seed.hex(), positions)
    ended = time.perf_counter()
    assert answer == Drawn(PEOPLE, False)
    await line.stop_clock(key, 0)
    return [
        Figure("draw_s", round(ended - proved, 2), "s", 1, note="1,000,000 in three tiers, in force"),
        Figure("draw_proof_s", round(ended - began, 2), "s", 10, note="with the list read and its Merkle tree"),
    ]


# ── ten times as many claims as the cap ──


async def _storm(url: str) -> Figure:
    """Everybody is called and claims at once and again, while visits end; nobody is ever inside beyond the cap."""
    key, people = RoomKey(2, 1), STORM * CAP
    lines = []
    async with _line(url) as (client, line):
        await _open(line, key, lobby=False)
        crowd = identities(people)
        await asyncio.gather(*(line.join(key, one) for one in crowd))
        fence = await line.lead(key, "bench", 60_000)
        assert fence
        await line.move(key, fence, people)
        stores = [ValkeyPipeline(client) for _ in range(WRITERS)]
        lines = [ValkeyLine(store, FunctionMissing) for store in stores]
        inside, most, done = set[str](), 0, asyncio.Event()

        async def watch() -> None:
            nonlocal most
            while not done.is_set():
                state = await line.read(key)
                assert state
                most = max(most, state.visits)

        async def claim(n: int) -> None:
            answer = await lines[n % WRITERS].claim(key, n, crowd[n], f"v{n}", "h")
            if isinstance(answer, Claimed):
                inside.add(f"v{n}")

        watching = asyncio.create_task(watch())
        claims = 0
        while claims < 10 * people:
            await asyncio.gather(*(claim(n) for n in range(people)))
            claims += people
            ending = sorted(inside)[: CAP // 3]
            inside.difference_update(ending)
            await asyncio.gather(*(line.end_visit(key, visitor) for visitor in ending))
        done.set()
        await watching
        passes = len([name async for name in client.scan_iter("{e:2}:s:1:pass:*", count=1000)])
        for store in stores:
            await store.aclose()
    over = max(most, passes, len(inside)) - CAP
    return Figure(
        "overshoot", max(0, over), "visits", 0, note=f"{claims:,} claims under a cap of {CAP}, {WRITERS} writers"
    )


# ── eight processes join at once ──


def _inversions(url: str) -> Figure:
    """Count pairs where who was answered first got the later place than somebody who had not asked yet."""
    key = RoomKey(3, 1)

    async def prepare() -> None:
        async with _line(url) as (_, line):
            await _open(line, key, lobby=False)
            await line.join(key, bytes(8))

    uvloop.run(prepare())
    context = multiprocessing.get_context("spawn")
    with context.Pool(WRITERS) as pool:
        parts = pool.starmap(_write, [(url, key, number) for number in range(WRITERS)])
    joins = sorted((join for part in parts for join in part), key=lambda join: -join.place)
    assert len({join.place for join in joins}) == len(joins)
    inverted, first_answer = 0, 2**63
    for join in joins:  # from the last place to the first: had anybody behind been answered before this one asked?
        inverted += first_answer < join.sent_ns
        first_answer = min(first_answer, join.answered_ns)
    return Figure("inversions", inverted, "pairs", 0, note=f"{len(joins):,} joins after opening, {WRITERS} processes")


def _write(url: str, key: RoomKey, number: int) -> list[Join]:
    """Join as one process of many, sixteen at a time."""

    async def join_all() -> list[Join]:
        mine, done = iter(identities(JOINS_A_WRITER, 10**7 * (number + 1))), list[Join]()
        async with _line(url) as (_, line):

            async def some() -> None:
                for one in mine:
                    sent_ns = time.monotonic_ns()
                    answer = await line.join(key, one)
                    assert isinstance(answer, Joined)
                    done.append(Join(sent_ns, time.monotonic_ns(), answer.index))

            await asyncio.gather(*(some() for _ in range(16)))
        return done

    return uvloop.run(join_all())
