"""The draw for everybody who wants to check it: what was promised, who was in it, what it came to, and one's own proof.

Before the draw only the commitment is told. Postgres alone has the secret, and its query does not return it until the draw is on record.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct
from msgspec.json import encode
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from server.endpoint import endpoint, query
from server.faults import Corrupt
from server.refusals import Refusal
from server.rooms.api import room_at
from server.rooms.facts import SQL, RoomFacts
from server.rooms.places import place_of
from server.rooms.plan import room_key
from waitingroom import draw, roll
from waitingroom.identity import commitment
from waitingroom.merkle import leaf

if TYPE_CHECKING:
    from server.services import Services

Hash = Annotated[str, Meta(description="32 bytes in hex")]
# What is on record never changes: readers and caches in between may keep it.
IMMUTABLE = "public, max-age=31536000, immutable"
KEPT_MAX = 64


class DrawnView(Struct, frozen=True):
    """What the draw came to. *seed* = SHA-256("frontrow draw seed 1\\0" ‖ secret ‖ root ‖ length of beacon ‖ beacon)."""

    at_ms: int
    secret: Hash
    root: Hash
    people: int
    beacon: str
    seed: Hash


class DrawView(Struct, frozen=True):
    """*commitment* = SHA-256("frontrow draw commitment 1\\0" ‖ secret), published before the lobby opened; *room* is part of the stream."""

    room: str
    version: int
    commitment: Hash
    committed_at_ms: int
    draws_ms: int
    drawn: DrawnView | None


class ProofQuery(Struct, frozen=True):
    """Whose proof; nothing asks for one's own."""

    index: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None


class ProofView(Struct, frozen=True):
    """That *index* was in the draw: from *leaf* the *path* of neighbours leads to *root* (RFC 6962 §2.1, docs/waiting-room.md).

    *identity* is the keyed digest on the list, *number* the draw number of the index: the smaller, the earlier within a tier.
    """

    index: int
    tier: int
    identity: str
    leaf: Hash
    path: tuple[Hash, ...]
    root: Hash
    people: int
    number: str
    place: int | None


@dataclass(frozen=True, slots=True)
class _Record:
    """A draw as it is on record, with the roots of its blocks."""

    view: DrawView
    roots: bytes


@endpoint(
    "GET", "/api/v1/rooms/{room}/draw", reply=DrawView, summary="Read the promise of the draw, and what it came to",
    refusals=("room_unknown",),
)  # fmt: skip
async def get_draw(request: Request) -> Response | Refusal:
    """Say what was promised; once drawn, everything needed to draw again."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    record = await record_of(request, facts)
    fresh = "public, max-age=1" if record.view.drawn is None else "public, max-age=300"
    return Response(encode(record.view), headers={"Cache-Control": fresh}, media_type="application/json")


@endpoint(
    "GET", "/api/v1/rooms/{room}/draw/list", summary="Read everybody in the draw: 9 bytes each, tier and keyed digest, by index",
    refusals=("room_unknown", "draw_pending"),
)  # fmt: skip
async def get_list(request: Request) -> Response | Refusal:
    """Return the published list as it was hashed."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    services: Services = request.app.state.services
    async with services.database.tenant(facts.org_id) as connection:
        listed = await connection.fetchval(SQL["draw_list"], facts.room_id)
    return Refusal("draw_pending") if listed is None else _bytes(bytes(listed))


@endpoint(
    "GET", "/api/v1/rooms/{room}/draw/places", summary="Read the places the line serves by: 4 bytes each, big-endian, by index",
    refusals=("room_unknown", "draw_pending"),
)  # fmt: skip
async def get_places(request: Request) -> Response | Refusal:
    """Return what the draw gave everybody, from the line itself: whoever draws again compares with this."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    services: Services = request.app.state.services
    positions = await services.line.read_draw(room_key(facts))
    return Refusal("draw_pending") if positions is None else _bytes(positions.astype(">u4").tobytes())


@endpoint(
    "GET", "/api/v1/rooms/{room}/draw/proof", query=ProofQuery, reply=ProofView, summary="Prove that a place was in the draw",
    refusals=("room_unknown", "draw_pending", "place_unknown"),
)  # fmt: skip
async def get_proof(request: Request) -> ProofView | Refusal:
    """Return the way from one entry of the list to its root: 20 hashes of a million."""
    facts = await room_at(request)
    if isinstance(facts, Refusal):
        return facts
    wanted = query(request, ProofQuery)
    if isinstance(wanted, Refusal):
        return wanted
    place = place_of(request, facts)
    index = wanted.index if wanted.index is not None else place.index if place is not None else None
    record = await record_of(request, facts)
    if record.view.drawn is None:
        return Refusal("draw_pending")
    if index is None or index >= record.view.drawn.people:
        return Refusal("place_unknown")
    return await _proof(request, facts, record, record.view.drawn, index)


async def _proof(request: Request, facts: RoomFacts, record: _Record, drawn: DrawnView, index: int) -> ProofView:
    services: Services = request.app.state.services
    first = index - index % roll.BLOCK
    async with services.database.tenant(facts.org_id) as connection:
        block = bytes(
            await connection.fetchval(
                SQL["draw_list_block"], facts.room_id, 1 + first * roll.ENTRY_BYTES, roll.BLOCK * roll.ENTRY_BYTES
            )
        )
    at = (index - first) * roll.ENTRY_BYTES
    tier, digest = block[at], block[at + 1 : at + roll.ENTRY_BYTES]
    seed = draw.Seed(bytes.fromhex(drawn.seed))
    # The stream up to a late index is 8 MB of hash for a million people: some 20 ms that others need not wait for.
    number = await asyncio.to_thread(draw.draw_number, seed, record.view.room, index)
    return ProofView(
        index=index,
        tier=tier,
        identity=digest.hex(),
        leaf=leaf(index, tier, commitment(digest)).hex(),
        path=tuple(step.hex() for step in roll.proof(block, record.roots, index)),
        root=drawn.root,
        people=drawn.people,
        number=str(number),
        place=await services.line.position_of(room_key(facts), index),
    )


async def record_of(request: Request, facts: RoomFacts) -> _Record:
    """Read what is on record; a draw that was made is remembered."""
    memory = _memory(request)
    if (kept := memory.get(facts.room_id)) is not None:
        return kept
    services: Services = request.app.state.services
    async with services.database.tenant(facts.org_id) as connection:
        row = await connection.fetchrow(SQL["draw_of_room"], facts.room_id)
    if row is None:
        raise Corrupt(f"room {facts.room_id} has no draw to promise")
    drawn = None
    if row["drawn_at"] is not None:
        drawn = DrawnView(
            at_ms=_ms(row["drawn_at"]), secret=row["secret"].hex(), root=row["root"].hex(), people=row["people"],
            beacon=(row["beacon"] or b"").hex(), seed=row["seed"].hex(),
        )  # fmt: skip
    view = DrawView(
        room=str(facts.room_id), version=row["version"], commitment=row["commitment"].hex(),
        committed_at_ms=_ms(row["committed_at"]), draws_ms=facts.draws_ms, drawn=drawn,
    )  # fmt: skip
    record = _Record(view, bytes(row["block_roots"] or b""))
    if drawn is not None:
        memory[facts.room_id] = record
        if len(memory) > KEPT_MAX:
            memory.popitem(last=False)
    return record


def _memory(request: Request) -> OrderedDict[int, _Record]:
    """Return this process's memory of draws that were made."""
    state = request.app.state
    memory: OrderedDict[int, _Record] | None = getattr(state, "drawn_rooms", None)
    if memory is None:
        memory = state.drawn_rooms = OrderedDict()
    return memory


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _bytes(content: bytes) -> Response:
    return Response(content, headers={"Cache-Control": IMMUTABLE}, media_type="application/octet-stream")


routes: list[BaseRoute] = [get_draw, get_list, get_places, get_proof]
