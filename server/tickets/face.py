"""What is written on a ticket, whatever it is written on: paper, letter, page or screen at the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.catalog.facts import EventFacts, Show


@dataclass(frozen=True, slots=True)
class TicketFace:
    """One ticket in words. A place in a standing area has its name in *section* and no *row* or *seat*."""

    number: str
    code: str
    category: str
    type: str
    section: str
    row: str
    seat: str
    holder: str
    valid: bool = True


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and where, in words. Times are aware; *time_zone* is the venue's."""

    event_id: int
    show_id: int
    title: str
    label: str
    starts_at: datetime
    doors_at: datetime | None
    ends_at: datetime | None
    time_zone: str
    venue: str
    address: tuple[str, ...]
    organiser: str
    support_email: str | None = None
    accent: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def name(self) -> str:
        """The event's title, with the show's own label when it has one."""
        return f"{self.title} – {self.label}" if self.label else self.title


def occasion(event: EventFacts, show: Show) -> Occasion:
    """Say when and where *show* is."""
    venue = show.venue
    address = (venue.street, f"{venue.postcode} {venue.city}".strip())
    return Occasion(
        event_id=event.event_id,
        show_id=show.show_id,
        title=event.title,
        label=show.label,
        starts_at=show.starts_at,
        doors_at=show.doors_at,
        ends_at=show.ends_at,
        time_zone=venue.time_zone,
        venue=venue.name,
        address=tuple(line for line in address if line),
        organiser=event.organisation.name,
        support_email=event.organisation.support_email,
        accent=event.organisation.accent,
        latitude=venue.latitude,
        longitude=venue.longitude,
    )
