"""Making and steering rooms: what is refused, and what a room does to the shows it stands before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from seatmap.inventory.model import Held, HoldRequest, Refused
from server.refusals import Refusal
from server.rooms.facts import RoomFacts, load_room
from server.rooms.keys import ROOMS_KEY
from server.rooms.make import create_room
from server.rooms.memory import Rooms
from server.rooms.reading import rooms_of
from server.rooms.steer import steer
from server.services import Services
from tests.integration.rooms.hall import HOUR_MS, Hall, now_ms
from waitingroom.model import Phase


async def hold(hall: Hall, k: int, visitor: str = "v" * 16) -> Held | Refused:
    return await hall.server.services.inventory.hold(
        hall.show, visitor, HoldRequest(seats=((k, hall.type_id),)), f"c{k}"
    )


async def test_a_room_makes_its_shows_demand_a_pass_until_it_closes(hall: Hall) -> None:
    """Before, holding works; with the room it is refused; after the close it works again, in the store and after a rebuild."""
    assert isinstance(await hold(hall, 0), Held)
    facts = await hall.room()
    assert await hold(hall, 1) == Refused("pass_required")
    assert hall.server.services.rooms.covering(hall.show_id) == facts
    show = await hall.server.services.shows.show(hall.show_id)
    assert show is not None and show.show.room
    closed = await steer(hall.desk, hall.who, hall.who.org_id, facts.room_id, "close")
    assert isinstance(closed, RoomFacts) and closed.closed
    assert isinstance(await hold(hall, 2), Held)
    assert hall.server.services.rooms.covering(hall.show_id) is None


async def test_what_cannot_be_a_room_is_refused(hall: Hall) -> None:
    """Contradicting times, shows of others, no shows, an address or a show taken: each has its own code, nothing is written."""
    first = await hall.room()
    cases = {
        "room_times_contradict": hall.wish(slug="a", draws_ms=now_ms() - HOUR_MS),
        "room_show_foreign": hall.wish(slug="b", shows=(hall.show_id + 999,)),
        "room_show_taken": hall.wish(slug="c"),
        "event_unknown": hall.wish(slug="d", event=999),
    }
    for code, wish in cases.items():
        refused = await create_room(hall.desk, hall.who, hall.who.org_id, wish)
        assert isinstance(refused, Refusal) and refused.code == code
    none = await create_room(hall.desk, hall.who, hall.who.org_id, hall.wish(slug="e", shows=()))
    assert isinstance(none, Refusal) and none.code == "room_show_foreign"
    rehearsal = hall.wish(slug=first.slug, shows=(), rehearsal_of=first.room_id)
    taken = await create_room(hall.desk, hall.who, hall.who.org_id, rehearsal)
    assert isinstance(taken, Refusal) and taken.code == "room_slug_taken"
    assert [room.slug for room in await rooms_of(hall.desk, hall.who.org_id)] == [first.slug]


async def test_steering_is_written_and_followed_by_the_line(hall: Hall) -> None:
    """Pause, resume, pace, message, passthrough: Postgres, the processes' memory and the line agree after each."""
    facts = await hall.room(draws_ms=now_ms() - 1, opens_lobby_ms=now_ms() - 1000)
    org, room = hall.who.org_id, facts.room_id
    await hall.drawn(facts)
    paused = await steer(hall.desk, hall.who, org, room, "pause")
    assert isinstance(paused, RoomFacts) and paused.paused
    key = hall.server.services.line
    from server.rooms.plan import room_key

    state = await key.read(room_key(facts))
    assert state is not None and state.paused and state.phase is Phase.OPEN
    await steer(hall.desk, hall.who, org, room, "resume")
    await steer(hall.desk, hall.who, org, room, "pace", rate_per_min=77, cap=9)
    await steer(hall.desk, hall.who, org, room, "message", text="Ten minutes late")
    await steer(hall.desk, hall.who, org, room, "passthrough")
    state = await key.read(room_key(facts))
    assert state is not None
    assert (state.paused, state.passthrough, state.plan.rate_per_min, state.plan.cap) == (False, True, 77, 9)
    known = hall.server.services.rooms.by_id(room)
    assert known is not None and known.message is not None and known.message.text == "Ten minutes late"
    assert known == await load_room(hall.server.services.database, room_id=room)
    await steer(hall.desk, hall.who, org, room, "message", text="")
    await steer(hall.desk, hall.who, org, room, "drain")
    state = await key.read(room_key(facts))
    assert state is not None and state.phase is Phase.DRAINING
    await steer(hall.desk, hall.who, org, room, "reopen")
    state = await key.read(room_key(facts))
    assert state is not None and state.phase is Phase.OPEN
    known = hall.server.services.rooms.by_id(room)
    assert known is not None and known.message is None and not known.draining
    async with hall.server.services.database.tenant(org) as connection:
        deeds = await connection.fetch("select deed from audit_log where subject = $1 order by id", f"room:{room}")
    assert [row["deed"] for row in deeds] == [
        "room.created", "room.paused", "room.resumed", "room.paced", "room.said", "room.let_through", "room.said", "room.draining",
        "room.reopened",
    ]  # fmt: skip


async def test_what_the_line_refuses_is_not_written(hall: Hall) -> None:
    """Draining a lobby can not be: Postgres keeps what it had."""
    facts = await hall.room()
    refused = await steer(hall.desk, hall.who, hall.who.org_id, facts.room_id, "drain")
    assert isinstance(refused, Refusal) and refused.code == "room_state"
    again = await load_room(hall.server.services.database, room_id=facts.room_id)
    assert again is not None and not again.draining


async def test_an_older_version_never_overwrites_a_newer_one(hall: Hall) -> None:
    """Two processes change a room at once and the later one is quicker to say so: hash, listeners and newcomers all end at the last."""
    services, facts = hall.server.services, await hall.room()
    paced = [
        await steer(hall.desk, hall.who, hall.who.org_id, facts.room_id, "pace", rate_per_min=rate) for rate in (70, 80)
    ]
    second, third = [one for one in paced if isinstance(one, RoomFacts)]
    await services.redis.delete(ROOMS_KEY)
    async with rooms_process(services) as listener, rooms_process(services) as late:
        await late.changed(third)
        await services.rooms.changed(second)

        async def converged() -> bool:
            return listener.by_id(facts.room_id) == third

        await eventually(converged)
        assert services.rooms.by_id(facts.room_id) == late.by_id(facts.room_id) == third
        async with rooms_process(services) as newcomer:
            assert newcomer.by_id(facts.room_id) == third


async def test_what_valkey_missed_is_told_once_it_is_heard_again(hall: Hall) -> None:
    """The hash has an older version, of one room that was paced and of one that closed: who subscribes compares with Postgres."""
    services, facts = hall.server.services, await hall.room()
    other = await hall.room(slug="rehearsed", shows=(), rehearsal_of=facts.room_id)
    before = await services.redis.execute_command("HGETALL", ROOMS_KEY)  # type: ignore[no-untyped-call]
    paced = await steer(hall.desk, hall.who, hall.who.org_id, facts.room_id, "pace", rate_per_min=70)
    closed = await steer(hall.desk, hall.who, hall.who.org_id, other.room_id, "close")
    assert isinstance(closed, RoomFacts) and closed.closed
    async with rooms_process(services) as witness:
        for room_id, text in before.items():
            await services.redis.execute_command("HSET", ROOMS_KEY, room_id, text)  # type: ignore[no-untyped-call]
        async with rooms_process(services) as newcomer:

            async def converged() -> bool:
                return [newcomer.by_id(room.room_id) for room in (facts, other)] == [paced, closed]

            await eventually(converged)
        assert witness.by_id(facts.room_id) == paced


@asynccontextmanager
async def rooms_process(services: Services) -> AsyncIterator[Rooms]:
    """What another process remembers of rooms."""
    rooms = Rooms(services.database, services.redis)
    await rooms.open()
    yield rooms
    await rooms.close()


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it happened."""
    async with asyncio.timeout(10):
        while not await happened():
            await asyncio.sleep(0.01)


async def test_another_organisation_finds_no_room(hall: Hall) -> None:
    """Its number is of no use there."""
    facts = await hall.room()
    other = await hall.server.organisation("meadow")
    refused = await steer(hall.desk, None, other, facts.room_id, "close")
    assert isinstance(refused, Refusal) and refused.code == "room_unknown"
    assert await rooms_of(hall.desk, other) == []
