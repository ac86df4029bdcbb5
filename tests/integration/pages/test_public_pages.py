"""The public pages: whole without JavaScript, true to the sale, safe with any title, cheap to repeat."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from seatmap.inventory.model import HoldRequest, ShowKey
from server.catalog.facts import EventFacts
from server.seed.planting import seed
from tests.integration.installation import ORIGIN, PASSWORD, Installation

PAGE = "/events/the-glass-orchard"


@pytest.fixture
async def client(server: Installation) -> httpx.AsyncClient:
    await seed(server.services)
    client = server.client()
    client.headers.update({"accept": "text/html", "accept-language": "en"})
    return client


async def event(server: Installation, slug: str = "the-glass-orchard") -> EventFacts:
    found = await server.services.shows.event(slug=slug)
    assert found is not None
    return found


def structured(html: str) -> Any:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


async def test_the_event_page_says_when_where_and_for_how_much(client: httpx.AsyncClient, server: Installation) -> None:
    """Dates in the venue's zone by its name, prices with fees, what is left, and where to choose seats, without a script."""
    html = (await client.get(PAGE)).text
    facts = await event(server)
    assert html.count("Central European Standard Time") == 3
    assert "€15.24 – €82.52" in html
    assert "Good choice left" in html
    assert f'href="/shows/{facts.shows[0].show_id}"' in html
    assert f'href="/shows/{facts.shows[2].show_id}"' not in html
    assert "The sale opens on" in html
    assert "Riverside Theatre, Hamburg" in html


async def test_drafts_and_cancelled_events_say_so(client: httpx.AsyncClient, server: Installation) -> None:
    """A preview is called one to those who may see it, and whoever follows an old link learns that nothing takes place."""
    facts = await event(server)
    await server.staff(facts.org_id, "owner@harbour.example", "owner")
    office = server.client()
    office.headers["accept-language"] = "en"
    await office.post("/api/v1/session", json={"email": "owner@harbour.example", "password": PASSWORD})
    draft = (await office.post("/api/v1/events", json={"title": "A draft", "currency": "eur"})).json()
    assert "the event is a draft" in (await office.get(f"/events/{draft['slug']}")).text
    assert (await office.post(f"/api/v1/events/{facts.event_id}/cancel")).status_code == 200
    page = await client.get(PAGE)
    assert page.status_code == 200 and "This event is cancelled" in page.text


async def test_search_engines_read_the_same_facts(client: httpx.AsyncClient) -> None:
    """JSON-LD has one event per show, with place, times with offset, and an offer whose prices include fees."""
    html = (await client.get(PAGE)).text
    shows = structured(html)
    assert [show["@type"] for show in shows] == ["TheaterEvent"] * 3
    first = shows[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT19:30\+0[12]:00", first["startDate"])
    assert first["location"]["address"]["addressLocality"] == "Hamburg"
    assert (first["offers"]["lowPrice"], first["offers"]["highPrice"], first["offers"]["priceCurrency"]) == (
        "15.24",
        "82.52",
        "EUR",
    )
    assert [show["offers"]["availability"].rpartition("/")[2] for show in shows] == ["InStock", "InStock", "PreOrder"]
    assert f'<link rel="canonical" href="{ORIGIN}{PAGE}">' in html
    assert '<meta property="og:title" content="The Glass Orchard">' in html
    picture = await client.get(f"{PAGE}/cover.png")
    assert picture.headers["content-type"] == "image/png"


async def test_a_reader_who_has_the_page_gets_no_copy(client: httpx.AsyncClient, server: Installation) -> None:
    """The same page again is 304; a change of the event is a new page at once."""
    first = await client.get(PAGE)
    again = await client.get(PAGE, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    facts = await event(server)
    owner = await server.signed_in(facts.org_id, "owner")
    await owner.patch(f"/api/v1/events/{facts.event_id}", json={"summary": "A new last line."})
    changed = await client.get(PAGE, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "A new last line." in changed.text


async def test_what_is_left_is_said_in_words(client: httpx.AsyncClient, server: Installation) -> None:
    """A house that is all but held says so, and a paused sale is called paused."""
    facts = await event(server)
    show = facts.shows[1]
    show_facts = await server.services.shows.show(show.show_id)
    assert show_facts is not None
    desk = await server.signed_in(facts.org_id, "manager")
    everything = [int(k) for k in range(show_facts.chart.n)]
    url = f"/api/v1/shows/{show.show_id}/blocked-seats"
    blocked = await desk.post(url, json={"seats": everything[1:], "reason": "test"})
    assert blocked.status_code == 204, blocked.text
    type_id = facts.types[0].type_id
    await server.services.inventory.hold(
        ShowKey(facts.event_id, show.show_id), "v" * 16, HoldRequest(seats=((0, type_id),)), "c"
    )
    await desk.post(f"/api/v1/shows/{facts.shows[0].show_id}/sale", json={"action": "pause"})
    html = (await client.get(PAGE)).text
    assert "All in baskets; some may come back" in html
    assert "Sale paused for a moment" in html


async def test_the_page_stands_while_the_store_is_lost(client: httpx.AsyncClient, redis: Redis) -> None:
    """Without seat states the page says that the map will tell."""
    await redis.flushall()
    answer = await client.get(PAGE)
    assert answer.status_code == 200
    assert "See the map for what is left" in answer.text


async def test_titles_cannot_write_the_page(client: httpx.AsyncClient, server: Installation) -> None:
    """A title full of markup is text everywhere: heading, cover, meta, JSON-LD and the list."""
    nasty = '</script><script>alert(1)</script>"onload="x'
    facts = await event(server)
    owner = await server.signed_in(facts.org_id, "owner")
    await owner.patch(f"/api/v1/events/{facts.event_id}", json={"title": nasty, "summary": nasty})
    for page in (PAGE, "/"):
        html = (await client.get(page)).text
        assert "<script>alert" not in html
        assert 'onload="x' not in html
    assert structured((await client.get(PAGE)).text)[0]["name"] == nasty


async def test_a_strange_host_does_not_get_into_the_page(client: httpx.AsyncClient) -> None:
    """A Host header that is no host is not printed, and one reader's host is not shown to the next."""
    answer = await client.get(PAGE, headers={"host": 'evil.example"><script>'})
    assert "evil" not in answer.text
    assert ORIGIN in (await client.get(PAGE)).text


async def test_german_readers_get_german(client: httpx.AsyncClient) -> None:
    """By Accept-Language, and by a choice that is remembered."""
    german = await client.get(PAGE, headers={"accept-language": "de-AT,de;q=0.9"})
    assert '<html lang="de"' in german.text
    assert "Plätze wählen" in german.text
    assert "15,24\xa0€ – 82,52\xa0€" in german.text
    await client.get(f"{PAGE}?lang=de")
    assert '<html lang="de"' in (await client.get("/")).text


async def test_a_show_behind_a_room_leads_to_its_line(client: httpx.AsyncClient) -> None:
    """The button says what comes next: a line, not seats."""
    html = (await client.get("/events/juno-vale-one-night", headers={"accept-language": "en"})).text
    assert re.findall(r'date__go"[^>]*>([^<]+)</a>', html) == ["Join the line"]
    glass = (await client.get(PAGE, headers={"accept-language": "en"})).text
    assert set(re.findall(r'date__go"[^>]*>([^<]+)</a>', glass)) == {"Choose seats"}


async def test_the_list_filters_and_says_when_nothing_fits(client: httpx.AsyncClient) -> None:
    """Words, city, kind and date narrow the list; an empty result offers the way back; nonsense is left out, not refused."""

    async def titles(query: str) -> list[str]:
        html = (await client.get(f"/?{query}")).text
        return re.findall(r'<h2><a href="[^"]+">([^<]+)</a></h2>', html)

    assert await titles("genre=festival") == ["Meadow Lights"]
    assert await titles("city=Lyon") == ["Orla Finch: The Lantern Tour", "Juno Vale: One Night Only"]
    assert await titles("q=orchard") == ["The Glass Orchard"]
    assert await titles("from=2999-01-01") == []
    assert len(await titles("genre=nonsense&from=yesterday&cursor=zzz&q=%00")) == 5
    nothing = (await client.get("/?q=nothing+like+this")).text
    assert "Nothing fits all of that" in nothing
    assert "Show everything" in nothing


async def test_an_empty_installation_says_what_the_page_is_for(server: Installation) -> None:
    """Without events the first page explains itself and leads organisers on."""
    html = (await server.client().get("/", headers={"accept-language": "en"})).text
    assert "Nothing is on yet" in html
    assert 'href="/organise"' in html


async def test_unknown_addresses_lead_back(client: httpx.AsyncClient) -> None:
    """A person gets a page with a way on, a program a problem document."""
    for path in ("/nowhere", "/events/nothing-here"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert 'href="/"' in answer.text
    program = await client.get("/nowhere", headers={"accept": "application/json"})
    assert program.json()["code"] == "not_found"


async def test_crawlers_find_what_is_public(client: httpx.AsyncClient) -> None:
    """The sitemap lists the published events, robots.txt names the sitemap and closes the rest."""
    sitemap = (await client.get("/sitemap.xml")).text
    assert sitemap.count("<loc>") == 6
    assert f"<loc>{ORIGIN}{PAGE}</loc>" in sitemap
    robots = (await client.get("/robots.txt")).text
    assert f"Sitemap: {ORIGIN}/sitemap.xml" in robots
    assert "Disallow: /organise" in robots
