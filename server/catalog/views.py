"""What the catalogue's API answers. Amounts in minor units, times in Unix milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from server.catalog.addresses import event_address, show_address
from server.catalog.facts import Category, EventFacts, Organisation, Prices, Quota, Show, ShowState, TicketType, Venue
from server.catalog.fees import FeeRule
from server.catalog.inputs import ms


class Created(Struct, frozen=True):
    """The number of what was made."""

    id: int


class PriceView(Struct, frozen=True):
    """A price: *amount* without, *total* with what the buyer pays on top."""

    category: int
    type_id: int
    amount: int
    total: int


class ShowView(Struct, frozen=True):
    """A show. *version* of the prices grows when they change; the drawing is at `/api/v1/charts/{chart_id}/{chart_rev}`."""

    id: int
    event_id: int
    label: str
    state: ShowState
    starts_at_ms: int
    doors_at_ms: int | None
    ends_at_ms: int | None
    sale_opens_at_ms: int
    sale_closes_at_ms: int
    time_zone: str
    venue: Venue
    chart_id: int
    chart_rev: int
    capacity: int
    currency: str
    per_order_max: int
    per_visitor_max: int
    hold_s: int | None
    extension_s: int | None
    price_version: int
    categories: tuple[Category, ...]
    prices: list[PriceView]
    quotas: tuple[Quota, ...]
    page: str


class EventView(Struct, frozen=True):
    """An event with its ticket types, fees and shows."""

    id: int
    slug: str
    title: str
    summary: str
    description: str
    genre: str
    status: str
    currency: str
    cover: dict[str, Any]
    organisation: Organisation
    types: list[TicketType]
    fees: tuple[FeeRule, ...]
    shows: list[ShowView]
    version: int
    page: str


class EventItem(Struct, frozen=True):
    """A published event in a list. Prices are what a buyer pays per ticket, fees included; null when none are known."""

    id: int
    slug: str
    title: str
    summary: str
    genre: str
    currency: str
    organisation: str
    next_start_ms: int
    last_start_ms: int
    shows: int
    venue: str
    city: str
    country: str
    time_zone: str
    price_min: int | None
    price_max: int | None
    on_sale: bool
    opens_at_ms: int
    cover: dict[str, Any]
    version: int
    page: str


class EventPage(Struct, frozen=True):
    """One page of the list; *next_cursor* is null at the end."""

    events: list[EventItem]
    next_cursor: str | None


class OwnEvent(Struct, frozen=True):
    """One of the organisation's events, drafts included."""

    id: int
    slug: str
    title: str
    status: str
    currency: str
    shows: int
    next_start_ms: int | None


class OwnEventPage(Struct, frozen=True):
    """One page of the organisation's events; *next_cursor* is null at the end."""

    events: list[OwnEvent]
    next_cursor: int | None


class VenueList(Struct, frozen=True):
    """The organisation's venues; *next_cursor* is null at the end."""

    venues: list[Venue]
    next_cursor: int | None


class PriceVersion(Struct, frozen=True):
    """The version that is in force now. Seats held before keep the price they were held at."""

    price_version: int


class BlockedSeat(Struct, frozen=True):
    """A seat taken off sale by hand."""

    k: int
    reason: str


class BlockedSeats(Struct, frozen=True):
    """All of them."""

    seats: list[BlockedSeat]


def show_view(event: EventFacts, show: Show) -> ShowView:
    """Return what the API says of a show."""
    return ShowView(
        id=show.show_id,
        event_id=event.event_id,
        label=show.label,
        state=show.state,
        starts_at_ms=ms(show.starts_at),
        doors_at_ms=None if show.doors_at is None else ms(show.doors_at),
        ends_at_ms=None if show.ends_at is None else ms(show.ends_at),
        sale_opens_at_ms=ms(show.sale_opens_at),
        sale_closes_at_ms=ms(show.sale_closes_at),
        time_zone=show.venue.time_zone,
        venue=show.venue,
        chart_id=show.chart_id,
        chart_rev=show.chart_rev,
        capacity=show.capacity,
        currency=event.currency,
        per_order_max=show.per_order_max,
        per_visitor_max=show.per_visitor_max,
        hold_s=show.hold_s,
        extension_s=show.extension_s,
        price_version=show.price_version,
        categories=show.categories,
        prices=list(_prices(event, show.prices)),
        quotas=show.quotas,
        page=show_address(show.show_id),
    )


def event_view(event: EventFacts, *, drafts: bool) -> EventView:
    """Return what the API says of an event; with *drafts* everything, else what buyers may know."""
    return EventView(
        id=event.event_id,
        slug=event.slug,
        title=event.title,
        summary=event.summary,
        description=event.description,
        genre=event.genre,
        status=event.status,
        currency=event.currency,
        cover=event.cover,
        organisation=event.organisation,
        types=[kind for kind in event.types if drafts or not kind.archived],
        fees=event.fees,
        shows=[show_view(event, show) for show in event.shows if drafts or show.listed],
        version=event.version,
        page=event_address(event.slug),
    )


def _prices(event: EventFacts, prices: Prices) -> Iterable[PriceView]:
    for category, types in sorted(prices.items()):
        for kind in event.types:
            if kind.type_id in types:
                amount = types[kind.type_id]
                yield PriceView(category, kind.type_id, amount, event.buyer_pays(amount))


def event_item(row: Any) -> EventItem:
    """Return a list entry from a row of `published_events`."""
    fees = msgspec.json.decode(row["fees"], type=tuple[FeeRule, ...])

    def paid(amount: int | None) -> int | None:
        return None if amount is None else amount + sum(fee.on(amount) for fee in fees if fee.payer == "buyer")

    return EventItem(
        id=row["event_id"],
        slug=row["slug"],
        title=row["title"],
        summary=row["summary"],
        genre=row["genre"],
        currency=row["currency"],
        organisation=row["organisation"],
        next_start_ms=ms(row["next_start"]),
        last_start_ms=ms(row["last_start"]),
        shows=row["shows"],
        venue=row["venue"],
        city=row["city"],
        country=row["country"],
        time_zone=row["time_zone"],
        price_min=paid(row["price_min"]),
        price_max=paid(row["price_max"]),
        on_sale=row["on_sale"],
        opens_at_ms=ms(row["opens_at"]),
        cover=msgspec.json.decode(row["cover"]),
        version=row["version"],
        page=event_address(row["slug"]),
    )
