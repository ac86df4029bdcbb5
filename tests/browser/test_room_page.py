"""The room page in a real Chromium, in every phase, on networks that break, for every reader. Its server is tests/browser/foyer.py."""

from __future__ import annotations

import base64
import itertools
import json
import re
from pathlib import Path

import brotli
import pytest
from playwright.async_api import Browser, Page, expect

from server.rooms.page_bytes import SharedPage
from tests.browser import accessibility
from tests.browser.foyer import MINUTE_MS, PLAIN, Foyer, facts_of, frame_of, mine_of, now_ms, phases

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PHASES = phases()
HEADINGS = {
    "planned": "The waiting room isn’t open yet", "lobby-join": "Get a place in the draw", "lobby": "You’re in the draw",
    "drawing": "Drawing the places", "join": "Join the line", "straight-in": "There is no line right now", "waiting": "You’re in line",
    "paused": "You’re in line", "called": "It’s your turn", "claimed": "You’re in", "done": "Your visit is over", "lapsed": "Your turn has passed",
    "left": "You’ve left the line", "draining": "You’re in line", "full-house": "The line takes no more people",
    "sold-out": "All tickets are taken", "closed": "This waiting room is closed",
}  # fmt: skip


class Screen:
    """One browser window; whatever its console complains about fails the test."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._heard(said.type, said.text))

    def _heard(self, kind: str, text: str) -> None:
        quiet = text.startswith("Failed to load resource") or "WebSocket connection" in text
        if kind == "error" and not quiet:
            self.complaints.append(text)


async def screen(browser: Browser, *, width: int = 360, height: int = 780, script: bool = True) -> Screen:
    context = await browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=script, reduced_motion="reduce", locale="en-GB",
        timezone_id="Europe/London",
    )  # fmt: skip
    context.set_default_timeout(15_000)
    return Screen(await context.new_page())


async def says(page: Page, heading: str) -> None:
    """Wait until the page says *heading*."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading, use_inner_text=True)


@pytest.mark.parametrize("phase", HEADINGS)
async def test_t63_t65_every_phase_can_be_read_and_reached_by_everybody(browser: Browser, phase: str) -> None:
    """Each phase says its heading, breaks no rule of axe-core, is walked by Tab, and fits phone, 200 % and 320 pixels (400 %)."""
    seen = await screen(browser, width=1280, height=900)
    await PHASES[phase]().open(seen.page)
    await says(seen.page, HEADINGS[phase])
    assert await accessibility.broken_rules(seen.page) == []
    assert await accessibility.broken_focus(seen.page) == []
    assert await accessibility.broken_widths(seen.page) == []
    await seen.page.set_viewport_size({"width": 320, "height": 256})
    assert await seen.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert seen.complaints == []


async def test_a_purchase_elsewhere_ends_the_visit_on_the_open_page(browser: Browser) -> None:
    """Nothing tells a room's page of a purchase: while it is looked at it asks, and says that the visit is over and where the tickets are."""
    foyer, after = PHASES["claimed"](), PHASES["done"]()
    seen = await screen(browser)
    await foyer.open(seen.page)
    await says(seen.page, HEADINGS["claimed"])
    foyer.mine = after.mine
    await says(seen.page, HEADINGS["done"])
    await expect(seen.page.get_by_role("link", name="See your tickets")).to_be_visible()


@pytest.mark.parametrize("phase", HEADINGS)
async def test_t62_without_scripts_the_page_says_the_same(browser: Browser, phase: str) -> None:
    """The same heading, leads and forms with and without scripts; without them the numbers stand below the heading."""
    foyer = PHASES[phase]()
    without = await screen(browser, script=False)
    await foyer.open(without.page)
    await says(without.page, HEADINGS[phase])
    with_script = await screen(browser)
    await foyer.open(with_script.page)
    await says(with_script.page, HEADINGS[phase])
    paragraphs = (
        "els => els.filter(e => e.checkVisibility()).map(e => e.textContent.trim()).filter(t => !/\\d/.test(t) && t)"
    )
    said = [
        set(await one.page.locator("main > p, .mid > p").evaluate_all(paragraphs)) for one in (without, with_script)
    ]
    refresh = {text for text in said[0] if text.startswith("This page renews itself")}
    assert said[0] - refresh <= said[1] | {"One place per device."}
    if phase in ("waiting", "draining", "paused"):
        assert "1,204\n" in await without.page.locator("main").inner_text()


def test_t61_the_page_is_one_request_of_14_kb() -> None:
    """Every phase in every language is at most 14 kB as it is sent, and what is sent is the page."""
    for (name, make), locale in itertools.product(PHASES.items(), ("en", "de", "ar")):
        foyer = make()
        foyer.locale = locale
        shared, own = foyer.document()
        sent, encoding = SharedPage(shared).with_own(own, "gzip, deflate, br")
        assert encoding == "br"
        assert brotli.decompress(sent).decode() == shared + own
        assert len(sent) <= 14_000, (name, locale)


def test_the_first_place_is_told_as_a_place() -> None:
    """Nothing is left out of one's own facts because it is zero: not the first place, not the end of a visit that is over."""
    _, own = Foyer(facts_of(), frame_of(served=0), mine_of(index=0, position=0)).document()
    assert '"index":0,"position":0' in own
    _, own = PHASES["done"]().document()
    assert '"visit_until_ms":0' in own


async def test_t61_nothing_else_is_loaded(browser: Browser) -> None:
    """No second file: no style, script, font, picture or icon."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    await expect(seen.page.get_by_text("your place", exact=True)).to_be_visible()
    assert [path for path in foyer.asked if not path.startswith("socket:")] == ["/rooms/glass-orchard"]
    assert foyer.asked[1:] == ["socket:wait"]


async def test_the_line_moves_and_the_numbers_with_it(browser: Browser) -> None:
    """Frames move the place, the band and the tickets in place; a band that grows says why."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    main = seen.page.locator("main")
    await expect(main).to_contain_text("between 9 and 13 minutes")
    foyer.tell(served=3710, left=2011)
    await expect(main).to_contain_text("600")
    await expect(main).to_contain_text("between 4 and 7 minutes")
    await expect(main).to_contain_text("2,011")
    foyer.tell(rate=(30.0, 40.0, 50.0), reason="organiser")
    await expect(main).to_contain_text("The organiser slowed the line down, so the time grew.")
    assert seen.complaints == []


async def test_join_makes_a_key_that_never_leaves_and_signs_the_claim(browser: Browser) -> None:
    """Joining sends the public point only; when called, going in signs the server's nonce and leads to the seats."""
    seen = await screen(browser)
    foyer = PHASES["join"]()
    await foyer.open(seen.page)
    await seen.page.get_by_role("button", name="Join the line").click()
    await says(seen.page, "You’re in line")
    joined = foyer.bodies["places"]
    assert joined["method"] == "device"
    assert set(joined["key"]) == {"x", "y"}
    assert joined["hints"]["trap"] == {"subject": "", "again": ""}
    assert foyer.mine is not None
    foyer.mine = mine_of(position=foyer.mine.position, state="called", claim_until_ms=now_ms() + 2 * MINUTE_MS)
    foyer.tell(served=foyer.frame.next + 1)
    await says(seen.page, "It’s your turn")
    await expect(seen.page.get_by_text(re.compile(r"^[12]:\d\d$"))).to_be_visible()
    assert (await seen.page.title()).startswith("It’s your turn")
    await seen.page.get_by_role("button", name="Choose your seats").click()
    await seen.page.wait_for_url("**/shows/1")
    claimed = foyer.bodies["claim"]
    assert claimed["key"] == joined["key"]
    assert len(claimed["signature"]) == 86
    assert seen.complaints == []


async def test_plain_http_joins_without_a_key(browser: Browser) -> None:
    """No secure context, no key: the HttpOnly secret stands in, the door's work is done without the browser's cryptography."""
    seen = await screen(browser)
    foyer = PHASES["join"]()
    foyer.host = PLAIN
    work = json.loads((Path(__file__).parent.parent / "vectors/work.json").read_text())["cases"][1]
    foyer.answers["challenge"] = (200, {"challenge": work["challenge"]})
    await foyer.open(seen.page)
    assert await seen.page.evaluate("crypto.subtle === undefined")
    await seen.page.get_by_role("button", name="Join the line").click()
    await says(seen.page, "You’re in line")
    assert "key" not in foyer.bodies["places"]
    sent = json.loads(base64.b64decode(foyer.bodies["places"]["challenge"]))
    assert sent["solution"] == {"counter": work["counter"], "derivedKey": work["derivedKey"]}
    assert seen.complaints == []


async def test_an_email_gets_a_code_and_the_code_a_place(browser: Browser) -> None:
    """The form asks for the six digits in place; a wrong code is said kindly and can be typed again."""
    seen = await screen(browser)
    foyer = PHASES["lobby-join"]()
    foyer.answers["places"] = (202, {"needs": "email_code"})
    await foyer.open(seen.page)
    await seen.page.get_by_label("E-mail").filter(visible=True).fill("ada@example.org")
    await seen.page.get_by_role("button", name="Send me a code").click()
    digits = seen.page.get_by_label("Six digits from the e-mail")
    await expect(digits).to_be_focused()
    foyer.answers["places"] = (422, {"code": "email_code_wrong"})
    await digits.fill("000000")
    await seen.page.get_by_role("button", name="Confirm").click()
    await expect(seen.page.get_by_text("That code is wrong or too old.")).to_be_visible()
    del foyer.answers["places"]
    await digits.fill("123456")
    await seen.page.get_by_role("button", name="Confirm").click()
    await says(seen.page, "You’re in the draw")
    assert foyer.bodies["places"]["email_code"] == "123456"


async def test_t34_a_reload_and_a_new_tab_keep_the_place(browser: Browser) -> None:
    """The place is the server's: a reload, and a second tab that listens through the first, show the same."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    await seen.page.reload()
    await expect(seen.page.locator("main")).to_contain_text("1,204")
    second = await seen.page.context.new_page()
    await second.goto(seen.page.url)
    await expect(second.locator("main")).to_contain_text("1,204")
    foyer.tell(served=3206)
    await expect(second.locator("main")).to_contain_text("1,104")
    await expect(seen.page.locator("main")).to_contain_text("1,104")


async def test_t34_the_network_goes_and_comes_back(browser: Browser) -> None:
    """Offline the place stays on the screen; back online it goes on by itself."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    await expect(seen.page.locator("main")).to_contain_text("1,204")
    foyer.down = {"socket", "events", "state"}
    for socket in foyer.sockets:
        await socket.close(code=1001)
    foyer.sockets.clear()
    foyer.down = {"socket", "events"}
    foyer.tell(served=3306)
    await seen.page.evaluate("dispatchEvent(new Event('online'))")
    await expect(seen.page.locator("main")).to_contain_text("1,004")
    assert seen.complaints == []


@pytest.mark.parametrize("down", [{"socket"}, {"socket", "events"}])
async def test_it_steps_down_by_itself(browser: Browser, down: set[str]) -> None:
    """Without sockets the stream tells, without both the cached file: the place moves all the same."""
    seen = await screen(browser)
    await seen.page.add_init_script("Math.random = () => 0.05")  # nobody else is coming back: no need to spread
    foyer = PHASES["waiting"]()
    foyer.down = down
    await foyer.open(seen.page)
    await expect(seen.page.locator("main")).to_contain_text("1,204")
    foyer.tell(served=3506)
    await expect(seen.page.locator("main")).to_contain_text("804")
    if down == {"socket"}:
        async with seen.page.expect_request("**/events?position=4309"):
            pass
    assert seen.complaints == []


async def test_t35_a_hidden_tab_keeps_its_place_and_catches_up(browser: Browser) -> None:
    """Ten minutes in the background: no polling, then one look on return shows the turn that came meanwhile."""
    seen = await screen(browser)
    await seen.page.clock.install()
    foyer = Foyer(
        facts_of(),
        frame_of(waiting=300_000, served=100, next=400_000, rate=(900.0, 1000.0, 1100.0)),
        mine_of(position=90_000),
    )
    await foyer.open(seen.page)
    await expect(seen.page.locator("main")).to_contain_text("89,901")
    await hide(seen.page, True)
    await seen.page.clock.run_for(1_000)
    foyer.asked.clear()
    await seen.page.clock.run_for(10 * MINUTE_MS)
    assert [path for path in foyer.asked if path.endswith("state.json")] == []
    foyer.mine = mine_of(position=90_000, state="called", claim_until_ms=now_ms() + 30 * MINUTE_MS)
    foyer.tell(served=90_500)
    await hide(seen.page, False)
    await seen.page.clock.run_for(3_000)
    await says(seen.page, "It’s your turn")
    assert foyer.asked.count("/api/v1/rooms/7/state.json") == 1


async def hide(page: Page, hidden: bool) -> None:
    """Put the tab into the background, or back."""
    await page.evaluate(
        """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }""",
        hidden,
    )


async def test_t63_the_live_region_is_polite_and_rare(browser: Browser) -> None:
    """Frames twenty times a minute are spoken at most every 30 seconds; the turn alone is an alert."""
    seen = await screen(browser)
    await seen.page.clock.install()
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    await expect(seen.page.locator("main")).to_contain_text("1,204")
    await seen.page.evaluate(
        """() => { window.spoken = [];
        new MutationObserver(() => spoken.push([Date.now(), say.textContent])).observe(say, { childList: true, characterData: true, subtree: true }); }"""
    )
    for step in range(40):
        foyer.tell(served=3106 + 10 * step)
        await seen.page.clock.run_for(3_000)
    spoken = await seen.page.evaluate("spoken")
    assert 2 <= len(spoken) <= 4
    assert all(later[0] - earlier[0] >= 30_000 for earlier, later in itertools.pairwise(spoken))
    assert await seen.page.locator("#say").get_attribute("aria-live") == "polite"
    await expect(seen.page.locator("#alarm")).to_have_text("")
    foyer.mine = mine_of(state="called", claim_until_ms=now_ms() + 30 * MINUTE_MS)
    foyer.tell(served=4400)
    await seen.page.clock.run_for(3_000)
    await expect(seen.page.locator("#alarm")).to_have_text("It’s your turn")


@pytest.mark.parametrize(("locale", "direction"), [("de", "ltr"), ("ar", "rtl"), ("en-XB", "rtl")])
async def test_t64_other_languages_and_directions(browser: Browser, locale: str, direction: str) -> None:
    """The page speaks and counts in the reader's language, from their side, and still fits."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    foyer.locale = locale
    await foyer.open(seen.page)
    assert await seen.page.evaluate("getComputedStyle(document.body).direction") == direction
    ahead = {"de": "Menschen vor Ihnen", "ar": "أشخاص أمامك", "en-XB": "people ahead"}[locale]
    await expect(seen.page.locator("main")).to_contain_text(ahead)
    assert await accessibility.broken_widths(seen.page) == []
    assert await accessibility.broken_rules(seen.page) == []
    assert seen.complaints == []


async def test_leaving_asks_twice_and_says_so(browser: Browser) -> None:
    """Leaving is two steps by keyboard, and the page says that one may come back at the end."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    await seen.page.get_by_text("Leave the line").click()
    await expect(seen.page.get_by_text("Your place goes to others at once")).to_be_visible()
    await seen.page.get_by_role("button", name="Yes, leave").press("Enter")
    await says(seen.page, "You’ve left the line")
    await expect(seen.page.get_by_role("heading", level=1)).to_be_focused()
    assert "leave" in foyer.bodies


async def test_full_seats_keep_the_turn_and_go_on_asking(browser: Browser) -> None:
    """A claim that finds the seats full says that we are next, and goes in by itself when there is room."""
    seen = await screen(browser)
    foyer = PHASES["called"]()
    foyer.answers["claim"] = (409, {"code": "visits_full", "retry_after_ms": 2000})
    await foyer.open(seen.page)
    await seen.page.get_by_role("button", name="Choose your seats").click()
    await expect(seen.page.get_by_text("You are next: we keep trying")).to_be_visible()
    del foyer.answers["claim"]
    await seen.page.wait_for_url("**/shows/1")


async def test_near_turn_letter_and_contest(browser: Browser) -> None:
    """The letter is asked for by opt-in; a contest is sent while waiting and shown as open."""
    seen = await screen(browser)
    foyer = PHASES["waiting"]()
    await foyer.open(seen.page)
    await seen.page.get_by_text("Tell me when it’s near").click()
    await seen.page.get_by_label("E-mail").filter(visible=True).fill("ada@example.org")
    await seen.page.get_by_role("button", name="E-mail me").click()
    await expect(seen.page.get_by_text("We’ll e-mail you when your turn is near.")).to_be_visible()
    assert foyer.bodies["notify"] == {"email": "ada@example.org"}
    await seen.page.get_by_text("Something is wrong with my place").click()
    await seen.page.get_by_role("textbox", name="Something is wrong with my place").fill("I was here before the draw.")
    await seen.page.get_by_role("button", name="Send", exact=True).click()
    await expect(seen.page.get_by_text("A person is looking at your place.")).to_be_visible()
    assert seen.complaints == []


async def test_a_message_of_the_organiser_is_text(browser: Browser) -> None:
    """Markup in a message is shown, not run."""
    seen = await screen(browser)
    foyer = PHASES["waiting-message"]()
    assert foyer.frame.message is not None
    text = "<img src=x onerror=document.title='gone'><b>Hello</b>"
    foyer.frame = frame_of(message=type(foyer.frame.message)("2", text))
    await foyer.open(seen.page)
    await expect(seen.page.locator("main")).to_contain_text(text)
    assert await seen.page.locator("main img").count() == 0
