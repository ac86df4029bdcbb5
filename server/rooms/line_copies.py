"""Copies of a line in Postgres: what is left of it when the store loses everything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

import numpy as np

from server.database import Database
from server.faults import Corrupt
from server.rooms.facts import SQL, RoomFacts
from waitingroom import draw, roll
from waitingroom.draw import Positions
from waitingroom.model import LineCopy, Lobby

# Places a row: a row that changed is 73 KB.
BLOCK: Final = 8192
BLOCK_BYTES: Final = BLOCK * roll.ENTRY_BYTES


class Stores(Protocol):
    """Anything with a database: a desk, or the services of a process."""

    @property
    def database(self) -> Database: ...


class Kept(NamedTuple):
    """What Postgres has of a line. *positions* is the draw that *copy* names."""

    copy: LineCopy | None
    places: Lobby | None
    positions: Positions | None


async def keep_copy(stores: Stores, facts: RoomFacts, copy: LineCopy) -> None:
    """Replace the copy of all but the places."""
    async with stores.database.tenant(facts.org_id) as connection:
        await connection.execute(SQL["put_copy"], facts.room_id, copy.next, copy.drawn, copy.record)


async def keep_places(stores: Stores, facts: RoomFacts, blocks: Mapping[int, bytes], count: int) -> None:
    """Replace the blocks of places that changed; there are *count* blocks."""
    async with stores.database.tenant(facts.org_id) as connection:
        for block, entries in sorted(blocks.items()):
            await connection.execute(SQL["put_copy_block"], facts.room_id, block, entries)
        await connection.execute(SQL["clear_copy_blocks"], facts.room_id, count)


async def kept_of(stores: Stores, facts: RoomFacts) -> Kept:
    """Read what there is. Raises `Unavailable` without Postgres, `Corrupt` when the draw of the copy is not the one on record."""
    async with stores.database.tenant(facts.org_id) as connection:
        row = await connection.fetchrow(SQL["copy_of"], facts.room_id)
        blocks = await connection.fetch(SQL["copy_blocks"], facts.room_id)
        record = await connection.fetchrow(SQL["recorded_draw"], facts.room_id)
    listed = b"".join(bytes(block["entries"]) for block in blocks)
    if record is not None:
        # Who was in the lobby is on record; those who joined since were copied.
        listed += bytes(record["list"])[len(listed) :]
    copy = None if row is None else LineCopy(row["next_index"], row["drawn"], bytes(row["record"]))
    positions = None
    if copy is not None and copy.drawn:
        if record is None or bytes(record["seed"]).hex() != copy.drawn:
            raise Corrupt(f"the draw of room {facts.room_id} is not the one on record")
        seed, tiers = draw.Seed(bytes(record["seed"])), roll.tiers_of(bytes(record["list"]))
        positions = await asyncio.to_thread(draw.draw, seed, str(facts.room_id), tiers)
    return Kept(copy, places_of(listed), positions)


def places_of(listed: bytes) -> Lobby:
    """Read entries of 9 bytes each, as `roll.make_roll` wrote them."""
    entries = np.frombuffer(listed, dtype=np.uint8).reshape(-1, roll.ENTRY_BYTES)
    identities = np.ascontiguousarray(entries[:, 1:]).view(">u8").reshape(-1).astype(np.uint64)
    return Lobby(identities, entries[:, 0].copy())
