"""Turn a called place into a visit: the proof of the holder, once, then the line decides.

A nonce is good for two minutes, for one place, and is spent before the line is asked: nobody can show the same proof twice. Asking
again with a new nonce is how the holder repeats a claim whose answer was lost; the line then answers the same.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from starlette.requests import Request

from server import vitals
from server.faults import Unavailable
from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from server.rooms.keys import nonce_key
from server.rooms.opening import in_line
from server.rooms.places import holds, place_of
from server.rooms.plan import refusal_of, room_key
from server.rooms.standing import go_to
from server.rooms.views import ClaimedView, ClaimPlace
from server.visitor import VisitorId
from waitingroom.holder import claim_message, has_key, key_holder, proves
from waitingroom.model import Claimed, LineRefused
from waitingroom.place_token import CLOCK_SKEW_S, Nonces, Place

if TYPE_CHECKING:
    from server.services import Services

# Longer than any nonce is good.
SPENT_MS = 1000 * (Nonces.LIFETIME_S + 2 * CLOCK_SKEW_S)


def nonce_for(request: Request, facts: RoomFacts) -> str | Refusal:
    """Return a nonce for the place of who asks, or `place_unknown`."""
    services: Services = request.app.state.services
    place = place_of(request, facts)
    if place is None:
        return Refusal("place_unknown")
    return services.places.nonces.issue(place, int(time.time()))


async def claim_place(
    request: Request, facts: RoomFacts, claim: ClaimPlace, visitor: VisitorId
) -> ClaimedView | Refusal:
    """Let the holder of a called place in, as *visitor*.

    Refusals: `place_unknown nonce_invalid nonce_spent proof_invalid`, the door's, and the line's: `not_called place_lapsed place_left
    place_superseded visits_full visits_busy visit_over holder_differs room_paused room_closed`.
    """
    services: Services = request.app.state.services
    place = place_of(request, facts)
    if place is None:
        return Refusal("place_unknown")
    if not services.places.nonces.good(claim.nonce, place, int(time.time())):
        return Refusal("nonce_invalid")
    if not _proven(request, facts, place, claim):
        return Refusal("proof_invalid")
    if not await _spend(services, facts, claim.nonce):
        return Refusal("nonce_spent")
    if (held := await services.door.may_claim(facts, place.index)) is not None:
        return held
    key, line = room_key(facts), services.line

    async def ask() -> Claimed | LineRefused:
        return await line.claim(key, place.index, place.identity, visitor, place.holder)

    answer = await in_line(services, facts, ask)
    if isinstance(answer, LineRefused) and answer.code == "place_unknown":
        restored = await line.restore(key, place.index, place.identity, place.tier)
        answer = restored if isinstance(restored, LineRefused) else await ask()
    if isinstance(answer, LineRefused):
        if answer.code in ("full", "busy"):
            vitals.turned_away(facts.room_id)
        return refusal_of(answer)
    return ClaimedView(answer.expires_at_ms, go_to(facts, claim.to))


def _proven(request: Request, facts: RoomFacts, place: Place, claim: ClaimPlace) -> bool:
    if not has_key(place.holder):
        return holds(request, place)
    if claim.key is None or claim.signature is None or key_holder(claim.key.x, claim.key.y) != place.holder:
        return False
    return proves(claim.key.x, claim.key.y, claim_message(facts.room_id, claim.nonce), claim.signature)


async def _spend(services: Services, facts: RoomFacts, nonce: str) -> bool:
    try:
        return bool(await services.redis.set(nonce_key(facts, nonce), b"", nx=True, px=SPENT_MS))
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error
