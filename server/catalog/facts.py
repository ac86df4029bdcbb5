"""The facts of an event and its shows: everything a page, a hold or an order needs to know, read at once and never changed.

    facts = await services.shows.show(12)              # cached, the way to read in a process that serves people
    facts = await load_show(database, 12)              # one fresh read, for jobs and scripts

Money is in minor units of `currency`, times are aware datetimes (UTC), places are in the venue's own time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol

import msgspec

from seatmap.chart.compiled import CompiledChart
from seatmap.inventory.model import ShowKey
from server.catalog.fees import FeeRule, buyer_fee, organiser_fee
from server.database import Database
from server.sql_blocks import load_blocks

_SQL = load_blocks(__package__, "facts.sql")

# category → {ticket type id: amount in minor units}
Prices = dict[int, dict[int, int]]
ShowState = Literal["draft", "on_sale", "paused", "closed", "cancelled"]


class Organisation(msgspec.Struct, frozen=True):
    """What a buyer sees of the organiser."""

    slug: str
    name: str
    accent: str | None
    locale: str
    support_email: str | None


class Venue(msgspec.Struct, frozen=True):
    """Where a show takes place."""

    venue_id: int
    name: str
    street: str
    city: str
    postcode: str
    country: str
    latitude: float | None
    longitude: float | None
    time_zone: str


class TicketType(msgspec.Struct, frozen=True):
    """Adult, child, … An archived type is not sold any more, but old tickets still name it."""

    type_id: int
    name: str
    description: str = ""
    archived: bool = False


class Category(msgspec.Struct, frozen=True):
    """A price level of the chart; *category* is the chart's index, *capacity* counts its seats and standing places."""

    category: int
    name: str
    color: str
    capacity: int


class Quota(msgspec.Struct, frozen=True):
    """A counter shared by (category, type) pairs; None in a pair means any."""

    quota_id: int
    name: str
    capacity: int
    members: tuple[tuple[int | None, int | None], ...]

    def counts(self, category: int, type_id: int) -> bool:
        """Tell whether a place of *category* sold as *type_id* counts against this quota."""
        return any(c in (None, category) and t in (None, type_id) for c, t in self.members)


class Show(msgspec.Struct, frozen=True):
    """One dated performance, with its current prices."""

    show_id: int
    label: str
    state: ShowState
    starts_at: datetime
    doors_at: datetime | None
    ends_at: datetime | None
    sale_opens_at: datetime
    sale_closes_at: datetime
    hold_s: int | None
    extension_s: int | None
    per_order_max: int
    per_visitor_max: int
    chart_id: int
    chart_rev: int
    price_version: int
    venue: Venue
    categories: tuple[Category, ...]
    prices: Prices
    quotas: tuple[Quota, ...]
    room: bool = False
    """Whether it is sold through a waiting room: holding then needs a pass."""

    @property
    def capacity(self) -> int:
        """Count the places of all categories."""
        return sum(category.capacity for category in self.categories)

    @property
    def listed(self) -> bool:
        """Tell whether buyers may know of it."""
        return self.state != "draft"


class EventFacts(msgspec.Struct, frozen=True):
    """An event with its ticket types, fees and shows (soonest first, drafts included). *version* grows with every change."""

    org_id: int
    event_id: int
    slug: str
    title: str
    summary: str
    description: str
    genre: str
    cover: dict[str, Any]
    status: Literal["draft", "published", "cancelled"]
    currency: str
    version: int
    published_at: datetime | None
    organisation: Organisation
    types: tuple[TicketType, ...]
    fees: tuple[FeeRule, ...]
    shows: tuple[Show, ...]

    def show(self, show_id: int) -> Show | None:
        """Return one of its shows."""
        return next((show for show in self.shows if show.show_id == show_id), None)

    def buyer_pays(self, amount: int) -> int:
        """Return what a ticket of *amount* costs the buyer, fees included."""
        return amount + buyer_fee(self.fees, amount)

    def price_range(self, shows: Sequence[Show]) -> tuple[int, int] | None:
        """Return the lowest and highest a buyer pays per ticket over *shows*, fees included; None when nothing is priced."""
        amounts = [amount for show in shows for types in show.prices.values() for amount in types.values()]
        return (self.buyer_pays(min(amounts)), self.buyer_pays(max(amounts))) if amounts else None


class ShowFacts:
    """One show for sale: its event, its chart, and every price it ever had.

    The chart is decoded when first asked for (some 40 ms for 60,000 seats) and shared by the holders of these facts.
    """

    def __init__(self, event: EventFacts, show: Show, prices: Mapping[int, Prices], wire: bytes) -> None:
        self.event, self.show, self.prices, self.wire = event, show, prices, wire

    @property
    def org_id(self) -> int:
        return self.event.org_id

    @property
    def event_id(self) -> int:
        return self.event.event_id

    @property
    def show_id(self) -> int:
        return self.show.show_id

    @property
    def key(self) -> ShowKey:
        """Name the show in the inventory."""
        return ShowKey(self.event.event_id, self.show.show_id)

    @property
    def currency(self) -> str:
        return self.event.currency

    @property
    def time_zone(self) -> str:
        """Name the venue's time zone, such as Europe/Berlin."""
        return self.show.venue.time_zone

    @property
    def chart_id(self) -> int:
        return self.show.chart_id

    @property
    def chart_rev(self) -> int:
        return self.show.chart_rev

    @property
    def categories(self) -> tuple[Category, ...]:
        return self.show.categories

    @property
    def types(self) -> tuple[TicketType, ...]:
        return self.event.types

    @property
    def quotas(self) -> tuple[Quota, ...]:
        return self.show.quotas

    @property
    def fees(self) -> tuple[FeeRule, ...]:
        return self.event.fees

    @cached_property
    def chart(self) -> CompiledChart:
        """The drawing, decoded from `wire` (brotli)."""
        return CompiledChart.load(self.wire)

    @cached_property
    def type_names(self) -> dict[int, str]:
        """Ticket type id → name, archived types included."""
        return {kind.type_id: kind.name for kind in self.event.types}

    def amount(self, category: int, type_id: int, version: int | None = None) -> int | None:
        """Return the price of a ticket without fees, at price *version* (default: current); None when it isn't sold."""
        prices = self.show.prices if version is None else self.prices.get(version, {})
        return prices.get(category, {}).get(type_id)

    def buyer_fee(self, amount: int) -> int:
        """Return what the buyer pays on top of *amount* for one ticket."""
        return buyer_fee(self.event.fees, amount)

    def organiser_fee(self, amount: int) -> int:
        """Return what is taken from the organiser's share of one ticket of *amount*."""
        return organiser_fee(self.event.fees, amount)


class ShowFactsSource(Protocol):
    """Read facts, possibly remembered ones: never older than the last change by more than two seconds."""

    async def show(self, show_id: int) -> ShowFacts | None:
        """Return everything about one show, drafts included."""
        ...

    async def event(self, *, slug: str | None = None, event_id: int | None = None) -> EventFacts | None:
        """Return the event of an address or a number, drafts included."""
        ...

    async def changed(self, org_id: int, event_id: int) -> None:
        """Tell every process that the event changed. Called after the commit that changed it."""
        ...


async def load_event(database: Database, *, slug: str | None = None, event_id: int | None = None) -> EventFacts | None:
    """Read the event of an address or a number, drafts included; None when there is none."""
    if slug is not None and "\0" in slug:
        return None  # Postgres has no such text
    async with database.installation() as connection:
        owner = await connection.fetchrow("select org_id, event_id from owner_of_event($1, $2)", slug, event_id)
    if owner is None:
        return None
    async with database.tenant(owner["org_id"]) as connection:
        text = await connection.fetchval(_SQL["event_facts"], owner["event_id"])
    return None if text is None else msgspec.json.decode(text, type=EventFacts)


async def load_show(database: Database, show_id: int) -> ShowFacts | None:
    """Read everything about one show, drafts included; None when there is none."""
    async with database.installation() as connection:
        owner = await connection.fetchrow("select org_id, event_id from owner_of_show($1)", show_id)
    if owner is None:
        return None
    async with database.tenant(owner["org_id"]) as connection:
        text = await connection.fetchval(_SQL["event_facts"], owner["event_id"])
        event = msgspec.json.decode(text, type=EventFacts)
        show = event.show(show_id)
        if show is None:
            return None
        wire = await connection.fetchval(_SQL["chart_wire"], show.chart_id, show.chart_rev)
        rows = await connection.fetch(_SQL["price_versions"], show_id)
    prices: dict[int, Prices] = {}
    for version, category, type_id, amount in rows:
        prices.setdefault(version, {}).setdefault(category, {})[type_id] = amount
    return ShowFacts(event, show, prices, wire)
