"""Who is let in: never more than the cap, never faster than the rate, each in their own window."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.integration.waitingroom.line_scene import KEY, Scene, person
from waitingroom.model import Claimed, LineRefused, Phase, RoomKey, RoomPlan
from waitingroom.scripts import compose, read_files

CAP = 40


async def storm(scene: Scene) -> int:
    """Ten times the cap claim at once, again and again, while visits end; the most ever seen inside."""
    await scene.open(cap=CAP)
    await scene.crowd(10 * CAP)
    await scene.move(10 * CAP)
    most, inside = 0, set[int]()

    async def claim(number: int) -> None:
        answer = await scene.lines[number % 4].claim(KEY, number, person(number), f"visitor{number}", "key")
        if isinstance(answer, Claimed):
            inside.add(number)
        else:
            assert answer in (LineRefused("full", 1_000), LineRefused("visit_over"))

    for _ in range(6):
        await asyncio.gather(*(claim(number) for number in range(10 * CAP)))
        passes = [name async for name in scene.redis.scan_iter("*:s:1:pass:*", count=1000)]
        most = max(most, await scene.visits(), len(passes))
        for number in sorted(inside)[: CAP // 2]:
            inside.discard(number)
            assert await scene.line.end_visit(KEY, f"visitor{number}")
    return most


async def test_t17_the_cap_holds_in_a_storm_of_claims(scene: Scene) -> None:
    """T17: ten times as many claims as the cap, from four connections: never one inside, or one pass, too many."""
    assert await storm(scene) == CAP


async def test_t17_the_storm_finds_a_missing_cap(redis: Redis) -> None:
    """T17, negative control: without the check at the claim the same storm exceeds the cap."""
    files = read_files()
    check = ">= plan.cap then return 'full'"
    assert files["claim_place"].count(check) == 1
    files["claim_place"] = files["claim_place"].replace(check, ">= 10 * plan.cap then return 'full'")
    broken = Scene(redis, compose(files))
    assert await storm(broken) > CAP
    await broken.close()


async def test_t18_no_minute_admits_more_than_the_rate(scene: Scene) -> None:
    """T18: everybody who is called claims at once for three minutes; every window of 60 s has at most the rate, and near it."""
    rate = 30
    await scene.open(cap=10_000, rate_per_min=rate)
    await scene.crowd(200)
    came: list[int] = []
    called: list[tuple[int, int]] = []
    waiting = list(range(200))
    for _ in range(180 * 4):
        moved = await scene.move(20)
        called.append((scene.now_ms, moved.called))
        for number in [n for n in waiting if n < moved.served][:3]:
            if isinstance(await scene.claim(number), Claimed):
                waiting.remove(number)
                came.append(scene.now_ms)
        await scene.on(250)
    for moment in {*came}:
        assert sum(moment - 60_000 < at <= moment for at in came) <= rate
        assert sum(people for at, people in called if moment - 60_000 < at <= moment) <= 2 * rate
    assert 3 * rate - 3 <= len(came) <= 3 * rate


async def test_t20_a_step_in_no_shows_never_exceeds_the_cap(scene: Scene) -> None:
    """T20: nobody misses the turn, then six in ten do while twice as many are called, then all of them come at once."""
    await scene.open(cap=20, rate_per_min=600, claim_window_ms=600_000)
    await scene.crowd(400)
    absent: list[int] = []
    for second in range(60):
        moved = await scene.move(4)
        for number in range(moved.served - moved.called, moved.served):
            if second >= 20 and number % 10 < 6:
                absent.append(number)
            else:
                await scene.claim(number)
        assert await scene.visits() <= 20
        if second % 3 == 0:
            await scene.line.end_visit(KEY, f"visitor{second}")
        await scene.on(1_000)
    assert len(absent) > 60
    answers = await asyncio.gather(*(scene.claim(number) for number in absent))
    assert await scene.visits() == 20
    assert LineRefused("full", 1_000) in answers


async def test_t24_after_a_pause_the_line_goes_on_in_order(scene: Scene) -> None:
    """T24: sold out, the room rests for an hour; when stock returns, who was called keeps the turn and the next are called."""
    await scene.open(cap=100)
    await scene.crowd(30)
    await scene.move(5)
    assert isinstance(await scene.claim(0), Claimed)
    await scene.line.set_phase(KEY, paused=True)
    assert await scene.claim(1) == LineRefused("room_paused", 2_000)
    assert isinstance(await scene.claim(0), Claimed)  # who is inside is not asked to leave
    for _ in range(12):
        await scene.on(300_000)
        assert await scene.line.move(KEY, scene.fence, 30) == LineRefused("room_paused", 2_000)
    await scene.line.set_phase(KEY, paused=False)
    assert isinstance(await scene.claim(1), Claimed)
    assert await scene.claim(5) == LineRefused("not_called")
    assert (await scene.move(3)).served == 8
    assert [isinstance(await scene.claim(number), Claimed) for number in range(5, 9)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("after_ms", "reentries", "expected"),
    [
        (9_999, 0, "in"),
        (10_000, 0, "lapsed"),
        (9_999, 1, "in"),
        (10_000, 1, "back"),
        (19_999, 1, "back"),
        (20_000, 1, "lapsed"),
    ],
)
@pytest.mark.parametrize("swept", [False, True])
async def test_t36_a_window_passed_gives_one_more(
    scene: Scene, after_ms: int, reentries: int, expected: str, swept: bool
) -> None:
    """T36: a window is a time, to the millisecond; who missed it may come once more within a second one, swept or not."""
    await scene.open(claim_window_ms=10_000, reentries=reentries)
    await scene.crowd(3)
    await scene.move(2)
    await scene.run(after_ms)
    if swept:
        await scene.line.lapse(KEY)
    answer = await scene.claim(0)
    if expected == "lapsed":
        assert answer == LineRefused("lapsed")
        assert (await scene.join(0)).index == 3
    else:
        assert isinstance(answer, Claimed)
        assert answer.reentered is (expected == "back")
    state = await scene.line.read(KEY)
    assert state is not None
    assert state.reentered == (expected == "back")


async def test_a_claim_is_its_holders_alone(scene: Scene) -> None:
    """The same holder gets the same visit again; another browser, with everything but the key, gets nothing (T25)."""
    await scene.open()
    await scene.crowd(2)
    await scene.move(1)
    first = await scene.claim(0)
    assert isinstance(first, Claimed)
    again = await scene.line.claim(KEY, 0, person(0), "visitor0", "key")
    assert again == Claimed(first.position, first.expires_at_ms, repeated=True, reentered=False)
    assert await scene.line.claim(KEY, 0, person(0), "visitor0", "thief") == LineRefused("holder_differs")
    assert await scene.line.claim(KEY, 0, person(0), "thief", "key") == LineRefused("holder_differs")
    assert await scene.line.claim(KEY, 0, person(1), "thief", "key") == LineRefused("place_superseded")
    assert await scene.redis.keys("*thief*") == []


async def test_a_visit_opens_exactly_its_shows(scene: Scene) -> None:
    """Passes are written for the room's shows with the visit, name room and holder, and go with it."""
    await scene.open(shows=(1, 2), visit_ms=60_000)
    await scene.crowd(1)
    await scene.move(1)
    await scene.claim(0)
    names = sorted(await scene.redis.keys("*:pass:*"))
    assert names == [b"{e:5}:s:1:pass:visitor0", b"{e:5}:s:2:pass:visitor0"]
    assert await scene.redis.get(names[0]) == b"1:key"
    assert 59_000 < await scene.redis.pttl(names[0]) <= 60_000
    assert await scene.line.end_visit(KEY, "visitor0")
    assert not await scene.line.end_visit(KEY, "visitor0")
    assert await scene.redis.keys("*:pass:*") == []
    assert await scene.claim(0) == LineRefused("visit_over")


async def test_a_purchase_in_one_room_leaves_the_visit_to_another_alone(scene: Scene) -> None:
    """Somebody is inside of two rooms of one event: each visit has its own passes and its own end."""
    other = RoomKey(KEY.event_id, 2)
    await scene.open(shows=(1,))
    await scene.crowd(1)
    await scene.move(1)
    await scene.claim(0)
    await scene.line.open_room(other, RoomPlan(0, 0, cap=5, rate_per_min=600, shows=(2,)))
    await scene.line.join(other, person(0))
    fence = await scene.line.lead(other, "usher", 60_000)
    assert fence is not None
    await scene.line.move(other, fence, 1)
    assert isinstance(await scene.line.claim(other, 0, person(0), "visitor0", "key"), Claimed)
    assert await scene.line.end_visit(KEY, "visitor0")
    assert await scene.redis.keys("*:pass:*") == [b"{e:5}:s:2:pass:visitor0"]
    again = await scene.line.claim(other, 0, person(0), "visitor0", "key")
    assert isinstance(again, Claimed) and again.repeated


async def test_passthrough_lets_everybody_in_until_somebody_would_wait(scene: Scene) -> None:
    """With little demand who joins is called at once; the one who finds the room full waits, and so does who follows."""
    await scene.open(cap=3)
    await scene.line.set_phase(KEY, passthrough=True)
    assert [(await scene.join(number)).called for number in range(5)] == [True, True, True, False, False]
    state = await scene.line.read(KEY)
    assert state is not None
    assert (state.served, state.passthrough, state.phase) == (3, False, Phase.OPEN)
