"""The organiser's side of a waiting room on real stores: set up, watch, steer, rehearse, judge. Every deed is permitted, told and audited."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from seatmap.inventory.model import ShowKey
from server.accounts.roles import Role
from server.rooms.conduct import Conducted, conduct_draw, load_secret
from server.rooms.desk import desk_for
from server.rooms.door.reviews import hold
from server.rooms.facts import RoomFacts
from server.rooms.organiser import rehearsal
from server.rooms.organiser.reading import RoomReader
from server.rooms.organiser.watch import Gone
from server.rooms.plan import room_key
from server.rooms.steer import steer
from tests.integration.installation import Installation
from tests.integration.rooms.hall import Hall
from waitingroom.access_code import read_code
from waitingroom.model import Joined, Phase, RoomKey
from workers.rehearsal import Crowd, Rehearsals, make_crowd

EN = {"accept-language": "en"}


@pytest.fixture
async def org_id(hall: Hall) -> int:
    return hall.who.org_id


@pytest.fixture
async def owner(server: Installation, org_id: int) -> httpx.AsyncClient:
    return await server.signed_in(org_id, "owner", email="owner@rooms.example")


@pytest.fixture
async def event_id(hall: Hall) -> int:
    """An event whose one show has no room yet."""
    return hall.event_id


def filled_in(html: str) -> dict[str, str]:
    """Return what a browser would send of the set-up form when nothing is touched."""
    form = re.search(r'<form class="form room-form".*?</form>', html, re.DOTALL)
    assert form is not None
    sent: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", form[0]):
        field = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if field.get("type") not in ("checkbox", "radio") or re.search(r"\schecked\b", tag):
            sent[field["name"]] = field.get("value", "")
    return sent


async def make_room(owner: httpx.AsyncClient, event_id: int, **changes: str) -> int:
    """Make a room by the form as it comes, with *changes*; gives its number."""
    url = f"/organise/rooms/new?event={event_id}"
    sent = filled_in((await owner.get(url, headers=EN)).text) | changes
    answer = await owner.post(url, data=sent)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def facts_of(server: Installation, room_id: int) -> RoomFacts:
    facts = await server.services.rooms.find(room_id)
    assert facts is not None
    return facts


async def open_lobby(server: Installation, owner: httpx.AsyncClient, room_id: int, **changes: Any) -> RoomKey:
    """Open the lobby of a room now; its draw is in an hour."""
    now_ms = time.time_ns() // 1_000_000
    facts = await facts_of(server, room_id)
    body = {
        "name": facts.name, "shows": facts.shows, "opens_lobby_ms": now_ms - 1_000, "draws_ms": now_ms + 3_600_000,
        "closes_ms": now_ms + 7_200_000, "cap": facts.cap, "rate_per_min": facts.rate_per_min, "identities": facts.identities, **changes,
    }  # fmt: skip
    answer = await owner.put(f"/api/v1/rooms/{room_id}/settings", json=body)
    assert answer.status_code == 200, answer.text
    return room_key(facts)


async def trail(server: Installation, org_id: int, subject: str) -> list[str]:
    async with server.services.database.tenant(org_id) as connection:
        rows = await connection.fetch("select deed from audit_log where subject = $1 order by id", subject)
    return [row["deed"] for row in rows]


# Set-up.


async def test_a_room_is_made_by_pressing_the_button(
    server: Installation, org_id: int, owner: httpx.AsyncClient, event_id: int
) -> None:
    """The form comes filled in with settings that work: sent back untouched it makes a room before every free show of the event."""
    chooser = await owner.get("/organise/rooms/new", headers=EN)
    assert f"/organise/rooms/new?event={event_id}" in chooser.text
    room_id = await make_room(owner, event_id)
    facts = await facts_of(server, room_id)
    event = await server.services.shows.event(event_id=event_id)
    assert event is not None
    assert facts.shows == tuple(sorted(show.show_id for show in event.shows if show.state != "cancelled"))
    assert facts.opens_lobby_ms < facts.draws_ms < facts.closes_ms
    assert facts.identities == ("device",)  # no mail server is set here: nobody could confirm an address
    assert (facts.fail_open, facts.place, facts.reentries) == (False, "exact", 1)
    assert len(facts.commitment) == 64
    assert await trail(server, org_id, f"room:{room_id}") == ["room.created"]
    assert event.title in (await owner.get("/organise/rooms", headers=EN)).text


async def test_without_rooms_the_list_says_what_they_are_for(server: Installation, owner: httpx.AsyncClient) -> None:
    """An organisation that has none reads why it might want one, and finds the one button that makes it."""
    nobody = await server.organisation("nobody")
    owner_of_none = await server.signed_in(nobody, "owner")
    html = (await owner_of_none.get("/organise/rooms", headers=EN)).text
    assert "No waiting rooms yet" in html
    assert html.count('href="/organise/rooms/new"') == 1
    assert "No event to queue for" in (await owner_of_none.get("/organise/rooms/new", headers=EN)).text


async def test_a_form_with_mistakes_comes_back_whole(
    server: Installation, owner: httpx.AsyncClient, event_id: int
) -> None:
    """Nothing is made, every mistake has its sentence, and what was typed is still there."""
    url = f"/organise/rooms/new?event={event_id}"
    sent = filled_in((await owner.get(url, headers=EN)).text) | {"name": "", "cap": "many", "rate_per_min": "77"}
    answer = await owner.post(url, data=sent, headers=EN)
    assert answer.status_code == 422
    assert "Give the room a name" in answer.text
    assert "Shopping at once: write a whole number from 1 to 1,000,000." in answer.text
    assert filled_in(answer.text)["rate_per_min"] == "77"
    assert filled_in(answer.text)["cap"] == "many"
    assert f'?event={event_id}"' in (await owner.get("/organise/rooms/new")).text


async def test_a_show_has_one_room(server: Installation, owner: httpx.AsyncClient, event_id: int) -> None:
    """A second room before the same shows is refused beside the shows, which say behind which room they are."""
    await make_room(owner, event_id, name="The first")
    url = f"/organise/rooms/new?event={event_id}"
    html = (await owner.get(url, headers=EN)).text
    assert "Stands behind “The first” already" in html
    shows = re.findall(r'name="(show_\d+)"', html)
    answer = await owner.post(url, data=filled_in(html) | dict.fromkeys(shows, "yes"), headers=EN)
    assert answer.status_code == 422
    assert "Another waiting room stands before one of these shows." in answer.text


async def test_settings_change_without_touching_the_line(
    server: Installation, org_id: int, owner: httpx.AsyncClient, event_id: int
) -> None:
    """The form of a room shows what it is; saved again it is the same room, and whoever stands in line stays there."""
    room_id = await make_room(owner, event_id, tier_1="Fan club")
    before = await facts_of(server, room_id)
    key = await open_lobby(server, owner, room_id, tiers=[{"tier": 1, "name": "Fan club"}])
    joined = await server.services.line.join(key, b"12345678", 4)
    page = await owner.get(f"/organise/rooms/{room_id}/settings", headers=EN)
    sent = filled_in(page.text)
    assert sent["tier_1"] == "Fan club"
    answer = await owner.post(
        f"/organise/rooms/{room_id}/settings", data=sent | {"cap": "333", "claim_window_min": "2.5"}
    )
    assert answer.status_code == 303, answer.text
    after = await facts_of(server, room_id)
    assert (after.cap, after.claim_window_ms, after.shows, after.commitment) == (
        333,
        150_000,
        before.shows,
        before.commitment,
    )
    assert after.tiers[0].public_key == before.tiers[0].public_key
    again = await server.services.line.join(key, b"12345678", 4)
    assert isinstance(joined, Joined) and isinstance(again, Joined)
    assert (again.index, again.fresh) == (joined.index, False)


async def test_invitation_codes_come_as_a_file_and_are_kept_nowhere(
    server: Installation, org_id: int, owner: httpx.AsyncClient, event_id: int
) -> None:
    """Each code is another one and says its group to whoever has the public key; the audit log counts them and has none."""
    room_id = await make_room(owner, event_id, tier_0="Patrons", identity_code="yes")
    facts = await facts_of(server, room_id)
    keys = {tier.tier: bytes.fromhex(tier.public_key) for tier in facts.tiers}
    seen: set[str] = set()
    for _ in range(2):
        answer = await owner.post(f"/organise/rooms/{room_id}/codes", data={"tier": "0", "count": "25"})
        assert "attachment" in answer.headers["content-disposition"]
        codes = answer.text.split()
        assert len(codes) == 25
        seen.update(codes)
        read = [read_code(code, room_id, keys) for code in codes]
        assert all(code is not None and code.tier == 0 for code in read)
    assert len(seen) == 50
    async with server.services.database.tenant(org_id) as connection:
        details = await connection.fetch("select details::text from audit_log where deed = 'room.codes_issued'")
    assert len(details) == 2
    assert not any(code in row[0] for row in details for code in seen)
    assert (await owner.post(f"/organise/rooms/{room_id}/codes", data={"tier": "3", "count": "1"})).status_code == 422


# Steering.


async def test_each_control_does_what_it_says_and_is_audited(
    server: Installation, org_id: int, owner: httpx.AsyncClient, event_id: int
) -> None:
    """Pause, resume, pace, message, passthrough, queue, drain and close work as plain forms, in Postgres and in the line alike."""
    room_id = await make_room(owner, event_id)
    key = await open_lobby(server, owner, room_id)

    async def press(**fields: str) -> RoomFacts:
        answer = await owner.post(f"/organise/rooms/{room_id}/steer", data=fields)
        assert answer.status_code == 303, answer.text
        return await facts_of(server, room_id)

    async def line() -> Any:
        state = await server.services.line.read(key)
        assert state is not None
        return state

    assert (await press(action="pause")).paused
    assert (await line()).paused
    assert not (await press(action="resume")).paused
    assert not (await line()).paused
    assert (await press(action="pace", rate_per_min="44", cap="99")).rate_per_min == 44
    assert ((await line()).plan.rate_per_min, (await line()).plan.cap) == (44, 99)
    halved = await press(action="pace", rate_per_min="44", cap="99", share="half")
    assert (halved.rate_per_min, halved.cap) == (22, 99)
    said = await press(action="message", text="We start ten minutes late. ❤")
    assert said.message is not None and said.message.text == "We start ten minutes late. ❤"
    assert (await press(action="message", text="")).message is None
    assert (await press(action="passthrough")).passthrough
    assert not (await press(action="queue")).passthrough
    closed = await press(action="close")
    assert closed.closed
    assert (await line()).phase is Phase.CLOSED
    refused = await owner.post(f"/organise/rooms/{room_id}/steer", data={"action": "pause"})
    assert refused.status_code == 409
    assert (await trail(server, org_id, f"room:{room_id}"))[2:] == [
        "room.paused", "room.resumed", "room.paced", "room.paced", "room.said", "room.said", "room.let_through", "room.queued", "room.closed",
    ]  # fmt: skip


async def test_a_script_gets_codes_instead_of_pages(
    server: Installation, owner: httpx.AsyncClient, event_id: int
) -> None:
    """The enhanced controls post the same forms and read nothing but a status or a stable code."""
    room_id = await make_room(owner, event_id)
    url, json_please = f"/organise/rooms/{room_id}/steer", {"accept": "application/json"}
    assert (await owner.post(url, data={"action": "pause"}, headers=json_please)).status_code == 204
    assert (await owner.post(url, data={"action": "close"}, headers=json_please)).status_code == 204
    answer = await owner.post(url, data={"action": "resume"}, headers=json_please)
    assert (answer.status_code, answer.json()["code"]) == (409, "room_state")
    assert (await owner.post(url, data={"action": "explode"}, headers=json_please)).status_code == 400


@pytest.mark.parametrize(
    ("role", "sees", "steers", "makes"),
    [("manager", 200, 303, 303), ("box_office", 200, 303, 403), ("viewer", 200, 403, 403), ("door", 403, 403, 403)],
)
async def test_roles_see_steer_and_make_what_the_table_says(
    server: Installation,
    org_id: int,
    owner: httpx.AsyncClient,
    event_id: int,
    role: Role,
    sees: int,
    steers: int,
    makes: int,
) -> None:
    """Each role reaches exactly the pages, deeds and operations that docs/waiting-room.md says, and is offered no others."""
    room_id = await make_room(owner, event_id)
    member = await server.signed_in(org_id, role, email=f"{role}@rooms.example")
    page = await member.get(f"/organise/rooms/{room_id}")
    assert page.status_code == sees
    assert ('data-control="pause"' in page.text) == (steers == 303)
    assert (f"/organise/rooms/{room_id}/settings" in page.text) == (makes == 303)
    assert (await member.post(f"/organise/rooms/{room_id}/steer", data={"action": "pause"})).status_code == steers
    api = await member.post(f"/api/v1/rooms/{room_id}/control", json={"action": "resume"})
    assert api.status_code == (200 if steers == 303 else 403)
    settings = filled_in((await owner.get(f"/organise/rooms/{room_id}/settings")).text)
    assert (await member.post(f"/organise/rooms/{room_id}/settings", data=settings)).status_code == makes
    assert (await member.post(f"/organise/rooms/{room_id}/codes", data={"tier": "0", "count": "1"})).status_code == (
        422 if makes == 303 else 403
    )
    rehearsal = await member.post(f"/organise/rooms/{room_id}/rehearsal")
    assert rehearsal.status_code == steers


async def test_another_organisations_room_is_none(
    server: Installation, owner: httpx.AsyncClient, event_id: int
) -> None:
    """Pages, forms, figures and operations of a stranger's room are unknown, and nothing happens to it."""
    room_id = await make_room(owner, event_id)
    stranger = await server.signed_in(await server.organisation("northfield"), "owner")
    for path in ("", "/settings", "/reviews"):
        assert (await stranger.get(f"/organise/rooms/{room_id}{path}")).status_code == 404
    for path, data in (("/steer", {"action": "close"}), ("/rehearsal", {}), ("/rehearsal/end", {}), ("/codes", {})):
        assert (await stranger.post(f"/organise/rooms/{room_id}{path}", data=data)).status_code == 404
    assert (await stranger.get(f"/organise/rooms/{room_id}/events")).status_code == 404
    for method, path, body in (
        ("GET", "settings", None), ("GET", "figures", None), ("POST", "control", {"action": "close"}), ("POST", "rehearsals", None),
        ("DELETE", "rehearsals", None), ("POST", "codes", {"tier": 0, "count": 1}), ("GET", "reviews", None), ("POST", "reviews/1", {"overturn": True}),
    ):  # fmt: skip
        answer = await stranger.request(method, f"/api/v1/rooms/{room_id}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "room_unknown"), (method, path)
    assert room_id not in [room["room_id"] for room in (await stranger.get("/api/v1/rooms")).json()["rooms"]]
    assert not (await facts_of(server, room_id)).closed


# Watching.


async def test_the_figures_are_those_of_the_line(server: Installation, owner: httpx.AsyncClient, event_id: int) -> None:
    """Everybody who came, left or waits is counted; the flow shows them in the running ten seconds."""
    room_id = await make_room(owner, event_id)
    key = await open_lobby(server, owner, room_id)
    read = RoomReader(server.services, room_id)
    assert (await read()).arrivals == 0
    for number in range(12):
        joined = await server.services.line.join(key, bytes([number + 1] * 8), 4)
        assert isinstance(joined, Joined)
        if number < 2:
            await server.services.line.leave(key, joined.index, bytes([number + 1] * 8))
    figures = await read()
    assert (figures.phase, figures.arrivals, figures.waiting, figures.left, figures.admitted) == ("lobby", 12, 10, 2, 0)
    assert sum(step.arrivals for step in figures.flow) == 12
    over_http = (await owner.get(f"/api/v1/rooms/{room_id}/figures")).json()
    assert (over_http["arrivals"], over_http["waiting"]) == (12, 10)
    assert [deed["deed"] for deed in over_http["trail"]] == ["room.changed", "room.created"]
    assert set(over_http["actions"]) == {"pause", "pace", "message", "close"}


async def test_the_live_page_says_what_it_is_without_a_script(
    server: Installation, owner: httpx.AsyncClient, event_id: int
) -> None:
    """The frame has the controls as forms, the checklist before the doors open, and where its figures come from."""
    room_id = await make_room(owner, event_id)
    html = (await owner.get(f"/organise/rooms/{room_id}", headers=EN)).text
    data = re.search(r'<script type="application/json" id="room">(.*?)</script>', html)
    assert data is not None
    assert json.loads(data[1])["events_url"] == f"/organise/rooms/{room_id}/events"
    assert "<noscript>" in html
    assert "Before the doors open" in html
    assert "The draw is committed: nobody can choose its outcome." in html
    assert "Not rehearsed yet." in html
    assert re.search(r'<form [^>]*data-control="resume"[^>]* hidden>', html)
    german = (await owner.get(f"/organise/rooms/{room_id}", headers={"accept-language": "de"})).text
    assert "Bevor es losgeht" in german


# Rehearsing.


async def test_a_rehearsal_plays_through_the_line_and_leaves_no_trace(
    server: Installation,
    org_id: int,
    owner: httpx.AsyncClient,
    event_id: int,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Simulated people join, are called, come and go; no seat, pass or ticket is touched; at the end nothing of it is left in the stores."""
    room_id = await make_room(owner, event_id)
    services = server.services
    show = (await facts_of(server, room_id)).shows[0]
    stock_before = await services.inventory.read(ShowKey(event_id, show))
    keys_before = set(await redis.keys("*"))
    monkeypatch.setattr(rehearsal, "LOBBY_MS", 2_000)
    started = await owner.post(f"/organise/rooms/{room_id}/rehearsal")
    sandbox_id = int(started.headers["location"].rpartition("/")[2])
    assert (await owner.post(f"/organise/rooms/{room_id}/rehearsal")).headers["location"] == started.headers["location"]
    sandbox = await facts_of(server, sandbox_id)
    assert (sandbox.rehearsal_of, sandbox.shows) == (room_id, ())
    html = (await owner.get(f"/organise/rooms/{sandbox_id}", headers=EN)).text
    assert "This is a rehearsal" in html
    figures = await play(server, sandbox, people=40)
    assert figures.arrivals == 40
    assert figures.admitted > 0
    assert not [key for key in await redis.keys("*") if b":pass:" in key]
    after = await services.inventory.read(ShowKey(event_id, show))
    assert stock_before is not None and after is not None
    assert (after.position, after.seats, after.remaining) == (
        stock_before.position,
        stock_before.seats,
        stock_before.remaining,
    )
    await owner.post(f"/organise/rooms/{room_id}/rehearsal/end")
    with pytest.raises(Gone):
        await RoomReader(services, sandbox_id)()
    assert (await owner.get(f"/organise/rooms/{sandbox_id}")).status_code == 404
    left = {key for key in set(await redis.keys("*")) - keys_before if f":r:{sandbox_id}:".encode() in key}
    assert left == set()
    rooms: Any = await redis.smembers(f"{{e:{event_id}}}:rooms")  # type: ignore[misc]
    assert b"%d" % sandbox_id not in rooms
    assert "room.rehearsed" in await trail(server, org_id, f"room:{room_id}")
    assert await trail(server, org_id, f"room:{sandbox_id}") == ["room.created", "room.rehearsal_deleted"]


async def play(server: Installation, sandbox: RoomFacts, *, people: int) -> Any:
    """Play a rehearsal in small: everybody comes at once, the draw is made, and everybody is called."""
    services, desk = server.services, desk_for(server.services)
    key = room_key(sandbox)
    crowd_people = make_crowd(sandbox.room_id, people, 20.0)
    for person in crowd_people:
        person.joins_s, person.gives_up_s = 0.0, 3600.0
    crowd = Crowd(services.line, key, crowd_people, time.monotonic(), random.Random(1))
    await crowd.tick()
    assert (await services.line.read(key)).next == people  # type: ignore[union-attr]
    async with asyncio.timeout(30):
        while not isinstance(await conduct_draw(desk, sandbox, await load_secret(desk, sandbox)), Conducted):
            await asyncio.sleep(0.1)
        fence = await services.line.lead(key, "test", 60_000)
        assert fence is not None
        while True:
            await services.line.move(key, fence, people)
            await crowd.tick()
            figures = await RoomReader(services, sandbox.room_id)()
            if figures.admitted > 0:
                return figures
            await asyncio.sleep(0.05)


async def test_a_rehearsal_whose_time_is_over_is_cleared_away_by_the_workers(
    server: Installation, org_id: int, owner: httpx.AsyncClient, event_id: int
) -> None:
    """Nobody has to end it: the worker that finds it over deletes it, and the audit log names nobody."""
    room_id = await make_room(owner, event_id)
    made = await owner.post(f"/api/v1/rooms/{room_id}/rehearsals")
    assert made.status_code == 201, made.text
    sandbox = msgspec.json.decode(made.content, type=RoomFacts)
    stop = asyncio.Event()
    workers = asyncio.create_task(Rehearsals(desk_for(server.services), server.services.redis).run(stop))
    async with asyncio.timeout(20):
        while (await server.services.line.read(room_key(sandbox))).next == 0:  # type: ignore[union-attr]
            await asyncio.sleep(0.05)
        await steer(desk_for(server.services), None, org_id, sandbox.room_id, "close")
        while await server.services.rooms.find(sandbox.room_id) is not None:
            await asyncio.sleep(0.05)
    stop.set()
    await workers
    assert (await trail(server, org_id, f"room:{sandbox.room_id}"))[-1] == "room.rehearsal_deleted"
    assert await server.services.line.read(room_key(sandbox)) is None


async def test_a_rehearsal_is_no_room_to_rehearse_or_to_buy_in(
    server: Installation, owner: httpx.AsyncClient, event_id: int
) -> None:
    """A sandbox can't be rehearsed, its settings aren't offered, and no seat page sends anybody there."""
    room_id = await make_room(owner, event_id)
    made = (await owner.post(f"/api/v1/rooms/{room_id}/rehearsals")).json()
    again = await owner.post(f"/api/v1/rooms/{made['room_id']}/rehearsals")
    assert (again.status_code, again.json()["code"]) == (409, "room_state")
    show = (await facts_of(server, room_id)).shows[0]
    covering = server.services.rooms.covering(show)
    assert covering is not None and covering.room_id == room_id
    assert (await owner.delete(f"/api/v1/rooms/{room_id}/rehearsals")).status_code == 204
    assert (await owner.delete(f"/api/v1/rooms/{room_id}/rehearsals")).status_code == 404


# Judging.


async def held_and_contested(server: Installation, hall: Hall, text: str) -> tuple[RoomFacts, int]:
    """Hold somebody's place at the door, and let them object; gives the room and the place."""
    facts = await hall.room()
    visitor = await hall.visitor(facts)
    joined = await visitor.join()
    assert joined.status_code == 201, joined.text
    index = joined.json()["index"]
    await hold(server.services, hall.who, facts.org_id, facts.room_id, index, "looked odd", time.time_ns() // 1_000_000)
    contested = await visitor.client.post(f"{visitor.path}/contest", json={"text": text})
    assert contested.status_code in (200, 201), contested.text
    return facts, index


async def test_a_reviewer_sees_what_was_done_and_not_whose_it_is(
    server: Installation, hall: Hall, owner: httpx.AsyncClient
) -> None:
    """The case has the action, the reason and the words of the person, escaped; nothing on the page leads to a place or a person."""
    facts, _ = await held_and_contested(server, hall, "I am <b>not</b> a bot")
    page = await owner.get(f"/organise/rooms/{facts.room_id}/reviews", headers=EN)
    assert "Held at the door, place kept" in page.text
    assert "I am &lt;b&gt;not&lt;/b&gt; a bot" in page.text
    case = (await owner.get(f"/api/v1/rooms/{facts.room_id}/reviews")).json()["contests"][0]
    assert not {"index", "place_index", "subject", "identity", "email"} & {*case, *case["actions"][0]}
    figures = (await owner.get(f"/api/v1/rooms/{facts.room_id}/figures")).json()
    assert figures["contests"] == 1
    assert dict(figures["abuse"])["held"] == 1


@pytest.mark.parametrize(("verdict", "review"), [("overturn", "restored"), ("uphold", "upheld")])
async def test_a_verdict_is_carried_out_once_and_audited(
    server: Installation, org_id: int, hall: Hall, owner: httpx.AsyncClient, verdict: str, review: str
) -> None:
    """One press decides; the person is told; a second reviewer who disagrees is told that it was decided."""
    facts, index = await held_and_contested(server, hall, "")
    url = f"/organise/rooms/{facts.room_id}/reviews"
    number = (await owner.get(f"/api/v1/rooms/{facts.room_id}/reviews")).json()["contests"][0]["contest_id"]
    viewer = await server.signed_in(org_id, "viewer", email="viewer@rooms.example")
    sent = {"contest": str(number), "verdict": verdict, "note": "seen"}
    assert (await viewer.post(url, data=sent)).status_code == 403
    assert "It was right" not in (await viewer.get(url, headers=EN)).text
    assert (await owner.post(url, data=sent)).headers["location"] == url
    assert await server.services.door.review_of(facts, index) == review
    assert "Nobody objects" in (await owner.get(url, headers=EN)).text
    other = {"overturn": "uphold", "uphold": "overturn"}[verdict]
    again = await owner.post(url, data=sent | {"verdict": other})
    assert again.headers["location"] == f"{url}?said=decided"
    assert "Somebody else has answered this one." in (await owner.get(again.headers["location"], headers=EN)).text
    deeds = {"overturn": "door.overturned", "uphold": "door.upheld"}
    assert await trail(server, org_id, f"contest:{number}") == [deeds[verdict]]
