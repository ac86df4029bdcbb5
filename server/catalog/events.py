"""Make, change, publish and cancel events; keep venues."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg
import msgspec
import orjson
from babel.numbers import list_currencies

from server.accounts import audit
from server.catalog.addresses import slug_of
from server.catalog.desk import SQL, Desk, touch
from server.catalog.facts import EventFacts
from server.catalog.inputs import EventChange, NewEvent, NewVenue
from server.catalog.sale import follow_phase
from server.principal import Principal
from server.refusals import Refusal

SLUG_TRIES = 50


async def create_event(desk: Desk, who: Principal, new: NewEvent) -> EventFacts | Refusal:
    """Make a draft. Refusals: `currency_unknown`; `slug_taken` when the wanted address is another event's."""
    if new.currency.upper() not in list_currencies():
        return Refusal("currency_unknown", field="/currency")
    cover = orjson.dumps(msgspec.to_builtins(new.cover)).decode()
    async with desk.database.tenant(who.org_id) as connection:
        event_id = None
        for number in range(1, SLUG_TRIES if new.slug is None else 2):
            slug = new.slug or slug_of(new.title, number)
            event_id = await connection.fetchval(
                SQL["insert_event"], slug, new.title, new.summary, new.description, new.genre, cover, new.currency
            )
            if event_id is not None:
                break
        if event_id is None:
            return Refusal("slug_taken", field="/slug")
        await audit.record(connection, who, "event.created", f"event:{event_id}")
    return await desk.changed(who.org_id, event_id)


async def change_event(desk: Desk, who: Principal, event_id: int, change: EventChange) -> EventFacts | Refusal:
    """Change a few fields. Refusals: `event_unknown slug_taken currency_unknown`, `currency_fixed` once prices exist."""
    if change.currency is not None and change.currency.upper() not in list_currencies():
        return Refusal("currency_unknown", field="/currency")
    cover = None if change.cover is None else orjson.dumps(msgspec.to_builtins(change.cover)).decode()
    try:
        async with desk.database.tenant(who.org_id) as connection:
            event = await connection.fetchrow(SQL["lock_event"], event_id)
            if event is None:
                return Refusal("event_unknown")
            if change.currency not in (None, event["currency"]) and await connection.fetchval(
                SQL["event_has_prices"], event_id
            ):
                return Refusal("currency_fixed", field="/currency")
            await connection.execute(
                SQL["update_event"], event_id, change.slug, change.title, change.summary, change.description,
                change.genre, cover, change.currency,
            )  # fmt: skip
            await touch(connection, event_id)
            named = [name for name in change.__struct_fields__ if getattr(change, name) is not None]
            await audit.record(connection, who, "event.changed", f"event:{event_id}", fields=named)
    except asyncpg.UniqueViolationError:
        return Refusal("slug_taken", field="/slug")
    return await desk.changed(who.org_id, event_id)


async def publish_event(desk: Desk, who: Principal, event_id: int) -> EventFacts | Refusal:
    """Show the event to everybody. Publishing twice is harmless. Refusals: `event_unknown event_cancelled event_empty`."""
    event = await desk.event_of(who.org_id, event_id)
    if isinstance(event, Refusal):
        return event
    if event.status == "cancelled":
        return Refusal("event_cancelled")
    if not event.shows:
        return Refusal("event_empty")
    return await _set_status(desk, who, event, "published")


async def cancel_event(desk: Desk, who: Principal, event_id: int) -> EventFacts | Refusal:
    """Cancel the event for good: every sale ends at once. Orders stay; money is given back order by order.

    Refusal: `event_unknown`.
    """
    event = await desk.event_of(who.org_id, event_id)
    if isinstance(event, Refusal):
        return event
    return await _set_status(desk, who, event, "cancelled")


async def _set_status(desk: Desk, who: Principal, event: EventFacts, status: str) -> EventFacts | Refusal:
    if event.status == status:
        return event
    async with desk.database.tenant(who.org_id) as connection:
        before = await connection.fetchrow(SQL["lock_event"], event.event_id)
        assert before is not None, "events are never deleted"
        if status == "published" and before["status"] == "cancelled":  # since it was read, and for good
            return Refusal("event_cancelled")
        await connection.execute(SQL["set_event_status"], event.event_id, status)
        if status == "cancelled":
            await connection.execute(SQL["cancel_shows"], event.event_id)
        await touch(connection, event.event_id)
        await audit.record(connection, who, f"event.{status}", f"event:{event.event_id}")
    now = await desk.changed(who.org_id, event.event_id)
    for show in now.shows:
        if show.state == "cancelled":
            await follow_phase(desk, now, show)
    return now


async def create_venue(desk: Desk, who: Principal, new: NewVenue) -> int | Refusal:
    """Make a venue and return its number. Refusal: `time_zone_unknown`."""
    if not _is_time_zone(new.time_zone):
        return Refusal("time_zone_unknown", field="/time_zone")
    async with desk.database.tenant(who.org_id) as connection:
        venue_id: int = await connection.fetchval(SQL["insert_venue"], *_columns(new))
        await audit.record(connection, who, "venue.created", f"venue:{venue_id}")
    return venue_id


async def replace_venue(desk: Desk, who: Principal, venue_id: int, new: NewVenue) -> int | Refusal:
    """Change a venue; its events' pages follow. Refusals: `venue_unknown time_zone_unknown`."""
    if not _is_time_zone(new.time_zone):
        return Refusal("time_zone_unknown", field="/time_zone")
    async with desk.database.tenant(who.org_id) as connection:
        if await connection.fetchval(SQL["update_venue"], venue_id, *_columns(new)) is None:
            return Refusal("venue_unknown")
        events = [row["event_id"] for row in await connection.fetch(SQL["events_at_venue"], venue_id)]
        for event_id in events:
            await touch(connection, event_id)
        await audit.record(connection, who, "venue.changed", f"venue:{venue_id}")
    for event_id in events:
        await desk.shows.changed(who.org_id, event_id)
    return venue_id


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, a name that is a path, a folder
        return False
    return True


def _columns(new: NewVenue) -> tuple[object, ...]:
    return (
        new.name, new.street, new.city, new.postcode, new.country, new.latitude, new.longitude, new.time_zone,
    )  # fmt: skip
