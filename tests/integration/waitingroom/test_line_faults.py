"""What breaks under the line: leaders, clocks, the store's memory, the store itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from seatmap.faults import Unavailable
from server.embedded import valkey
from tests.integration.waitingroom.line_scene import KEY, Scene, person
from waitingroom import keys
from waitingroom.model import LOST_JOINS_MAX, Claimed, Joined, Lapsed, LineRefused, Moved


async def test_t39_a_dead_leader_is_followed_within_its_time(scene: Scene) -> None:
    """T39: a leader that dies is replaced when its second is over, not before; the line moves on, nobody is called twice."""
    await scene.open()
    await scene.line.resign(KEY, scene.fence)
    await scene.crowd(20)
    first = await scene.line.lead(KEY, "first", 1_000)
    assert first is not None
    moved = await scene.line.move(KEY, first, 5)
    assert isinstance(moved, Moved)
    assert (moved.served, moved.called) == (5, 5)
    await scene.on(999)
    assert await scene.line.lead(KEY, "second", 1_000) is None
    await scene.on(1)
    second = await scene.line.lead(KEY, "second", 1_000)
    assert second == first + 1
    repeated = await scene.line.move(KEY, second, 5)  # the wish the dead one may have had
    assert isinstance(repeated, Moved)
    assert (repeated.served, repeated.called) == (5, 0)


async def test_t40_a_late_leader_is_fenced(scene: Scene) -> None:
    """T40: who led before somebody else cannot move the line any more, nor lead it on without asking."""
    await scene.open()
    await scene.crowd(20)
    await scene.on(2 * 10**12)
    second = await scene.line.lead(KEY, "second", 1_000)
    assert second is not None
    assert await scene.line.move(KEY, scene.fence, 5) == LineRefused("fenced")
    assert isinstance(await scene.line.move(KEY, second, 5), Moved)


@pytest.mark.parametrize("jump_ms", [-10_000, 3_600_000])
async def test_t41_a_clock_that_jumps_costs_nobody_the_turn(scene: Scene, jump_ms: int) -> None:
    """T41: ten seconds back or an hour on, the line stays where it is and everybody called can still come."""
    await scene.open(claim_window_ms=60_000, reentries=0)
    await scene.crowd(20)
    await scene.move(10)
    await scene.run(30_000)
    before = await scene.line.read(KEY)
    await scene.on(jump_ms)
    moved = await scene.move(0)
    assert before is not None
    assert moved.served == 10
    assert before.turn_ms <= moved.turn_ms <= before.turn_ms + 5_000
    assert await scene.line.lapse(KEY) == Lapsed(0, False)
    assert isinstance(await scene.claim(3), Claimed)


async def test_t42_a_full_store_keeps_places_and_visits(scene: Scene, redis: Redis) -> None:
    """T42: with no memory left nobody new can join, but who has a place is called and let in; with memory it goes on."""
    await scene.open()
    await scene.crowd(20)
    await scene.move(5)
    await scene.claim(0)
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unavailable):
            await scene.line.join(KEY, person(99))
        assert (await scene.move(5)).served == 10
        assert isinstance(await scene.claim(7), Claimed)
        assert isinstance(await scene.claim(0), Claimed)
        assert await scene.visits() == 2
    finally:
        await redis.config_set("maxmemory", 0)
    assert (await scene.join(99)).index == 20


@pytest.fixture
def mortal(scratch: Path) -> Iterator[list[valkey.EmbeddedValkey]]:
    """A store of the test's own with its file; the test replaces it in the list."""
    servers = [valkey.start(scratch / "mortal-line", durable=True)]
    yield servers
    for server in servers:  # also those that are dead already: a process nobody waited for is a warning in a later test
        server.stop()


async def test_t38_a_store_killed_in_a_burst_gives_no_place_twice(
    mortal: list[valkey.EmbeddedValkey], scratch: Path
) -> None:
    """T38: killed while people join, and back without the last of them: new places are others, tokens bring the lost back."""
    client = Redis.from_url(mortal[0].url)
    scene = Scene(client)
    await scene.open()
    tokens: dict[int, int] = {}

    at_once = asyncio.Semaphore(64)  # otherwise all answers may be there before the first is read

    async def join(number: int) -> None:
        async with at_once:
            joined = await scene.lines[number % 4].join(KEY, person(number))
        assert isinstance(joined, Joined)
        tokens[number] = joined.index
        if len(tokens) == 700:
            mortal[0].process.kill()

    await asyncio.gather(*(join(number) for number in range(2_000)), return_exceptions=True)
    assert 700 <= len(tokens) < 2_000
    mortal.append(valkey.start(scratch / "mortal-line", durable=True))
    lost = sorted(tokens, key=lambda number: tokens[number])[-100:]
    await forget(client, lost, tokens[lost[0]])

    for number in range(5_000, 5_050):
        tokens[number] = (await scene.join(number)).index
    assert len(set(tokens.values())) == len(tokens)
    assert tokens[5_000] >= LOST_JOINS_MAX
    for number, index in tokens.items():
        restored = await scene.line.restore(KEY, index, person(number))
        assert isinstance(restored, Joined)
        assert restored.index == index
    moved = await scene.move(len(tokens) + 1_300)
    assert moved.called >= len(tokens)  # the skipped indices nobody has are passed at no cost
    await scene.close()
    await client.aclose()


async def forget(client: Redis, lost: list[int], next_index: int) -> None:
    """Take back the joins a replica would not have seen: with the everysec file a kill alone loses none on this machine."""
    await client.set(keys.part_key(KEY, "next"), next_index)
    for number in lost:
        bucket, field = keys.bucket_of(person(number))
        await client.execute_command("HDEL", keys.bucket_key(KEY, bucket), field)  # type: ignore[no-untyped-call]
