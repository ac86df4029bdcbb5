"""What an organiser decides about a waiting room, with defaults that suit a sale of some thousand seats."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from server.rooms.facts import Identity

Number = Annotated[int, Meta(gt=0, le=2**31 - 1)]
AtMs = Annotated[int, Meta(ge=0, le=4_102_444_800_000, description="Unix time in milliseconds")]
Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class NewTier(Struct, frozen=True, forbid_unknown_fields=True):
    """A presale tier; 0 is drawn first. With *public_key* (hex, Ed25519) somebody else signs its codes, else Frontrow does."""

    tier: Annotated[int, Meta(ge=0, le=3)]
    name: Name
    public_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


class RoomSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A room's settings. It stands before *shows*, or before the *whole_event*: every show of it, also those added later.

    *cap* visitors may be at the seats at once, *rate_per_min* are called at most.

    *reentries*: whether somebody who was not there when called may claim once more. *fail_open*: whether people may look at the
    seats while the line cannot be asked; holding a seat needs a pass in any case.
    """

    name: Name
    shows: Annotated[tuple[Number, ...], Meta(max_length=50)] = ()
    whole_event: bool = False
    opens_lobby_ms: AtMs
    draws_ms: AtMs
    closes_ms: AtMs
    cap: Count = 500
    rate_per_min: Count = 300
    claim_window_s: Annotated[int, Meta(ge=30, le=86_400)] = 300
    visit_s: Annotated[int, Meta(ge=60, le=86_400)] = 900
    reentries: Annotated[int, Meta(ge=0, le=1)] = 1
    capacity_max: Annotated[int, Meta(ge=1, le=10_000_000)] = 2_000_000
    fail_open: bool = False
    auto_passthrough: bool = True
    identities: Annotated[tuple[Identity, ...], Meta(min_length=1, max_length=3)] = ("device",)
    place: Literal["exact", "banded"] = "exact"
    tiers: Annotated[tuple[NewTier, ...], Meta(max_length=4)] = ()


class NewRoom(RoomSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A waiting room before shows of one event. Its address /rooms/{slug} never changes."""

    event: Number
    slug: Slug
    rehearsal_of: Number | None = None


class RoomChange(RoomSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings a room is to have, all of them."""


def times_contradict(settings: RoomSettings) -> bool:
    """Tell whether the lobby opens after the draw, or the draw is not before the close."""
    return not settings.opens_lobby_ms <= settings.draws_ms < settings.closes_ms


def as_ms(at: datetime) -> int:
    """Return *at* in Unix milliseconds."""
    return round(at.timestamp() * 1000)
