"""Who opened a socket: read once from the handshake, or from `join`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from urllib.parse import urlsplit

from websockets.datastructures import Headers

from server.visitor import COOKIE as VISITOR_COOKIE
from server.visitor import VisitorId, VisitorTokens

STAFF_COOKIE = "fr_staff"
PLACE_COOKIE = "fr_place_"
HOLDER_COOKIE = "fr_holder"
# Somebody who waits in more rooms than this at once names the room's token in `wait`.
PLACES_MAX = 4
PLACE_CHARS_MAX = 200
NOWHERE: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Identity:
    """A visitor, or the code why there is none; and what may prove a member of staff.

    *places* are the tokens of places in waiting rooms, by room; *holder* is who may use the passes of this browser's secret.
    """

    visitor: VisitorId | None
    refusal: str = "session_missing"
    staff_session: str | None = None
    staff_token: str | None = None
    places: Mapping[int, str] = field(default_factory=lambda: NOWHERE)
    holder: str | None = None


NOBODY = Identity(None)


def read_identity(headers: Headers, tokens: VisitorTokens, hosts: frozenset[str], now_s: int) -> Identity:
    """Read cookies and the Authorization header of a handshake.

    A browser sends cookies along whichever page opens the socket, so they count only if `Origin` has our host name or one of *hosts*;
    the port may differ, because pages and gateway have one each. An Authorization header is never sent by a browser of its own accord.
    """
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "visitor":
        return claim(credentials.strip(), tokens, now_s)
    if scheme.lower() == "bearer":
        return Identity(None, staff_token=credentials.strip())
    cookies = _cookies(headers)
    visitor_token, staff_session = cookies.get(VISITOR_COOKIE), cookies.get(STAFF_COOKIE)
    if not cookies:
        return NOBODY
    if not _own_page(headers, hosts):
        return Identity(None, "origin_refused")
    found = NOBODY if visitor_token is None else claim(visitor_token, tokens, now_s)
    return Identity(found.visitor, found.refusal, staff_session, None, _places(cookies), _holder(cookies))


def claim(token: str, tokens: VisitorTokens, now_s: int) -> Identity:
    """Read a visitor token."""
    visitor = tokens.read(token, now_s)
    return Identity(visitor, "session_expired" if visitor is None else "")


def _places(cookies: dict[str, str]) -> Mapping[int, str]:
    rooms = {name.removeprefix(PLACE_COOKIE): token for name, token in cookies.items() if name.startswith(PLACE_COOKIE)}
    good = [
        (int(room), token)
        for room, token in rooms.items()
        if room.isascii() and room.isdigit() and len(room) <= 10 and len(token) <= PLACE_CHARS_MAX
    ]
    return dict(good[:PLACES_MAX]) if good else NOWHERE


def _holder(cookies: dict[str, str]) -> str | None:
    """Say whose passes the browser's secret opens; the secret itself is not kept."""
    secret = cookies.get(HOLDER_COOKIE)
    if secret is None or len(secret) > PLACE_CHARS_MAX:
        return None
    # Only browsers that wait, or have waited, send one: a process without rooms does without the library.
    from waitingroom.holder import secret_holder

    return secret_holder(secret)


def _cookies(headers: Headers) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    for value in headers.get_all("Cookie"):
        try:
            jar.load(value)
        except CookieError:
            continue
    return {name: morsel.value for name, morsel in jar.items()}


def _own_page(headers: Headers, hosts: frozenset[str]) -> bool:
    """Tell whether the page that opened the socket is ours. A program without Origin cannot be tricked by a page."""
    origins = headers.get_all("Origin")
    if not origins:
        return True
    try:
        page = urlsplit(origins[0]).hostname
        here = urlsplit("//" + headers.get_all("Host")[0]).hostname if headers.get_all("Host") else None
    except ValueError:
        return False
    return len(origins) == 1 and page is not None and (page == here or page in hosts)
