"""Paying with a Stripe account: Stripe's own form on our page, from Stripe's address and nowhere else.

The real js.stripe.com is the one address that is stood in for (tests/fixtures/stripe_js.js); behind api.stripe.com our demo
provider answers, on the wire format that the production adapter speaks.
"""

from __future__ import annotations

import functools
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, expect
from redis.asyncio import Redis

import server.app
from seatmap.inventory.model import Held, HoldRequest
from server.payments.stripe_payments import StripeSetup
from server.seed import planting
from server.seed.planting import seed
from server.seed.programme import PROGRAMME
from server.visitor import COOKIE
from tests.browser.conftest import Visit, Visits
from tests.browser.serving import Serving, serving
from tests.demo_provider import KEYS, DemoProcess

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

STRIPE_JS = (Path(__file__).parents[1] / "fixtures" / "stripe_js.js").read_text()
CARD_FRAME = """<!doctype html><title>Card</title><label>Card number <input autocomplete="off"></label>
<script>document.querySelector("input").oninput = (e) => parent.postMessage({number: e.target.value}, "*")</script>"""
EVENT = "the-glass-orchard"
PAYS, DECLINES, ASKS_BANK = "4242424242424242", "4000000000009995", "4000000000003220"


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[DemoProcess]:
    """What answers behind api.stripe.com."""
    process = DemoProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@dataclass
class BoxOffice:
    """An installation with the keys of a Stripe account, and a browser to which Stripe's addresses are the stand-ins."""

    served: Serving
    stripe: DemoProcess
    visits: Visits
    script_lost: bool = False

    async def checkout(self) -> Visit:
        """Open the checkout with two seats held."""
        visit = await self.visits.open(width=390, height=780)
        await visit.context.route("https://js.stripe.com/**", self._script)
        await visit.context.route("https://api.stripe.com/**", self._api)
        # No gateway runs here: its line opens and stays silent.
        await visit.context.route_web_socket("**/live", lambda line: None)
        services = self.served.here.services
        event = await services.shows.event(slug=EVENT)
        assert event is not None
        facts = await services.shows.show(event.shows[0].show_id)
        assert facts is not None
        await visit.context.request.get(f"/shows/{facts.show_id}")
        cookie = next(one["value"] for one in await visit.context.cookies() if one["name"] == COOKIE)
        visitor = services.visitors.read(cookie, int(time.time()))
        assert visitor is not None
        kinds = {k: next(iter(facts.show.prices[int(facts.chart.category[k])])) for k in (0, 1)}
        held = await services.inventory.hold(
            facts.key, visitor, HoldRequest(tuple(kinds.items())), secrets.token_hex(4)
        )
        assert isinstance(held, Held), held
        await visit.page.goto(f"/shows/{facts.show_id}/checkout")
        return visit

    async def _script(self, route: Route) -> None:
        if self.script_lost:
            await route.abort()
        elif route.request.url.endswith("/endive/stripe.js"):
            await route.fulfill(content_type="text/javascript", body=STRIPE_JS)
        else:
            await route.fulfill(content_type="text/html", body=CARD_FRAME)

    async def _api(self, route: Route) -> None:
        async with httpx.AsyncClient() as client:
            path = route.request.url.removeprefix("https://api.stripe.com")
            answer = await client.post(
                f"{self.stripe.origin}{path}",
                content=route.request.post_data_buffer or b"",
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
        await route.fulfill(
            status=answer.status_code,
            content_type="application/json",
            headers={"access-control-allow-origin": "*"},
            body=answer.text,
        )


@asynccontextmanager
async def box_office(
    database_url: str, valkey_url: str, var: Path, stripe: DemoProcess, browser: Browser
) -> AsyncIterator[BoxOffice]:
    keys = {
        "stripe_secret_key": KEYS.secret_key,
        "stripe_publishable_key": KEYS.publishable_key,
        "stripe_webhook_secrets": KEYS.webhook_secret,
    }
    async with serving(database_url, valkey_url, var, **keys) as served:
        await seed(served.here.services)
        visits = Visits(browser, served.url)
        yield BoxOffice(served, stripe, visits)
        assert [complaint for visit in visits.all for complaint in visit.complaints] == []


@pytest.fixture
async def office(
    database_url: str,
    valkey_url: str,
    redis: Redis,
    tmp_path: Path,
    stripe: DemoProcess,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[BoxOffice]:
    # One event is enough, and sown in a moment.
    theatre = replace(PROGRAMME[0], events=tuple(one for one in PROGRAMME[0].events if one.slug == EVENT))
    monkeypatch.setattr(planting, "PROGRAMME", (theatre,))
    # The production adapter, at the address of the stand-in for api.stripe.com.
    monkeypatch.setattr(server.app, "StripeSetup", functools.partial(StripeSetup, api_base=stripe.origin))
    async with box_office(database_url, valkey_url, tmp_path, stripe, browser) as office:
        yield office


async def type_card(page: Page, number: str) -> None:
    await page.frame_locator("#payment-element iframe").get_by_label("Card number").fill(number)


async def fill_in(page: Page) -> None:
    await page.get_by_label("Full name").fill("Ada Byron")
    await page.get_by_label("E-mail").fill("ada@example.org")
    await page.get_by_label("I accept").check()


async def pay(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("^Pay €")).click()


async def test_a_card_typed_into_stripes_frame_buys_the_tickets(office: BoxOffice) -> None:
    """Stripe is asked for the amount to be paid in our colours and language; our page has no card field of its own."""
    page = (await office.checkout()).page
    await expect(page.frame_locator("#payment-element iframe").get_by_label("Card number")).to_be_visible()
    assert await page.locator("#card-number").count() == 0
    asked = await page.evaluate("stripeAsked")
    total = int(re.sub(r"\D", "", await page.locator("#pay").inner_text()))
    assert (asked["key"], asked["mode"], asked["currency"], asked["amount"]) == (
        KEYS.publishable_key,
        "payment",
        "eur",
        total,
    )
    assert asked["locale"] == "en"
    assert re.fullmatch(r"#[0-9a-f]{3,6}", asked["appearance"]["variables"]["colorText"])
    await fill_in(page)
    await type_card(page, PAYS)
    await pay(page)
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()
    assert "redirect_status" not in page.url


async def test_what_is_missing_is_said_beside_the_form_and_nothing_is_started(office: BoxOffice) -> None:
    """An empty card is Stripe's to complain about; our own fields are complained about at the same time."""
    page = (await office.checkout()).page
    await expect(page.locator("#payment-element iframe")).to_be_visible()
    await pay(page)
    await expect(page.locator("#payment-error")).to_have_text("Your card number is incomplete.")
    await expect(page.get_by_label("Full name")).to_be_focused()
    assert "/checkout" in page.url
    await type_card(page, PAYS)
    await expect(page.locator("#payment-error")).to_be_hidden()


async def test_a_declined_card_is_told_beside_the_form_and_another_one_pays(office: BoxOffice) -> None:
    """Stripe's own sentence, with the focus on it; the order and its seats stay for the next card."""
    page = (await office.checkout()).page
    await fill_in(page)
    await type_card(page, DECLINES)
    await pay(page)
    await expect(page.locator("#payment-error")).to_contain_text("insufficient funds")
    await expect(page.locator("#payment-error")).to_be_focused()
    await type_card(page, PAYS)
    await pay(page)
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()


async def test_the_bank_is_asked_by_stripes_own_redirect(office: BoxOffice) -> None:
    """3-D Secure leads to the bank's page and back to the order."""
    page = (await office.checkout()).page
    await fill_in(page)
    await type_card(page, ASKS_BANK)
    await pay(page)
    await page.get_by_role("button", name=re.compile("approve", re.IGNORECASE)).click()
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()


async def test_a_lost_script_is_said_in_words_and_tried_again(office: BoxOffice) -> None:
    """Without Stripe.js the page says what did not come and from where; one button brings it, and nothing typed is lost."""
    office.script_lost = True
    visit = await office.checkout()
    page = visit.page
    await expect(page.get_by_text("The card form did not load")).to_be_visible()
    await fill_in(page)
    await pay(page)
    await expect(page.get_by_role("button", name="Try again")).to_be_focused()
    office.script_lost = False
    await page.get_by_role("button", name="Try again").click()
    await type_card(page, PAYS)
    await expect(page.get_by_label("Full name")).to_have_value("Ada Byron")
    await pay(page)
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()


async def test_an_order_left_unpaid_is_paid_on_its_own_page(office: BoxOffice) -> None:
    """After a reload the order's page has Stripe's form too, for the same payment."""
    page = (await office.checkout()).page
    await fill_in(page)
    await type_card(page, DECLINES)
    await pay(page)
    await expect(page.locator("#payment-error")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Payment")).to_be_visible()
    await type_card(page, PAYS)
    await pay(page)
    await expect(page.get_by_role("heading", name="Your tickets")).to_be_visible()
