"""Every page can be read, reached and used by everybody: keyboard, screen reader, magnifier, small screen, other language."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import accessibility
from tests.browser.conftest import SignIn, Visits
from tests.browser.screenshots import (
    Deed,
    bank,
    bought,
    check_out,
    declined,
    hold_two,
    mail,
    my_tickets,
    scanned,
    staff,
    the_list,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def a_section(page: Page) -> None:
    await the_list(page)
    await page.locator(".list__section").first.click()
    await expect(page.get_by_role("grid")).to_be_visible()


async def a_ticket(page: Page) -> None:
    await bought(page)
    await page.locator("a.pass__code").first.click()


async def a_letter(page: Page) -> None:
    await bought(page)
    await mail(page)


BUYER: dict[str, Deed] = {
    "events": visit("/"),
    "no-events": visit("/?q=nothing+like+this"),
    "event": visit("/events/the-glass-orchard"),
    "map": visit("/shows/1"),
    "festival": visit("/shows/5"),
    "list": the_list,
    "grid": a_section,
    "held": hold_two,
    "nothing-held": visit("/shows/1/checkout"),
    "checkout": check_out,
    "declined": declined,
    "bank": bank,
    "order": bought,
    "ticket": a_ticket,
    "my-tickets": my_tickets,
    "mailbox": visit("/mailbox"),
    "letter": a_letter,
    "not-found": visit("/nowhere"),
    "sign-in": visit("/sign-in"),
    "api": visit("/api/v1/docs"),
}
STAFF: dict[str, tuple[str, str]] = {
    "organiser": ("owner", "/organise"),
    "live-sale": ("owner", "/organise/shows/1"),
    "account": ("owner", "/account"),
    "door": ("door", "/door"),
}
# Somebody else's page: the card's own bank asks here, in a language and a size of its own.
FOREIGN = {"bank"}


async def wrong_with(page: Page, name: str) -> list[str]:
    """Try everything on the page as it stands, then in German and drawn from right to left."""
    await settled(page)
    found = await accessibility.broken_rules(page)
    found += await accessibility.broken_focus(page)
    found += await accessibility.broken_widths(page)
    if name in FOREIGN:
        return found
    for locale in ("de", "en-XB"):
        await accessibility.speak(page, locale)
        await settled(page)
        found += [f"{locale}: {one}" for one in await accessibility.broken_widths(page)]
    return found


async def settled(page: Page) -> None:
    """Wait until nothing is being loaded: no skeleton, no busy region."""
    await page.wait_for_load_state("load")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    await page.evaluate("document.fonts.ready")


@pytest.mark.parametrize("name", BUYER)
async def test_a_buyers_page(name: str, visits: Visits) -> None:
    """Rules, headings, landmarks, focus, width, languages, motion."""
    buyer = await visits.open(width=360, height=780)
    await BUYER[name](buyer.page)
    found = await wrong_with(buyer.page, name)
    if name == "not-found":
        buyer.complaints.clear()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", STAFF)
async def test_a_page_of_the_house(name: str, visits: Visits, sign_ins: list[SignIn]) -> None:
    """The same for those who work there."""
    role, path = STAFF[name]
    person = next(one for one in sign_ins if one.role == role)
    worker = await visits.open(width=360, height=780)
    await staff((person.email, person.password), path)(worker.page)
    found = await wrong_with(worker.page, name)
    assert not found, "\n".join(found)


async def test_the_doors_verdict(visits: Visits, sign_ins: list[SignIn]) -> None:
    """The answer that everybody in the queue waits for."""
    person = next(one for one in sign_ins if one.role == "door")
    worker = await visits.open(width=360, height=780)
    await scanned((person.email, person.password), lambda: "T1.NOTATICKET")(worker.page)
    await settled(worker.page)
    found = await accessibility.broken_rules(worker.page) + await accessibility.broken_widths(worker.page)
    assert not found, "\n".join(found)
