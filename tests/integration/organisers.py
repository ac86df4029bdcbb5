"""Organisers of one house at their work: everything they may do to an event, its shows and its room."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from server.catalog import events, prices, sale, shows
from server.catalog.inputs import (
    EventChange,
    Fee,
    FeeList,
    NewEvent,
    NewQuota,
    NewTicketType,
    NewVenue,
    QuotaList,
    QuotaMember,
    ShowChange,
    TicketTypeChange,
)
from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from server.rooms.inputs import NewTier, RoomChange
from server.rooms.make import change_room, create_room
from server.rooms.organiser.rehearsal import end_rehearsal, start_rehearsal
from server.rooms.steer import Action, steer
from server.rooms.tiers import issue_codes
from tests.integration.brakes import Deed
from tests.integration.rooms.hall import Hall, made, new_show, price_list


@dataclass
class Organisers:
    """People of one organisation who do not know of each other: two events that play at the same two venues, and a room."""

    hall: Hall
    venues: tuple[int, int]
    other_event: int
    other_show: int
    second_show: int
    chart: tuple[int, int]
    room: RoomFacts | None = None
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    async def move_in(cls, hall: Hall) -> Organisers:
        """Make what the deeds need."""
        desk, who = hall.desk.catalogue, hall.who
        event = made(await desk.event_of(who.org_id, hall.event_id))
        first = event.shows[0]
        second_venue = made(await events.create_venue(desk, who, venue("Second house")))
        added = []
        other = made(await events.create_event(desk, who, NewEvent(title="Other", currency="eur")))
        for event_id, venue_id in (
            (hall.event_id, second_venue),
            (other.event_id, second_venue),
            (other.event_id, first.venue.venue_id),
        ):
            show = made(await shows.add_show(desk, who, event_id, new_show(venue_id, first.chart_id, first.chart_rev)))
            added.append(show.show_id)
        made(await prices.set_prices(desk, who, added[0], price_list(hall.type_id)))
        made(await sale.change_sale(desk, who, who.org_id, added[0], "open"))
        chart = first.chart_id, first.chart_rev
        return cls(hall, (first.venue.venue_id, second_venue), other.event_id, added[1], added[0], chart)

    def deeds(self) -> dict[str, Deed]:
        """Everything one of them may do, ready to be done any number of times."""
        desk, who, org = self.hall.desk.catalogue, self.hall.who, self.hall.who.org_id
        event, show, second, kind = self.hall.event_id, self.hall.show_id, self.second_show, self.hall.type_id
        quotas = (NewQuota("Members", 50, (QuotaMember(type_id=kind),)),)

        def sell(number: int, action: str) -> Deed:
            return lambda: sale.change_sale(desk, who, org, number, action)

        return {
            "retitle": lambda: events.change_event(desk, who, event, EventChange(title=f"Play {next(self.numbers)}")),
            "readdress": lambda: events.change_event(desk, who, event, EventChange(slug=f"play-{next(self.numbers)}")),
            "cancel": lambda: events.cancel_event(desk, who, event),
            "cancel the other": lambda: events.cancel_event(desk, who, self.other_event),
            "add a show": self.add_show,
            "label": lambda: shows.change_show(desk, who, show, ShowChange(label=f"Day {next(self.numbers)}")),
            "limit": lambda: shows.change_show(desk, who, second, ShowChange(per_order_max=1 + next(self.numbers) % 9)),
            "label the other": lambda: shows.change_show(
                desk, who, self.other_show, ShowChange(label=f"{next(self.numbers)}")
            ),
            "price": lambda: prices.set_prices(desk, who, show, price_list(kind)),
            "price the second": lambda: prices.set_prices(desk, who, second, price_list(kind)),
            "set quotas": lambda: prices.set_quotas(desk, who, show, QuotaList(quotas[: next(self.numbers) % 2])),
            "add a type": lambda: prices.add_type(desk, who, event, NewTicketType(name="Student")),
            "rename a type": lambda: prices.change_type(
                desk, who, kind, TicketTypeChange(name=f"{next(self.numbers)}")
            ),
            "set fees": lambda: prices.set_fees(desk, who, event, FeeList((Fee("Service", fixed=50),))),
            "pause": sell(show, "pause"),
            "resume": sell(show, "resume"),
            "close the second": sell(second, "close"),
            "open the second": sell(second, "open"),
            "block": lambda: sale.block_seats(desk, who, show, range(20, 40), "kept"),
            "unblock": lambda: sale.unblock_seats(desk, who, show, range(20, 40)),
            "rebuild": lambda: sale.open_in_inventory(desk, show),
            "move the first venue": lambda: events.replace_venue(desk, who, self.venues[0], venue("First house")),
            "move the second venue": lambda: events.replace_venue(desk, who, self.venues[1], venue("Second house")),
            "make a room": self.make_room,
            "widen the room": lambda: self.change(shows=(), whole_event=True),
            "narrow the room": lambda: self.change(),
            "pause the room": lambda: self.steer("pause"),
            "pace the room": lambda: self.steer("pace"),
            "invite": lambda: self.in_room(lambda room: issue_codes(self.hall.desk, who, org, room, 0, 3)),
            "rehearse": lambda: self.in_room(self.rehearse),
            "close the room": lambda: self.steer("close"),
        }

    async def add_show(self) -> object:
        return await shows.add_show(
            self.hall.desk.catalogue, self.hall.who, self.hall.event_id, new_show(self.venues[1], *self.chart)
        )

    async def make_room(self) -> object:
        number = next(self.numbers)
        wish = self.hall.wish(
            slug=f"room-{number}", shows=() if number % 2 else (self.hall.show_id,), whole_event=bool(number % 2)
        )
        room = await create_room(self.hall.desk, self.hall.who, self.hall.who.org_id, wish)
        if isinstance(room, RoomFacts):
            self.room = room
        return room

    async def in_room(self, deed: Callable[[int], Awaitable[object]]) -> object:
        return Refusal("room_unknown") if self.room is None else await deed(self.room.room_id)

    async def change(self, **wanted: Any) -> object:
        wish = self.hall.wish(tiers=(NewTier(tier=1, name="Fans"), NewTier(tier=0, name="Friends")), **wanted)
        settings = RoomChange(**{name: getattr(wish, name) for name in RoomChange.__struct_fields__})
        return await self.in_room(
            lambda room: change_room(self.hall.desk, self.hall.who, self.hall.who.org_id, room, settings)
        )

    async def steer(self, action: Action) -> object:
        pace = 60 + next(self.numbers) if action == "pace" else None
        return await self.in_room(
            lambda room: steer(self.hall.desk, self.hall.who, self.hall.who.org_id, room, action, rate_per_min=pace)
        )

    async def rehearse(self, room: int) -> object:
        desk, who = self.hall.desk, self.hall.who
        redis = self.hall.server.services.redis
        started = await start_rehearsal(desk, redis, who, who.org_id, room, "Rehearsal")
        ended = await end_rehearsal(desk, redis, who, who.org_id, room)
        return ended if isinstance(started, RoomFacts) else started

    async def look(self) -> None:
        """A cancelled event has no show that is not, and what stands before the whole event stands before every show of it."""
        async with self.hall.server.services.database.tenant(self.hall.who.org_id) as connection:
            assert not await connection.fetch(
                "select s.id from shows s join events e on e.id = s.event_id where e.status = 'cancelled' and s.state <> 'cancelled'"
            )
            assert not await connection.fetch(
                "select s.id, r.id from rooms r join shows s on s.event_id = r.event_id where r.whole_event and r.closed_at is null "
                "and not exists (select from room_shows c where c.room_id = r.id and c.show_id = s.id)"
            )

    async def begin_again(self, status: str = "published") -> None:
        """Take the cancellation back behind the application's back: the next round needs an event."""
        async with self.hall.server.services.database.tenant(self.hall.who.org_id) as connection:
            await connection.execute("update events set status = $1 where status = 'cancelled'", status)
            await connection.execute(
                "update shows set state = 'on_sale' where state = 'cancelled' and price_version > 0"
            )
            await connection.execute("update shows set state = 'draft' where state = 'cancelled'")


def venue(name: str) -> NewVenue:
    return NewVenue(name=name, city="Bremen", country="DE", time_zone="Europe/Berlin")
