"""Who stands where: one place each, in order, through the draw and past everything that happens meanwhile."""

import asyncio
import time

import numpy as np
import pytest
from redis.asyncio import Redis

from seatmap.inventory.valkey_pipeline import FunctionMissing
from tests.integration.waitingroom.line_scene import KEY, Hooked, Scene, person
from waitingroom import keys
from waitingroom.draw import Seed, draw
from waitingroom.model import Drawn, Joined, Left, LineRefused, Lobby, Phase, PlaceState
from waitingroom.valkey_line import ValkeyLine

SEED = Seed(bytes(range(32)))


async def close_lobby_and_draw(scene: Scene, lobby_ms: int = 1_000) -> Lobby:
    """Let the announced second come and put the draw in force."""
    await scene.on(lobby_ms)
    lobby = await scene.line.read_lobby(KEY)
    assert isinstance(lobby, Lobby)
    drawn = await scene.line.publish_draw(KEY, "seed", draw(SEED, "room", lobby.tiers))
    assert isinstance(drawn, Drawn)
    return lobby


async def test_t3_looking_first_gives_places_twice(redis: Redis) -> None:
    """T3, negative control: reading the next index and writing it back gives several people the same."""
    given = []

    async def join() -> None:
        index = int(await redis.get("next") or 0)
        await redis.set("next", index + 1)
        given.append(index)

    await asyncio.gather(*(join() for _ in range(50)))
    assert len(set(given)) < len(given)


async def test_t3_no_place_is_given_twice(scene: Scene) -> None:
    """T3: 50,000 join at once over four connections; every index from 0 on is given to one of them."""
    await scene.open()
    joins = await asyncio.gather(*(scene.lines[n % 4].join(KEY, person(n)) for n in range(50_000)))
    assert sorted(joined.index for joined in joins if isinstance(joined, Joined)) == list(range(50_000))


async def test_t2_who_was_answered_first_stands_first(scene: Scene) -> None:
    """T2: eight writers on four connections; nobody answered before another asked stands behind them."""
    await scene.open()
    records: list[tuple[int, int, int]] = []
    numbers = iter(range(8_000))

    async def writer(line: ValkeyLine) -> None:
        for number in numbers:
            sent = time.monotonic_ns()
            joined = await line.join(KEY, person(number))
            assert isinstance(joined, Joined)
            records.append((joined.index, sent, time.monotonic_ns()))

    await asyncio.gather(*(writer(scene.lines[n % 4]) for n in range(8)))
    first_answer_behind = 2**63
    for _, sent, answered in sorted(records, reverse=True):
        assert first_answer_behind >= sent
        first_answer_behind = min(first_answer_behind, answered)


async def test_t4_nobody_who_comes_later_precedes_the_lobby(scene: Scene) -> None:
    """T4: who joins while the draw is made, or after it, stands behind everybody of the lobby, in order."""
    await scene.open(lobby_ms=1_000)
    await scene.crowd(7)
    await scene.on(1_000)
    during = await scene.join(100)
    assert (during.phase, during.position) == (Phase.DRAWING, 7)
    await close_lobby_and_draw(scene, 0)
    assert (await scene.join(101)).position == 8
    places = [await scene.line.position_of(KEY, index) for index in range(9)]
    assert sorted(places[:7], key=str) == list(range(7))
    assert places[7:] == [7, 8]


@pytest.mark.parametrize("people", [0, 1, 2, 13])
async def test_t5_everybody_gets_one_position(scene: Scene, people: int) -> None:
    """T5: the draw of a lobby of that size, read back from the store, has every position once."""
    await scene.open(lobby_ms=1_000)
    await scene.crowd(people)
    await close_lobby_and_draw(scene)
    positions = await scene.line.read_draw(KEY)
    assert positions is not None
    assert sorted(positions.tolist()) == list(range(people))


@pytest.mark.parametrize("people", [2**20 - 1, 2**20 + 1])
def test_t5_around_a_power_of_two_too(people: int) -> None:
    """T5: nothing happens to the draw where other methods change their domain."""
    positions = draw(SEED, "room", np.zeros(people, dtype=np.uint8))
    assert np.array_equal(np.bincount(positions, minlength=people), np.ones(people))


async def test_t12_dying_before_the_flip_leaves_the_room_closed(scene: Scene, redis: Redis) -> None:
    """T12: the array written and the writer dead, nobody has a position; the draw can be made again, once."""
    await scene.open(lobby_ms=1_000)
    await scene.crowd(9)
    await scene.on(1_000)
    positions = draw(SEED, "room", np.zeros(9, dtype=np.uint8))

    async def die() -> None:
        raise ConnectionResetError

    dying = ValkeyLine(Hooked(scene.stores[1], "frontrow_publish_draw", die), FunctionMissing)
    with pytest.raises(ConnectionResetError):
        await dying.publish_draw(KEY, "seed", positions)
    state = await scene.line.read(KEY)
    assert state is not None
    assert (state.phase, state.drawn) == (Phase.DRAWING, "")
    assert await scene.line.position_of(KEY, 0) is None
    assert await redis.keys("*staged*") != []
    assert await scene.line.publish_draw(KEY, "seed", positions) == Drawn(9, False)
    assert await scene.line.publish_draw(KEY, "seed", positions) == Drawn(9, True)
    assert await scene.line.publish_draw(KEY, "other", positions[::-1]) == LineRefused("already_drawn")
    assert await scene.lines[1].position_of(KEY, 0) == positions[0]


async def test_who_leaves_while_the_draw_is_made_is_not_called(scene: Scene) -> None:
    """A place given up between reading the lobby and the flip is struck out at its position all the same."""
    await scene.open(lobby_ms=1_000)
    await scene.crowd(6)
    await scene.on(1_000)
    behind = await scene.join(50)

    async def leave() -> None:
        for index, number in ((2, 2), (behind.index, 50)):
            assert isinstance(await scene.line.leave(KEY, index, person(number)), Left)

    slow = ValkeyLine(Hooked(scene.stores[1], "frontrow_publish_draw", leave), FunctionMissing)
    positions = draw(SEED, "room", np.zeros(6, dtype=np.uint8))
    assert await slow.publish_draw(KEY, "seed", positions) == Drawn(6, False)
    found = [await scene.line.standing(KEY, index) for index in range(7)]
    left = [index for index, one in enumerate(found) if getattr(one, "state", None) is PlaceState.LEFT]
    assert left == [2, 6]
    assert (await scene.move(10)).called == 5


async def test_t13_an_identity_has_one_place(scene: Scene) -> None:
    """T13: twenty tabs and three devices of one account, all at once, share one index; another account has its own."""
    await scene.open()
    tabs = await asyncio.gather(*(scene.lines[n % 4].join(KEY, person(1)) for n in range(23)))
    assert {joined.index for joined in tabs if isinstance(joined, Joined)} == {0}
    assert sum(joined.fresh for joined in tabs if isinstance(joined, Joined)) == 1
    assert (await scene.join(2)).index == 1


async def test_a_place_is_kept_for_hours(scene: Scene) -> None:
    """Coming back long after, without a sign of life in between, finds the same place (T34 and T35, the line's part)."""
    await scene.open()
    await scene.crowd(3)
    await scene.on(10 * 3_600_000)
    again = await scene.join(1)
    assert (again.index, again.fresh) == (1, False)


async def test_t37_who_leaves_is_gone_from_the_count_at_once(scene: Scene) -> None:
    """T37: leaving takes one off the count of its block, the line goes on past it, and joining again is a new place."""
    await scene.open()
    await scene.crowd(10)
    assert await scene.line.count_waiting(KEY, [0, 5, 10]) == (5, 5)
    assert await scene.line.leave(KEY, 1, person(1)) == Left(repeated=False, ended_visit=False)
    assert await scene.line.count_waiting(KEY, [0, 5, 10]) == (4, 5)
    assert await scene.line.leave(KEY, 1, person(1)) == Left(repeated=True, ended_visit=False)
    moved = await scene.move(2)
    assert (moved.served, moved.called) == (3, 2)
    assert (await scene.join(1)).index == 10


async def test_t47_a_room_made_anew_has_no_stale_places(scene: Scene) -> None:
    """T47: after a reset nobody has a place, nothing of the room is left, and the old draw answers no status."""
    await scene.open(lobby_ms=1_000)
    await scene.crowd(5)
    await close_lobby_and_draw(scene)
    state = await scene.line.read(KEY)
    assert state is not None
    assert await scene.lines[1].position_of(KEY, 0, state.epoch) is not None
    await scene.line.close_room(KEY)
    assert await scene.redis.keys(f"{keys.part_key(KEY, '')}*") == []
    assert await scene.line.open_rooms() == ()
    assert await scene.line.join(KEY, person(0)) == LineRefused("room_unknown")
    await scene.open(lobby_ms=10_000)
    fresh = await scene.line.read(KEY)
    assert fresh is not None
    assert (fresh.next, fresh.served, fresh.drawn) == (0, 0, "")
    assert await scene.lines[1].position_of(KEY, 0, fresh.epoch + 1) is None
