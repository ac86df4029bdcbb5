"""The facts of a room: what a request, a page or the usher needs to know about it, without asking Postgres.

They are written to Valkey with every change (hash `frontrow:rooms`) and remembered by each process, so that joining, waiting and
claiming go on while Postgres is away. Nothing secret is in them: not the draw's secret, not a key that signs codes.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from server.database import Database
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "rooms.sql")

Identity = Literal["device", "email", "code"]

# Invitations are drawn before everybody; the bot door may put somebody behind everybody.
INVITED_TIERS: Final = range(4)
GENERAL_TIER: Final = 4
DEMOTED_TIERS: Final = (5, 6)


class Tier(msgspec.Struct, frozen=True):
    """A presale tier: 0 is drawn first. *public_key* (hex, Ed25519) checks its codes."""

    tier: int
    name: str
    public_key: str


class Message(msgspec.Struct, frozen=True):
    """What the organiser tells those who wait. Its id is new with every text."""

    id: int
    text: str


class Host(msgspec.Struct, frozen=True):
    """Whose room it is, as buyers see it."""

    slug: str
    name: str
    accent: str | None
    locale: str


class RoomFacts(msgspec.Struct, frozen=True):
    """A waiting room. Times are Unix milliseconds. *shows* are the numbers of the shows it stands before.

    *whole_event*: shows that are added to the event join them. *epoch* is the line's: places of an earlier one are worth nothing. *commitment* (hex) was published before the lobby opened.
    *closed*: the shows sell without it. A *rehearsal* is a sandbox: it covers no shows.
    """

    room_id: int
    org_id: int
    event_id: int
    slug: str
    name: str
    event_slug: str
    event_title: str
    host: Host
    shows: tuple[int, ...]
    whole_event: bool
    opens_lobby_ms: int
    draws_ms: int
    closes_ms: int
    cap: int
    rate_per_min: int
    claim_window_ms: int
    visit_ms: int
    reentries: int
    capacity_max: int
    fail_open: bool
    auto_passthrough: bool
    identities: tuple[Identity, ...]
    place: Literal["exact", "banded"]
    paused: bool
    passthrough: bool
    draining: bool
    closed: bool
    epoch: int
    version: int
    commitment: str
    tiers: tuple[Tier, ...]
    message: Message | None
    rehearsal_of: int | None

    def tier_of(self, tier: int) -> Tier | None:
        """Return one of its presale tiers."""
        return next((one for one in self.tiers if one.tier == tier), None)


_DECODER = msgspec.json.Decoder(RoomFacts)
_ENCODER = msgspec.json.Encoder()


def pack(facts: RoomFacts) -> bytes:
    """Return *facts* as they are kept in Valkey."""
    return _ENCODER.encode(facts)


def unpack(text: bytes | str) -> RoomFacts:
    """Return the facts of *text*. Raises `msgspec.DecodeError` for those of another version of Frontrow."""
    return _DECODER.decode(text)


async def load_room(database: Database, *, slug: str | None = None, room_id: int | None = None) -> RoomFacts | None:
    """Read a room from Postgres; None when there is none."""
    if slug is not None and "\0" in slug:
        return None  # Postgres has no such text
    async with database.installation() as connection:
        owner = await connection.fetchrow("select org_id, room_id from owner_of_room($1, $2)", slug, room_id)
    return None if owner is None else await load_own(database, owner["org_id"], owner["room_id"])


async def load_own(database: Database, org_id: int, room_id: int) -> RoomFacts | None:
    """Read a room of one organisation from Postgres; None when it has none of that number."""
    async with database.tenant(org_id) as connection:
        text = await connection.fetchval(SQL["room_facts"], room_id)
    return None if text is None else unpack(text)


async def load_open(database: Database) -> list[RoomFacts]:
    """Read every room of the installation that is not closed."""
    async with database.installation() as connection:
        owners = await connection.fetch("select org_id, room_id from open_rooms()")
    rooms = [await load_own(database, owner["org_id"], owner["room_id"]) for owner in owners]
    return [room for room in rooms if room is not None]
