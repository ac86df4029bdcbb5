"""The store of a running room is lost with everything in it. What must hold: no index is given twice, nobody has two places or loses
the one they have, the room opens at its second with the draw that was made, and who is inside stays inside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from seatmap.inventory.keys import pass_key
from server.embedded import valkey
from server.faults import Unavailable
from server.rooms.conduct import load_secret
from server.rooms.facts import SQL
from server.rooms.steer import steer
from tests.faults.waitingroom.usher_scene import TICK_MS, Dying, RoomScene, room_scene
from tests.integration.installation import installation
from tests.integration.rooms.hall import Hall, code_of, lay
from waitingroom import keys
from waitingroom.model import LOST_JOINS_MAX, Claimed, Joined, LineRefused, Phase, RoomKey
from workers.usher.drawing import AGAIN_MS
from workers.usher.room_usher import RoomUsher

DEADLINE_S = 20.0


async def copied(scene: RoomScene, usher: RoomUsher) -> None:
    """Let time pass until the draw, if there was one, is on record, and everything so far is copied."""
    for _ in range(2):
        await scene.tick(usher, ticks=1 + AGAIN_MS // TICK_MS)
        await usher.drawing.work.settle()
        await usher.copying.work.settle()
    usher.copying.renew()
    await scene.tick(usher)
    await usher.copying.work.settle()


async def lose_everything(redis: Redis) -> None:
    """Do to the store what a start without its file does: no keys, no functions."""
    await redis.flushall()
    await redis.execute_command("FUNCTION", "FLUSH")  # type: ignore[no-untyped-call]


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it happened; a store that is away is asked again."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                if await happened():
                    return
            except Unavailable:
                pass
            await asyncio.sleep(0.02)


async def show_token(scene: RoomScene, index: int) -> Joined:
    """Come back with a token."""
    answer = await scene.line.restore(scene.key, index, scene.people[index], 4)
    assert isinstance(answer, Joined), answer
    return answer


@pytest.fixture
def mortal(scratch: Path) -> Iterator[list[valkey.EmbeddedValkey]]:
    """A store of the test's own without a file; the test starts the next one."""
    servers = [valkey.start(scratch / "lost-line", durable=False)]
    yield servers
    for one in servers:
        one.stop()


async def test_a_store_killed_in_the_lobby_comes_back_with_everybody(
    mortal: list[valkey.EmbeddedValkey], scratch: Path, database_url: str, tmp_path: Path
) -> None:
    """Killed and started again empty: those copied are in the draw though their tabs are closed, those since by their token."""
    async with installation(database_url, mortal[0].url, tmp_path) as server:
        scene = await room_scene(await lay(server))
        usher = scene.usher()
        early = await scene.join(30)
        await copied(scene, usher)
        late = await scene.join(3)

        mortal[0].process.kill()
        mortal[0].process.wait()
        mortal.append(valkey.start(scratch / "lost-line", durable=False))

        async def leads() -> bool:
            await usher.step()
            return usher.fence is not None

        await eventually(leads)
        newcomers = await scene.join(2)
        assert not {*early, *late} & {*newcomers}, "an index was given twice"
        for index in late:
            assert (await show_token(scene, index)).index == index
        assert (await scene.state()).waiting == 35
        await scene.until_open(usher)
        assert (await scene.state()).now_ms - scene.facts.draws_ms <= 1_000
        positions = await scene.positions()
        assert len(positions) == len(set(positions.values())) == 35
        assert max(positions.values()) < 35, "who holds a place comes before indices nobody has"
        await usher.resign()
        await scene.close()


async def test_a_place_given_before_the_first_copy_is_kept_by_its_token(hall: Hall, redis: Redis) -> None:
    """Nothing was copied yet, and nobody joined after the loss: the page asks where it stands, and that brings the place back."""
    facts = await hall.room()
    ann, ben = await hall.visitor(facts), await hall.visitor(facts)
    given = (await ann.join()).json()["index"]
    await lose_everything(redis)
    scene = RoomScene(hall, facts)
    usher = scene.usher()
    await usher.step()
    await usher.step()
    assert usher.fence is not None

    async def told() -> bool:
        return (kept := await hall.server.services.frames.find(scene.key)) is not None and kept.frame.waiting == 0

    await eventually(told)
    mine = await ann.mine()
    assert (mine.status_code, mine.json()["index"], mine.json()["state"]) == (200, given, "waiting")
    assert (await scene.state()).waiting == 1
    other = (await ben.join()).json()["index"]
    assert other >= LOST_JOINS_MAX > given
    assert (await ann.join()).json()["index"] == given
    await usher.resign()


async def test_t38_a_join_the_store_forgot_is_back_before_the_draw(hall: Hall, redis: Redis) -> None:
    """T38: a failover lost the last join, nobody joins after it: the leader's first tick says so, the page shows its token, and it is drawn."""
    facts = await hall.room()
    first, ann = await hall.visitor(facts), await hall.visitor(facts)
    given = [(await one.join()).json()["index"] for one in (first, ann)]
    scene = RoomScene(hall, facts)
    epoch = (await scene.state()).epoch
    place = hall.server.services.places.read(ann.place, facts)
    assert place is not None
    await forget(redis, scene.key, place.identity, given[1])
    usher = scene.usher()
    await usher.step()
    state = await scene.state()
    assert state.epoch > epoch and state.waiting == 1

    async def told() -> bool:
        kept = await hall.server.services.frames.find(scene.key)
        return kept is not None and kept.frame.epoch == state.epoch

    await eventually(told)
    mine = (await ann.mine()).json()
    assert (mine["index"], mine["state"]) == (given[1], "waiting")
    lobby = await scene.line.read_places(scene.key)
    assert lobby is not None and (lobby.identities != 0).sum() == 2
    await usher.resign()
    await scene.close()


async def forget(redis: Redis, key: RoomKey, identity: bytes, index: int) -> None:
    """Take the last join back, and the functions' memory with it, as a replica would lack both."""
    bucket, name = keys.bucket_of(identity)
    await redis.set(keys.part_key(key, "next"), index)
    await redis.execute_command("HDEL", keys.bucket_key(key, bucket), name)  # type: ignore[no-untyped-call]
    await redis.execute_command("FUNCTION", "FLUSH")  # type: ignore[no-untyped-call]


async def test_a_draw_on_record_is_published_by_whoever_finds_the_store_empty(scene: RoomScene, redis: Redis) -> None:
    """Lost between the frozen roll and the flip, the last copy older than the lobby's end: the same people, the same places."""
    first = scene.usher("first", dying := Dying(scene.line))
    await scene.join(20)
    await copied(scene, first)
    since = await scene.join(5)
    await scene.set_clock(scene.facts.draws_ms)
    await scene.tick(first)
    await first.drawing.work.settle()
    assert dying.wished is not None and (await scene.state()).phase is Phase.DRAWING
    await lose_everything(redis)
    await first.copying.work.close()
    second = scene.usher("second")
    await second.step()
    await scene.until_open(second)
    assert list((await scene.positions()).values()) == dying.wished.tolist()
    for index in since:
        assert (await show_token(scene, index)).position == dying.wished[index]
    assert min(await scene.join(3)) >= 25 + LOST_JOINS_MAX - 5
    await second.resign()


async def test_a_frozen_roll_nobody_saw_drawn_keeps_no_room_shut(scene: RoomScene, redis: Redis) -> None:
    """The roll is of another lobby than the store has by now, and Postgres was away: it is frozen anew, and the room opens."""
    usher = scene.usher()
    await scene.join(4)
    roll = f"{{e:{scene.key.event_id}}}:r:{scene.key.room_id}:roll"
    await redis.set(roll, bytes(9 * 3))
    desk, known = usher.drawing._desk, await load_secret(usher.drawing._desk, scene.facts)
    usher.drawing._secret = known
    async with desk.database.tenant(scene.facts.org_id) as connection:
        assert await connection.fetchval(SQL["draw_list"], scene.facts.room_id) is None
    await scene.until_open(usher)
    assert len(await scene.positions()) == 4
    await usher.resign()


async def test_an_open_room_goes_on_where_it_was(scene: RoomScene, hall: Hall, redis: Redis) -> None:
    """Visits go on with their passes, nobody who was in comes in twice, places keep their order, and everybody is called once."""
    usher = scene.usher()
    people = await scene.join(40)
    await scene.until_open(usher)
    drawn = await scene.positions()
    while (await scene.state()).served < 12:
        await scene.tick(usher)
    order = sorted(people, key=drawn.__getitem__)
    inside, left = order[:6], order[30]
    visits = {index: await scene.claim(index) for index in inside}
    await scene.line.leave(scene.key, left, scene.people[left])
    await copied(scene, usher)
    served = (await scene.state()).served
    joined_since = (await scene.join(1))[0]
    await lose_everything(redis)

    while usher.fence is None or (await scene.line.read(scene.key)) is None:
        await usher.step()
    after = await scene.state()
    assert (after.phase, after.visits, after.lobby) == (Phase.OPEN, 6, 40)
    assert after.served >= served
    assert await scene.positions() == drawn | {joined_since: joined_since}
    for index in inside:
        assert await redis.get(pass_key(hall.show, f"visitor{index}")) is not None
        again = await scene.claim(index)
        first = visits[index]
        assert isinstance(again, Claimed) and isinstance(first, Claimed)
        assert (again.repeated, again.expires_at_ms) == (True, first.expires_at_ms)
    assert await scene.line.restore(scene.key, left, scene.people[left], 4) == LineRefused("left")
    assert (await show_token(scene, joined_since)).index == joined_since
    newcomer = (await scene.join(1))[0]
    assert newcomer > joined_since

    done = set(inside)
    waiting = {index: at for index, at in (await scene.positions()).items() if index != left}
    for _ in range(200):
        await scene.tick(usher)
        await scene.claim_called(waiting, done)
        if len(done) == len(waiting):
            break
    assert done == waiting.keys(), "somebody was never called"
    state = await scene.state()
    assert (state.visits, state.claimed) == (41, 41)
    await usher.resign()


async def test_what_the_organiser_does_to_a_lost_room_makes_no_new_one(
    hall: Hall, scene: RoomScene, redis: Redis
) -> None:
    """Pause and pace find the store empty: the room is rebuilt with its places first, then paused and paced."""
    usher = scene.usher()
    given = await scene.join(3)
    await copied(scene, usher)
    for action, values in (("pause", {}), ("pace", {"rate_per_min": 77})):
        await lose_everything(redis)
        steered = await steer(hall.desk, hall.who, hall.who.org_id, scene.facts.room_id, action, **values)  # type: ignore[arg-type]
        assert getattr(steered, "code", None) is None
        state = await scene.state()
        assert state.paused and state.waiting == 3
        for index in given:
            assert (await show_token(scene, index)).index == index
    assert state.plan.rate_per_min == 77
    await usher.resign()


async def test_without_postgres_a_lost_room_gives_no_places(
    hall: Hall, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what was given: joining is put off, not begun at nought again."""
    facts = await hall.room()
    ann = await hall.visitor(facts)
    assert (await ann.join()).status_code == 201
    await lose_everything(redis)
    database = hall.server.services.database

    def away(*_: object) -> object:
        raise Unavailable("Postgres does not answer")

    monkeypatch.setattr(database, "tenant", away)
    ben = await hall.visitor(facts)
    refused = await ben.join()
    assert (refused.status_code, code_of(refused)) == (503, "unavailable")
    monkeypatch.undo()
    assert (await ben.join()).json()["index"] >= LOST_JOINS_MAX
