"""The visitor's token over HTTP: read from the cookie or the Authorization header, given with pages that lead to seats."""

from __future__ import annotations

import time

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from server.endpoint import endpoint
from server.refusals import Refusal
from server.visitor import COOKIE, LIFETIME_S, VisitorId, VisitorTokens


def token_of(connection: HTTPConnection) -> str | None:
    """Return the token that came with *connection*: `Authorization: Visitor <token>` first, then the cookie."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "visitor":
        return value.strip()
    return connection.cookies.get(COOKIE)


def visitor_of(connection: HTTPConnection) -> VisitorId | Refusal:
    """Return who is asking. Refusals: `session_missing`, `session_expired` (also for a forged token)."""
    token = token_of(connection)
    if not token:
        return Refusal("session_missing")
    visitors: VisitorTokens = connection.app.state.services.visitors
    return visitors.read(token, int(time.time())) or Refusal("session_expired")


def remember_visitor(request: Request, response: Response) -> VisitorId:
    """Give *response* a session when the request had no valid one, or renew one past half its life. Return the visitor."""
    visitors: VisitorTokens = request.app.state.services.visitors
    now_s = int(time.time())
    token = request.cookies.get(COOKIE, "")
    visitor = visitors.read(token, now_s)
    if visitor is not None and not visitors.stale(token, now_s):
        return visitor
    fresh = visitors.issue(now_s, visitor)
    response.set_cookie(
        COOKIE,
        fresh,
        max_age=LIFETIME_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme
        == "https",  # a Secure cookie is dropped on http://10.0.0.7, and with it the first hold
        path="/",
    )
    known = visitors.read(fresh, now_s)
    assert known is not None
    return known


class SessionView(msgspec.Struct):
    """A visitor's session for a program. Send it as `Authorization: Visitor <token>` and in the socket's join message."""

    token: str
    expires_at_ms: int


@endpoint("POST", "/api/v1/sessions", reply=SessionView, status=201, summary="Start an anonymous visitor's session")
async def start_session(request: Request) -> SessionView:
    """Issue a token; it is valid for 24 hours and is the only proof that a hold is yours."""
    now_s = int(time.time())
    return SessionView(request.app.state.services.visitors.issue(now_s), (now_s + LIFETIME_S) * 1000)


routes: list[Route] = [start_session]
