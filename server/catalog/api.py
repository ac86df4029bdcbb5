"""The catalogue over HTTP: what is on sale, for everybody; making and changing it, for staff and their programs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.catalog import events, prices, sale, shows
from server.catalog.desk import SQL, desk_of
from server.catalog.facts import EventFacts, ShowFacts, Venue
from server.catalog.inputs import (
    EventChange,
    EventFilter,
    FeeList,
    NewEvent,
    NewShow,
    NewTicketType,
    NewVenue,
    OwnEventFilter,
    PriceList,
    QuotaList,
    SaleChange,
    SeatBlock,
    SeatList,
    ShowChange,
    TicketTypeChange,
    VenueFilter,
    ms,
)
from server.catalog.published import published_page
from server.catalog.views import (
    BlockedSeat,
    BlockedSeats,
    Created,
    EventPage,
    EventView,
    OwnEvent,
    OwnEventPage,
    PriceVersion,
    ShowView,
    VenueList,
    event_view,
    show_view,
)
from server.endpoint import endpoint, query
from server.principal import Principal
from server.refusals import Refusal
from server.services import Services

ID_MAX = 2**31 - 1


@endpoint(
    "GET", "/api/v1/events", summary="List published events, soonest show first", query=EventFilter, reply=EventPage
)
async def list_events(request: Request) -> EventPage | Refusal:
    wanted = query(request, EventFilter)
    if isinstance(wanted, Refusal):
        return wanted
    found = await published_page(request.app.state.services.database, wanted)
    return found if isinstance(found, Refusal) else EventPage(*found)


@endpoint(
    "GET",
    "/api/v1/events/{event}",
    summary="Read one event by number or address, with its ticket types and shows",
    reply=EventView,
    refusals=("event_unknown",),
)
async def read_event(request: Request) -> EventView | Refusal:
    services: Services = request.app.state.services
    wanted = str(request.path_params["event"])
    if wanted.isdigit():
        event = await services.shows.event(event_id=_number(request, "event"))
    else:
        event = await services.shows.event(slug=wanted)
    if event is None:
        return Refusal("event_unknown")
    own = await _is_own(request, event.org_id)
    if event.status == "draft" and not own:
        return Refusal("event_unknown")
    return event_view(event, drafts=own)


@endpoint("GET", "/api/v1/shows/{show}", summary="Read one show", reply=ShowView, refusals=("show_unknown",))
async def read_show(request: Request) -> ShowView | Refusal:
    services: Services = request.app.state.services
    facts = await services.shows.show(_number(request, "show"))
    if facts is None:
        return Refusal("show_unknown")
    hidden = facts.event.status == "draft" or not facts.show.listed
    if hidden and not await _is_own(request, facts.org_id):
        return Refusal("show_unknown")
    return show_view(facts.event, facts.show)


async def _is_own(request: Request, org_id: int) -> bool:
    found = await request.app.state.services.principals.principal(request)
    return isinstance(found, Principal) and found.org_id == org_id and found.may("events:read")


@endpoint(
    "GET",
    "/api/v1/organisation/events",
    summary="List the organisation's own events, drafts included, newest first",
    query=OwnEventFilter,
    reply=OwnEventPage,
    scope="events:read",
)
async def list_own_events(request: Request) -> OwnEventPage | Refusal:
    wanted = query(request, OwnEventFilter)
    if isinstance(wanted, Refusal):
        return wanted
    async with desk_of(request).database.tenant(_who(request).org_id) as connection:
        rows = await connection.fetch(SQL["own_events"], wanted.cursor, wanted.status, wanted.limit + 1)
    found = [
        OwnEvent(
            row["event_id"], row["slug"], row["title"], row["status"], row["currency"], row["shows"],
            None if row["next_start"] is None else ms(row["next_start"]),
        )
        for row in rows[: wanted.limit]
    ]  # fmt: skip
    return OwnEventPage(found, found[-1].id if len(rows) > wanted.limit else None)


@endpoint(
    "POST",
    "/api/v1/events",
    summary="Create an event, as a draft",
    body=NewEvent,
    reply=EventView,
    status=201,
    scope="events:write",
    refusals=("slug_taken", "currency_unknown"),
)
async def create_event(request: Request, body: NewEvent) -> EventView | Refusal:
    return _event(await events.create_event(desk_of(request), _who(request), body))


@endpoint(
    "PATCH",
    "/api/v1/events/{event}",
    summary="Change an event",
    body=EventChange,
    reply=EventView,
    scope="events:write",
    refusals=("event_unknown", "slug_taken", "currency_unknown", "currency_fixed"),
)
async def change_event(request: Request, body: EventChange) -> EventView | Refusal:
    number = _number(request, "event")
    return _event(await events.change_event(desk_of(request), _who(request), number, body))


@endpoint(
    "POST",
    "/api/v1/events/{event}/publish",
    summary="Publish an event",
    reply=EventView,
    scope="events:write",
    refusals=("event_unknown", "event_cancelled", "event_empty"),
)
async def publish_event(request: Request) -> EventView | Refusal:
    number = _number(request, "event")
    return _event(await events.publish_event(desk_of(request), _who(request), number))


@endpoint(
    "POST",
    "/api/v1/events/{event}/cancel",
    summary="Cancel an event for good; its sales end at once",
    reply=EventView,
    scope="events:write",
    refusals=("event_unknown",),
)
async def cancel_event(request: Request) -> EventView | Refusal:
    number = _number(request, "event")
    return _event(await events.cancel_event(desk_of(request), _who(request), number))


@endpoint(
    "PUT",
    "/api/v1/events/{event}/fees",
    summary="Replace the fees of an event",
    body=FeeList,
    reply=EventView,
    scope="prices:write",
    refusals=("event_unknown",),
)
async def set_fees(request: Request, body: FeeList) -> EventView | Refusal:
    number = _number(request, "event")
    return _event(await prices.set_fees(desk_of(request), _who(request), number, body))


@endpoint(
    "POST",
    "/api/v1/events/{event}/ticket-types",
    summary="Add a ticket type",
    body=NewTicketType,
    reply=Created,
    status=201,
    scope="events:write",
    refusals=("event_unknown",),
)
async def add_type(request: Request, body: NewTicketType) -> Created | Refusal:
    number = _number(request, "event")
    return _created(await prices.add_type(desk_of(request), _who(request), number, body))


@endpoint(
    "PATCH",
    "/api/v1/ticket-types/{type}",
    summary="Change, archive or revive a ticket type",
    body=TicketTypeChange,
    reply=EventView,
    scope="events:write",
    refusals=("type_unknown",),
)
async def change_type(request: Request, body: TicketTypeChange) -> EventView | Refusal:
    number = _number(request, "type")
    return _event(await prices.change_type(desk_of(request), _who(request), number, body))


@endpoint(
    "POST",
    "/api/v1/events/{event}/shows",
    summary="Add a show",
    body=NewShow,
    reply=ShowView,
    status=201,
    scope="events:write",
    refusals=("event_unknown", "event_cancelled", "venue_unknown", "chart_unknown", "times_contradict"),
)
async def add_show(request: Request, body: NewShow) -> ShowView | Refusal:
    number = _number(request, "event")
    return _show(await shows.add_show(desk_of(request), _who(request), number, body))


@endpoint(
    "PATCH",
    "/api/v1/shows/{show}",
    summary="Change a show's dates, sale window or limits",
    body=ShowChange,
    reply=ShowView,
    scope="events:write",
    refusals=("show_unknown", "times_contradict"),
)
async def change_show(request: Request, body: ShowChange) -> ShowView | Refusal:
    number = _number(request, "show")
    return _show(await shows.change_show(desk_of(request), _who(request), number, body))


@endpoint(
    "PUT",
    "/api/v1/shows/{show}/prices",
    summary="Put a new price list in force; held seats keep their price",
    body=PriceList,
    reply=PriceVersion,
    scope="prices:write",
    refusals=("show_unknown", "type_unknown", "category_unknown", "price_twice"),
)
async def set_prices(request: Request, body: PriceList) -> PriceVersion | Refusal:
    number = _number(request, "show")
    facts = await prices.set_prices(desk_of(request), _who(request), number, body)
    return facts if isinstance(facts, Refusal) else PriceVersion(facts.show.price_version)


@endpoint(
    "PUT",
    "/api/v1/shows/{show}/quotas",
    summary="Replace the quotas of a show",
    body=QuotaList,
    reply=ShowView,
    scope="stock:write",
    refusals=("show_unknown", "type_unknown", "category_unknown"),
)
async def set_quotas(request: Request, body: QuotaList) -> ShowView | Refusal:
    number = _number(request, "show")
    return _show(await prices.set_quotas(desk_of(request), _who(request), number, body))


@endpoint(
    "POST",
    "/api/v1/shows/{show}/sale",
    summary="Open, pause, resume or close the sale",
    body=SaleChange,
    reply=ShowView,
    scope="stock:write",
    refusals=("show_unknown", "sale_state", "event_not_published", "event_cancelled", "prices_missing"),
)
async def change_sale(request: Request, body: SaleChange) -> ShowView | Refusal:
    number = _number(request, "show")
    who = _who(request)
    return _show(await sale.change_sale(desk_of(request), who, who.org_id, number, body.action))


@endpoint(
    "GET",
    "/api/v1/shows/{show}/blocked-seats",
    summary="List the seats taken off sale by hand",
    reply=BlockedSeats,
    scope="stock:write",
    refusals=("show_unknown",),
)
async def list_blocked(request: Request) -> BlockedSeats | Refusal:
    desk, who, number = desk_of(request), _who(request), _number(request, "show")
    facts = await desk.show_of(who.org_id, number)
    if isinstance(facts, Refusal):
        return facts
    async with desk.database.tenant(who.org_id) as connection:
        rows = await connection.fetch(SQL["blocked_seats"], number)
    return BlockedSeats([BlockedSeat(row["k"], row["reason"]) for row in rows])


@endpoint(
    "POST",
    "/api/v1/shows/{show}/blocked-seats",
    summary="Take free seats off sale, all or none",
    body=SeatBlock,
    scope="stock:write",
    status=204,
    refusals=("show_unknown", "seat_unknown", "seat_taken"),
)
async def block_seats(request: Request, body: SeatBlock) -> Response | Refusal:
    number = _number(request, "show")
    done = await sale.block_seats(desk_of(request), _who(request), number, body.seats, body.reason)
    return done if isinstance(done, Refusal) else Response(status_code=204)


@endpoint(
    "POST",
    "/api/v1/shows/{show}/blocked-seats/release",
    summary="Put blocked seats back on sale",
    body=SeatList,
    scope="stock:write",
    status=204,
    refusals=("show_unknown", "seat_unknown"),
)
async def unblock_seats(request: Request, body: SeatList) -> Response | Refusal:
    number = _number(request, "show")
    done = await sale.unblock_seats(desk_of(request), _who(request), number, body.seats)
    return done if isinstance(done, Refusal) else Response(status_code=204)


@endpoint(
    "GET",
    "/api/v1/venues",
    summary="List the organisation's venues",
    query=VenueFilter,
    reply=VenueList,
    scope="events:read",
)
async def list_venues(request: Request) -> VenueList | Refusal:
    wanted = query(request, VenueFilter)
    if isinstance(wanted, Refusal):
        return wanted
    async with desk_of(request).database.tenant(_who(request).org_id) as connection:
        rows = await connection.fetch(SQL["venues"], wanted.cursor, wanted.limit + 1)
    venues = [Venue(**dict(row)) for row in rows[: wanted.limit]]
    return VenueList(venues, venues[-1].venue_id if len(rows) > wanted.limit else None)


@endpoint(
    "POST",
    "/api/v1/venues",
    summary="Create a venue",
    body=NewVenue,
    reply=Created,
    status=201,
    scope="events:write",
    refusals=("time_zone_unknown",),
)
async def create_venue(request: Request, body: NewVenue) -> Created | Refusal:
    return _created(await events.create_venue(desk_of(request), _who(request), body))


@endpoint(
    "PUT",
    "/api/v1/venues/{venue}",
    summary="Change a venue",
    body=NewVenue,
    reply=Created,
    scope="events:write",
    refusals=("venue_unknown", "time_zone_unknown"),
)
async def replace_venue(request: Request, body: NewVenue) -> Created | Refusal:
    number = _number(request, "venue")
    return _created(await events.replace_venue(desk_of(request), _who(request), number, body))


routes = [
    list_events, create_event, read_event, change_event, publish_event, cancel_event, set_fees, add_type, change_type,
    add_show, read_show, change_show, set_prices, set_quotas, change_sale, list_blocked, block_seats, unblock_seats,
    list_own_events, list_venues, create_venue, replace_venue,
]  # fmt: skip


def _who(request: Request) -> Principal:
    who: Principal = request.state.principal
    return who


def _number(request: Request, name: str) -> int:
    """Return the number in the path; 0, which nothing has, for a text that cannot be one of ours."""
    text = str(request.path_params[name])
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return 0
    number = int(text)
    return number if number <= ID_MAX else 0


def _event(result: EventFacts | Refusal) -> EventView | Refusal:
    return result if isinstance(result, Refusal) else event_view(result, drafts=True)


def _show(result: ShowFacts | Refusal) -> ShowView | Refusal:
    return result if isinstance(result, Refusal) else show_view(result.event, result.show)


def _created(result: int | Refusal) -> Created | Refusal:
    return result if isinstance(result, Refusal) else Created(result)
