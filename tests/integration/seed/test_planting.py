"""The seed: a new installation has something to sell, and starting again changes nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis.asyncio import Redis

from seatmap.inventory.model import HoldRequest, Refused, ShowKey
from server.seed.passwords import seeded_password
from server.seed.planting import seed
from server.services import Services
from tests.integration.installation import Installation


async def _everything(services: Services) -> dict[str, list[Any]]:
    found = {}
    async with services.database.installation() as connection:
        rows = await connection.fetch("select * from published_events(null,null,null,null,null,null,null,null,100)")
        found["events"] = [tuple(row.values()) for row in rows]
    return found


async def test_a_new_installation_has_shows_on_sale(server: Installation) -> None:
    """Theatre, stadium of 60,000 and festival are published and open in the inventory within seconds; staff can sign in."""
    began = time.process_time()
    sign_ins = (await seed(server.services))["sign_ins"]
    assert time.process_time() - began < 5
    listed = (await server.client().get("/api/v1/events")).json()["events"]
    assert {event["slug"] for event in listed if event["on_sale"]} == {
        "the-glass-orchard", "northfield-harbour-city-final", "meadow-lights", "juno-vale-one-night",
    }  # fmt: skip
    final = (await server.client().get("/api/v1/events/northfield-harbour-city-final")).json()
    show = final["shows"][0]
    assert show["capacity"] == 60_000
    snapshot = await server.services.inventory.read(ShowKey(final["id"], show["id"]))
    assert snapshot is not None
    assert snapshot.seat_count == 60_000
    for person in sign_ins:
        credentials = {"email": person["email"], "password": person["password"]}
        assert (await server.client().post("/api/v1/session", json=credentials)).status_code == 200


async def test_seeding_again_changes_nothing(server: Installation) -> None:
    """A second start finds everything and prints the same sign-ins."""
    first = await seed(server.services)
    before = await _everything(server.services)
    assert await seed(server.services) == first
    assert await _everything(server.services) == before


async def test_seeding_opens_the_shows_a_lost_store_forgot(server: Installation, redis: Redis) -> None:
    """After the store lost everything the next start opens the shows again."""
    await seed(server.services)
    event = await server.services.shows.event(slug="the-glass-orchard")
    assert event is not None
    key = ShowKey(event.event_id, event.shows[0].show_id)
    await redis.flushall()
    assert await server.services.inventory.read(key) is None
    await seed(server.services)
    assert await server.services.inventory.read(key) is not None


@pytest.mark.parametrize("status", ["draft", "published"])
async def test_an_interrupted_seed_is_finished(server: Installation, status: str) -> None:
    """A start that was killed half way leaves no event unsold: the next one finishes it."""
    await seed(server.services)
    event = await server.services.shows.event(slug="meadow-lights")
    assert event is not None
    async with server.services.database.tenant(event.org_id) as connection:
        await connection.execute("update events set status = $2 where id = $1", event.event_id, status)
        await connection.execute("update shows set state = 'draft' where event_id = $1", event.event_id)
    await server.services.shows.changed(event.org_id, event.event_id)
    await seed(server.services)
    now = await server.services.shows.event(slug="meadow-lights")
    assert now is not None
    assert now.status == "published"
    assert {show.state for show in now.shows} == {"on_sale"}


async def test_one_event_sells_through_a_waiting_room(server: Installation) -> None:
    """Its lobby is open at once, the draw comes within a minute, its seats demand a pass; starting again keeps the room."""
    await seed(server.services)
    await seed(server.services)
    rooms = server.services.rooms.open_rooms()
    assert [room.slug for room in rooms] == ["juno-vale-one-night"]
    now_ms = time.time() * 1000
    assert rooms[0].opens_lobby_ms <= now_ms < rooms[0].draws_ms <= now_ms + 60_000
    key = ShowKey(rooms[0].event_id, rooms[0].shows[0])
    refused = await server.services.inventory.hold(key, "v" * 16, HoldRequest(seats=((0, 1),)), "c")
    assert refused == Refused("pass_required")
    others = await server.services.shows.event(slug="meadow-lights")
    assert others is not None
    assert not any(show.room for show in others.shows)


async def test_a_room_whose_time_is_over_is_followed_by_a_new_one(server: Installation) -> None:
    """A start on another day opens another lobby, under another address."""
    await seed(server.services)
    room = server.services.rooms.open_rooms()[0]
    async with server.services.database.tenant(room.org_id) as connection:
        await connection.execute(
            "update rooms set opens_lobby_at = opens_lobby_at - interval '1 day', draws_at = draws_at - interval '1 day', "
            "closes_at = closes_at - interval '1 day' where id = $1",
            room.room_id,
        )
    await seed(server.services)
    assert [one.slug for one in server.services.rooms.open_rooms()] == ["juno-vale-one-night-2"]


def test_passwords_differ_between_installations_and_people() -> None:
    """Nobody can sign in elsewhere with the password their own installation printed."""
    assert seeded_password("a" * 40, "owner@x.example") == seeded_password("a" * 40, "owner@x.example")
    made = {
        seeded_password(secret, email) for secret in ("a" * 40, "b" * 40) for email in ("o@x.example", "d@x.example")
    }
    assert len(made) == 4
