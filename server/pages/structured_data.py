"""What search engines read of an event: schema.org as JSON-LD."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from babel.numbers import get_currency_precision
from markupsafe import Markup

from server.catalog.addresses import event_address, show_address
from server.catalog.facts import EventFacts, Show
from server.pages.availability import Word

_TYPES = {
    "theatre": "TheaterEvent",
    "concert": "MusicEvent",
    "festival": "Festival",
    "sport": "SportsEvent",
    "comedy": "ComedyEvent",
    "family": "ChildrensEvent",
}
_AVAILABILITY = {
    "good": "InStock", "limited": "LimitedAvailability", "few": "LimitedAvailability", "held": "LimitedAvailability",
    "sold_out": "SoldOut", "before": "PreOrder", "closed": "Discontinued",
}  # fmt: skip


def structured_data(event: EventFacts, shows: Sequence[Show], words: Sequence[Word], base: str) -> Markup:
    """Return one schema.org event per show, ready for a `<script type="application/ld+json">`."""
    described = [_event(event, show, word, base) for show, word in zip(shows, words, strict=True)]
    text = orjson.dumps(described[0] if len(described) == 1 else described).decode()
    # A title may contain "</script>": no "<" survives.
    return Markup(text.replace("<", "\\u003c"))


def _event(event: EventFacts, show: Show, word: Word, base: str) -> dict[str, Any]:
    zone = ZoneInfo(show.venue.time_zone)
    described: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": _TYPES.get(event.genre, "Event"),
        "name": event.title,
        "description": event.summary or event.title,
        "url": base + event_address(event.slug),
        "image": [f"{base}{event_address(event.slug)}/cover.svg"],
        "startDate": _local(show.starts_at, zone),
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "eventStatus": f"https://schema.org/{'EventCancelled' if word == 'cancelled' else 'EventScheduled'}",
        "location": _place(show),
        "organizer": {"@type": "Organization", "name": event.organisation.name},
    }
    if show.doors_at is not None:
        described["doorTime"] = _local(show.doors_at, zone)
    if show.ends_at is not None:
        described["endDate"] = _local(show.ends_at, zone)
    if (prices := event.price_range([show])) is not None and word not in ("cancelled", "past"):
        described["offers"] = _offer(event, show, word, prices, base)
    return described


def _offer(event: EventFacts, show: Show, word: Word, prices: tuple[int, int], base: str) -> dict[str, Any]:
    return {
        "@type": "AggregateOffer",
        "url": base + show_address(show.show_id),
        "priceCurrency": event.currency.upper(),
        "lowPrice": _decimal(prices[0], event.currency),
        "highPrice": _decimal(prices[1], event.currency),
        "availability": f"https://schema.org/{_AVAILABILITY.get(word, 'InStock')}",
        "validFrom": _local(show.sale_opens_at, ZoneInfo(show.venue.time_zone)),
    }


def _place(show: Show) -> dict[str, Any]:
    venue = show.venue
    place: dict[str, Any] = {
        "@type": "Place",
        "name": venue.name,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": venue.street,
            "addressLocality": venue.city,
            "postalCode": venue.postcode,
            "addressCountry": venue.country,
        },
    }
    if venue.latitude is not None and venue.longitude is not None:
        place["geo"] = {"@type": "GeoCoordinates", "latitude": venue.latitude, "longitude": venue.longitude}
    return place


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")


def _decimal(amount: int, currency: str) -> str:
    precision = get_currency_precision(currency.upper())
    return f"{amount / 10**precision:.{precision}f}"
