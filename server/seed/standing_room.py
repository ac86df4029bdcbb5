"""Put a waiting room before an event of the programme: a new one at every start that finds none open."""

from __future__ import annotations

from datetime import UTC, datetime

from server.catalog.inputs import ms
from server.faults import Misuse
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import Desk
from server.rooms.inputs import NewRoom
from server.rooms.make import create_room
from server.rooms.opening import keep_open
from server.rooms.reading import rooms_of
from server.rooms.steer import steer
from server.seed.programme import SeedRoom


async def stand_room(desk: Desk, who: Principal, slug: str, room: SeedRoom) -> None:
    """Open a lobby now, unless a room is there already; one whose time is over is closed first. Repeating it changes nothing."""
    event = await desk.catalogue.shows.event(slug=slug)
    assert event is not None
    now = datetime.now(UTC)
    earlier = [one for one in await rooms_of(desk, who.org_id) if one.event_id == event.event_id]
    for facts in earlier:
        if facts.closed or facts.rehearsal_of is not None:
            continue
        if facts.closes_ms > ms(now):
            await keep_open(desk, facts)
            return
        await steer(desk, who, who.org_id, facts.room_id, "close")
    made = await create_room(
        desk,
        who,
        who.org_id,
        NewRoom(
            event=event.event_id,
            slug=slug if not earlier else f"{slug}-{len(earlier) + 1}",
            name=room.name,
            shows=tuple(show.show_id for show in event.shows),
            opens_lobby_ms=ms(now),
            draws_ms=ms(now + room.draw_after),
            closes_ms=ms(now + room.lasts),
            rate_per_min=room.rate_per_min,
            cap=room.cap,
            visit_s=room.visit_s,
            claim_window_s=room.claim_window_s,
            identities=("device", "email"),
            auto_passthrough=False,
        ),
    )
    if isinstance(made, Refusal):
        raise Misuse(f"the programme's room was refused: {made}")
