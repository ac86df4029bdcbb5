"""Who opened a socket: read once from the handshake, or from `join`."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from websockets.datastructures import Headers

from server.visitor import COOKIE as VISITOR_COOKIE
from server.visitor import VisitorId, VisitorTokens

STAFF_COOKIE = "fr_staff"


@dataclass(frozen=True, slots=True)
class Identity:
    """A visitor, or the code why there is none; and what may prove a member of staff."""

    visitor: VisitorId | None
    refusal: str = "session_missing"
    staff_session: str | None = None
    staff_token: str | None = None


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
    if visitor_token is None and staff_session is None:
        return NOBODY
    if not _own_page(headers, hosts):
        return Identity(None, "origin_refused")
    found = NOBODY if visitor_token is None else claim(visitor_token, tokens, now_s)
    return Identity(found.visitor, found.refusal, staff_session)


def claim(token: str, tokens: VisitorTokens, now_s: int) -> Identity:
    """Read a visitor token."""
    visitor = tokens.read(token, now_s)
    return Identity(visitor, "session_expired" if visitor is None else "")


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
