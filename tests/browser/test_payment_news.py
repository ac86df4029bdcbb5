"""What a buyer's pages learn of a payment by themselves: the provider's word alone settles the order, and every open tab shows it."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from playwright.async_api import Page, Request, Route, expect

from tests.browser.conftest import Visit, Visits
from tests.browser.test_purchase_and_door import SHOW, codes, fill_in, find_seats, pay

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# About 0.3 s to the push and 1 s to the tickets on two busy cores; more is the machine's other work.
SOON_S = 4.0


class Provider:
    """The way from a page to the provider: the confirmation waits until `let` is set, and the page hears neither it nor its return."""

    def __init__(self) -> None:
        self.asked, self.let, self.answered = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.returns = 0

    async def stand_before(self, page: Page) -> None:
        """Stop what *page* is about to ask."""
        await page.route(re.compile(r"/payment_intents/[^/]+/confirm"), self._confirm)
        await page.route(re.compile(r"/orders/[^/]+/return"), self._return)

    async def _confirm(self, route: Route) -> None:
        self.asked.set()
        await self.let.wait()
        answer = await route.fetch()
        assert answer.status == 200, await answer.text()
        self.answered.set()
        await route.abort()

    async def _return(self, route: Route) -> None:
        self.returns += 1
        await route.abort()


async def open_live(page: Page, address: str) -> None:
    """Open a page and wait until its socket has joined."""
    async with page.expect_websocket(lambda socket: "/live" in socket.url) as opening:
        await page.goto(address)
    await (await opening.value).wait_for_event("framereceived")


async def asked_to_pay(visits: Visits) -> tuple[Visit, Provider]:
    """Hold seats, order and confirm; the provider has heard it and not answered."""
    buyer, provider = await visits.open(), Provider()
    await find_seats(buyer.page)
    await fill_in(buyer.page, "Pays")
    await provider.stand_before(buyer.page)
    await pay(buyer.page)
    await asyncio.wait_for(provider.asked.wait(), 20)
    return buyer, provider


async def sees_the_tickets(buyer: Visit, other: Page, provider: Provider) -> None:
    """Let the provider confirm, close the paying tab at once, and look at the other one. It may ask nothing until it is told."""
    reads: list[str] = []

    def asked(request: Request) -> None:
        if "/api/v1/orders/" in request.url:
            reads.append(request.url)

    other.on("request", asked)
    provider.let.set()
    await asyncio.wait_for(provider.answered.wait(), 20)
    began = time.monotonic()
    await buyer.page.close()
    await expect(other.get_by_role("heading", name="Your tickets")).to_be_visible()
    took = time.monotonic() - began
    assert took < SOON_S, f"{took:.1f} s"
    assert len(reads) == 1  # one look, when it was told
    assert provider.returns == 0
    assert len(await codes(Visit(buyer.context, other))) == 2


async def test_an_open_order_page_shows_a_payment_it_did_not_make(visits: Visits) -> None:
    """The paying tab is closed before it can report: the webhook issues the tickets, and the order's page in another tab has them."""
    buyer, provider = await asked_to_pay(visits)
    other = await buyer.context.new_page()
    await open_live(other, buyer.page.url)
    await expect(other.get_by_role("heading", name="Payment")).to_be_visible()
    await sees_the_tickets(buyer, other, provider)


async def test_a_second_form_goes_along_with_the_first(visits: Visits) -> None:
    """Two tabs with the form for the same seats: when one pays, the other goes to the order, and from there to the tickets."""
    buyer, provider = await visits.open(), Provider()
    await find_seats(buyer.page)
    await fill_in(buyer.page, "Pays")
    other = await buyer.context.new_page()
    await open_live(other, f"{SHOW}/checkout")
    await expect(other.get_by_label("Full name")).to_be_visible()
    await provider.stand_before(buyer.page)
    async with other.expect_websocket(lambda socket: "/live" in socket.url) as joining:
        await pay(buyer.page)
    await (await joining.value).wait_for_event("framereceived")
    await expect(other.get_by_role("heading", name="Payment")).to_be_visible()
    await sees_the_tickets(buyer, other, provider)


async def test_the_map_in_another_tab_says_that_its_seats_are_paid(visits: Visits) -> None:
    """Who left the map open is not left with seats that are no longer held: they are theirs now, and where the tickets are is said."""
    buyer = await visits.open()
    await find_seats(buyer.page)
    other = await buyer.context.new_page()
    await other.goto(SHOW)
    await expect(other.get_by_role("heading", name="Your 2 seats")).to_be_visible()
    await fill_in(buyer.page, "Pays")
    await pay(buyer.page)
    await expect(other.get_by_role("status").filter(has_text="Your seats are paid.")).to_have_count(1)
    await expect(other.get_by_role("heading", name="Your 2 seats")).to_have_count(0)


async def test_giving_up_leads_back_to_the_seats_here_and_to_the_end_of_the_order_there(visits: Visits) -> None:
    """Who gives up is back at the map with the seats still held; the other tab says that the order is no more."""
    buyer, _ = await asked_to_pay(visits)
    giving_up, other = await buyer.context.new_page(), await buyer.context.new_page()
    for page in (giving_up, other):
        await open_live(page, buyer.page.url)
    await giving_up.get_by_role("button", name="Change seats").click()
    await expect(giving_up.get_by_role("heading", name="Your 2 seats")).to_be_visible()
    await expect(other.get_by_role("heading", name="Cancelled")).to_be_visible()
    await buyer.page.unroute_all(behavior="ignoreErrors")
