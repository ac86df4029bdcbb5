"""A visitor's place as it travels over HTTP: the token in its cookie, the secret beside it, the nonce of a claim."""

from __future__ import annotations

import hmac
import time
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from server.rooms.facts import RoomFacts
from waitingroom.holder import has_key, new_secret, secret_holder
from waitingroom.identity import Identities
from waitingroom.place_token import LIFETIME_S, Nonces, Place, PlaceTokens, place_cookie

# Programs send the token in this header; browsers have the cookie `fr_place_<room>`.
HEADER: Final = "frontrow-place"
HOLDER_COOKIE: Final = "fr_holder"
NOTICE_COOKIE_PREFIX: Final = "fr_notice_"


class Places:
    """Tokens, nonces and identities of one installation (`Services.places`).

    Tokens of the *previous* secret stay good. Identities keep to it while it is set: a person must stay the same person while a room
    is open.
    """

    def __init__(self, secret: str, previous: str = "") -> None:
        secrets = (secret, previous) if previous else (secret,)
        self.tokens = PlaceTokens(*secrets)
        self.nonces = Nonces(*secrets)
        self.identities = Identities(previous or secret)

    def read(self, token: str, facts: RoomFacts) -> Place | None:
        """Return the place of *token* in this room; None when it is no good, whatever the reason."""
        return self.tokens.read(token, room=facts.room_id, epoch=facts.epoch, now_s=int(time.time()))


def place_of(connection: HTTPConnection, facts: RoomFacts) -> Place | None:
    """Return the place of who is asking: from the header of a program, or the browser's cookie."""
    places: Places = connection.app.state.services.places
    token = connection.headers.get(HEADER) or connection.cookies.get(place_cookie(facts.room_id), "")
    return places.read(token, facts)


def holds(connection: HTTPConnection, place: Place) -> bool:
    """Tell whether the browser has the secret that may use *place*; False for places that a key holds."""
    secret = connection.cookies.get(HOLDER_COOKIE, "")
    return not has_key(place.holder) and hmac.compare_digest(secret_holder(secret), place.holder)


def secret_of(request: Request) -> tuple[str, bool]:
    """Return the browser's secret, and whether it was made just now."""
    known = request.cookies.get(HOLDER_COOKIE, "")
    return (known, False) if len(known) == 43 else (new_secret(), True)


def give_place(request: Request, response: Response, facts: RoomFacts, token: str, secret: str | None) -> None:
    """Put the token, and a new *secret*, into the browser. HttpOnly: no script reads them, none can pass them on."""
    _set(request, response, place_cookie(facts.room_id), token)
    if secret is not None:
        _set(request, response, HOLDER_COOKIE, secret)


def take_place(request: Request, response: Response, facts: RoomFacts) -> None:
    """Take the token out of the browser again."""
    response.delete_cookie(place_cookie(facts.room_id), path="/", httponly=True, samesite="lax")
    response.delete_cookie(f"{NOTICE_COOKIE_PREFIX}{facts.room_id}", path="/", httponly=True, samesite="lax")


def note_notice(request: Request, response: Response, facts: RoomFacts, masked: str) -> None:
    """Remember in the browser that a letter was asked for; *masked* is all it says of the address."""
    _set(request, response, f"{NOTICE_COOKIE_PREFIX}{facts.room_id}", masked.encode().hex())


def notice_of(connection: HTTPConnection, facts: RoomFacts) -> str | None:
    """Return the masked address a letter will go to."""
    try:
        return bytes.fromhex(connection.cookies.get(f"{NOTICE_COOKIE_PREFIX}{facts.room_id}", "")).decode()[:20] or None
    except ValueError:
        return None


def _set(request: Request, response: Response, name: str, value: str) -> None:
    # A Secure cookie is dropped on http://10.0.0.7, and with it the place.
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=LIFETIME_S, httponly=True, samesite="lax", secure=secure, path="/")
