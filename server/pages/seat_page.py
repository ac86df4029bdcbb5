"""The page where seats are chosen: the frame, the facts and the words; the rest is the browser's (web/src/buyer)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import brotli
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.guard import problem_page
from server.catalog.addresses import event_address
from server.catalog.facts import ShowFacts
from server.catalog.inputs import ms
from server.pages.availability import Word, word_for
from server.pages.shared import pages_of, remember_language
from server.services import Services
from server.settings import Settings
from server.templating import clock, day, locale_of, words, zone_name
from server.visitor_session import remember_visitor

# The groups of words the seat page's scripts use.
WORDS = (
    "best.",
    "list.",
    "map.",
    "legend.",
    "seat.",
    "hold.",
    "conflict.",
    "area.",
    "sale.",
    "live.",
    "refusal.",
    "common.",
)
# Stands for the time of the answer in a page that is rendered once: 2^53 - 1, which no clock shows.
_NOW = 9_007_199_254_740_991
_PHASES: dict[Word, str] = {
    "before": "before",
    "paused": "paused",
    "closed": "closed",
    "cancelled": "closed",
    "past": "closed",
}


async def seat_page(request: Request) -> Response:
    """Answer `/shows/{show}`; whoever opens it gets a visitor's session, so that the first click can hold a seat."""
    services: Services = request.app.state.services
    facts = await services.shows.show(_number(request.path_params["show"]))
    if facts is None or facts.event.status == "draft" or not facts.show.listed:
        return problem_page(request, "show_unknown", 404)
    phase = _PHASES.get(word_for(facts.show, "good", datetime.now(UTC)), "open")
    locale = locale_of(request)
    key = ("seats", facts.show_id, facts.event.version, phase, locale)
    kept = pages_of(request).kept.get(key, lambda: _render(services, facts, phase, locale))
    body = kept.plain.replace(str(_NOW).encode(), str(time.time_ns() // 1_000_000).encode())
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if "br" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = brotli.compress(body, quality=1), "br"
    response = Response(body, media_type="text/html", headers=headers)
    remember_visitor(request, response)
    return remember_language(request, response, locale)


def _render(services: Services, facts: ShowFacts, phase: str, locale: str) -> str:
    show, zone = facts.show, facts.time_zone
    when = f"{day(show.starts_at, zone, locale)}, {clock(show.starts_at, zone, locale)} ({zone_name(show.starts_at, zone, locale)})"
    return services.templates.text(
        "seats.html",
        locale,
        show=data_block(facts, phase, services.settings),
        heading=facts.event.title,
        when=when,
        place=f"{show.venue.name}, {show.venue.city}",
        words=words(locale).chosen(*WORDS),
        org={"name": facts.event.organisation.name, "url": "/", "accent": facts.event.organisation.accent},
    )


def data_block(facts: ShowFacts, phase: str, settings: Settings) -> dict[str, Any]:
    """Return what the scripts need to know (`web/src/buyer/facts.ts`)."""
    show = facts.show
    return {
        "show": facts.show_id,
        "title": facts.event.title,
        "live_url": live_address(settings),
        "chart_url": f"/api/v1/charts/{facts.chart_id}/{facts.chart_rev}",
        "state_url": f"/api/v1/shows/{facts.show_id}/state",
        "checkout_url": f"/checkout?show={facts.show_id}",
        "event_url": event_address(facts.event.slug),
        "currency": facts.currency,
        "time_zone": facts.time_zone,
        "types": [
            {"id": kind.type_id, "name": kind.name, "description": kind.description}
            for kind in facts.types
            if not kind.archived
        ],
        "categories": [{"category": category.category, "name": category.name} for category in facts.categories],
        "prices": [
            [category, type_id, amount]
            for category, types in sorted(show.prices.items())
            for type_id, amount in types.items()
        ],
        "fees": [{"percent_bp": fee.percent_bp, "fixed": fee.fixed} for fee in facts.fees if fee.payer == "buyer"],
        "limit": min(show.per_order_max, show.per_visitor_max),
        "phase": phase,
        "opens_at_ms": ms(show.sale_opens_at),
        "closes_at_ms": ms(show.sale_closes_at),
        "now_ms": _NOW,
    }


def live_address(settings: Settings) -> str:
    """Return where the live gateway is: its address, or `:port/live` on the host the page came from."""
    return settings.live_url or f":{settings.live_port}/live"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


routes = [Route("/shows/{show}", seat_page, methods=["GET", "HEAD"], name="pages.seats")]
