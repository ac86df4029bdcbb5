"""The first page: what is on, with filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.catalog.inputs import EventFilter, Genre, ms
from server.catalog.views import EventItem
from server.pages.covers import cover
from server.pages.event_page import price_text
from server.pages.kept import answer
from server.pages.listing import Listing
from server.pages.shared import base_url, pages_of
from server.refusals import Refusal
from server.services import Services
from server.templating import clock, day, locale_of, remember_language, words

GENRES: tuple[str, ...] = msgspec.inspect.type_info(Genre).values  # type: ignore[attr-defined]
PAGE_SIZE = 24


@dataclass(frozen=True, slots=True)
class EventCard:
    """One event as a card; every text is ready to print."""

    href: str
    title: str
    summary: str
    iso: str
    when: str
    where: str
    price: str
    badge: str
    tone: str
    cover: Markup


async def event_list(request: Request) -> Response:
    """Answer `/`: published events, soonest first. A filter nobody can read is left out, not refused: the page is for people."""
    services: Services = request.app.state.services
    pages, chosen = pages_of(request), _chosen(request)
    listing = await pages.listings.get(_filter(chosen))
    if isinstance(listing, Refusal):
        chosen.pop("cursor", None)
        listing = await pages.listings.get(_filter(chosen))
    assert isinstance(listing, Listing)
    found, locale, base = listing, locale_of(request), base_url(request)
    key = ("list", tuple(sorted(chosen.items())), found.version, locale, base)
    page = pages.kept.get(key, lambda: _render(services, found, chosen, locale, base))
    return remember_language(request, answer(request, page))


def _chosen(request: Request) -> dict[str, str]:
    limits = {"q": 100, "city": 120, "genre": 20, "from": 10, "cursor": 60}
    given = {name: (request.query_params.get(name) or "").strip()[:most] for name, most in limits.items()}
    if given["genre"] not in GENRES:
        given["genre"] = ""
    try:
        date.fromisoformat(given["from"])
    except ValueError:
        given["from"] = ""
    return {name: value for name, value in given.items() if value and value.isprintable()}


def _filter(chosen: dict[str, str]) -> EventFilter:
    since = None
    if "from" in chosen:
        # Midnight of the day in UTC; never the past, which is not on any more.
        since = max(ms(datetime.fromisoformat(chosen["from"]).replace(tzinfo=UTC)), 0)
        since = since if since > ms(datetime.now(UTC)) else None
    return EventFilter(
        q=chosen.get("q"),
        city=chosen.get("city"),
        genre=chosen.get("genre"),  # type: ignore[arg-type]
        from_ms=since,
        cursor=chosen.get("cursor"),
        limit=PAGE_SIZE,
    )


def _render(services: Services, listing: Listing, chosen: dict[str, str], locale: str, base: str) -> str:
    cards = [event_card(item, locale) for item in listing.items]
    more = None
    if listing.next_cursor is not None:
        more = "/?" + urlencode({**chosen, "cursor": listing.next_cursor})
    filters: dict[str, Any] = {"q": "", "city": "", "genre": "", "from": ""} | chosen
    return services.templates.text(
        "events.html",
        locale,
        nav="events",
        cards=cards,
        more=more,
        filters=filters,
        filtered=bool(set(chosen) - {"cursor"}),
        cities=listing.cities,
        genres=GENRES,
        canonical=base + "/",
    )


def event_card(item: EventItem, locale: str) -> EventCard:
    """Return the card of *item*."""
    t = words(locale)
    starts = datetime.fromtimestamp(item.next_start_ms / 1000, UTC)
    when = f"{day(starts, item.time_zone, locale, 'medium')}, {clock(starts, item.time_zone, locale)}"
    if item.shows > 1:
        when = f"{when} · {t('events.more_dates', n=item.shows - 1)}"
    prices = None if item.price_min is None or item.price_max is None else (item.price_min, item.price_max)
    opens = datetime.fromtimestamp(item.opens_at_ms / 1000, UTC)
    badge, tone = (t("events.on_sale"), "ok") if item.on_sale else ("", "")
    if not item.on_sale and opens > datetime.now(UTC):
        opening = f"{day(opens, item.time_zone, locale, 'medium')}, {clock(opens, item.time_zone, locale)}"
        badge, tone = t("events.opens", when=opening), "info"
    return EventCard(
        href=item.page,
        title=item.title,
        summary=item.summary,
        iso=starts.isoformat(),
        when=when,
        where=f"{item.venue}, {item.city}",
        price=price_text(prices, item.currency, locale),
        badge=badge,
        tone=tone,
        cover=cover(item.title, item.cover, key=f"e{item.id}"),
    )


routes = [Route("/", event_list, methods=["GET", "HEAD"], name="pages.events")]
