"""The page of one event: its shows, what they cost with fees, what is left, and when the sale opens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.accounts.guard import problem_page
from server.catalog.addresses import event_address, show_address
from server.catalog.facts import EventFacts, Show
from server.pages.availability import Word, word_for
from server.pages.cover_picture import cover_picture
from server.pages.covers import cover
from server.pages.kept import answer
from server.pages.shared import base_url, pages_of
from server.pages.structured_data import structured_data
from server.principal import Principal
from server.services import Services
from server.templating import clock, day, locale_of, money, remember_language, words, zone_name

# word → tone of the badge; each has its text too, so nothing is said by colour alone.
_TONES = {
    "good": "ok", "limited": "warn", "few": "warn", "held": "warn", "sold_out": "", "unknown": "", "before": "info",
    "paused": "warn", "closed": "", "cancelled": "danger", "past": "",
}  # fmt: skip
_BUYABLE = frozenset({"good", "limited", "few", "held", "unknown", "paused"})


@dataclass(frozen=True, slots=True)
class ShowRow:
    """One show as a line of the page; every text is ready to print."""

    iso: str
    day: str
    time: str
    zone: str
    doors: str
    label: str
    venue: str
    price: str
    badge: str
    tone: str
    note: str
    href: str
    go: str
    """What the button that leads there says; "" when there is no way in."""


async def event_page(request: Request) -> Response:
    """Answer `/events/{slug}`: rendered once per change of the event, of what is left, of a sale's phase, and per language."""
    services: Services = request.app.state.services
    slug = request.path_params["slug"]
    event = await services.shows.event(slug=slug)
    if event is None or (event.status == "draft" and not await _may_preview(request, event)):
        return problem_page(request, "event_unknown", 404)
    if event.slug != slug:
        return RedirectResponse(event_address(event.slug), 308)
    pages, now = pages_of(request), datetime.now(UTC)
    shows = listed_shows(event, now)
    left = pages.availability.known(event.event_id, shows)
    if left is None:
        left = await pages.availability.words(event.event_id, shows)
    said = tuple(word_for(show, word, now) for show, word in zip(shows, left, strict=True))
    locale, base = locale_of(request), base_url(request)
    rooms = tuple(show.room for show in shows)
    key = ("event", event.event_id, event.version, rooms, said, locale, base)
    page = pages.kept.get(key, lambda: _render(services, event, shows, said, locale, base))
    return remember_language(request, answer(request, page))


async def event_cover(request: Request) -> Response:
    """Answer the cover of an event as an image of its own."""
    event = await request.app.state.services.shows.event(slug=request.path_params["slug"])
    if event is None or event.status == "draft":
        return problem_page(request, "event_unknown", 404)
    pages = pages_of(request)
    page = pages.kept.get(("cover", event.event_id, event.version), lambda: cover(event.title, event.cover, key="c"))
    return answer(request, page, media_type="image/svg+xml")


async def event_picture(request: Request) -> Response:
    """Answer the cover as PNG, for whoever shows links with a picture."""
    event = await request.app.state.services.shows.event(slug=request.path_params["slug"])
    if event is None or event.status == "draft":
        return problem_page(request, "event_unknown", 404)
    seed = event.cover.get("seed", 1)
    picture = await asyncio.to_thread(cover_picture, str(event.cover.get("palette")), int(seed))
    return Response(picture, media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})


def listed_shows(event: EventFacts, now: datetime) -> tuple[Show, ...]:
    """Return the shows to list: those to come, or when all are over, all of them."""
    listed = [show for show in event.shows if show.listed or event.status == "draft"]
    coming = [show for show in listed if (show.ends_at or show.starts_at) > now]
    return tuple(coming or listed)


def _render(
    services: Services, event: EventFacts, shows: Sequence[Show], said: Sequence[Word], locale: str, base: str
) -> str:
    rows = [show_row(event, show, word, locale) for show, word in zip(shows, said, strict=True)]
    venues = list({show.venue.venue_id: show.venue for show in shows}.values())
    return services.templates.text(
        "event.html",
        locale,
        nav="events",
        event=event,
        org={"name": event.organisation.name, "url": "/", "accent": event.organisation.accent},
        rows=rows,
        venues=venues,
        types=[kind for kind in event.types if not kind.archived],
        paragraphs=[part.strip() for part in event.description.split("\n\n") if part.strip()],
        cover=cover(event.title, event.cover, key="c"),
        fees=any(fee.payer == "buyer" for fee in event.fees),
        canonical=base + event_address(event.slug),
        base=base,
        structured=structured_data(event, shows, said, base),
    )


def show_row(event: EventFacts, show: Show, word: Word, locale: str) -> ShowRow:
    """Return the line of *show*."""
    t, zone = words(locale), show.venue.time_zone
    note = ""
    if word == "before":
        note = t(
            "events.sale_opens",
            day=day(show.sale_opens_at, zone, locale, "full"),
            time=clock(show.sale_opens_at, zone, locale),
        )
    return ShowRow(
        iso=show.starts_at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
        day=day(show.starts_at, zone, locale, "full"),
        time=clock(show.starts_at, zone, locale),
        zone=zone_name(show.starts_at, zone, locale),
        doors="" if show.doors_at is None else t("events.doors", time=clock(show.doors_at, zone, locale)),
        label=show.label,
        venue=f"{show.venue.name}, {show.venue.city}",
        price="" if word in ("cancelled", "past") else price_text(event.price_range([show]), event.currency, locale),
        badge=t(f"events.left.{word}"),
        tone=_TONES[word],
        note=note,
        href=show_address(show.show_id),
        go=_way_in(show, word, locale),
    )


def _way_in(show: Show, word: Word, locale: str) -> str:
    # A waiting room lets people in before the sale opens: its lobby is where they wait for it.
    if show.room and (word in _BUYABLE or word == "before"):
        return words(locale)("events.join_line")
    return words(locale)("events.choose_seats") if word in _BUYABLE else ""


def price_text(prices: tuple[int, int] | None, currency: str, locale: str) -> str:
    """Return "€28.75 – €82.50", or one price where all are the same; "" when none are known."""
    if prices is None:
        return ""
    low, high = prices
    t = words(locale)
    if high == 0:
        return t("events.free")
    if low == high:
        return money(low, currency, locale)
    return t("events.price_range", low=money(low, currency, locale), high=money(high, currency, locale))


async def _may_preview(request: Request, event: EventFacts) -> bool:
    found: Any = await request.app.state.services.principals.principal(request)
    return isinstance(found, Principal) and found.org_id == event.org_id and found.may("events:read")


routes = [
    Route("/events/{slug}", event_page, methods=["GET", "HEAD"], name="pages.event"),
    Route("/events/{slug}/cover.svg", event_cover, methods=["GET", "HEAD"], name="pages.cover"),
    Route("/events/{slug}/cover.png", event_picture, methods=["GET", "HEAD"], name="pages.picture"),
]
