"""Make a waiting room and change its settings; throw a rehearsal away."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from server.accounts import audit
from server.catalog.desk import touch
from server.catalog.facts import EventFacts
from server.catalog.sale import follow_room
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.facts import SQL, RoomFacts, unpack
from server.rooms.inputs import NewRoom, NewTier, RoomChange, RoomSettings, times_contradict
from server.rooms.opening import in_line
from server.rooms.plan import refusal_of, room_key, room_plan
from waitingroom import access_code, draw
from waitingroom.model import LineRefused


class Refused(Exception):
    """Roll the transaction back: somebody refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


async def create_room(desk: Desk, who: Principal | None, org_id: int, new: NewRoom) -> RoomFacts | Refusal:
    """Make a room; from now on its shows sell only to visitors with a pass from it. *who* None is the seed.

    The secret of its draw is made here and committed to: `RoomFacts.commitment` is public from the first moment.
    Refusals: `event_unknown room_show_foreign room_show_taken room_slug_taken room_times_contradict room_unknown`.
    """
    event = await desk.catalogue.event_of(org_id, new.event)
    if isinstance(event, Refusal):
        return event
    if (refusal := _impossible(event, new, rehearsal=new.rehearsal_of is not None)) is not None:
        return refusal
    secret = secrets.token_bytes(draw.SECRET_BYTES)
    try:
        async with desk.database.tenant(org_id) as connection:
            await connection.execute(SQL["hold_event"], new.event)
            room_id: int = await connection.fetchval(
                SQL["insert_room"], new.event, new.slug, new.name, new.opens_lobby_ms, new.draws_ms, new.closes_ms,
                *_numbers(new), new.rehearsal_of,
            )  # fmt: skip
            await connection.execute(SQL["commit_draw"], room_id, draw.VERSION, draw.commitment(secret), secret)
            shows = await _shows(connection, event, new)
            await _refuse_taken(connection, shows, room_id)
            for show in shows:
                await connection.execute(SQL["cover_show"], room_id, show)
            await _put_tiers(connection, room_id, new.tiers)
            if shows:
                await touch(connection, event.event_id)
            await audit.record(connection, who, "room.created", f"room:{room_id}", slug=new.slug)
            facts = unpack(await connection.fetchval(SQL["room_facts"], room_id))
            await _open(desk, facts)
    except Refused as refused:
        return refused.refusal
    except asyncpg.UniqueViolationError as error:
        return _clash(error)
    except asyncpg.ForeignKeyViolationError:
        return Refusal("room_unknown", field="/rehearsal_of")
    return await _told(desk, facts, ())


async def change_room(
    desk: Desk, who: Principal | None, org_id: int, room_id: int, change: RoomChange
) -> RoomFacts | Refusal:
    """Give a room other settings, running or not; nobody loses a place by it.

    Refusals: `room_unknown room_state room_show_foreign room_show_taken room_times_contradict`, and `draw_announced` when the lobby is
    open and the draw would be brought forward.
    """
    before = await desk.own(org_id, room_id)
    if isinstance(before, Refusal):
        return before
    event = await desk.catalogue.event_of(org_id, before.event_id)
    if isinstance(event, Refusal):
        return event
    if (refusal := _impossible(event, change, rehearsal=before.rehearsal_of is not None)) is not None:
        return refusal
    try:
        async with desk.database.tenant(org_id) as connection:
            await connection.execute(SQL["hold_event"], event.event_id)
            row = await connection.fetchrow(SQL["lock_room"], room_id)
            if row is None or row["closed"]:
                return Refusal("room_state", {"state": "closed"})
            covered = {row["show_id"] for row in await connection.fetch(SQL["covered_by"], room_id)}
            shows = await _shows(connection, event, change)
            await _refuse_taken(connection, shows, room_id)
            await connection.execute(
                SQL["change_room"], room_id, change.name, change.opens_lobby_ms, change.draws_ms, change.closes_ms,
                *_numbers(change),
            )  # fmt: skip
            await connection.execute(SQL["uncover_shows"], room_id, list(covered - shows))
            for show in sorted(shows - covered):
                await connection.execute(SQL["cover_show"], room_id, show)
            await _put_tiers(connection, room_id, change.tiers)
            await touch(connection, event.event_id)
            await audit.record(connection, who, "room.changed", f"room:{room_id}")
            facts = unpack(await connection.fetchval(SQL["room_facts"], room_id))
            await _change(desk, facts)
    except Refused as refused:
        return refused.refusal
    except asyncpg.UniqueViolationError as error:
        return _clash(error)
    return await _told(desk, facts, covered)


async def delete_rehearsal(desk: Desk, who: Principal | None, org_id: int, room_id: int) -> Refusal | None:
    """Throw a rehearsal away, the line with it. Refusals: `room_unknown`, also for a room that is none."""
    facts = await desk.own(org_id, room_id)
    if isinstance(facts, Refusal):
        return facts
    async with desk.database.tenant(org_id) as connection:
        if await connection.fetchrow(SQL["delete_rehearsal"], room_id) is None:
            return Refusal("room_unknown")
        await audit.record(connection, who, "room.rehearsal_deleted", f"room:{room_id}")
    await desk.rooms.forget(room_id)
    await desk.line.close_room(room_key(facts))
    return None


async def follow_shows(desk: Desk, org_id: int, event_id: int, shows: Sequence[int]) -> None:
    """Make the inventory demand passes for the shows that a room covers now, and for no others of *shows*."""
    event = await desk.catalogue.changed(org_id, event_id)
    for show in event.shows:
        if show.show_id in shows:
            await follow_room(desk.catalogue, event, show)


def _impossible(event: EventFacts, settings: RoomSettings, *, rehearsal: bool) -> Refusal | None:
    if times_contradict(settings):
        return Refusal("room_times_contradict", field="/draws_ms")
    if settings.whole_event and (settings.shows or rehearsal):
        return Refusal("field_invalid", {"detail": "the whole event, or some of its shows"}, field="/whole_event")
    own = {show.show_id for show in event.shows}
    covered = own if settings.whole_event else set(settings.shows)
    if not covered <= own or bool(covered) == rehearsal:
        return Refusal("room_show_foreign", field="/shows")
    if len(set(settings.shows)) < len(settings.shows) or len({t.tier for t in settings.tiers}) < len(settings.tiers):
        return Refusal("field_invalid", {"detail": "named twice"}, field="/shows")
    return None


async def _shows(connection: asyncpg.Connection[Any], event: EventFacts, settings: RoomSettings) -> set[int]:
    """Return the shows to stand before. The event is locked: a show that was being added is one of them."""
    if not settings.whole_event:
        return set(settings.shows)
    return {row["id"] for row in await connection.fetch(SQL["event_shows"], event.event_id)}


async def _refuse_taken(connection: asyncpg.Connection[Any], shows: Collection[int], room_id: int) -> None:
    taken = await connection.fetchrow(SQL["shows_taken"], list(shows), room_id)
    if taken is not None:
        raise Refused(Refusal("room_show_taken", {"show": taken["show_id"], "room": taken["slug"]}, field="/shows"))


def _clash(error: asyncpg.UniqueViolationError) -> Refusal:
    """Say which of two rooms made at the same moment was first."""
    taken = error.constraint_name == "room_shows_once"
    return Refusal("room_show_taken", field="/shows") if taken else Refusal("room_slug_taken", field="/slug")


def _numbers(settings: RoomSettings) -> tuple[Any, ...]:
    return (
        settings.cap, settings.rate_per_min, settings.claim_window_s, settings.visit_s, settings.reentries, settings.capacity_max,
        settings.fail_open, settings.auto_passthrough, list(settings.identities), settings.place, settings.whole_event,
    )  # fmt: skip


async def _put_tiers(connection: asyncpg.Connection[Any], room_id: int, tiers: Sequence[NewTier]) -> None:
    """Keep the tiers named and make the new ones; a tier's key never changes, because codes of it are out."""
    await connection.execute(SQL["clear_tiers"], room_id, [tier.tier for tier in tiers])
    for tier in tiers:
        seed = None if tier.public_key is not None else secrets.token_bytes(access_code.SEED_BYTES)
        key = bytes.fromhex(tier.public_key) if tier.public_key is not None else access_code.public_key(seed or b"")
        await connection.execute(SQL["put_tier"], room_id, tier.tier, tier.name, key, seed)


async def _open(desk: Desk, facts: RoomFacts) -> None:
    answer = await desk.line.open_room(room_key(facts), room_plan(facts))
    if isinstance(answer, LineRefused):
        raise Refused(refusal_of(answer))


async def _change(desk: Desk, facts: RoomFacts) -> None:
    """A store that lost the room must not make it anew."""
    key, plan = room_key(facts), room_plan(facts)
    answer = await in_line(desk, facts, lambda: desk.line.open_room(key, plan, new=False))
    if isinstance(answer, LineRefused):
        raise Refused(refusal_of(answer))


async def _told(desk: Desk, facts: RoomFacts, before: Collection[int]) -> RoomFacts:
    await desk.rooms.changed(facts)
    if facts.shows or before:
        await follow_shows(desk, facts.org_id, facts.event_id, (*facts.shows, *before))
    return facts
