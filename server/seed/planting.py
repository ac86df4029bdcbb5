"""Put the programme into an installation, once. What is there already is left alone; lost seat states are opened again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from seatmap.chart import compile_chart, write_chart
from server.accounts.passwords import Passwords
from server.catalog import events, prices, sale, shows
from server.catalog.charts import save_chart
from server.catalog.desk import Desk
from server.catalog.facts import EventFacts, ShowFacts
from server.catalog.inputs import (
    Cover,
    EventChange,
    Fee,
    FeeList,
    NewEvent,
    NewQuota,
    NewShow,
    NewTicketType,
    NewVenue,
    Price,
    PriceList,
    QuotaList,
    QuotaMember,
    ms,
)
from server.faults import Misuse
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import Desk as RoomDesk
from server.rooms.desk import desk_for
from server.seed.passwords import seeded_password
from server.seed.programme import PROGRAMME, SeedEvent, SeedOrganisation, SeedShow, SeedVenue
from server.seed.standing_room import stand_room
from server.services import Services
from server.sql_blocks import load_blocks

_ACCOUNTS = load_blocks("server.accounts", "accounts.sql")
_SQL = load_blocks(__package__, "seed.sql")
CHART_SEED = 1
V = TypeVar("V")


async def seed(services: Services) -> dict[str, Any]:
    """Fill the installation; repeating it changes nothing. Return `{"sign_ins": […]}` for whoever prints them."""
    desk = Desk(services.database, services.shows, services.inventory, services.settings)
    sign_ins: list[dict[str, str]] = []
    for organisation in PROGRAMME:
        sign_ins += await _plant(desk, desk_for(services), organisation)
    return {"sign_ins": sign_ins}


async def _plant(desk: Desk, rooms: RoomDesk, organisation: SeedOrganisation) -> list[dict[str, str]]:
    async with desk.database.installation() as connection:
        org_id: int = await connection.fetchval(
            _ACCOUNTS["found_organisation"], organisation.slug, organisation.name, organisation.accent
        )
    owner, sign_ins = await _employ(desk, org_id, organisation)
    who = Principal(org_id=org_id, scopes=frozenset(), user_id=owner, name="seed", role="owner")
    venues = await _existing(desk, org_id, "venues_by_name")
    planted = await _existing(desk, org_id, "events_by_slug")
    for event in organisation.events:
        if event.slug not in planted or not await _stands(desk, who, planted[event.slug], event.slug):
            venue = next(venue for venue in organisation.venues if venue.key == event.venue)
            if venue.name not in venues:
                venues[venue.name] = await _build(desk, who, venue)
            await _announce(desk, who, event, venue, venues[venue.name])
        if event.room is not None:
            await stand_room(rooms, who, event.slug, event.room)
    return sign_ins


async def _employ(desk: Desk, org_id: int, organisation: SeedOrganisation) -> tuple[int, list[dict[str, str]]]:
    passwords, sign_ins, owner = Passwords(), [], 0
    async with desk.database.tenant(org_id) as connection:
        known = {row["email"] for row in await connection.fetch(_ACCOUNTS["members"])}
        for person in organisation.staff:
            password = seeded_password(desk.settings.secret, person.email)
            hashed = "" if person.email in known else await passwords.hash(password)
            user_id = await connection.fetchval(_ACCOUNTS["ensure_user"], person.email, person.name, hashed, False)
            await connection.execute(_ACCOUNTS["add_member"], user_id, person.role)
            owner = owner or user_id
            sign_ins.append({"role": person.role.replace("_", " "), "email": person.email, "password": password})
    return owner, sign_ins


async def _existing(desk: Desk, org_id: int, block: str) -> dict[str, int]:
    async with desk.database.tenant(org_id) as connection:
        return {row["name"]: row["id"] for row in await connection.fetch(_SQL[block])}


async def _build(desk: Desk, who: Principal, venue: SeedVenue) -> int:
    venue_id = _made(
        await events.create_venue(
            desk,
            who,
            NewVenue(
                name=venue.name, street=venue.street, postcode=venue.postcode, city=venue.city, country=venue.country,
                time_zone=venue.time_zone, latitude=venue.latitude, longitude=venue.longitude,
            ),
        )
    )  # fmt: skip
    chart = venue.chart(CHART_SEED)
    async with desk.database.tenant(who.org_id) as connection:
        await save_chart(connection, venue.name, compile_chart(chart), authoring=write_chart(chart), venue_id=venue_id)
        for position, gate in enumerate(venue.gates):
            await connection.execute(_SQL["insert_gate"], venue_id, gate, position)
    return venue_id


async def _announce(desk: Desk, who: Principal, event: SeedEvent, venue: SeedVenue, venue_id: int) -> None:
    made = _made(
        await events.create_event(
            desk,
            who,
            NewEvent(
                slug=event.slug, title=event.title, summary=event.summary, description=event.description,
                genre=event.genre, currency=event.currency, cover=Cover(**event.cover),  # type: ignore[arg-type]
            ),
        )
    )  # fmt: skip
    types = [
        _made(await prices.add_type(desk, who, made.event_id, NewTicketType(name=name, description=about)))
        for name, about in event.types
    ]
    fees = tuple(Fee(name=name, percent_bp=bp, fixed=fixed, payer=payer) for name, bp, fixed, payer in event.fees)  # type: ignore[arg-type]
    _made(await prices.set_fees(desk, who, made.event_id, FeeList(fees=fees)))
    async with desk.database.tenant(who.org_id) as connection:
        chart = await connection.fetchrow(_SQL["chart_of_venue"], venue_id)
    assert chart is not None
    planted = [
        await _schedule(desk, who, made, event, show, venue, venue_id, chart["id"], types) for show in event.shows
    ]
    _made(await events.publish_event(desk, who, made.event_id))
    for facts in planted:
        _made(await sale.change_sale(desk, who, who.org_id, facts.show_id, "open"))


async def _schedule(
    desk: Desk,
    who: Principal,
    made: EventFacts,
    event: SeedEvent,
    show: SeedShow,
    venue: SeedVenue,
    venue_id: int,
    chart_id: int,
    types: list[int],
) -> ShowFacts:
    now = datetime.now(UTC)
    starts = show.start(now, venue.time_zone)
    facts = _made(
        await shows.add_show(
            desk,
            who,
            made.event_id,
            NewShow(
                venue_id=venue_id, chart_id=chart_id, chart_rev=1, label=show.label,
                starts_at_ms=ms(starts), doors_at_ms=ms(starts - show.doors), ends_at_ms=ms(starts + show.lasts),
                sale_opens_at_ms=ms(show.opens(now, venue.time_zone)), sale_closes_at_ms=ms(starts),
                per_order_max=event.per_order_max, per_visitor_max=event.per_order_max,
            ),
        )
    )  # fmt: skip
    listed = [
        Price(category=category, type_id=type_id, amount=amount)
        for category, amounts in enumerate(event.prices)
        for type_id, amount in zip(types, amounts, strict=True)
        if amount is not None
    ]
    _made(await prices.set_prices(desk, who, facts.show_id, PriceList(prices=tuple(listed))))
    if event.quotas:
        quotas = tuple(
            NewQuota(name=name, capacity=capacity, members=(QuotaMember(type_id=types[position]),))
            for name, capacity, position in event.quotas
        )
        _made(await prices.set_quotas(desk, who, facts.show_id, QuotaList(quotas=quotas)))
    return facts


async def _stands(desk: Desk, who: Principal, event_id: int, slug: str) -> bool:
    """Tell whether the event is whole, and open its shows in a store that does not know them (it was lost, or is new).

    One whose planting was interrupted is put aside as a draft of another address, so that it can be planted afresh.
    """
    event = await desk.shows.event(event_id=event_id)
    assert event is not None
    if event.status == "draft":
        _made(await events.change_event(desk, who, event_id, EventChange(slug=f"{slug}-{event_id}")))
        return False
    interrupted = all(show.state == "draft" for show in event.shows)
    for show in event.shows:
        if interrupted:
            _made(await sale.change_sale(desk, who, who.org_id, show.show_id, "open"))
        else:
            await sale.follow_phase(desk, event, show)
    return True


def _made(result: V | Refusal) -> V:
    if isinstance(result, Refusal):
        raise Misuse(f"the programme was refused: {result}")
    return result
