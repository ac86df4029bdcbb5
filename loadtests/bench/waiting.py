"""Measure what telling a line costs: 20,000 sockets in one room, two gateway processes, the usher played here."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import uvloop
from redis.asyncio import Redis
from starlette.applications import Starlette

from loadtests.bench import processes
from loadtests.bench.figures import Figure
from loadtests.bench.waiting_gateway import EPOCH, KEY, OneRoom
from server.embedded import valkey
from server.listen import shared_socket
from server.rooms import state_json
from server.rooms.frames import Frames, frame_key
from waitingroom.frame import FRAMES_CHANNEL, FrameMessage, LineFrame, encode_frame
from waitingroom.keys import part_key

SOCKETS = 20_000
# One process may not open more files than the system grants (20,000 here), on either side.
GATEWAYS = CROWDS = 2
WARM_UP = 400
POLLS = 2_000
WATCH_S = 15.0
NEWS = 5
TICK_S = 0.25
PER_MINUTE = 2_000
# What a gateway does by itself every few seconds, however many wait: report who is here, ask whether its subscription stands.
UPKEEP = frozenset({"set", "sadd", "pexpire", "ping"})


def measure() -> list[Figure]:
    """Measure with all sockets."""
    return uvloop.run(_measure(SOCKETS))


async def _measure(count: int) -> list[Figure]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fr-bench-"))
        Path(folder).chmod(0o755)
        server = valkey.start(Path(folder) / "valkey", durable=False)
        stack.callback(server.stop)
        redis = Redis.from_url(server.url)
        stack.push_async_callback(redis.aclose)
        usher = Usher(redis)
        await usher.say()
        port, gateways = await _gateways(server.url, stack)
        return [*await _figures(redis, usher, port, gateways, count, stack), await _poll_commands(redis)]


async def _figures(
    redis: Redis, usher: Usher, port: int, gateways: list[Process], count: int, stack: AsyncExitStack
) -> list[Figure]:
    pids = [process.pid for process in gateways]
    await _ask(await _crowd(port, count, WARM_UP, stack), "open")
    await _reported(redis)
    share = count // CROWDS
    crowds = [await _crowd(port, number * share, share, stack) for number in range(CROWDS)]
    before_kib, before = _rss_kib(pids), await _commands(redis)
    for crowd in crowds:
        await _ask(crowd, "open")
    commands = await _spent(redis, before)
    # The usher takes up its work; the first seconds are those of people who have just come.
    ticking = asyncio.create_task(usher.run())
    await asyncio.sleep(3)
    cpu_s = processes.cpu_s(pids)
    seen = await asyncio.gather(*(_ask(crowd, f"watch {WATCH_S}") for crowd in crowds))
    cpu_s = processes.cpu_s(pids) - cpu_s
    kib = (_rss_kib(pids) - before_kib) / count
    news_s = [await _news(usher, crowds, f"m{number}") for number in range(NEWS)]
    ticking.cancel()
    heard, near = (sum(one[name] for one in seen) for name in ("heard", "near"))
    stale = f"{near} within 3 min of their turn; worst {max(one['worst_s'] for one in seen):.2f} s"
    return [
        Figure("line_socket_kib", round(kib, 2), "KiB", 16, note=f"{count} sockets being told, {GATEWAYS} processes"),
        Figure("stale_p99_s", round(max(one["p99_s"] for one in seen), 2), "s", 2, note=stale),
        Figure(
            "line_news_s",
            round(median(news_s), 2),
            "s",
            1.5,
            note=f"from the usher to the last socket; median of {NEWS}",
        ),
        Figure("line_frame_us", round(cpu_s / heard * 1e6, 1), "µs", note=f"{heard / WATCH_S:,.0f} frames/s"),
        Figure(
            "status_commands",
            sum(commands.values()) / count,
            "commands",
            0,
            note=f"{count} people told their place by socket{_named(commands)}",
        ),
    ]


async def _news(usher: Usher, crowds: list[Process], message_id: str) -> float:
    """Tell everybody something; returns how long it took until the last of them knew."""
    usher.frame = msgspec.structs.replace(usher.frame, message=FrameMessage(message_id, "Back in a minute."))
    told = await asyncio.gather(*(_ask(crowd, f"news {message_id}") for crowd in crowds))
    return max(float(one["took_s"]) for one in told)


@dataclass
class Usher:
    """Moves the line at an even pace, and says so."""

    redis: Redis
    frame: LineFrame = LineFrame(  # noqa: RUF009 (frozen)
        room=KEY.room_id, epoch=EPOCH, tick=0, now_ms=0, phase="open", next=SOCKETS, rate=(1900.0, PER_MINUTE, 2100.0),
        density="_" * 86, waiting=SOCKETS, left=50_000,
    )  # fmt: skip

    async def say(self) -> None:
        """Say where the line is."""
        moved = self.frame.served + (PER_MINUTE * TICK_S / 60 if self.frame.tick else 0)
        self.frame = msgspec.structs.replace(
            self.frame, tick=self.frame.tick + 1, now_ms=time.time_ns() // 1_000_000, served=round(moved)
        )
        raw = encode_frame(self.frame)
        await self.redis.set(frame_key(KEY), raw)
        await self.redis.publish(FRAMES_CHANNEL, raw)

    async def run(self) -> None:
        """Tick until stopped."""
        while True:
            began = time.monotonic()
            await self.say()
            await asyncio.sleep(max(0.0, TICK_S - (time.monotonic() - began)))


async def _reported(redis: Redis) -> None:
    """Wait until every gateway has connected to the store and reported for the first time."""
    async with asyncio.timeout(20):
        while await redis.execute_command("SCARD", part_key(KEY, "reporters")) < GATEWAYS:  # type: ignore[no-untyped-call]
            await asyncio.sleep(0.1)


async def _poll_commands(redis: Redis) -> Figure:
    """Ask for the cached file as those without a socket do."""
    frames = Frames(redis)
    await frames.open()
    application = Starlette(routes=state_json.routes)
    application.state.services = SimpleNamespace(rooms=OneRoom(), frames=frames)
    url = f"/api/v1/rooms/{KEY.room_id}/state.json"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://here") as http:
        (await http.get(url)).raise_for_status()
        before = await _commands(redis)
        for _ in range(POLLS):
            (await http.get(url)).raise_for_status()
        commands = await _spent(redis, before)
    await frames.close()
    note = f"{POLLS} people told by state.json{_named(commands)}"
    return Figure("poll_commands", sum(commands.values()) / POLLS, "commands", 0, note=note)


async def _gateways(url: str, stack: AsyncExitStack) -> tuple[int, list[Process]]:
    probe = shared_socket("127.0.0.1", 0)
    port: int = probe.getsockname()[1]
    started = [await _start(stack, "waiting_gateway", url, str(port)) for _ in range(GATEWAYS)]
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    probe.close()
    return port, started


async def _crowd(port: int, first: int, count: int, stack: AsyncExitStack) -> Process:
    return await _start(stack, "waiting_crowd", str(port), str(first), str(count))


async def _start(stack: AsyncExitStack, module: str, *words: str) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"loadtests.bench.{module}", *words, stdin=PIPE, stdout=PIPE
    )
    stack.push_async_callback(_stop, process)
    return process


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def _ask(process: Process, line: str) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n".encode())
    answer = await asyncio.wait_for(process.stdout.readline(), 120)
    if not answer:
        raise RuntimeError(f"the crowd ended instead of answering {line!r}")
    decoded: dict[str, Any] = msgspec.json.decode(answer)
    return decoded


async def _commands(redis: Redis) -> dict[str, int]:
    stats = await redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): found["calls"] for name, found in stats.items()}


async def _spent(redis: Redis, before: dict[str, int]) -> dict[str, int]:
    """Count the commands since *before*, without the upkeep, which does not grow with the crowd, and without this question."""
    after = await _commands(redis)
    return {
        name: calls - before.get(name, 0)
        for name, calls in after.items()
        if calls > before.get(name, 0) and name not in UPKEEP and not name.startswith("info")
    }


def _named(commands: dict[str, int]) -> str:
    """Say which commands they were, if there were any."""
    return "".join(f", {count} {name}" for name, count in commands.items())


def _rss_kib(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                total += float(line.split()[1])
    return total


if __name__ == "__main__":
    for figure in uvloop.run(_measure(int(sys.argv[1]) if len(sys.argv) > 1 else SOCKETS)):
        print(figure.record())
