"""What the catalogue's API takes. Amounts in minor units, times in Unix milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

INT_MAX = 2**31 - 1
Id = Annotated[int, Meta(ge=1, le=INT_MAX)]
# The year 9999: what a timestamp of Postgres and a date of Python both hold.
UnixMs = Annotated[int, Meta(ge=0, le=253_370_764_800_000, description="Unix time in milliseconds.")]
Amount = Annotated[int, Meta(ge=0, le=100_000_000, description="Money in minor units (cents).")]
Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Currency = Annotated[str, Meta(pattern="^[a-z]{3}$", description="ISO 4217 code in lower case.")]
Genre = Literal["theatre", "concert", "festival", "sport", "comedy", "family", "talk", "other"]
CategoryIndex = Annotated[int, Meta(ge=0, le=255, description="Index `c` of the category in the show's chart.")]
Limit = Annotated[int, Meta(ge=1, le=100)]


def ms(at: datetime) -> int:
    """Return the Unix milliseconds of *at*."""
    return round(at.timestamp() * 1000)


def moment(at_ms: int) -> datetime:
    """Return the time of *at_ms*."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


class Body(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request body: fields nobody knows are refused."""


class EventFilter(Body, frozen=True):
    """Which published events to list: words in title, summary, venue, city or organiser; times of the shows; a cursor."""

    q: Annotated[str, Meta(max_length=100)] | None = None
    city: Annotated[str, Meta(max_length=120)] | None = None
    genre: Genre | None = None
    organisation: Annotated[str, Meta(max_length=63)] | None = None
    from_ms: UnixMs | None = None
    until_ms: UnixMs | None = None
    cursor: Annotated[str, Meta(max_length=60)] | None = None
    limit: Limit = 20


class OwnEventFilter(Body, frozen=True):
    """Which of the organisation's own events to list."""

    status: Literal["draft", "published", "cancelled"] | None = None
    cursor: Id | None = None
    limit: Limit = 50


class VenueFilter(Body, frozen=True):
    """Which page of the organisation's venues to list."""

    cursor: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


class Cover(Body, frozen=True):
    """How the cover is drawn: a palette, a motif, and a seed that places it."""

    palette: Literal["ember", "dusk", "meadow", "harbour", "velvet", "noon"] = "ember"
    motif: Literal["rays", "waves", "arcs", "grid", "dots"] = "rays"
    seed: Annotated[int, Meta(ge=0, le=9999)] = 1


class NewEvent(Body, frozen=True):
    """An event, as a draft. Without *slug* the address is made from the title."""

    title: Title
    currency: Currency
    slug: Slug | None = None
    summary: Annotated[str, Meta(max_length=300)] = ""
    description: Annotated[str, Meta(max_length=20_000)] = ""
    genre: Genre = "other"
    cover: Cover = Cover()


class EventChange(Body, frozen=True):
    """What to change; fields left out stay as they are."""

    title: Title | None = None
    currency: Currency | None = None
    slug: Slug | None = None
    summary: Annotated[str, Meta(max_length=300)] | None = None
    description: Annotated[str, Meta(max_length=20_000)] | None = None
    genre: Genre | None = None
    cover: Cover | None = None


class NewVenue(Body, frozen=True):
    """A venue; *time_zone* is an IANA name, *country* an ISO 3166 code."""

    name: Title
    city: Name
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    time_zone: Annotated[str, Meta(max_length=60)]
    street: Annotated[str, Meta(max_length=200)] = ""
    postcode: Annotated[str, Meta(max_length=20)] = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None


class NewShow(Body, frozen=True):
    """One dated performance on a chart's revision."""

    venue_id: Id
    chart_id: Id
    chart_rev: Id
    starts_at_ms: UnixMs
    sale_opens_at_ms: UnixMs
    sale_closes_at_ms: UnixMs
    doors_at_ms: UnixMs | None = None
    ends_at_ms: UnixMs | None = None
    label: Annotated[str, Meta(max_length=80)] = ""
    hold_s: Annotated[int, Meta(ge=30, le=3600)] | None = None
    extension_s: Annotated[int, Meta(ge=0, le=3600)] | None = None
    per_order_max: Annotated[int, Meta(ge=1, le=100)] = 8
    per_visitor_max: Annotated[int, Meta(ge=1, le=1000)] = 8


class ShowChange(Body, frozen=True):
    """What to change; fields left out stay as they are, null clears what may be empty."""

    starts_at_ms: UnixMs | UnsetType = UNSET
    sale_opens_at_ms: UnixMs | UnsetType = UNSET
    sale_closes_at_ms: UnixMs | UnsetType = UNSET
    doors_at_ms: UnixMs | UnsetType | None = UNSET
    ends_at_ms: UnixMs | UnsetType | None = UNSET
    label: Annotated[str, Meta(max_length=80)] | UnsetType = UNSET
    hold_s: Annotated[int, Meta(ge=30, le=3600)] | UnsetType | None = UNSET
    extension_s: Annotated[int, Meta(ge=0, le=3600)] | UnsetType | None = UNSET
    per_order_max: Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    per_visitor_max: Annotated[int, Meta(ge=1, le=1000)] | UnsetType = UNSET


class NewTicketType(Body, frozen=True):
    """A kind of ticket: adult, child, …"""

    name: Name
    description: Annotated[str, Meta(max_length=500)] = ""
    position: Annotated[int, Meta(ge=0, le=1000)] | None = None


class TicketTypeChange(Body, frozen=True):
    """What to change. An archived type is not sold any more; tickets of it stay valid."""

    name: Name | None = None
    description: Annotated[str, Meta(max_length=500)] | None = None
    position: Annotated[int, Meta(ge=0, le=1000)] | None = None
    archived: bool | None = None


class Price(Body, frozen=True):
    """What a ticket of a type costs in a category, without the buyer's fees."""

    category: CategoryIndex
    type_id: Id
    amount: Amount


class PriceList(Body, frozen=True):
    """Every price of a show; what is not listed is not sold."""

    prices: Annotated[tuple[Price, ...], Meta(min_length=1, max_length=2000)]


class Fee(Body, frozen=True):
    """A fee on each ticket: *percent_bp* hundredths of a percent of its price plus *fixed*, paid by buyer or organiser."""

    name: Name
    percent_bp: Annotated[int, Meta(ge=0, le=10_000)] = 0
    fixed: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    payer: Literal["buyer", "organiser"] = "buyer"


class FeeList(Body, frozen=True):
    """Every fee of an event. Orders already started keep the fees they were started with."""

    fees: Annotated[tuple[Fee, ...], Meta(max_length=10)]


class QuotaMember(Body, frozen=True):
    """Tickets that count: of a category, a type, or (left out) any."""

    category: CategoryIndex | None = None
    type_id: Id | None = None


class NewQuota(Body, frozen=True):
    """At most *capacity* tickets of all its members together."""

    name: Name
    capacity: Annotated[int, Meta(ge=0, le=INT_MAX)]
    members: Annotated[tuple[QuotaMember, ...], Meta(min_length=1, max_length=200)]


class QuotaList(Body, frozen=True):
    """Every quota of a show, by name."""

    quotas: Annotated[tuple[NewQuota, ...], Meta(max_length=100)]


class SaleChange(Body, frozen=True):
    """`open` puts the show on sale (the doors of the sale open at its time), `pause` and `resume` are for trouble, `close` ends it."""

    action: Literal["open", "pause", "resume", "close"]


class SeatBlock(Body, frozen=True):
    """Seats `k` to take off sale, and why."""

    seats: Annotated[tuple[Annotated[int, Meta(ge=0, le=INT_MAX)], ...], Meta(min_length=1, max_length=5000)]
    reason: Annotated[str, Meta(max_length=200)] = ""


class SeatList(Body, frozen=True):
    """Seats `k` to put back on sale."""

    seats: Annotated[tuple[Annotated[int, Meta(ge=0, le=INT_MAX)], ...], Meta(min_length=1, max_length=5000)]
