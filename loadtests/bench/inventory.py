"""Measure the seat inventory alone: script time of holds, best available, the size of a show's state."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import brotli
import numpy as np
import uvloop
from redis.asyncio import Redis

from loadtests.bench.figures import Figure
from seatmap.chart import compile_chart, number_seats
from seatmap.chart.generators.stadium import generate_stadium
from seatmap.inventory.best_available import best_available
from seatmap.inventory.model import Facts, Held, HoldRequest, Limits, SeatState, ShowKey, ShowPlan
from seatmap.inventory.seat_index import PARTY_MIX, SeatIndex, accessible_pool, build_index, pack_states
from seatmap.inventory.valkey_inventory import ValkeyInventory
from seatmap.inventory.windows import Party
from server.embedded import valkey

SEED = 7
ROUNDS = 21  # the middle one counts: commandstats are wall time, and a short round is seldom interrupted
HOLDS = 600
TOGETHER = 200
KEY = ShowKey(1, 1)
FILLS = (0.0, 0.1, 0.5, 0.8, 0.95, 0.99, 1.0)
STATE_FILLS = (0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
SNAPSHOT_QUALITY = 4  # smaller and faster than 5 on these bytes


def measure() -> list[Figure]:
    """Measure on a store of its own and on the 60,000-seat stadium."""
    chart = compile_chart(number_seats(generate_stadium()))
    index = build_index(chart)
    plan = ShowPlan(
        categories=chart.category.tobytes(),
        pools=accessible_pool(chart),
        prices={1: {category: {1: 9000, 2: 4500} for category in range(len(chart.categories))}},
        limits=Limits(order_max=8, visitor_max=12),
    )
    with tempfile.TemporaryDirectory(prefix="fr-") as folder:
        server = valkey.start(Path(folder) / "valkey", durable=False)
        try:
            scripts = uvloop.run(_hold_scripts(server.url, plan))
        finally:
            server.stop()
    return [*scripts, *_best_times(index), _state_size(index)]


async def _hold_scripts(url: str, plan: ShowPlan) -> list[Figure]:
    redis = Redis.from_url(url)
    inventory = ValkeyInventory(redis)
    one, one_cpu = await _hold_rounds(redis, inventory, plan, 1)
    four, four_cpu = await _hold_rounds(redis, inventory, plan, 4)
    await inventory.aclose()
    await redis.aclose()
    return [
        Figure("hold_script_us", round(statistics.median(one), 1), "µs", 30, note=_spread(one, one_cpu)),
        Figure("hold4_script_us", round(statistics.median(four), 1), "µs", 45, note=_spread(four, four_cpu)),
    ]


def _spread(rounds: list[float], cpu_us: float) -> str:
    """Say what a busy machine hides: the quietest round, and the store's processor time, command parsing included."""
    return f"lowest round {min(rounds):.1f}; store's processor time {cpu_us:.1f} µs a hold"


async def _cpu_us(redis: Redis) -> float:
    used = await redis.info("cpu")
    return float(used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"]) * 1e6


async def _hold_rounds(
    redis: Redis, inventory: ValkeyInventory, plan: ShowPlan, size: int
) -> tuple[list[float], float]:
    """Hold *size* random seats for each of many visitors, filling one house: µs per call of each round, CPU per hold."""
    await redis.flushall()
    await inventory.open_show(KEY, plan, Facts())
    seats = np.flatnonzero(np.frombuffer(plan.pools, dtype=np.uint8) == 0)
    chosen = np.random.default_rng(SEED).permutation(seats)[: ROUNDS * HOLDS * size].reshape(-1, size).tolist()
    rounds = []
    began_us = await _cpu_us(redis)
    for first in range(0, len(chosen), HOLDS):
        await redis.config_resetstat()
        for at in range(first, first + HOLDS, TOGETHER):
            asked = [
                inventory.hold(KEY, f"visitor{n:09d}", HoldRequest(tuple((k, 1) for k in chosen[n])), "first")
                for n in range(at, at + TOGETHER)
            ]
            assert all(isinstance(answer, Held) for answer in await asyncio.gather(*asked))
        rounds.append(float((await redis.info("commandstats"))["cmdstat_fcall"]["usec_per_call"]))
    return rounds, (await _cpu_us(redis) - began_us) / len(chosen)


def _best_times(index: SeatIndex) -> list[Figure]:
    """Pick for every party size at every fill, both modes, six houses each; processor time, the machine is shared."""
    times = []
    for fill in FILLS:
        for house in range(6):
            states = _sold(index, fill, np.random.default_rng([SEED, house, int(fill * 100)]))
            for size in range(1, 9):
                began = time.thread_time()
                best_available(
                    index, states == SeatState.FREE, Party(size), seed=bytes([size]), mode=("priced", "hard")[house % 2]
                )
                times.append((time.thread_time() - began) * 1000)
    return [
        Figure("best_p50_ms", round(float(np.percentile(times, 50)), 2), "ms"),
        Figure("best_p99_ms", round(float(np.percentile(times, 99)), 2), "ms", 5, note=f"{len(times)} picks"),
    ]


def _state_size(index: SeatIndex) -> Figure:
    sizes = {}
    for fill in STATE_FILLS:
        packed = pack_states(_sold(index, fill, np.random.default_rng([SEED, int(fill * 100)])))
        sizes[fill] = len(brotli.compress(packed, quality=SNAPSHOT_QUALITY)) / 1000
    worst = max(sizes, key=lambda fill: sizes[fill])
    return Figure("state_kb", round(sizes[worst], 2), "kB", 9, note=f"worst fill {worst:.0%}, a tenth of it held")


def _sold(index: SeatIndex, fill: float, rng: np.random.Generator) -> np.ndarray:
    """Fill a house to *fill* with parties that sit together, front seats first, a tenth of them holds; states over k."""
    n = len(index.k_of)
    taken = np.zeros(n, dtype=np.uint8)
    sizes = rng.choice(list(PARTY_MIX), p=np.array(list(PARTY_MIX.values())) / sum(PARTY_MIX.values()), size=2 * n)
    left, turn = round(fill * n), 0
    while left > 0 and turn < len(sizes):
        size, at = int(sizes[turn]), int(rng.integers(n))
        turn += 1
        fits = at + size <= n and index.last[at] >= at + size - 1 and not taken[at : at + size].any()
        if fits and rng.random() > index.cost[at] * 0.6:
            taken[at : at + size] = SeatState.HELD if rng.random() < 0.1 else SeatState.SOLD
            left -= size
    if left > 0:
        taken[rng.permutation(np.flatnonzero(taken == 0))[:left]] = SeatState.SOLD
    states = np.zeros(index.seat_count, dtype=np.uint8)
    states[index.k_of] = taken
    return states
