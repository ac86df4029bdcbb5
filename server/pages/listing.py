"""The list of published events, read from Postgres at most every two seconds per filter and process."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from server.catalog.inputs import EventFilter
from server.catalog.published import published_page
from server.catalog.views import EventItem
from server.database import Database
from server.refusals import Refusal
from server.sql_blocks import load_blocks

_SQL = load_blocks("server.catalog", "catalog.sql")
FRESH_S = 2.0
FILTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. *version* changes with what it says."""

    items: tuple[EventItem, ...]
    next_cursor: str | None
    cities: tuple[str, ...]
    version: int


class Listings:
    """A process's memory of lists."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[EventFilter, tuple[float, Listing]] = OrderedDict()

    async def get(self, wanted: EventFilter) -> Listing | Refusal:
        """Return the page *wanted* asks for. Refusal: `field_invalid` for a cursor that is not ours."""
        known = self._known.get(wanted)
        if known is not None and known[0] >= time.monotonic() - FRESH_S:
            return known[1]
        found = await published_page(self._database, wanted)
        if isinstance(found, Refusal):
            return found
        items, cursor = found
        async with self._database.installation() as connection:
            cities = tuple(row["city"] for row in await connection.fetch(_SQL["published_cities"]))
        version = hash(
            (tuple((item.id, item.version, item.on_sale, item.next_start_ms) for item in items), cursor, cities)
        )
        listing = Listing(tuple(items), cursor, cities, version)
        self._known[wanted] = (time.monotonic(), listing)
        self._known.move_to_end(wanted)
        if len(self._known) > FILTERS_MAX:
            self._known.popitem(last=False)
        return listing
