"""The organiser's room in a browser: set it up, rehearse it, pause the rehearsal and go on, take an action back, clear it away."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import SignIn, Visits
from tests.browser.test_purchase_and_door import sign_in, staff

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# The lobby of a rehearsal takes 20 seconds, its draw a moment.
UNTIL_OPEN_MS = 60_000


def figure(page: Page, name: str) -> Locator:
    """Return the number under a name on the board."""
    return page.locator(".room-stat", has_text=name).locator(".room-stat__value").first


async def number(page: Page, name: str) -> int:
    return int((await figure(page, name).inner_text()).replace(",", ""))


async def make_room(page: Page) -> str:
    """Make a room by pressing the button of the filled-in form, once; gives its address."""
    await page.goto("/organise/rooms")
    rooms = page.get_by_role("link", name=re.compile("^Open: "))
    if await rooms.count():  # the other journey was here first
        await rooms.first.click()
    else:
        await page.goto("/organise/rooms/new")
        await page.locator(".card--link a").first.click()
        # Before the last show alone: the other journeys buy tickets of the earlier ones, without a line.
        shows = page.locator("input[name^=show_]")
        for earlier in range(await shows.count() - 1):
            await shows.nth(earlier).uncheck()
        await page.get_by_role("button", name="Make the waiting room").click()
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    return page.url


async def test_a_room_is_set_up_rehearsed_paused_and_resumed(visits: Visits, sign_ins: list[SignIn]) -> None:
    """Figures move without a reload, a pause stops the calls until it is taken back, closing asks first, and the end leaves no rehearsal."""
    office = await visits.open()
    page = office.page
    await page.goto("/organise/rooms")
    await sign_in(page, staff(sign_ins, "owner"))
    room = await make_room(page)
    await page.get_by_role("button", name="Rehearse").click()
    await expect(page.get_by_text("This is a rehearsal")).to_be_visible()
    rehearsal = page.url
    await expect(figure(page, "Came")).not_to_have_text("0", timeout=UNTIL_OPEN_MS)
    condition = page.locator("#room-condition")
    await expect(condition).to_have_text("Open", timeout=UNTIL_OPEN_MS)
    await expect(figure(page, "Let in")).not_to_have_text("0", timeout=UNTIL_OPEN_MS)
    # Pause: nobody is called any more; undo goes on.
    await page.get_by_role("button", name="Pause", exact=True).click()
    await expect(condition).to_have_text("Paused")
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_be_hidden()
    await expect(page.get_by_text("Frontrow itself").or_(page.get_by_text("Paused", exact=True)).first).to_be_visible()
    let_in = await number(page, "Let in")
    await page.get_by_role("button", name="Undo").click()
    await expect(condition).to_have_text("Open")
    await expect(page.get_by_role("button", name="Resume")).to_be_hidden()
    await expect(figure(page, "Let in")).not_to_have_text(f"{let_in:,}", timeout=30_000)
    # What cannot be taken back asks first, and the safe answer has the focus.
    await page.get_by_role("button", name="Close the room").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("lose their places")
    await expect(dialog.get_by_role("button", name="Go back")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(condition).to_have_text("Open")
    # A second screen is told what the first one did.
    other = await visits.open(width=390, height=780, dark=True)
    await other.page.goto(rehearsal)
    await sign_in(other.page, staff(sign_ins, "owner"))
    await expect(other.page.locator("#room-condition")).to_have_text("Open")
    await page.get_by_label("Message to everybody who waits").fill("We start ten minutes late.")
    await page.get_by_role("button", name="Tell everybody").click()
    await expect(other.page.get_by_text("Told everybody something").first).to_be_visible()
    await expect(other.page.get_by_label("Message to everybody who waits")).to_have_value("We start ten minutes late.")
    await page.get_by_role("button", name="End the rehearsal").click()
    await expect(page).to_have_url(room)
    await expect(other.page.get_by_text("This rehearsal is over and has been cleared away.")).to_be_visible()
    await expect(page.get_by_text("Rehearsed.", exact=True)).to_be_visible()


async def test_the_controls_work_without_scripts(visits: Visits, sign_ins: list[SignIn]) -> None:
    """Pausing and resuming are plain forms."""
    office = await visits.open(script=False)
    page = office.page
    await page.goto("/organise/rooms")
    await sign_in(page, staff(sign_ins, "owner"))
    await make_room(page)
    await page.get_by_role("button", name="Pause", exact=True).click()
    await expect(page.locator("#room-condition")).to_have_text("Paused")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("#room-condition")).not_to_have_text("Paused")
