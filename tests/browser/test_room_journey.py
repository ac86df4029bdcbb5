"""Through a waiting room to the tickets on a whole installation, with a true draw: a sale of this journey's own, three people in its lobby."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import shlex
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, Route, WebSocket, expect

from loadtests.bench.installation import Installation
from tests.browser.chromium import chromium
from tests.browser.conftest import SignIn, Visit, Visits
from tests.browser.own_sale import TITLE, Api, OwnSale, now_ms, own_sale
from tests.browser.test_purchase_and_door import codes, fill_in, pay, staff

# One loop and one draw for all of them: they are told in the order of a visit.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="module")]

# Three people join side by side in some four seconds on two cores.
DRAW_AFTER_MS = 14_000
UNTIL_DRAWN_MS = 30_000
UNTIL_TURN_MS = 20_000
EMAIL = re.compile("^E-mail")
JOIN = re.compile("^(Get my place|Join the line)$")
STEPS = ("promise", "seed", "listed", "list", "place", "all")


class Wire:
    """What a page sends and hears: the bodies of its posts, and the messages of its sockets in their order."""

    def __init__(self, page: Page) -> None:
        self.posted: dict[str, dict[str, Any]] = {}
        self.messages: list[tuple[str, str]] = []
        page.on("request", self._note)
        page.on("websocket", self._listen)

    def _note(self, request: Request) -> None:
        if request.method == "POST" and "/api/v1/rooms/" in request.url and request.post_data:
            self.posted[request.url.rpartition("/")[2]] = json.loads(request.post_data)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: self._message("sent", payload))
        socket.on("framereceived", lambda payload: self._message("heard", payload))

    def _message(self, way: str, payload: bytes | str) -> None:
        if isinstance(payload, str):
            self.messages.append((way, json.loads(payload)["t"]))

    def first(self, way: str, kind: str) -> int:
        """Return when a message went by; fails when it never did."""
        return self.messages.index((way, kind))


@dataclass(frozen=True)
class Cast:
    """Who is in the lobby: a phone and a desktop, each with a key of its own, and a reader without scripts, by e-mail."""

    sale: OwnSale
    phone: Visit
    desk: Visit
    reader: Visit
    wire: Wire
    """What the phone sends and hears."""

    @property
    def all(self) -> tuple[Visit, Visit, Visit]:
        return self.phone, self.desk, self.reader


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def visits(running: Installation) -> AsyncIterator[Visits]:
    """Screens that stay open for all of these tests."""
    async with chromium() as browser:
        visits = Visits(browser, running.url)
        yield visits
        assert [complaint for visit in visits.all for complaint in visit.complaints] == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cast(visits: Visits, running: Installation, sign_ins: list[SignIn]) -> AsyncIterator[Cast]:
    """Everybody is in the lobby before the second of the draw. The room is paused: the draw comes, and nobody is called before `resume`."""
    office, phone, desk = await visits.open(), await visits.open(width=390, height=780), await visits.open(dark=True)
    reader, wire = await visits.open(script=False), Wire(phone.page)
    api = Api(office.context.request, running.url)
    await api.sign_in(staff(sign_ins, "owner"))
    async with own_sale(api, DRAW_AFTER_MS) as sale:
        await sale.control("pause")
        await asyncio.gather(join_from_the_programme(phone, sale), join(desk, sale), join_by_mail(reader, sale))
        assert now_ms() < sale.draws_ms, "joining took longer than the lobby"
        yield Cast(sale, phone, desk, reader, wire)


async def until(holds: Callable[[], Awaitable[None]], most_ms: int) -> None:
    """Repeat *holds*, which itself waits a while, until it does."""
    deadline = time.monotonic() + most_ms / 1000
    while True:
        try:
            return await holds()
        except AssertionError:
            if time.monotonic() > deadline:
                raise


async def headed(page: Page, words: str, most_ms: int = 20_000) -> None:
    """Wait until the page says *words* by itself."""
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text(words, use_inner_text=True, timeout=most_ms)


async def join_from_the_programme(visit: Visit, sale: OwnSale) -> None:
    """Find the event in the programme, follow its way in, and press the button."""
    page = visit.page
    await page.goto(f"/?q={TITLE.replace(' ', '+')}")
    await page.get_by_role("link", name=re.compile(f"^{TITLE}")).first.click()
    await page.get_by_role("link", name="Join the line").first.click()
    await expect(page).to_have_url(re.compile(rf"{sale.room_page}\?to={sale.show}$"))
    await press_join(page)


async def join(visit: Visit, sale: OwnSale) -> None:
    await visit.page.goto(sale.room_page)
    await press_join(visit.page)


async def press_join(page: Page) -> None:
    await page.get_by_role("button", name=JOIN).filter(visible=True).click()
    await headed(page, "You’re in the draw")


async def join_by_mail(visit: Visit, sale: OwnSale) -> None:
    """Two forms and a letter with six digits."""
    page, address = visit.page, f"noscript.{secrets.token_hex(6)}@example.org"
    await page.goto(f"{sale.room_page}?to={sale.show}")
    await page.get_by_role("textbox", name=EMAIL).filter(visible=True).fill(address)
    await page.get_by_role("button", name="Send me a code").click()
    digits = await code_for(visit, address)
    await page.get_by_role("textbox", name=EMAIL).filter(visible=True).fill(address)
    await page.get_by_label("Six digits from the e-mail").fill(digits)
    await page.get_by_role("button", name="Confirm").filter(visible=True).click()
    await headed(page, "You’re in the draw")


async def code_for(visit: Visit, address: str) -> str:
    """Read the six digits in the newest letter to *address*."""
    found: list[str] = []

    async def arrived() -> None:
        box = await (await visit.context.request.get("/mailbox")).text()
        rows = [row for row in box.split("<tr>") if address in row]
        link = re.search(r'href="(/mailbox/[^"]+)"', rows[0] if rows else "")
        assert link is not None
        letter = await (await visit.context.request.get(link[1])).text()
        digits = re.search(r"\b\d{6}\b", letter.partition("letter__text")[2])
        assert digits is not None
        found.append(digits[0])

    await until(arrived, UNTIL_TURN_MS)
    return found[0]


async def place_shown(visit: Visit) -> int:
    """Return the place that the page comes to show by itself."""
    shown = visit.page.locator("[data-b=place]")
    await expect(shown).to_have_text(re.compile(r"^\d+$"), timeout=UNTIL_DRAWN_MS)
    return int(await shown.inner_text())


async def place_read(visit: Visit) -> int:
    """Return the place that a reader without scripts finds by looking again."""
    page = visit.page

    async def told() -> None:
        await page.reload()
        await expect(page.locator("noscript .big")).to_have_text(re.compile(r"^\d+$"), timeout=1_000)

    await until(told, UNTIL_DRAWN_MS)
    return int(await page.locator("noscript .big").inner_text())


async def mine(visit: Visit, sale: OwnSale) -> dict[str, Any]:
    """Read the place in this browser by the API."""
    answer = await visit.context.request.get(f"/api/v1/rooms/{sale.room}/places/mine")
    found: dict[str, Any] = await answer.json()
    return found


async def states(page: Page) -> dict[str, str]:
    """Return the word that each step of the proof came to."""
    return {step: await page.locator(f"[data-step={step}] .state").inner_text() for step in STEPS}


async def judged(page: Page, words: str) -> None:
    await expect(page.locator("#verdict-head")).to_have_text(words)


async def test_t9_everybody_in_the_lobby_sees_the_place_that_the_draw_gave(cast: Cast) -> None:
    """At the announced second each page shows a place, by itself; together they are all the places, and those that are published."""
    sale = cast.sale
    shown = await asyncio.gather(place_shown(cast.phone), place_shown(cast.desk), place_read(cast.reader))
    assert now_ms() >= sale.draws_ms
    assert sorted(shown) == [1, 2, 3]
    published = await (await cast.desk.context.request.get(f"/api/v1/rooms/{sale.room}/draw/places")).body()
    for visit, place in zip(cast.all, shown, strict=True):
        own = await mine(visit, sale)
        assert own["drawn"] and own["state"] == "waiting"
        index = own["index"]
        assert int.from_bytes(published[4 * index : 4 * index + 4], "big") == place - 1
    await expect(cast.desk.page.get_by_text("paused", exact=False).first).to_be_visible()


async def test_t9_the_draw_is_proven_true_in_the_browser_of_one_of_them(cast: Cast) -> None:
    """Six checks agree, with the promise that this browser noted in the lobby; the command that the page names agrees too."""
    sale, page = cast.sale, await cast.phone.context.new_page()
    await page.goto(f"{sale.room_page}/proof")
    await judged(page, "The draw is true")
    assert await states(page) == dict.fromkeys(STEPS, "Agrees")
    await expect(page.locator("[data-step=promise] .result")).to_contain_text("that this browser noted on")
    own = await mine(cast.phone, sale)
    said = await page.locator("[data-step=place] .result").inner_text()
    assert said.startswith(f"Before entry {own['index']} ") and f"its place is {own['position'] + 1} of 3." in said
    command = shlex.split(await page.locator("pre", has_text="frontrow verify-draw").inner_text())
    assert command[-2:] == ["--index", str(own["index"])]
    check = await asyncio.create_subprocess_exec(sys.executable, "-m", "server.command", *command[1:])
    assert await check.wait() == 0
    await page.close()


async def test_t10_a_changed_place_is_found_out_by_whoever_has_it(cast: Cast) -> None:
    """When the published places are changed on their way, the steps that cannot agree say so."""
    page = await cast.desk.context.new_page()

    async def forge(route: Route) -> None:
        places = await (await route.fetch()).body()
        await route.fulfill(body=places[4:] + places[:4], content_type="application/octet-stream")

    await page.route("**/draw/places", forge)
    await page.goto(f"{cast.sale.room_page}/proof")
    await judged(page, "Something does not agree")
    assert {step for step, state in (await states(page)).items() if state == "Does not agree"} == {"place", "all"}
    await page.close()


async def test_a_place_that_was_copied_or_changed_is_nobodys(cast: Cast, visits: Visits) -> None:
    """The cookie of another browser does not claim without its key, and one that says another index is no place at all."""
    sale, thief = cast.sale, await visits.open()
    room, name = f"/api/v1/rooms/{sale.room}", f"fr_place_{sale.room}"
    await thief.page.goto(sale.room_page)
    cookies = await cast.phone.context.cookies()
    stolen = next(cookie["value"] for cookie in cookies if cookie.get("name") == name)
    ask, headers = thief.context.request, {"Origin": sale.api.url, "Frontrow-Place": stolen}
    nonce = (await (await ask.get(f"{room}/nonce", headers=headers)).json())["nonce"]
    claimed = await ask.post(f"{room}/claim", data={"nonce": nonce}, headers=headers)
    assert (claimed.status, (await claimed.json())["code"]) == (403, "proof_invalid")
    # After `p1.` come room, epoch and index, four bytes each in base64url: the index ends with the 16th character.
    index: int = (await mine(cast.phone, sale))["index"]
    assert stolen[18] == "ABC"[index]
    changed = stolen[:18] + "ABC"[(index + 1) % 3] + stolen[19:]
    answer = await ask.get(f"{room}/places/mine", headers=headers | {"Frontrow-Place": changed})
    assert (answer.status, (await answer.json())["code"]) == (404, "place_unknown")


async def test_whoever_comes_after_the_draw_is_behind_it(cast: Cast, visits: Visits) -> None:
    """The next place is after everybody's who was drawn, and the proof page says why it is none of the draw's."""
    late = await visits.open(width=390, height=780)
    await late.page.goto(cast.sale.room_page)
    await late.page.get_by_role("button", name=JOIN).filter(visible=True).click()
    assert await place_shown(late) == 4
    await late.page.goto(f"{cast.sale.room_page}/proof")
    await judged(late.page, "The draw is true")
    await expect(late.page.locator("[data-step=listed] .result")).to_contain_text("You came after the draw")


async def test_t62_without_scripts_the_way_leads_to_the_seats_too(cast: Cast) -> None:
    """A page that is looked at again says that it is one's turn; a button, and the show opens its door. The draw can be checked elsewhere."""
    sale, page = cast.sale, cast.reader.page
    await sale.control("resume")

    async def called() -> None:
        await page.reload()
        await expect(page.get_by_role("button", name="Choose your seats")).to_be_visible(timeout=1_000)

    await page.goto(f"{sale.room_page}?to={sale.show}")
    await until(called, UNTIL_TURN_MS)
    await page.get_by_role("button", name="Choose your seats").click()
    await expect(page).to_have_url(re.compile(rf"/shows/{sale.show}$"))
    # Where seats are chosen needs scripts, and says so; the door was open.
    assert "needs JavaScript" in await page.locator("body").inner_text()
    own = await mine(cast.reader, sale)
    await page.goto(f"{sale.room_page}/proof")
    await expect(page.get_by_text(f"--index {own['index']}")).to_be_visible()


async def test_the_turn_leads_to_the_tickets(cast: Cast) -> None:
    """A key, proof of work, the turn by itself, the seats; the holder is proven before the hold, and the tickets are theirs."""
    sale, buyer, wire = cast.sale, cast.phone, cast.wire
    page = buyer.page
    joined = wire.posted["places"]
    assert joined["method"] == "device" and set(joined["key"]) >= {"x", "y"}
    assert joined["challenge"]  # solved, or the door would have sent us away
    await sale.control("resume")
    await headed(page, "It’s your turn", UNTIL_TURN_MS)
    await page.get_by_role("button", name="Choose your seats").click()
    await page.wait_for_url(re.compile(rf"/shows/{sale.show}$"))
    assert wire.posted["claim"]["signature"]
    await page.get_by_role("button", name="Find seats").click()
    await expect(page.get_by_role("heading", name="Your 2 seats")).to_be_visible()
    assert wire.first("heard", "joined") < wire.first("sent", "prove") < wire.first("heard", "proven")
    assert wire.first("heard", "proven") < wire.first("heard", "held")
    await fill_in(page, "Pays")
    await pay(page)
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()
    assert len(await codes(buyer)) == 2
    # The purchase ended the visit: the room says so, and where the tickets are; the seats are for the next in line.
    await page.goto(sale.room_page)
    await headed(page, "Your visit is over")
    await page.get_by_role("link", name="See your tickets").click()
    await expect(page.locator("a[href*='/orders/']").first).to_be_visible()


async def test_t48_without_a_pass_the_seats_lead_to_the_line(cast: Cast, visits: Visits) -> None:
    """Whoever opens the show is led to its room, and a hold sent past every page is refused by the store."""
    sale, stranger = cast.sale, await visits.open()
    page = stranger.page
    await page.goto(f"/shows/{sale.show}")
    await expect(page).to_have_url(re.compile(rf"{sale.room_page}\?to={sale.show}$"))
    live = (await page.evaluate("JSON.parse(document.getElementById('room').textContent)"))["live_url"]
    address = live if "://" in live else f"ws://127.0.0.1{live}"
    heard = await page.evaluate(
        """async ([address, show]) => {
          const socket = new WebSocket(address);
          const heard = new Promise((done, fail) => {
            socket.onerror = fail;
            socket.onmessage = ({ data }) => {
              const message = typeof data === "string" ? JSON.parse(data) : { t: "delta" };
              if (message.t === "joined") socket.send(JSON.stringify({ t: "hold", id: "past-the-pages", seats: [[0, 1]], areas: [] }));
              if (message.t === "refused" || message.t === "held" || message.t === "error") done(message);
            };
          });
          await new Promise((open) => (socket.onopen = open));
          socket.send(JSON.stringify({ t: "join", show, scope: "all", from: null, session: null }));
          return heard;
        }""",
        [address, sale.show],
    )
    assert (heard["t"], heard.get("code")) == ("refused", "pass_required")
