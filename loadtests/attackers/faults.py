"""Attacks that come with a fault: the usher killed, the store killed, the clock turned under the room. They need the machine itself."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from loadtests.attackers.report import Report
from loadtests.attackers.target import PATIENCE_S, Person, Target, held, told
from loadtests.bench import processes
from loadtests.bench.installation import Installation

TurnClock = Callable[[int], Awaitable[int]]
HOUR_MS = 3_600_000


async def kill_usher(target: Target, shop: Installation, cap: int) -> Report:
    """Kill whoever moves the line while *cap* are called and others wait: nobody is skipped, doubled or let in early."""
    report = Report("leader killed")
    people = await target.people(cap + 3)
    for one in people[:cap]:
        await one.await_turn()
    before = await target.frame()
    kill(shop, "-m workers")
    for one in people[cap:]:
        answer = await one.claim()
        report.add("claiming while nobody leads", told(answer), "not_called", gained=answer.is_success)
    for one in people[:cap]:
        answer = await one.claim()
        report.add("those who were called", told(answer), "", gained=not answer.is_success)
    late = await people[cap].claim()
    report.add("one more than the cap", told(late), "not_called", "visits_full", gained=late.is_success)
    after = await _frame_after(target, before["tick"], before["epoch"])
    report.add("the line went back", "", gained=after["served"] < before["served"])
    await _places_stand(report, people)
    await people[0].leave()
    await people[cap].await_turn()
    answer = await people[cap].claim()
    report.add("the next one, by the next leader", told(answer), "", gained=not answer.is_success)
    for one in people:
        await one.leave()
    return report


async def kill_store(target: Target, shop: Installation) -> Report:
    """Kill the store: nobody joins, goes in or holds meanwhile, and afterwards everything is as it was."""
    report = Report("store killed")
    people = await target.called(2)
    inside, waiting = people
    solution = await (thief := await target.person()).solution()
    assert (await thief.join(challenge=solution)).is_success
    proof = inside.proof(await inside.nonce())
    assert (await inside.post("claim", proof)).is_success
    await thief.await_turn()
    async with unattended(shop), inside.socket(holder=inside.key) as socket:
        kill(shop, "valkey-server")
        stranger = await target.person()
        due = ("unavailable", "HTTP 503")
        report.add("joining", told(await stranger.join(challenge=None)), *due)
        report.add("claiming", told(await waiting.claim()), *due)
        answer = await socket.command("hold", seats=[[0, target.type_id]])
        report.add("holding", held(answer), "unavailable", gained=answer["t"] == "held")
    await _until(lambda: _answers(target, inside), "the store to come back")
    await _places_stand(report, [inside, waiting, thief])
    again = await inside.post("claim", proof)
    report.add("the proof from before", told(again), "nonce_spent", "nonce_invalid")
    other = await target.person()
    other.session = thief.session
    report.add("the work from before", told(await other.join(challenge=solution)), "challenge_spent")
    report.add("seats without a pass", held(await stranger.hold(0)), "pass_required")
    own = await waiting.claim()
    report.add("the one who was called", told(own), "", gained=not own.is_success)
    for one in (inside, waiting, thief):
        await one.leave()
    return report


async def turn_rooms_clock(target: Target, turn: TurnClock, cap: int) -> Report:
    """Turn the store's clock under the room: nobody called loses the turn, nobody gets it early.

    *turn* sets the room's clock (Unix ms; 0: right again), sweeps the line, and says how many lost their turn by it.
    """
    report = Report("clock moved")
    people = await target.people(cap + 1)
    called, early = people[:cap], people[cap]
    for one in called:
        await one.await_turn()
    for what, offset_ms in {"an hour ahead": HOUR_MS, "ten seconds back": -10_000}.items():
        lapsed = await turn(time.time_ns() // 1_000_000 + offset_ms)
        report.add(f"{what}: lapsed", str(lapsed), "0", gained=lapsed != 0)
        for one in called:
            state = (await one.mine())["state"]
            report.add(f"{what}: who was called", state, "called", gained=state != "called")
        answer = await early.claim()
        report.add(f"{what}: who was not", told(answer), "not_called", gained=answer.is_success)
    await turn(0)
    for one in called:
        answer = await one.claim()
        report.add("afterwards they go in", told(answer), "", gained=not answer.is_success)
    for one in people:
        await one.leave()
    return report


def kill(shop: Installation, words: str) -> None:
    """Kill -9 the processes of the installation whose command line has *words*."""
    victims = [pid for pid in shop.pids() if words in processes.command(pid)]
    assert victims, f"nobody runs {words}"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def unattended(shop: Installation) -> AsyncIterator[None]:
    """Stop the supervisor from replacing what dies."""
    os.kill(shop.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(shop.process.pid, signal.SIGCONT)


async def _places_stand(report: Report, people: list[Person]) -> None:
    for one in people:
        mine = await one.mine()
        report.add("the place afterwards", "", gained=(mine["index"], mine["position"]) != (one.index, one.position))


async def _frame_after(target: Target, tick: int, epoch: int) -> dict[str, int]:
    """Wait for a frame after *tick*, or of another life of the line: somebody leads."""
    found: list[dict[str, int]] = []

    async def newer() -> bool:
        frame = await target.frame()
        found.append(frame)
        return bool(frame["tick"] > tick or frame["epoch"] != epoch)

    await _until(newer, "the line to move on")
    return found[-1]


async def _answers(target: Target, person: Person) -> bool:
    mine = await person.get("places/mine")
    return mine.is_success and (await person.get("challenge")).is_success and (await target.frame())["tick"] > 0


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:g} s for {what}"
        await asyncio.sleep(0.1)
