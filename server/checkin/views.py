"""What the door's API takes and gives. Times in Unix ms."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.checkin.scan import BATCH_MAX, Scan, ScanAnswer, ScanRefused

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class ScanBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scans in the order they were made. Each is judged and answered for itself."""

    scans: Annotated[tuple[Scan, ...], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


class ScanResults(msgspec.Struct, frozen=True):
    """One answer per scan, in the same order. An entry of *refused* form says why a record could not be judged at all."""

    answers: tuple[ScanAnswer, ...]
    refused: tuple[ScanRefused, ...]


class Undo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An undo is a record of its own, with its own number of the device."""

    device: Number
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class GateCount(msgspec.Struct, frozen=True):
    """What a gate has counted for a show. *last_minute* counts admissions."""

    id: int
    name: str
    admitted: int
    refused: int
    last_minute: int
    last_ms: int | None


class CheckinCounters(msgspec.Struct, frozen=True):
    """A show's door in numbers. *tickets* counts those that may enter, *admitted* those that did, *inside* who is there now."""

    show: int
    tickets: int
    admitted: int
    inside: int
    gates: tuple[GateCount, ...]
    now_ms: int


class FoundTicket(msgspec.Struct, frozen=True):
    """A ticket somebody asks for by name, order or seat."""

    number: str
    state: str
    category: str
    type: str
    section: str
    row: str
    seat: str
    holder: str
    order: str
    buyer: str
    inside: bool
    entries: int
    first_ms: int | None
    first_gate: str | None


class FoundTickets(msgspec.Struct, frozen=True):
    """At most twenty; *more* tells that the search found others as well."""

    tickets: tuple[FoundTicket, ...]
    more: bool


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The beginning of a name or e-mail address, an order's reference, or a seat as `row seat` or `section row seat`."""

    q: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]


class GateView(msgspec.Struct, frozen=True):
    """A gate of a venue."""

    id: int
    name: str


class NewGate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A gate to add. *classes* are the categories that may pass; none lets everybody pass."""

    venue: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    name: Name
    classes: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=255)], ...], msgspec.Meta(max_length=256)] = ()


class DoorShow(msgspec.Struct, frozen=True):
    """A show whose doors may open soon, with the gates of its venue."""

    id: int
    event: int
    title: str
    label: str
    starts_ms: int
    doors_ms: int | None
    venue_id: int
    venue: str
    time_zone: str
    gates: tuple[GateView, ...]


class DoorShows(msgspec.Struct, frozen=True):
    """Soonest first."""

    shows: tuple[DoorShow, ...]


class NewDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A browser or machine that will scan."""

    name: Name


class DeviceView(msgspec.Struct, frozen=True):
    """Number your scans from 1 and never use a number twice."""

    device: int
