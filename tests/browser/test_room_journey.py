"""Through the waiting room to the tickets on a whole installation: the seeded show whose draw comes a minute after the start."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, Request, WebSocket, expect

from tests.browser.conftest import Visit, Visits
from tests.browser.test_purchase_and_door import codes, fill_in, pay

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SLUG = "juno-vale-one-night"
ROOM = f"/rooms/{SLUG}"
# The draw comes up to a minute after the start; then the usher calls forty people a minute.
UNTIL_TURN_MS = 90_000
EMAIL = re.compile("^E-mail")


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


async def until(holds: Callable[[], Awaitable[None]]) -> None:
    """Repeat *holds*, which itself waits a while, until it does."""
    deadline = time.monotonic() + UNTIL_TURN_MS / 1000
    while True:
        try:
            return await holds()
        except AssertionError:
            if time.monotonic() > deadline:
                raise


async def to_the_room(visit: Visit) -> None:
    """Find the event in the programme and follow its way in."""
    page = visit.page
    await page.goto("/")
    await page.get_by_role("link", name=re.compile("^Juno Vale: One Night Only")).first.click()
    await page.get_by_role("link", name="Join the line").first.click()
    await expect(page).to_have_url(re.compile(rf"{ROOM}\?to=\d+$"))


async def turn(page: Page) -> None:
    """Wait until the page says by itself that it is our turn."""
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("It’s your turn", use_inner_text=True, timeout=UNTIL_TURN_MS)


async def test_a_newcomer_waits_is_called_and_buys(visits: Visits) -> None:
    """Event page, room, a key and proof of work, the turn, the seats; the holder is proven before the hold, and the tickets are theirs."""
    buyer = await visits.open(width=390, height=780)
    page, wire = buyer.page, Wire(buyer.page)
    await to_the_room(buyer)
    await page.get_by_role("button", name=re.compile("^(Get my place|Join the line)$")).filter(visible=True).click()
    await turn(page)
    joined = wire.posted["places"]
    assert joined["method"] == "device" and set(joined["key"]) >= {"x", "y"}
    assert joined["challenge"]  # solved, or the door would have sent us away
    await page.get_by_role("button", name="Choose your seats").click()
    await page.wait_for_url(re.compile(r"/shows/\d+$"))
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
    await page.goto(ROOM)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your visit is over", use_inner_text=True)
    await page.get_by_role("link", name="See your tickets").click()
    await expect(page.locator("a[href*='/orders/']").first).to_be_visible()


async def test_t48_without_a_pass_the_seats_lead_to_the_line(visits: Visits) -> None:
    """Whoever opens the show is led to its room, and a hold sent past every page is refused by the store."""
    stranger = await visits.open()
    page = stranger.page
    await page.goto(f"/events/{SLUG}")
    way = await page.get_by_role("link", name="Join the line").first.get_attribute("href")
    assert way is not None
    show = re.search(r"\d+", way)
    assert show is not None
    await page.goto(f"/shows/{show[0]}")
    await expect(page).to_have_url(re.compile(rf"{ROOM}\?to={show[0]}$"))
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
        [address, int(show[0])],
    )
    assert (heard["t"], heard.get("code")) == ("refused", "pass_required")


async def test_t62_without_scripts_the_way_leads_to_the_seats_too(visits: Visits) -> None:
    """By e-mail: two forms, a letter with six digits, a page that is looked at again, and a button; then the show opens its door."""
    reader = await visits.open(script=False)
    page = reader.page
    await to_the_room(reader)
    address = f"noscript.{secrets.token_hex(6)}@example.org"
    await page.get_by_role("textbox", name=EMAIL).filter(visible=True).fill(address)
    await page.get_by_role("button", name="Send me a code").click()
    digits = await code_for(reader, address)
    await page.get_by_role("textbox", name=EMAIL).filter(visible=True).fill(address)
    await page.get_by_label("Six digits from the e-mail").fill(digits)
    await page.get_by_role("button", name="Confirm").filter(visible=True).click()
    await expect(page.get_by_role("button", name=re.compile("^(Get my place|Join the line)$"))).to_be_hidden()

    async def called() -> None:
        await page.reload()
        await expect(page.get_by_role("button", name="Choose your seats")).to_be_visible(timeout=1_000)

    await until(called)
    await page.get_by_role("button", name="Choose your seats").click()
    await expect(page).to_have_url(re.compile(r"/shows/\d+$"))
    # Where seats are chosen needs scripts, and says so; the door was open.
    assert "needs JavaScript" in await page.locator("body").inner_text()
    await page.goto(f"{ROOM}/proof")
    proof = await page.locator("main").inner_text()
    assert "frontrow verify-draw" in proof or "There was no draw" in proof


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

    await until(arrived)
    return found[0]


async def test_t9_the_seeded_draw_is_true(visits: Visits) -> None:
    """The draw that this installation made by itself is confirmed by the page that checks it, or nobody came in time for one."""
    visitor = await visits.open(width=390, height=780)
    page = visitor.page
    head = page.locator("#verdict-head")

    nobody = page.get_by_role("heading", name="There was no draw")

    async def drawn() -> None:
        await page.goto(f"{ROOM}/proof")
        await expect(head.or_(nobody)).to_have_text(re.compile("^(The draw is true|There was no draw)$"), timeout=3_000)

    await until(drawn)
