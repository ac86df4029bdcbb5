"""Take a place in line: who is asking, may they, and what they get to show for it.

Nothing here asks Postgres: the facts are in memory, the line is in Valkey, the token is signed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from starlette.requests import Request

from server.refusals import Refusal
from server.rooms.facts import GENERAL_TIER, RoomFacts
from server.rooms.opening import in_line
from server.rooms.places import place_of, secret_of
from server.rooms.plan import refusal_of, room_key
from server.rooms.views import JoinLine, Needs
from server.templating import locale_of
from server.visitor_session import visitor_of
from waitingroom.access_code import read_code
from waitingroom.holder import key_holder, secret_holder
from waitingroom.identity import Digest, email_of, mailbox
from waitingroom.model import Joined, LineRefused
from waitingroom.place_token import Place

if TYPE_CHECKING:
    from server.rooms.door.door import Proved, Verdict
    from server.services import Services


@dataclass(frozen=True, slots=True)
class Seated:
    """A place, its token, and a new secret for the browser if it needed one. *joined* None: it had the place already."""

    place: Place
    token: str
    secret: str | None
    joined: Joined | None


@dataclass(frozen=True, slots=True)
class _Person:
    """Who asks for a place: one digest in this room, the tier they may stand in, and how well they are known."""

    digest: Digest
    tier: int
    proved: Proved


async def join_line(request: Request, facts: RoomFacts, wish: JoinLine) -> Seated | Needs | Refusal:
    """Give who asks a place, or the one they have. A browser that has a place and brings no other identity keeps it.

    Refusals: those of the door, `method_unavailable holder_key_invalid email_invalid email_code_wrong access_code_invalid room_not_open
    room_draining room_closed room_full`.
    """
    services: Services = request.app.state.services
    held = place_of(request, facts)
    if held is not None and wish.method == "device" and await _stands(services, facts, held):
        return Seated(held, services.places.tokens.issue(held), None, None)
    holder, secret = _holder(request, wish)
    if holder is None:
        return Refusal("holder_key_invalid", field="/key")
    person = await _person(request, facts, wish, holder)
    if isinstance(person, (Refusal, Needs)):
        return person
    verdict = await _door(request, facts, wish, person)
    if isinstance(verdict, Refusal):
        return verdict
    tier = verdict.tier(person.tier)
    joined = await in_line(services, facts, lambda: services.line.join(room_key(facts), person.digest, tier))
    if isinstance(joined, LineRefused):
        return refusal_of(joined)
    services.door.joined(verdict, joined.index)
    place = Place(facts.room_id, facts.epoch, joined.index, joined.tier, person.digest, holder, int(time.time()))
    return Seated(place, services.places.tokens.issue(place), secret, joined)


async def _stands(services: Services, facts: RoomFacts, held: Place) -> bool:
    """Tell whether the token's place still counts, putting it back when the store lost it. One that is over makes room for a new one."""
    answer = await in_line(
        services, facts, lambda: services.line.restore(room_key(facts), held.index, held.identity, held.tier)
    )
    return not isinstance(answer, LineRefused)


def _holder(request: Request, wish: JoinLine) -> tuple[str | None, str | None]:
    """Return the holder (None: the key is none) and the secret to give the browser, if it is new."""
    if wish.key is not None:
        return key_holder(wish.key.x, wish.key.y), None
    secret, fresh = secret_of(request)
    return secret_holder(secret), secret if fresh else None


async def _person(request: Request, facts: RoomFacts, wish: JoinLine, holder: str) -> _Person | Needs | Refusal:
    identities = request.app.state.services.places.identities
    match wish.method:
        case "device":
            if "device" not in facts.identities:
                return Refusal("method_unavailable", {"methods": list(facts.identities)}, field="/method")
            return _Person(identities.digest(facts.room_id, "device", holder), GENERAL_TIER, "nothing")
        case "email":
            return await _mailbox(request, facts, wish)
        case "code":
            if not facts.tiers:
                return Refusal("method_unavailable", {"methods": list(facts.identities)}, field="/method")
            keys = {tier.tier: bytes.fromhex(tier.public_key) for tier in facts.tiers}
            code = read_code(wish.access_code or "", facts.room_id, keys)
            if code is None:
                return Refusal("access_code_invalid", field="/access_code")
            return _Person(identities.digest(facts.room_id, "code", code.identity), code.tier, "code")
        case _:
            assert_never(wish.method)


async def _mailbox(request: Request, facts: RoomFacts, wish: JoinLine) -> _Person | Needs | Refusal:
    """Prove a mailbox by the six digits sent to it; without digits, send them."""
    services: Services = request.app.state.services
    if "email" not in facts.identities:
        return Refusal("method_unavailable", {"methods": list(facts.identities)}, field="/method")
    email = email_of(wish.email or "")
    if email is None:
        return Refusal("email_invalid", field="/email")
    digest = services.places.identities.digest(facts.room_id, "email", mailbox(email))
    if not wish.email_code:
        visitor = visitor_of(request)
        refused = await services.door.may_mail(
            request, facts, None if isinstance(visitor, Refusal) else visitor, digest
        )
        if refused is not None:
            return refused
        code = services.email_codes.code(facts.room_id, digest, int(time.time()))
        services.code_post.send(facts, email, code, locale_of(request))
        return Needs("email_code")
    if not await services.email_codes.good(facts, digest, wish.email_code):
        return Refusal("email_code_wrong", field="/email_code")
    return _Person(digest, GENERAL_TIER, "email")


async def _door(request: Request, facts: RoomFacts, wish: JoinLine, person: _Person) -> Verdict | Refusal:
    from server.rooms.door.door import Attempt

    visitor = visitor_of(request)
    if isinstance(visitor, Refusal):
        return visitor
    hints = wish.hints or {}
    attempt = Attempt(
        challenge=wish.challenge,
        identity=person.digest,
        proved=person.proved,
        tier=person.tier,
        traps=hints.get("trap") or {},
        filled_ms=hints.get("filled_ms"),
        new_key=wish.key is not None,
    )
    services: Services = request.app.state.services
    return await services.door.check(request, facts, visitor, attempt)
