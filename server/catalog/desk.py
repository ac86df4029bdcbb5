"""What changing the catalogue needs: the database, the facts to forget, and the inventory that sells by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
from starlette.requests import Request

from seatmap.inventory.port import Inventory
from server.catalog.facts import EventFacts, ShowFacts, ShowFactsSource, load_event, load_show
from server.database import Database
from server.faults import Misuse
from server.refusals import Refusal
from server.settings import Settings
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "catalog.sql")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Desk:
    """The organiser's desk. Every change goes through its functions: `events.py`, `shows.py`, `prices.py`, `sale.py`."""

    database: Database
    shows: ShowFactsSource
    inventory: Inventory
    settings: Settings

    async def event_of(self, org_id: int, event_id: int) -> EventFacts | Refusal:
        """Return a fresh reading of an organisation's own event, or `event_unknown`."""
        event = await load_event(self.database, event_id=event_id)
        return event if event is not None and event.org_id == org_id else Refusal("event_unknown")

    async def show_of(self, org_id: int, show_id: int) -> ShowFacts | Refusal:
        """Return a fresh reading of an organisation's own show, or `show_unknown`."""
        facts = await load_show(self.database, show_id)
        return facts if facts is not None and facts.org_id == org_id else Refusal("show_unknown")

    async def changed(self, org_id: int, event_id: int) -> EventFacts:
        """Tell every process that an event changed, and return it as it is now."""
        await self.shows.changed(org_id, event_id)
        event = await load_event(self.database, event_id=event_id)
        if event is None:
            raise Misuse(f"event {event_id} vanished: events are cancelled, never deleted")
        return event


def desk_of(request: Request) -> Desk:
    """Return the desk of this process."""
    services = request.app.state.services
    return Desk(services.database, services.shows, services.inventory, services.settings)


async def touch(connection: asyncpg.Connection[Any], event_id: int) -> None:
    """Count the event's version up, in the transaction that changes something below it."""
    await connection.execute(SQL["touch_event"], event_id)
