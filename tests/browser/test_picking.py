"""Choosing seats: by price, by need, on the map, from the list, by keyboard, and against the clock."""

from __future__ import annotations

import functools
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect

from loadtests.bench.installation import installation
from tests.browser.conftest import Visit, Visits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

THEATRE = "/shows/1"
STADIUM = "/shows/4"


async def choosing(visits: Visits, show: str = THEATRE, *, phone: bool = False, dark: bool = False) -> Visit:
    """Open the seat page, ready to choose."""
    visit = await visits.open(width=390 if phone else 1440, height=780 if phone else 900, dark=dark)
    await visit.page.goto(show)
    await expect(visit.page.get_by_role("button", name="Find seats")).to_be_enabled()
    return visit


async def open_list(page: Page, section: str | None = None) -> None:
    """Go to the list, and into a section of it."""
    await page.get_by_role("button", name="Choose from a list").click()
    if section is not None:
        await page.locator(".list__section", has_text=section).first.click()
        await expect(page.get_by_role("grid", name=section)).to_be_visible()


def heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", name=text)


def free(page: Page, kind: str) -> Locator:
    """The first free seat of the open section that is described as *kind*."""
    return page.locator(f'[role="gridcell"][aria-label*=", Free, "][aria-label*="{kind}"]').first


async def name_of(cell: Locator) -> str:
    """Read "Stalls, row W, seat 3" off a seat."""
    return (await cell.get_attribute("aria-label") or "").split(", Free")[0]


def seat(page: Page, name: str) -> Locator:
    return page.locator(f'[role="gridcell"][aria-label^="{name}, "]')


async def pixels(page: Page, mode: str) -> np.ndarray:
    """Read what the map shows."""
    return np.asarray(Image.open(io.BytesIO(await page.locator(".map").screenshot())).convert(mode)).astype(int)


async def lit(page: Page) -> int:
    """Count the pixels of the map that are as colourful and as bright as a free seat."""
    _, colour, light = np.moveaxis(await pixels(page, "HSV"), -1, 0)
    return int(((colour > 100) & (light > 90)).sum())


async def settle(page: Page) -> None:
    """Wait for the frames in which a change is drawn."""
    await page.evaluate(
        "() => new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 300))"
    )


async def test_a_price_dims_the_map_and_narrows_list_and_search(visits: Visits) -> None:
    """One price chosen: the other seats fade, the list keeps what has it, the house looks only there, and all comes back."""
    page = (await choosing(visits)).page
    await settle(page)
    whole = await lit(page)
    await page.locator(".legend__price", has_text="Premium").click()
    await settle(page)
    assert await lit(page) < whole * 0.6
    fitting = await page.locator(".legend__fit").inner_text()
    await expect(page.get_by_label("Where").locator("option:checked")).to_have_text(re.compile("^Premium"))
    await open_list(page)
    await expect(page.locator(".list__section")).to_have_count(1)
    await expect(page.locator(".list__section")).to_contain_text(f"{fitting.split()[0]} left")
    await expect(page.get_by_text("other sections have nothing that fits")).to_be_visible()
    await page.get_by_role("button", name="Find seats").click()
    await expect(heading(page, "Your 2 seats")).to_be_visible()
    assert {row.split(", ")[0] for row in await page.locator(".hold .line__name").all_inner_texts()} == {"Stalls"}
    prices = await page.locator(".hold .line__price").all_inner_texts()
    assert set(prices) == {(await page.locator(".legend__price", has_text="Premium").inner_text()).split("\n")[-1]}
    await page.get_by_role("button", name="Give back all").click()
    await page.get_by_role("button", name="Show all").first.click()
    await expect(page.locator(".legend__fit")).to_have_count(0)
    await page.get_by_role("button", name="Map", exact=True).click()
    await page.get_by_role("button", name="Show the whole hall").click()
    await settle(page)
    assert abs(await lit(page) - whole) < whole * 0.05


async def test_a_limit_on_the_price_leaves_the_cheaper(visits: Visits) -> None:
    """ "Up to" the cheapest price leaves one band, and the form says that prices were chosen."""
    page = (await choosing(visits)).page
    limits = page.get_by_label("Most to pay")
    cheapest = await limits.locator("option").nth(1).inner_text()
    await limits.select_option(label=cheapest)
    await expect(page.get_by_label("Where").locator("option:checked")).to_have_text("The prices you chose")
    await open_list(page)
    prices = await page.locator(".list__price").all_inner_texts()
    assert prices
    assert {price.removeprefix("from ") for price in prices} == {cheapest.removeprefix("Up to ")}


async def test_a_stadium_shows_where_its_wheelchair_spaces_are(visits: Visits) -> None:
    """From afar the blocks without a space fade; list and count speak of spaces alone; the search gives one with company."""
    page = (await choosing(visits, STADIUM, dark=True)).page
    await settle(page)
    whole = await lit(page)
    await page.get_by_role("button", name="Wheelchair spaces").click()
    await settle(page)
    assert await lit(page) < whole * 0.6
    await expect(page.get_by_label("We need a wheelchair space")).to_be_checked()
    await open_list(page)
    counts = [
        int(text.split()[0]) for text in await page.locator(".list__section > .num:not(.list__price)").all_inner_texts()
    ]
    told = await page.locator(".legend__fit").inner_text()
    assert sum(counts) == int(told.split()[0].replace(",", ""))
    assert max(counts) < 100
    await page.get_by_role("button", name="Find seats").click()
    await expect(heading(page, "Your 2 seats")).to_be_visible()
    notes = await page.locator(".hold .line__notes").all_inner_texts()
    assert [note for note in notes if "Wheelchair space" in note]
    assert [note for note in notes if "Companion seat" in note]
    await page.get_by_label("We need a wheelchair space").uncheck()
    await expect(page.get_by_role("button", name="Wheelchair spaces")).to_have_attribute("aria-pressed", "false")


async def test_a_kept_place_is_asked_about_and_given_to_who_needs_it(visits: Visits) -> None:
    """Asked once, kindly; with a yes the space is theirs, and the seat beside it without another question."""
    page = (await choosing(visits, phone=True)).page
    await open_list(page, "Stalls")
    space = free(page, "Wheelchair space")
    name = await name_of(space)
    await space.click()
    await expect(heading(page, "This place is kept for people who need it")).to_be_visible()
    await page.get_by_role("button", name="Yes, we need it").click()
    await expect(heading(page, "Your seat")).to_be_visible()
    await expect(seat(page, name)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(heading(page, "Your 2 seats")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Your 2 seats").click()
    assert "Companion seat" in (await page.locator(".hold .line__notes").all_inner_texts())[1]


async def test_who_does_not_need_a_kept_place_is_offered_others(visits: Visits) -> None:
    """The same question offers three seats near by that are kept for nobody; one tap takes one."""
    page = (await choosing(visits, dark=True)).page
    await open_list(page, "Stalls")
    await free(page, "Companion seat").click()
    offers = page.locator(".offer")
    await expect(offers).to_have_count(3)
    for note in await offers.all_inner_texts():
        assert "Wheelchair" not in note
        assert "Companion" not in note
    wanted = await offers.nth(1).locator(".offer__seats").inner_text()
    await offers.nth(1).click()
    await expect(page.locator(".hold .line__name")).to_have_text([wanted])
    await expect(page.get_by_label("We need a wheelchair space")).not_to_be_checked()


async def test_a_lost_wheelchair_space_comes_with_other_spaces(visits: Visits) -> None:
    """Somebody else was faster: what is offered instead are wheelchair spaces too, and one tap takes one."""
    late = await visits.open()
    await late.page.route_web_socket(re.compile("/live$"), without_news)
    slow, quick = late.page, (await choosing(visits)).page
    await slow.goto(THEATRE)
    for page in (slow, quick):
        await page.get_by_label("We need a wheelchair space").check()
        await open_list(page, "Stalls")
    space = free(quick, "Wheelchair space")
    name = await name_of(space)
    await space.click()
    await expect(heading(quick, "Your seat")).to_be_visible()
    await seat(slow, name).click()
    await expect(heading(slow, f"{name} was just taken")).to_be_visible()
    offers = slow.locator(".offer")
    assert all("Wheelchair space" in text for text in await offers.all_inner_texts())
    wanted = await offers.first.locator(".offer__seats").inner_text()
    await offers.first.click()
    await expect(slow.locator(".hold .line__name")).to_have_text([wanted])


async def test_a_room_put_before_the_seats_leads_to_its_line(visits: Visits) -> None:
    """Who looks on asks for the page again, whose gate knows the line; who holds seats stays, and is told that they stay theirs."""
    looker, holder = await visits.open(), await visits.open()
    sockets: dict[Page, WebSocketRoute] = {}
    for page in (looker.page, holder.page):
        await page.route_web_socket(re.compile("/live$"), functools.partial(overheard, sockets, page))
        await page.goto(THEATRE)
        await expect(page.get_by_role("button", name="Find seats")).to_be_enabled()
    await holder.page.get_by_role("button", name="Find seats").click()
    await expect(heading(holder.page, "Your 2 seats")).to_be_visible()
    sale = {"t": "sale", "phase": "open", "opens_at_ms": None, "closes_at_ms": None, "pass_required": True}
    async with looker.page.expect_request(lambda request: request.is_navigation_request()):
        sockets[looker.page].send(json.dumps(sale))
    sockets[holder.page].send(json.dumps(sale))
    await expect(holder.page.locator(".toast", has_text="The seats you hold stay yours")).to_be_visible()
    await expect(heading(holder.page, "Your 2 seats")).to_be_visible()


def overheard(sockets: dict[Page, WebSocketRoute], page: Page, socket: WebSocketRoute) -> None:
    """Pass everything on, and let the test speak to the page as the gateway does."""
    server = socket.connect_to_server()
    server.on_message(socket.send)
    socket.on_message(server.send)
    sockets[page] = socket


def without_news(socket: WebSocketRoute) -> None:
    """Keep what happens to the seats from this page: it hears answers to its own commands alone."""
    server = socket.connect_to_server()
    server.on_message(lambda message: socket.send(message) if isinstance(message, str) else None)


async def test_a_party_that_fits_nowhere_there_is_offered_what_comes_closest(visits: Visits) -> None:
    """Seven do not fit into a box: boxes side by side are named by what is on their doors, or all sit together elsewhere."""
    page = (await choosing(visits, phone=True, dark=True)).page
    await page.locator(".legend__price", has_text="Box").click()
    for _ in range(5):
        await page.get_by_role("button", name="One more").click()
    await page.get_by_role("button", name="Find seats").click()
    await expect(heading(page, "Not enough free seats side by side")).to_be_visible()
    apart, together = page.locator(".offer").first, page.locator(".offer", has_text="together").first
    await expect(apart.locator(".offer__seats")).to_have_text(re.compile(r"^Box \w\d, seats? [\d, andto]+, .*Box"))
    await expect(together.locator(".offer__seats")).to_have_text(re.compile(r", row \w+, seats \d+ to \d+$"))
    first, last = map(int, re.findall(r"\d+", await together.locator(".offer__seats").inner_text())[-2:])
    assert last - first == 6
    await together.click()
    await expect(heading(page, "Your 7 seats")).to_be_visible()


async def test_the_map_comes_back_to_the_seat_chosen_in_the_list(visits: Visits) -> None:
    """After a pick in the list the map shows that seat, not the whole house or nothing; the list scrolls under no button."""
    page = (await choosing(visits, phone=True)).page
    await open_list(page, "Balcony")
    chosen = free(page, "Band 3")
    await chosen.click()
    await expect(heading(page, "Your seat")).to_be_visible()
    switch = await page.locator(".seats__switch").bounding_box()
    listed = await page.locator(".seats__view--list").bounding_box()
    assert switch is not None and listed is not None
    assert switch["y"] + switch["height"] <= listed["y"]
    await page.get_by_role("button", name="Map", exact=True).click()
    await expect(page.get_by_role("button", name="Show the whole hall")).to_be_visible()
    await settle(page)
    red, green, blue = np.moveaxis(await pixels(page, "RGB"), -1, 0)
    assert ((red > 240) & (green > 150) & (green < 200) & (blue < 80)).sum() > 50, "the seat that is theirs is lit"


async def test_the_keyboard_alone_chooses_a_seat_in_the_grid(visits: Visits) -> None:
    """Arrows follow the rows, a letter jumps to its row, Ctrl+End to the last seat, space takes and gives back."""
    page = (await choosing(visits)).page
    await page.get_by_role("button", name="Choose from a list").focus()
    await page.keyboard.press("Enter")
    await page.locator(".list__section", has_text="Dress circle").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Dress circle")).to_be_focused()
    await page.keyboard.press("Tab")
    focused = page.locator('[role="gridcell"]:focus')
    await expect(focused).to_have_attribute("aria-label", re.compile("Dress circle, row A, "))
    await page.keyboard.press("d")
    await expect(focused).to_have_attribute("aria-label", re.compile("row D, "))
    await page.keyboard.press("ArrowDown")
    await expect(focused).to_have_attribute("aria-label", re.compile("row E, "))
    await page.keyboard.press("End")
    at_end = await focused.get_attribute("data-k")
    await page.keyboard.press("ArrowRight")
    assert await focused.get_attribute("data-k") == at_end
    await page.keyboard.press("Space")
    await expect(heading(page, "Your seat")).to_be_visible()
    await expect(focused).to_have_attribute("aria-selected", "true")
    await expect(page.locator('[role="status"][aria-live]')).to_contain_text("You hold 1 ticket")
    await page.keyboard.press("Space")
    await expect(page.get_by_text("They stay yours while you pay")).to_be_visible()


async def test_the_keyboard_alone_chooses_a_seat_on_the_map(visits: Visits) -> None:
    """Arrow to a section and hear its figures, Enter into it, Enter takes the seat; Escape leads out again."""
    page = (await choosing(visits)).page
    told = page.locator('[role="status"][aria-live]')
    await page.locator(".map").focus()
    await page.keyboard.press("ArrowRight")
    await expect(told).to_contain_text(re.compile(r"left, from €"))
    await page.keyboard.press("Enter")
    await expect(told).to_contain_text(re.compile(r"row \w+, seat \d+, Free"))
    await page.keyboard.press("Enter")
    await expect(heading(page, "Your seat")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Show the whole hall")).to_be_hidden()


@pytest.mark.timeout(300)  # an installation of its own, and half a minute to run out
async def test_the_clock_warns_is_wound_on_once_and_runs_out(browser: Browser) -> None:
    """Half a minute: "More time" adds five minutes and is gone; who lets it run out is told, and takes the seats again."""
    with installation(FRONTROW_HOLD_S="30") as hasty:
        visits = Visits(browser, hasty.url)
        slow, steady = (await choosing(visits, phone=True)).page, (await choosing(visits, phone=True, dark=True)).page
        for page in (slow, steady):
            await page.get_by_role("button", name="Find seats").click()
            await expect(heading(page, "Your 2 seats")).to_be_visible()
            await expect(page.locator(".hold .clock--short .clock__left")).to_have_text(re.compile(r"^0:[0-3]\d$"))
        more = steady.get_by_role("button", name="More time")
        await more.click()
        await expect(steady.locator(".clock__left")).to_have_text(re.compile(r"^5:[0-3]\d$"))
        await expect(more).to_have_count(0)
        await expect(heading(slow, "Your time is up")).to_be_visible(timeout=60_000)
        await slow.get_by_role("button", name="Take them again").click()
        await expect(heading(slow, "Your 2 seats")).to_be_visible()
        await expect(heading(steady, "Your 2 seats")).to_be_visible()
        assert [complaint for visit in visits.all for complaint in visit.complaints] == []
