"""The door over HTTP: who may, what comes back, what is counted and pushed."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import icalendar
import orjson
import pytest
from pypdf import PdfReader
from redis.asyncio import Redis

from server.checkin.door_news import DoorNews
from server.checkin.live_counters import LiveCounters
from server.checkin.postgres_checkin import read_counters
from server.tickets import key_set
from server.tickets.issue import Ticket
from server.tickets.key_set import root_key
from server.tickets.number import write_number
from tests.integration.checkin.conftest import House, issue_seats
from tests.integration.installation import Installation, installation
from tests.integration.ticket_scene import Scene, lay_scene


@dataclass
class Evening:
    """An installation with a house in it and somebody at its door."""

    here: Installation
    scene: Scene
    tickets: tuple[Ticket, ...]
    staff: httpx.AsyncClient

    async def scan(self, *scans: dict[str, Any], client: httpx.AsyncClient | None = None) -> httpx.Response:
        """Post a batch."""
        return await (client or self.staff).post("/api/v1/scans", json={"scans": list(scans)})

    def one(self, code: str, seq: int, **changes: Any) -> dict[str, Any]:
        """A scan as the browser sends it."""
        place = {"device": self.scene.device, "seq": seq, "show": self.scene.show, "gate": self.scene.gates[0]}
        return {"code": code, "method": "wedge"} | place | changes


@pytest.fixture
async def evening(database_url: str, owner_url: str, valkey_url: str, tmp_path: Path) -> AsyncIterator[Evening]:
    owner = await asyncpg.connect(owner_url)
    scene = await lay_scene(owner)
    await owner.close()
    async with installation(database_url, valkey_url, tmp_path) as here:
        tickets = await issue_seats(here.services.database, scene, order=1, seats=range(8))
        async with aclosing(await here.signed_in(scene.org, "door")) as staff:
            yield Evening(here, scene, tickets, staff)


async def test_a_batch_is_answered_one_by_one(evening: Evening) -> None:
    """A good ticket, its copy, and a record with a gate that is none: two verdicts, and one refusal that held up nothing."""
    code = evening.tickets[0].code
    answer = await evening.scan(evening.one(code, 1), evening.one(code, 2, gate=999), evening.one(code, 3))
    assert answer.status_code == 200
    body = answer.json()
    assert [(one["seq"], one["decision"], one["reason"]) for one in body["answers"]] == [
        (1, "admit", ""),
        (3, "deny", "already_inside"),
    ]
    assert [(one["seq"], one["refused"]) for one in body["refused"]] == [(2, "gate_unknown")]
    assert body["answers"][1]["first_gate"] == "North"


async def test_only_the_door_may_scan(evening: Evening) -> None:
    """Strangers, viewers and another house's staff get nowhere; nothing is recorded for them."""
    scan = evening.one(evening.tickets[0].code, 1)
    async with evening.here.client() as stranger:
        assert (await evening.scan(scan, client=stranger)).json()["code"] == "sign_in_required"
    async with aclosing(await evening.here.signed_in(evening.scene.org, "viewer")) as viewer:
        assert (await evening.scan(scan, client=viewer)).json()["code"] == "not_allowed"
    other = await evening.here.organisation("neighbour")
    async with aclosing(await evening.here.signed_in(other, "door")) as neighbour:
        assert (await evening.scan(scan, client=neighbour)).json()["refused"][0]["refused"] == "show_unknown"
    assert (await evening.scan(scan)).json()["answers"][0]["decision"] == "admit"


async def test_a_malformed_batch_is_refused_whole(evening: Evening) -> None:
    """The problem document has a stable code; nobody is half scanned."""
    good = evening.one("x", 1)
    wrong: list[dict[str, Any]] = [
        {"seq": 0},
        {"code": "x" * 1001},
        {"code": ""},
        {"direction": "up"},
        {"extra": 1},
        {"show": "5"},
    ]
    for scans in ([], "x", [{}], [good] * 101, *([good, good | change] for change in wrong)):
        answer = await evening.staff.post("/api/v1/scans", json={"scans": scans})
        assert (answer.status_code, answer.json()["code"]) == (422, "field_invalid"), scans
    counters = (await evening.staff.get(f"/api/v1/shows/{evening.scene.show}/checkin")).json()
    assert counters["gates"][0]["refused"] == 0


async def test_the_door_is_set_up_by_whoever_stands_there(evening: Evening) -> None:
    """Shows with their gates, a new gate once, a device: enough to begin on an unknown phone."""
    shows = (await evening.staff.get("/api/v1/door/shows")).json()["shows"]
    assert [show["id"] for show in shows] == [evening.scene.show, evening.scene.other_show]
    assert [gate["name"] for gate in shows[0]["gates"]] == ["North", "South"]
    gate = {"venue": evening.scene.venue, "name": "Stage door"}
    made = await evening.staff.post("/api/v1/door/gates", json=gate)
    assert made.status_code == 201
    assert (await evening.staff.post("/api/v1/door/gates", json=gate)).json()["code"] == "gate_name_taken"
    assert (await evening.staff.post("/api/v1/door/gates", json=gate | {"venue": 999})).json()[
        "code"
    ] == "venue_unknown"
    device = (await evening.staff.post("/api/v1/door/devices", json={"name": "iPhone, Safari"})).json()["device"]
    scan = evening.one(evening.tickets[0].code, 1, device=device, gate=made.json()["id"])
    assert (await evening.scan(scan)).json()["answers"][0]["decision"] == "admit", (
        "a gate added a moment ago works at once"
    )


async def test_undo_over_http(evening: Evening) -> None:
    """Taken back once; the second time says why not."""
    scan = (await evening.scan(evening.one(evening.tickets[0].code, 1))).json()["answers"][0]["scan"]
    undo = {"device": evening.scene.device, "seq": 2}
    assert (await evening.staff.post(f"/api/v1/scans/{scan}/undo", json=undo)).json()["decision"] == "undo"
    again = await evening.staff.post(f"/api/v1/scans/{scan}/undo", json=undo | {"seq": 3})
    assert (again.status_code, again.json()["code"]) == (409, "scan_not_undoable")
    assert (await evening.staff.post("/api/v1/scans/999999/undo", json=undo)).json()["code"] == "scan_unknown"


FOUND = {
    "guest 3": "3",
    "GUEST 3": "3",
    "1 5": "5",
    "stalls 1 5": "5",
    "buyer 1": "01234567",
    "buyer1@": "01234567",
    "REFNM00001": "01234567",
    "nobody": "",
    "100%": "",
    "__": "",
}


async def test_people_are_found_without_a_code(evening: Evening) -> None:
    """By holder, buyer, address, order, number or seat; signs that SQL reads as wildcards are letters here."""
    where = f"/api/v1/shows/{evening.scene.show}/checkin/tickets"
    number = write_number(evening.tickets[6].ticket_id).lower()
    for asked, seats in (FOUND | {number: "6"}).items():
        found = (await evening.staff.get(where, params={"q": asked})).json()
        assert "".join(sorted(ticket["seat"] for ticket in found["tickets"])) == seats, asked


async def test_counters_count(evening: Evening) -> None:
    """Admissions less undos, refusals by gate, people inside."""
    codes = [ticket.code for ticket in evening.tickets]
    await evening.scan(
        evening.one(codes[0], 1),
        evening.one(codes[1], 2),
        evening.one(codes[1], 3),
        evening.one(codes[2], 4, gate=evening.scene.gates[1]),
    )
    await evening.scan(evening.one(codes[0], 5, direction="exit"))
    undone = (await evening.scan(evening.one(codes[3], 6))).json()["answers"][0]["scan"]
    await evening.staff.post(f"/api/v1/scans/{undone}/undo", json={"device": evening.scene.device, "seq": 7})
    now = (await evening.staff.get(f"/api/v1/shows/{evening.scene.show}/checkin")).json()
    assert (now["tickets"], now["admitted"], now["inside"]) == (8, 3, 2)
    north, south = now["gates"]
    assert (north["admitted"], north["refused"], south["admitted"], south["refused"]) == (2, 1, 1, 0)


async def test_dashboards_hear_of_every_batch(evening: Evening, redis: Redis) -> None:
    """The channel of the organisation says at which show something happened."""
    async with redis.pubsub() as ear:
        await ear.subscribe(f"activity:{evening.scene.org}")
        await ear.get_message(timeout=5)
        await evening.scan(evening.one(evening.tickets[0].code, 1), evening.one(evening.tickets[1].code, 2))
        heard = await ear.get_message(timeout=5)
        assert heard is not None
        assert orjson.loads(heard["data"]) == {"show": evening.scene.show, "kind": "scan"}


async def test_dashboards_hear_once_of_all_scans_of_a_moment(redis: Redis) -> None:
    """Fifty scans at two shows are two messages, and the scan after them is another."""
    news = DoorNews(redis)
    async with redis.pubsub() as ear:
        await ear.subscribe("activity:7")
        await ear.get_message(timeout=5)
        for scans, shows in ((25, {1, 2}), (1, {1})):
            for _ in range(scans):
                for show in shows:
                    news.tell(7, show)
            heard = [await ear.get_message(timeout=5) for _ in shows]
            assert {orjson.loads(one["data"])["show"] for one in heard if one is not None} == shows
        assert await ear.get_message(timeout=0) is None


async def test_counters_are_pushed(house: House, redis: Redis) -> None:
    """Three followers get the counters at once and again after a scan, read once for all of them."""
    live = LiveCounters(house.database, redis)
    followers = [live.follow(house.scene.org, house.scene.show) for _ in range(3)]
    first = await asyncio.gather(*(anext(follower) for follower in followers))
    assert {one.admitted for one in first} == {0}
    await house.scan(house.tickets[0].code)

    async def until_admitted(follower: Any) -> int:
        async for now in follower:
            if now.admitted:
                return int(now.admitted)
        raise AssertionError("the stream ended")

    waiting = [asyncio.create_task(until_admitted(follower)) for follower in followers]
    async with asyncio.timeout(10):
        while not all(task.done() for task in waiting):
            await redis.publish(f"activity:{house.scene.org}", orjson.dumps({"show": house.scene.show, "kind": "scan"}))
            await asyncio.sleep(0.05)
    assert [task.result() for task in waiting] == [1, 1, 1]
    for follower in followers:
        await follower.aclose()


async def test_another_house_is_not_counted(house: House) -> None:
    """Row-level security answers with nothing."""
    other = await lay_scene(house.owner, "neighbour", first_order=1000)
    await house.scan(house.tickets[0].code)
    assert (await read_counters(house.database, other.org, house.scene.show)).admitted == 0


async def test_the_page_is_for_the_door(evening: Evening) -> None:
    """Signed out leads to sign in and back; a viewer is told no."""
    async with evening.here.client() as stranger:
        answer = await stranger.get("/door")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/door")
    async with aclosing(await evening.here.signed_in(evening.scene.org, "viewer")) as viewer:
        assert (await viewer.get("/door")).status_code == 403


async def test_a_ticket_can_be_read_by_whoever_holds_it(evening: Evening) -> None:
    """By number or code, as data, picture and paper; no cache keeps it and a wrong number finds nothing."""
    ticket = evening.tickets[2]
    number = write_number(ticket.ticket_id)
    async with evening.here.client() as holder:
        by_number = await holder.get(f"/api/v1/tickets/{number}")
        assert by_number.json() == (await holder.get(f"/api/v1/tickets/{ticket.code}")).json()
        view = by_number.json()
        assert (view["title"], view["row"], view["seat"], view["code"]) == ("Twelfth Night", "1", "2", ticket.code)
        picture = await holder.get(view["svg"])
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["cache-control"] == "private, no-store"
        paper = PdfReader(io.BytesIO((await holder.get(view["pdf"])).content))
        assert "Twelfth Night" in paper.pages[0].extract_text()
        assert (await holder.get(f"/api/v1/tickets/{write_number(77)}")).json()["code"] == "ticket_unknown"
        assert (await holder.get("/api/v1/tickets/nonsense")).json()["code"] == "ticket_unknown"


async def test_an_order_s_paper_and_calendar_open_with_its_key_only(evening: Evening) -> None:
    """The key in the mail opens both; without it, or with another, there is no such order."""
    async with evening.here.client() as holder:
        for path in ("/orders/REFNM00001/tickets.pdf", "/orders/REFNM00001/calendar.ics"):
            assert (await holder.get(path)).status_code == 404
            assert (await holder.get(f"{path}?key={'j' * 22}")).status_code == 404
            assert (await holder.get(f"{path}?key={'k' * 22}")).status_code == 200
        paper = await holder.get(f"/orders/REFNM00001/tickets.pdf?key={'k' * 22}")
        assert len(PdfReader(io.BytesIO(paper.content)).pages) == 8
        entry = await holder.get(f"/orders/REFNM00001/calendar.ics?key={'k' * 22}")
        assert icalendar.Calendar.from_ical(entry.content).walk("VEVENT")


async def test_the_key_set_is_signed_by_the_installation(evening: Evening) -> None:
    """A scanner that knows the root key believes this document and no other."""
    async with evening.here.client() as scanner:
        document = (await scanner.get(f"/api/v1/events/{evening.scene.event}/ticket-keys")).json()
    assert [(key["kid"], key["status"]) for key in document["keys"]] == [(0, "signing")]
    root = root_key(evening.here.services.settings.secret).public_key()
    assert document["root"] == key_set.encoded(root.public_bytes_raw())
    said = {name: document[name] for name in ("event", "revision", "keys")}
    signature = base64.urlsafe_b64decode(document["signature"] + "==")
    root.verify(signature, key_set.CONTEXT + orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
