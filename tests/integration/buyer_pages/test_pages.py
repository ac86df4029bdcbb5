"""The buyer's pages as a browser without scripts sees them."""

from __future__ import annotations

import html
import json
import re
import time
from typing import Any

import httpx

from seatmap.inventory.model import Held, HoldRequest
from server.catalog.facts import ShowFacts
from server.visitor import COOKIE
from tests.integration.installation import Installation


def block(page: str, name: str) -> Any:
    """Return the JSON data block *name* of a page."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


async def theatre(server: Installation) -> ShowFacts:
    event = await server.services.shows.event(slug="the-glass-orchard")
    assert event is not None
    facts = await server.services.shows.show(event.shows[0].show_id)
    assert facts is not None
    return facts


async def hold(server: Installation, browser: httpx.AsyncClient, facts: ShowFacts, seats: list[int]) -> None:
    visitor = server.services.visitors.read(browser.cookies[COOKIE], int(time.time()))
    assert visitor is not None
    kinds = {k: next(iter(facts.show.prices[int(facts.chart.category[k])])) for k in seats}
    answer = await server.services.inventory.hold(
        facts.key, visitor, HoldRequest(tuple(kinds.items())), f"test-{seats[0]}"
    )
    assert isinstance(answer, Held), answer


async def test_the_seat_page_carries_what_its_script_needs(server: Installation) -> None:
    """Facts and words in data blocks, addresses that answer, a session to hold with, and nothing inline that runs."""
    facts, browser = await theatre(server), server.client()
    page = await browser.get(f"/shows/{facts.show_id}")
    assert page.status_code == 200
    assert COOKIE in browser.cookies
    show = block(page.text, "show")
    assert (show["show"], show["currency"], show["phase"]) == (facts.show_id, facts.currency, "open")
    assert show["prices"]
    assert block(page.text, "words")["best.go"] == "Find seats"
    for address in (show["chart_url"], show["state_url"], show["event_url"]):
        assert (await browser.get(address)).status_code == 200
    assert re.findall(r"<script(?![^>]*(src=|application/(ld\+)?json))", page.text) == []
    assert re.findall(r"\sstyle=|\son[a-z]+=", page.text) == []
    assert (await browser.get("/shows/999999")).status_code == 404


async def test_checkout_shows_what_is_held_and_asks_again_for_what_is_missing(server: Installation) -> None:
    """Without a hold it leads back to the seats; with one it shows lines and total; a bad form comes back as it was typed."""
    facts, browser = await theatre(server), server.client()
    checkout = f"/shows/{facts.show_id}/checkout"
    assert "no seats" in (await browser.get(checkout)).text
    await browser.get(f"/shows/{facts.show_id}")
    assert "no seats" in (await browser.get(checkout)).text
    await hold(server, browser, facts, [100, 101])
    page = await browser.get(checkout)
    place = facts.chart.place(100)
    assert f"{place.section}, row {place.row}, seat {place.seat}" in html.unescape(page.text)
    assert "no-store" in page.headers["cache-control"]
    quote = (await browser.get(f"/api/v1/orders/quote?show={facts.show_id}")).json()
    assert block(page.text, "checkout-data")["total"] == quote["total"]
    again = await browser.post(checkout, data={"name": "Ada <b>", "email": "not an address"})
    assert again.status_code == 422
    assert 'value="Ada &lt;b&gt;"' in again.text
    for field in ("email-error", "terms-error"):
        assert f'id="{field}"' in again.text
    assert 'id="name-error"' not in again.text


async def test_a_changed_price_is_shown_before_anything_is_bought(server: Installation) -> None:
    """The total that the page showed comes along; when it is not what is due, the form says so and nothing happened."""
    facts, browser = await theatre(server), server.client()
    await browser.get(f"/shows/{facts.show_id}")
    await hold(server, browser, facts, [200])
    answer = await browser.post(
        f"/shows/{facts.show_id}/checkout",
        data={
            "name": "Ada",
            "email": "ada@example.org",
            "terms": "yes",
            "expected_total": "1",
            "idempotency_key": "k1",
        },
    )
    assert answer.status_code == 422
    assert "The price has changed" in answer.text
    async with server.services.database.tenant(facts.org_id) as connection:
        assert await connection.fetchval("select count(*) from orders") == 0


async def test_pages_speak_the_readers_language_and_direction(server: Installation) -> None:
    """German by Accept-Language; the pseudo-locale turns the page around."""
    facts, browser = await theatre(server), server.client()
    german = await browser.get(f"/shows/{facts.show_id}", headers={"accept-language": "de-AT,de;q=0.9"})
    assert '<html lang="de" dir="ltr"' in german.text
    assert block(german.text, "words")["best.go"] == "Plätze finden"
    assert 'dir="rtl"' in (await browser.get("/tickets?lang=en-XB")).text


async def test_an_order_that_is_not_yours_looks_like_none(server: Installation) -> None:
    """Unknown reference, foreign order, nonsense: the same page, and no list of orders for a new browser."""
    browser = server.client()
    assert (await browser.get("/orders/AAAAAAAAAA?key=x")).status_code == 404
    assert (await browser.get("/orders/nonsense/return")).status_code == 404
    assert (await browser.post("/orders/AAAAAAAAAA/give-up")).status_code == 404
    browser.cookies.set("fr_orders", "AAAAAAAAAA.aaaaaaaaaaaaaaaaaaaaaa")
    assert "No tickets in this browser yet" in (await browser.get("/tickets")).text
    assert (await browser.get("/theme/e11d48.css")).headers["content-type"].startswith("text/css")
    assert (await browser.get("/theme/nothex.css")).status_code == 404
