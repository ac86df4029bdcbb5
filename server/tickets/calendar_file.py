"""The show as a calendar file (RFC 5545), in the venue's own time zone, so that a change of the clocks moves nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.templating import words
from server.tickets.face import Occasion

# Where nobody said how long it takes: most evenings.
_USUAL = timedelta(hours=2, minutes=30)


def calendar_file(occasion: Occasion, *, order_ref: str, page_url: str, stamp: datetime, locale: str) -> bytes:
    """Write one entry with the way back to the tickets and a reminder two hours before. *stamp* is when it was said."""
    from icalendar import Alarm, Calendar, Event

    zone = ZoneInfo(occasion.time_zone)
    t = words(locale)
    entry = Event()
    entry.add("uid", f"show-{occasion.show_id}-{order_ref}@frontrow")
    entry.add("dtstamp", stamp)
    entry.add("dtstart", occasion.starts_at.astimezone(zone))
    entry.add("dtend", (occasion.ends_at or occasion.starts_at + _USUAL).astimezone(zone))
    entry.add("summary", occasion.name)
    entry.add("location", ", ".join((occasion.venue, *occasion.address)))
    if occasion.latitude is not None and occasion.longitude is not None:
        entry.add("geo", (occasion.latitude, occasion.longitude))
    entry.add("url", page_url)
    entry.add("description", f"{t('mail.order.open')}: {page_url}\n{t('mail.order.order', ref=order_ref)}")
    reminder = Alarm()
    reminder.add("action", "DISPLAY")
    reminder.add("description", occasion.name)
    reminder.add("trigger", timedelta(hours=-2))
    entry.add_component(reminder)
    calendar = Calendar()
    calendar.add("prodid", "-//Frontrow//tickets//")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    year = occasion.starts_at.year
    calendar.add_missing_timezones(first_date=date(year, 1, 1), last_date=date(year + 2, 1, 1))
    return bytes(calendar.to_ical())
