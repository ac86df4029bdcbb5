"""`/shows/{show}`: choose seats. The page carries the facts; chart and state come from their own cacheable addresses."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from server.buyer_pages.frame import heading, organisation, place, problem, services_of, when
from server.catalog.addresses import event_address, show_address
from server.catalog.facts import Show, ShowFacts
from server.rooms.gate import sent_to_room
from server.settings import Settings
from server.templating import locale_of, words
from server.visitor_session import remember_visitor

Phase = Literal["before", "open", "paused", "closed"]

# Prefixes of the words that the page's script uses.
_WORDS = (
    "best.", "list.", "map.", "legend.", "seat.", "hold.", "conflict.", "kept.", "area.", "sale.", "live.", "refusal.", "common.",
)  # fmt: skip


async def seat_page(request: Request) -> Response:
    """Show the map of a listed show, and give the visitor a session to hold seats with. Who needs a pass and has none is shown to the room."""
    services = services_of(request)
    facts = await services.shows.show(request.path_params["show"])
    if facts is None or not facts.show.listed or facts.event.status != "published":
        return problem(request, "show_unknown")
    if (sent := await sent_to_room(request, facts.key)) is not None:
        return sent
    locale = locale_of(request)
    page = services.templates.page(
        request,
        "seats.html",
        org=organisation(facts.event),
        show=page_facts(facts, services.settings, datetime.now(UTC)),
        heading=heading(facts),
        when=when(facts, locale),
        place=place(facts),
        words=words(locale).chosen(*_WORDS),
    )
    page.headers["Cache-Control"] = "private, no-cache"
    remember_visitor(request, page)
    return page


def page_facts(facts: ShowFacts, settings: Settings, now: datetime) -> dict[str, Any]:
    """Return the data block `show` of the page (web/src/buyer/facts.ts:ShowFacts)."""
    show, event = facts.show, facts.event
    sold = _sold_types(show.prices.values())
    return {
        "show": facts.show_id,
        "title": heading(facts),
        "live_url": settings.live_address,
        "chart_url": f"/api/v1/charts/{facts.chart_id}/{facts.chart_rev}",
        "state_url": f"/api/v1/shows/{facts.show_id}/state",
        "checkout_url": f"{show_address(facts.show_id)}/checkout",
        "event_url": event_address(event.slug),
        "currency": facts.currency,
        "time_zone": facts.time_zone,
        "types": [
            {"id": kind.type_id, "name": kind.name, "description": kind.description}
            for kind in facts.types
            if kind.type_id in sold
        ],
        "categories": [{"category": one.category, "name": one.name} for one in facts.categories],
        "prices": [[c, kind, amount] for c, kinds in show.prices.items() for kind, amount in kinds.items()],
        "fees": [{"percent_bp": fee.percent_bp, "fixed": fee.fixed} for fee in facts.fees if fee.payer == "buyer"],
        "limit": min(show.per_order_max, show.per_visitor_max),
        "phase": phase(show, now),
        "opens_at_ms": round(show.sale_opens_at.timestamp() * 1000),
        "closes_at_ms": round(show.sale_closes_at.timestamp() * 1000),
        "now_ms": time.time_ns() // 1_000_000,
    }


def phase(show: Show, now: datetime) -> Phase:
    """Say what the page says before the live socket does."""
    if show.state in ("closed", "cancelled") or show.sale_closes_at <= now:
        return "closed"
    if show.sale_opens_at > now:
        return "before"
    return "paused" if show.state == "paused" else "open"


def _sold_types(prices: Iterable[dict[int, int]]) -> set[int]:
    return {kind for kinds in prices for kind in kinds}
