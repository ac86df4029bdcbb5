"""The page that checks a draw, in a real Chromium: a true draw is confirmed, whatever is forged is found, and nothing is claimed unseen."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import accessibility
from tests.browser.drawn_room import DrawnRoom, Forge
from tests.browser.foyer import MINUTE_MS, PLAIN, SECURE, facts_of, now_ms, phases
from tests.browser.test_room_page import screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
STEPS = ("promise", "seed", "listed", "list", "place", "all")
OWN = 41
AGREES, WRONG, NOTHING, UNSEEN = "Agrees", "Does not agree", "Nothing to check", "Not checked"


async def verdict(page: Page, words: str) -> None:
    await expect(page.locator("#verdict-head")).to_have_text(words)


async def states(page: Page) -> dict[str, str]:
    """Return the word that each step came to."""
    found = {}
    for step in STEPS:
        found[step] = await page.locator(f"[data-step={step}] .state").inner_text()
    return found


@pytest.mark.parametrize("host", [SECURE, PLAIN])
async def test_t9_a_true_draw_is_confirmed_step_by_step(browser: Browser, host: str) -> None:
    """Six checks agree and say what they found, also on plain http, where a browser has no cryptography of its own."""
    seen = await screen(browser)
    room = DrawnRoom(host=host)
    await room.open(seen.page)
    await verdict(seen.page, "The draw is true")
    assert await states(seen.page) == dict.fromkeys(STEPS, AGREES)
    place = room.proof["place"]
    said = await seen.page.locator("[data-step=place] .result").inner_text()
    assert said.startswith(f"Before entry {OWN} there are {place} lots, so its place is {place + 1} of 300.")
    assert await seen.page.locator("[data-step=list] .result").inner_text() == (
        "Number of entries: 300. Together they have the published fingerprint."
    )
    assert seen.complaints == []


def swapped_with_neighbour(room: DrawnRoom) -> None:
    room.exchange(OWN, OWN + 1)


def swapped_others(room: DrawnRoom) -> None:
    room.exchange(3, 200)


def place_given_twice(room: DrawnRoom) -> None:
    room.places = room.places[:4] + room.places[:4] + room.places[8:]


def entry_changed(room: DrawnRoom) -> None:
    room.list = room.list[:-1] + bytes([room.list[-1] ^ 1])


def entry_promoted(room: DrawnRoom) -> None:
    at = next(index for index in range(300) if room.list[9 * index] == 2)
    room.list = room.list[: 9 * at] + b"\0" + room.list[9 * at + 1 :]


def entry_removed(room: DrawnRoom) -> None:
    room.list = room.list[9:]


def other_secret(room: DrawnRoom) -> None:
    room.revealed(secret="ab" * 32)


def other_seed(room: DrawnRoom) -> None:
    room.revealed(seed="ab" * 32)


def other_root(room: DrawnRoom) -> None:
    room.revealed(root="ab" * 32)


def other_path(room: DrawnRoom) -> None:
    room.proof["path"][0] = room.proof["path"][1]


def somebody_elses_proof(room: DrawnRoom) -> None:
    room.proof = DrawnRoom(index=OWN + 1).proof


def no_hex_at_all(room: DrawnRoom) -> None:
    room.revealed(secret="<b>secret</b>")


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (swapped_with_neighbour, {"place", "all"}),
        (swapped_others, {"all"}),
        (place_given_twice, {"all"}),
        (entry_changed, {"list"}),
        (entry_promoted, {"list", "all"}),
        (entry_removed, {"list"}),
        (other_secret, {"promise", "seed", "place", "all"}),
        (other_seed, {"seed"}),
        (other_root, {"seed", "listed", "list", "place", "all"}),
        (other_path, {"listed"}),
        (somebody_elses_proof, {"listed"}),
        (no_hex_at_all, {"promise", "seed"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_t10_whatever_is_forged_is_found_and_named(browser: Browser, forge: Forge, found: set[str]) -> None:
    """The steps that cannot agree say so by their word, the verdict is theirs, and the files are named as the evidence."""
    seen = await screen(browser)
    room = DrawnRoom()
    forge(room)
    await room.open(seen.page)
    await verdict(seen.page, "Something does not agree")
    assert {step for step, state in (await states(seen.page)).items() if state == WRONG} == found
    await expect(seen.page.locator("#verdict")).to_contain_text("save the files")
    assert seen.complaints == []


async def test_t10_a_promise_changed_meanwhile_is_found(browser: Browser) -> None:
    """The room page notes the promise in the lobby; a draw that is true by another promise is found out, by this browser's own note."""
    seen = await screen(browser)
    foyer = phases()["lobby"]()
    await foyer.open(seen.page)
    await expect(seen.page.get_by_role("heading", level=1)).to_contain_text("You’re in the draw")
    noted = await seen.page.evaluate("localStorage['fr-draw-7']")
    assert noted.startswith(foyer.facts.commitment)
    await seen.page.context.unroute_all()
    room = DrawnRoom()
    assert room.facts.commitment != foyer.facts.commitment
    await room.open(seen.page)
    await verdict(seen.page, "Something does not agree")
    assert (await states(seen.page))["promise"] == WRONG
    await expect(seen.page.locator("[data-step=promise] .result")).to_contain_text("the promise was changed")


async def test_the_browser_notes_the_promise_and_finds_it_kept(browser: Browser) -> None:
    """Before the draw the page says what is promised and that it noted it; after the draw, that it is the same."""
    seen = await screen(browser)
    before = DrawnRoom(people=None, index=None)
    before.facts = facts_of(commitment=before.facts.commitment, draws_ms=now_ms() + 12 * MINUTE_MS)
    await before.open(seen.page)
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("What is promised")
    await expect(seen.page.get_by_text(before.facts.commitment)).to_be_visible()
    await expect(seen.page.get_by_text("This browser has noted the fingerprint")).to_be_visible()
    assert before.asked == ["proof"]
    await seen.page.context.unroute_all()
    await DrawnRoom().open(seen.page)
    await verdict(seen.page, "The draw is true")
    await expect(seen.page.locator("[data-step=promise] .result")).to_contain_text("that this browser noted on")
    assert seen.complaints == []


async def test_a_file_that_does_not_arrive_proves_nothing(browser: Browser) -> None:
    """What could not be checked is neither true nor false; trying again checks it."""
    seen = await screen(browser)
    room = DrawnRoom(down={"places"})
    await room.open(seen.page)
    await verdict(seen.page, "Not everything could be checked")
    came_to = await states(seen.page)
    assert (came_to["promise"], came_to["listed"], came_to["place"], came_to["all"]) == (AGREES, AGREES, UNSEEN, UNSEEN)
    room.down.clear()
    await seen.page.get_by_role("button", name="Try again").click()
    await verdict(seen.page, "The draw is true")


@pytest.mark.parametrize(
    ("index", "said"), [(None, "has no entry in this draw"), (300, "You came after the draw")], ids=["stranger", "late"]
)
async def test_who_was_not_drawn_checks_everybody(browser: Browser, index: int | None, said: str) -> None:
    """Without an entry of one's own the rest is checked all the same."""
    seen = await screen(browser)
    await DrawnRoom(index=index).open(seen.page)
    await verdict(seen.page, "The draw is true")
    came_to = await states(seen.page)
    assert came_to == dict.fromkeys(STEPS, AGREES) | {"listed": NOTHING, "place": NOTHING}
    await expect(seen.page.locator("[data-step=listed] .result")).to_contain_text(said)


async def test_nobody_in_the_lobby_is_a_true_draw_too(browser: Browser) -> None:
    """An empty list has a root, and no places."""
    seen = await screen(browser)
    await DrawnRoom(people=0, index=None).open(seen.page)
    await verdict(seen.page, "The draw is true")


async def test_large_files_are_asked_for_first(browser: Browser) -> None:
    """A quarter of a million entries: the promise and one's own entry are checked at once, the rest on a press; the page stays alive."""
    seen = await screen(browser)
    room = DrawnRoom(people=250_000)
    await room.open(seen.page)
    await verdict(seen.page, "So far everything agrees")
    assert "list" not in room.asked
    await seen.page.evaluate(
        "() => { window.longest = 0; let last = performance.now(); const tick = () => { const now = performance.now();"
        " longest = Math.max(longest, now - last); last = now; setTimeout(tick) }; tick() }"
    )
    await seen.page.get_by_role("button", name="Check everybody’s places (4 MB)").click()
    await expect(seen.page.locator("#verdict-head")).to_have_text("The draw is true", timeout=60_000)
    assert await seen.page.evaluate("longest") < 1_000


@pytest.mark.parametrize("state", ["drawn", "forged", "before"])
async def test_t63_t65_the_page_can_be_read_and_reached_by_everybody(browser: Browser, state: str) -> None:
    """No broken rule of axe-core, walked by Tab, fits phones, 200 % and 320 pixels, in German and from right to left too."""
    for locale in ("en", "de", "ar"):
        seen = await screen(browser, width=1280, height=900)
        room = DrawnRoom(locale=locale, people=None if state == "before" else 300)
        if state == "forged":
            swapped_with_neighbour(room)
        await room.open(seen.page)
        if state != "before":
            await expect(seen.page.locator("#verdict")).to_have_attribute(
                "data-state", "ok" if state == "drawn" else "bad"
            )
        assert await accessibility.broken_rules(seen.page) == []
        assert await accessibility.broken_widths(seen.page) == []
        if locale == "en":
            assert await accessibility.broken_focus(seen.page) == []
        await seen.page.set_viewport_size({"width": 320, "height": 256})
        assert await seen.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert seen.complaints == []


async def test_t62_without_scripts_the_page_names_the_command(browser: Browser) -> None:
    """No empty checks: what to run, with one's own entry, and the four files by the names that the command reads."""
    seen = await screen(browser, script=False)
    await DrawnRoom().open(seen.page)
    assert "Your browser runs no scripts here" in await seen.page.locator("main").inner_text()
    await expect(seen.page.locator("#checks")).to_be_hidden()
    command = f"frontrow verify-draw {SECURE}/api/v1/rooms/7 --index {OWN}"
    await expect(seen.page.get_by_text(command, exact=True)).to_be_visible()
    names = await seen.page.locator("a[download]").evaluate_all("links => links.map(a => a.download)")
    assert names == ["draw.json", "list.bin", "places.bin", "proof.json"]
