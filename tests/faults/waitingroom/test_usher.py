"""The usher under fault, on real stores: leaders killed and stale, clocks moved, payments down, everything sold, databases away."""

from __future__ import annotations

import msgspec
import pytest

from seatmap.inventory.model import Changed
from server.faults import Unavailable
from tests.faults.waitingroom.usher_scene import TICK_MS, WELL, Dying, RoomScene, room_scene
from tests.integration.rooms.hall import Hall
from waitingroom.model import Claimed, LineRefused, Phase
from workers.usher.room_usher import LEAD_MS


async def test_the_lobby_is_drawn_at_the_announced_second(scene: RoomScene) -> None:
    """Not a tick before it, and within a second after it; everybody gets a place and the frame says so."""
    usher = scene.usher()
    await scene.join(40)
    await scene.set_clock(scene.facts.draws_ms - 3 * TICK_MS)
    frame = await scene.tick(usher, ticks=2)
    await usher.drawing.work.settle()
    assert frame.phase == "lobby" and frame.opens_ms == scene.facts.draws_ms and frame.waiting == 40
    await scene.until_open(usher)
    assert (await scene.state()).now_ms - scene.facts.draws_ms <= 1_000
    assert sorted((await scene.positions()).values()) == list(range(40))


async def test_t12_a_draw_that_dies_before_its_flip_is_made_again_the_same(scene: RoomScene) -> None:
    """The array is written, the leader dies: the room is still closed, the next leader opens it, once, with the very same places."""
    await scene.join(60)
    dying = Dying(scene.line)
    first, second = scene.usher("first", dying), scene.usher("second")
    await scene.set_clock(scene.facts.draws_ms)
    await scene.tick(first)
    await first.drawing.work.settle()
    assert dying.wished is not None and (await scene.state()).phase is Phase.DRAWING
    await scene.set_clock(scene.now_ms + LEAD_MS)
    await scene.until_open(second)
    assert list((await scene.positions()).values()) == dying.wished.tolist()
    assert await scene.line.publish_draw(scene.key, "another", dying.wished) == LineRefused("already_drawn")


async def test_t18_no_minute_admits_more_than_the_rate(scene: RoomScene) -> None:
    """With everybody at the door at once, every window of 60 s stays within the rate, and the line still makes good use of it."""
    usher = scene.usher()
    await scene.join(500)
    await scene.until_open(usher)
    positions, done = await scene.positions(), set[int]()
    admitted: list[int] = []
    for _ in range(90):
        await scene.tick(usher, ticks=4)
        admitted.append(await scene.claim_called(positions, done))
        for index in [index for index in done if index >= 0]:
            await scene.line.end_visit(scene.key, f"visitor{index}")
    windows = [sum(admitted[second : second + 60]) for second in range(len(admitted) - 59)]
    assert max(windows) <= scene.facts.rate_per_min
    assert max(windows) >= 0.97 * scene.facts.rate_per_min


async def test_t21_a_slow_checkout_halves_the_line_within_two_seconds_and_it_recovers(scene: RoomScene) -> None:
    """Checkout's p95 five times the usual: half the target at once; well again: the whole rate within a quarter of a minute."""
    usher = scene.usher()
    await scene.join(300)
    await scene.until_open(usher)
    await scene.tick(usher, ticks=20)
    assert usher.state is not None and usher.state.level == 1.0
    scene.signs = msgspec.structs.replace(WELL, checkout_p95_ms=1_500)
    frame = await scene.tick(usher, ticks=2000 // TICK_MS)
    assert usher.state.level == 0.5 and frame.reason == "checkout_slow"
    scene.signs = WELL
    await scene.tick(usher, ticks=60)
    assert usher.state.level == 1.0 and scene.frames[-1].reason != "checkout_slow"


async def test_a_missing_signal_freezes_the_pace(scene: RoomScene) -> None:
    """Nobody reports: the level stays where it was, whether that was low or full."""
    usher = scene.usher()
    await scene.join(300)
    await scene.until_open(usher)
    scene.signs = msgspec.structs.replace(WELL, checkout_p95_ms=9_000)
    await scene.tick(usher)
    assert usher.state is not None and usher.state.level == 0.5
    scene.lost_sight = True
    await scene.tick(usher, ticks=2)  # the last report is fresh for three seconds
    scene.signs = WELL
    await scene.tick(usher, ticks=30)
    level = usher.state.level
    frame = await scene.tick(usher, ticks=30)
    assert usher.state.level == level < 1.0 and frame.reason == "no_signal"


async def test_t22_payments_down_pause_the_room_within_three_seconds_and_keep_every_place(scene: RoomScene) -> None:
    """The frame says why; nobody is called or let in, nobody's turn runs out; when the provider answers again, it goes on by itself."""
    usher = scene.usher()
    await scene.join(200)
    await scene.until_open(usher)
    await scene.tick(usher, ticks=12)
    before, positions = await scene.state(), await scene.positions()
    assert before.served > 0
    scene.provider_answers = False
    frame = await scene.tick(usher, ticks=3000 // TICK_MS)
    assert frame.paused and frame.reason == "payments_down"
    paused = await scene.state()
    first = min(positions, key=positions.__getitem__)
    assert (await _refusal(scene, first)).code == "room_paused"
    await scene.tick(usher, ticks=4 * scene.facts.claim_window_ms // 1000)
    after = await scene.state()
    assert (after.served, after.lapsed, after.waiting) == (paused.served, 0, paused.waiting)
    scene.provider_answers = True
    frame = await scene.tick(usher, ticks=8)
    assert not frame.paused and isinstance(await scene.claim(first), Claimed)


async def test_the_usher_ends_no_pause_but_its_own(scene: RoomScene) -> None:
    """The organiser paused while payments were down: when they are back, the room stays paused."""
    usher = scene.usher()
    await scene.join(50)
    await scene.until_open(usher)
    scene.provider_answers = False
    await scene.tick(usher, ticks=12)
    usher.facts = msgspec.structs.replace(scene.facts, paused=True)
    scene.provider_answers = True
    frame = await scene.tick(usher, ticks=12)
    assert (await scene.state()).paused and frame.paused and frame.reason == "organiser"


async def test_t23_t24_sold_out_is_told_admits_nobody_and_returned_stock_goes_on_in_order(scene: RoomScene) -> None:
    """Everything sold: told within 5 s, nobody called or let in; one order given back: the next in line is called, not a newcomer."""
    usher, inventory, show = scene.usher(), scene.hall.server.services.inventory, scene.hall.show
    await scene.join(120)
    await scene.until_open(usher)
    await scene.tick(usher, ticks=8)
    snapshot = await inventory.read(show)
    assert snapshot is not None
    await _sell_everything(scene)
    frame = await scene.tick(usher, ticks=5000 // TICK_MS)
    assert frame.sold_out and frame.left == 0
    sold = await scene.state()
    frame = await scene.tick(usher, ticks=40)
    after, positions = await scene.state(), await scene.positions()
    assert (after.served, after.claimed) == (sold.served, sold.claimed)
    assert isinstance(await scene.claim(min(positions, key=positions.__getitem__)), LineRefused)
    assert isinstance(await inventory.unblock(show, range(snapshot.seat_count)), Changed)
    frame = await scene.tick(usher, ticks=12)
    assert not frame.sold_out and frame.left
    assert frame.served > sold.served


async def test_t39_a_killed_leader_is_replaced_within_a_second_and_nobody_is_called_twice(scene: RoomScene) -> None:
    """The second usher leads when the first has said nothing for 0.9 s; the watermark goes on from where it was."""
    first, second = scene.usher("first"), scene.usher("second")
    await scene.join(200)
    await scene.until_open(first)
    await scene.tick(first, second, ticks=8)
    assert first.fence is not None and second.fence is None
    before = await scene.state()
    died_ms = scene.now_ms
    while second.fence is None:
        await scene.tick(second)
    assert scene.now_ms - died_ms <= 1_000
    await scene.tick(second, ticks=4)
    after = await scene.state()
    assert after.served - before.served == after.called - before.called <= scene.facts.rate_per_min // 30
    ticks = [(frame.epoch, frame.tick) for frame in scene.frames]
    assert ticks == sorted(set(ticks)), "the second leader's frames supersede the first one's"


async def test_t40_a_stale_leader_moves_nothing(scene: RoomScene) -> None:
    """A leader that slept through its lease wakes up, is refused, and leads no more."""
    first, second = scene.usher("first"), scene.usher("second")
    await scene.join(200)
    await scene.until_open(first)
    stale = first.fence
    assert stale is not None
    await scene.set_clock(scene.now_ms + LEAD_MS)
    await scene.tick(second)
    before = (await scene.state()).served
    assert await scene.line.move(scene.key, stale, 10_000) == LineRefused("fenced")
    await scene.tick(first)
    assert first.fence is None and (await scene.state()).served == before


async def test_t41_a_clock_that_jumps_holds_or_goes_on_but_takes_no_turn_away(scene: RoomScene) -> None:
    """Ten seconds back: the line waits and goes on. An hour forward: nobody who was called lapses by it."""
    usher = scene.usher()
    await scene.join(100)
    await scene.until_open(usher)
    await scene.tick(usher, ticks=8)
    called = (await scene.state()).served
    await scene.set_clock(scene.now_ms - 10_000)
    await scene.tick(usher, ticks=4)
    assert (await scene.state()).served >= called
    await scene.set_clock(scene.now_ms + 3_600_000)
    await scene.tick(usher, ticks=8)
    state = await scene.state()
    assert state.lapsed == 0 and state.served >= called


async def test_t45_the_line_goes_on_without_postgres(scene: RoomScene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret was read in time: the draw is made, people are called and let in; the record follows when the database is back."""
    usher = scene.usher()
    await scene.join(60)
    await scene.set_clock(scene.facts.draws_ms - 30_000)
    await scene.tick(usher)
    await usher.drawing.work.settle()
    database = scene.hall.server.services.database

    async def away() -> None:
        raise Unavailable("Postgres does not answer: it is away")

    with monkeypatch.context() as without:
        without.setattr(database, "_acquire", away)
        await scene.until_open(usher)
        await scene.tick(usher, ticks=12)
        positions = await scene.positions()
        assert isinstance(await scene.claim(min(positions, key=positions.__getitem__)), Claimed)
    for _ in range(12):
        await scene.tick(usher)
        await usher.drawing.work.settle()
    async with database.tenant(scene.facts.org_id) as connection:
        assert await connection.fetchval("select people from room_draws where room_id = $1", scene.facts.room_id) == 60


async def test_low_demand_switches_the_room_through_and_a_crowd_switches_it_back(hall: Hall) -> None:
    """Nobody waited for twenty seconds: who joins is called at once; when more come than the cap, they stand in line again."""
    scene = await room_scene(hall, cap=10, auto_passthrough=True)
    usher = scene.usher()
    await scene.until_open(usher)
    frame = await scene.tick(usher, ticks=90)
    assert frame.passthrough
    (index,) = await scene.join()
    assert isinstance(await scene.claim(index), Claimed)
    await scene.join(30)
    frame = await scene.tick(usher, ticks=4)
    assert not frame.passthrough and frame.waiting > 0
    await scene.close()


async def test_a_lost_store_gets_its_room_back(scene: RoomScene) -> None:
    """Valkey was emptied: the next tick opens the room as its organiser left it."""
    usher = scene.usher()
    await scene.join(5)
    await scene.tick(usher)
    await scene.hall.server.services.redis.flushall()
    await usher.step()
    await usher.step()
    assert (await scene.state()).plan.cap == scene.facts.cap


async def _refusal(scene: RoomScene, index: int) -> LineRefused:
    answer = await scene.claim(index)
    assert isinstance(answer, LineRefused)
    return answer


async def _sell_everything(scene: RoomScene) -> None:
    """Take every seat off sale: for those who wait it is the same as sold."""
    inventory, show = scene.hall.server.services.inventory, scene.hall.show
    snapshot = await inventory.read(show)
    assert snapshot is not None
    assert isinstance(await inventory.block(show, range(snapshot.seat_count), "sold"), Changed)
