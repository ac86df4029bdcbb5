"""A room before a whole event: shows that are added later are behind it from their first moment."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass

import pytest

from seatmap.inventory.model import Held, HoldRequest, Refused, ShowKey
from server.catalog import events
from server.catalog.inputs import EventChange
from server.database import Database
from server.faults import Unavailable
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import RoomFacts
from server.rooms.inputs import RoomChange
from server.rooms.make import change_room, create_room
from server.rooms.memory import Rooms
from server.rooms.plan import room_key
from server.rooms.steer import steer
from tests.faults.waitingroom.usher_scene import room_scene
from tests.integration.rooms.hall import Hall, made
from waitingroom.model import Claimed

DEADLINE_S = 10
_commands = itertools.count()


async def told(hall: Hall, show_id: int) -> None:
    """Wait until this process knows the room of a show."""
    async with asyncio.timeout(DEADLINE_S):
        while hall.server.services.rooms.covering(show_id) is None:
            await asyncio.sleep(0.01)


async def hold(hall: Hall, show_id: int, visitor: str) -> Held | Refused:
    request = HoldRequest(seats=((0, hall.type_id),))
    show = ShowKey(hall.event_id, show_id)
    return await hall.server.services.inventory.hold(show, visitor, request, f"c{next(_commands)}")


def settings_of(hall: Hall, **changes: object) -> RoomChange:
    """Return what `hall.wish` wishes for, as a change of a room."""
    wish = hall.wish(**changes)
    return RoomChange(**{name: getattr(wish, name) for name in RoomChange.__struct_fields__})


async def test_a_show_added_later_is_behind_the_room(hall: Hall) -> None:
    """It sells to nobody without a pass; after the usher's next look a claim is a pass to it, also for who is inside already."""
    scene = await room_scene(hall, shows=(), whole_event=True)
    usher = scene.usher()
    early, late = await scene.join(2)
    await scene.until_open(usher)
    await scene.tick(usher, ticks=8)
    assert isinstance(await scene.claim(early), Claimed)

    added = await hall.another_show()
    assert await hold(hall, added, f"visitor{early}") == Refused("pass_required")
    await told(hall, added)
    facts = hall.server.services.rooms.by_id(scene.facts.room_id)
    assert facts is not None and facts.shows == (hall.show_id, added)
    usher.facts = facts
    await scene.tick(usher)
    assert (await scene.state()).plan.shows == facts.shows
    for index in (early, late):
        assert isinstance(await scene.claim(index), Claimed)
    assert isinstance(await hold(hall, added, f"visitor{early}"), Held)
    assert await hold(hall, added, "somebody else") == Refused("pass_required")
    await scene.close()


async def test_a_room_before_some_shows_leaves_new_ones_alone(hall: Hall) -> None:
    """Only who chose the whole event gets shows they did not name; a closed room gets none."""
    some = await hall.room()
    assert isinstance(await hold(hall, await hall.another_show(), "v"), Held)
    closed = await steer(hall.desk, hall.who, hall.who.org_id, some.room_id, "close")
    assert not isinstance(closed, Refusal)
    whole = made(
        await create_room(hall.desk, hall.who, hall.who.org_id, hall.wish(slug="all", shows=(), whole_event=True))
    )
    assert len(whole.shows) == 2
    made(await steer(hall.desk, hall.who, hall.who.org_id, whole.room_id, "close"))
    assert isinstance(await hold(hall, await hall.another_show(), "v"), Held)


async def test_the_whole_event_and_some_of_its_shows_is_a_contradiction(hall: Hall) -> None:
    """One or the other; and a show has one room, whole event or not."""
    both = await create_room(hall.desk, hall.who, hall.who.org_id, hall.wish(whole_event=True))
    assert isinstance(both, Refusal) and (both.code, both.field) == ("field_invalid", "/whole_event")
    neither = await create_room(hall.desk, hall.who, hall.who.org_id, hall.wish(shows=()))
    assert isinstance(neither, Refusal) and neither.code == "room_show_foreign"
    await hall.room()
    taken = await create_room(hall.desk, hall.who, hall.who.org_id, hall.wish(slug="all", shows=(), whole_event=True))
    assert isinstance(taken, Refusal) and taken.code == "room_show_taken"


async def test_a_room_is_widened_to_the_event_and_narrowed_again(hall: Hall) -> None:
    """A change of the settings covers the shows there are, and gives those back that are not meant any more."""
    room = await hall.room()
    added = await hall.another_show()
    org = hall.who.org_id
    wide = made(
        await change_room(hall.desk, hall.who, org, room.room_id, settings_of(hall, shows=(), whole_event=True))
    )
    assert wide.shows == (hall.show_id, added) and wide.whole_event
    assert await hold(hall, added, "v") == Refused("pass_required")
    narrow = made(await change_room(hall.desk, hall.who, org, room.room_id, settings_of(hall)))
    assert narrow.shows == (hall.show_id,) and not narrow.whole_event
    assert isinstance(await hold(hall, added, "v"), Held)


@dataclass(frozen=True)
class Interrupted(Desk):
    """A desk where a show is added between the first look at a room and the deed."""

    hall: Hall

    async def own(self, org_id: int, room_id: int) -> RoomFacts | Refusal:
        facts = await self.hall.desk.own(org_id, room_id)
        await self.hall.another_show()
        return facts


async def test_a_show_added_while_the_room_is_changed_is_neither_lost_nor_kept(hall: Hall) -> None:
    """The change goes by the shows the room has once it is locked: all of them when it stays whole, and none it was not given."""
    desk = hall.desk
    between = Interrupted(desk.database, desk.redis, desk.rooms, desk.line, desk.catalogue, hall)
    org = hall.who.org_id
    room = made(await create_room(desk, hall.who, org, hall.wish(shows=(), whole_event=True)))
    wide = made(await change_room(between, hall.who, org, room.room_id, settings_of(hall, shows=(), whole_event=True)))
    assert len(wide.shows) == 2
    narrow = made(await change_room(between, hall.who, org, room.room_id, settings_of(hall)))
    assert narrow.shows == (hall.show_id,)
    event = made(await desk.catalogue.event_of(org, hall.event_id))
    for show in event.shows:
        found = await hold(hall, show.show_id, "v")
        assert found == Refused("pass_required") if show.show_id == hall.show_id else isinstance(found, Held)


async def test_shows_added_while_the_room_is_made_are_behind_it(hall: Hall) -> None:
    """Whoever is first, room or show: every show of the event ends up behind the room."""
    for number in range(6):
        wish = hall.wish(slug=f"round-{number}", shows=(), whole_event=True)
        room, *added = await asyncio.gather(
            create_room(hall.desk, hall.who, hall.who.org_id, wish), hall.another_show(), hall.another_show()
        )
        assert not isinstance(room, Refusal)
        facts = await hall.desk.own(hall.who.org_id, room.room_id)
        event = made(await hall.desk.catalogue.event_of(hall.who.org_id, hall.event_id))
        assert not isinstance(facts, Refusal)
        assert set(facts.shows) == {show.show_id for show in event.shows} > set(added)
        made(await steer(hall.desk, hall.who, hall.who.org_id, room.room_id, "close"))


async def test_a_room_follows_its_event(hall: Hall) -> None:
    """A new title of the event reaches every process, and the store that the next one starts from."""
    room = await hall.room()
    other = Rooms(hall.server.services.database, hall.server.services.redis)
    await other.open()
    changed = await events.change_event(
        hall.desk.catalogue, hall.who, hall.event_id, EventChange(title="The Other Play")
    )
    assert not isinstance(changed, Refusal)
    async with asyncio.timeout(DEADLINE_S):
        for rooms in (hall.server.services.rooms, other):
            while (facts := rooms.by_id(room.room_id)) is None or facts.event_title != "The Other Play":
                await asyncio.sleep(0.01)
    await other.close()
    state = await hall.desk.line.read(room_key(room))
    assert state is not None and state.plan.shows == room.shows


async def test_what_postgres_could_not_be_asked_is_asked_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event changes while a process can't reach Postgres: it knows what became of the room once it can."""
    room = await hall.room()
    services = hall.server.services
    database = Database(services.settings.database_url)
    await database.open()
    rooms, asked = Rooms(database, services.redis), asyncio.Event()

    async def away() -> None:
        if rooms.by_id(room.room_id) is not None:
            asked.set()
        raise Unavailable("Postgres does not answer: it is away")

    with monkeypatch.context() as without:
        without.setattr(database, "_acquire", away)
        await rooms.open()
        assert rooms.by_id(room.room_id) == room
        await asyncio.wait_for(asked.wait(), DEADLINE_S)
        made(await events.change_event(hall.desk.catalogue, hall.who, hall.event_id, EventChange(title="Later")))
    async with asyncio.timeout(DEADLINE_S):
        while (facts := rooms.by_id(room.room_id)) is None or facts.event_title != "Later":
            await asyncio.sleep(0.01)
    await rooms.close()
    await database.close()
