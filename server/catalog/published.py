"""The list of published events over all organisations, page by page."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from server.catalog.desk import SQL
from server.catalog.inputs import EventFilter, moment
from server.catalog.views import EventItem, event_item
from server.database import Database
from server.refusals import Refusal


async def published_page(database: Database, wanted: EventFilter) -> tuple[list[EventItem], str | None] | Refusal:
    """Return one page of published events and the cursor of the next. Refusal: `field_invalid` for a cursor not ours."""
    after_start, after_id = None, None
    if wanted.cursor is not None:
        try:
            start_us, number = base64.urlsafe_b64decode(wanted.cursor).decode().split(".")
            after_start, after_id = datetime.fromtimestamp(int(start_us) / 1_000_000, UTC), int(number)
        except (ValueError, OverflowError, OSError):
            return Refusal("field_invalid", {"detail": "not a cursor of this list"}, field="/cursor")
    async with database.installation() as connection:
        rows = await connection.fetch(
            SQL["published_events"],
            wanted.q.strip() or None if wanted.q is not None else None,
            wanted.city, wanted.genre, wanted.organisation,
            None if wanted.from_ms is None else moment(wanted.from_ms),
            None if wanted.until_ms is None else moment(wanted.until_ms),
            after_start, after_id, wanted.limit + 1,
        )  # fmt: skip
    items = [event_item(row) for row in rows[: wanted.limit]]
    if len(rows) <= wanted.limit:
        return items, None
    last = rows[wanted.limit - 1]
    start_us = round(last["next_start"].timestamp() * 1_000_000)
    return items, base64.urlsafe_b64encode(f"{start_us}.{last['event_id']}".encode()).decode()
