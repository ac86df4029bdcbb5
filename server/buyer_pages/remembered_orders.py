"""Which orders this browser has seen, so that "my tickets" finds them weeks later without an account.

A cookie of references and keys. It is no more secret than the links in the mail, which open the same pages.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "fr_orders"
ORDERS_MAX = 20
_YEAR_S = 365 * 24 * 3600
_PAIR = re.compile(r"([0-9A-HJKMNP-TV-Z]{10})\.([A-Za-z0-9_-]{10,64})", re.ASCII)


def remembered(request: Request) -> dict[str, str]:
    """Return reference → key, newest first. What is not a pair is left out."""
    pairs = (_PAIR.fullmatch(part) for part in request.cookies.get(COOKIE, "").split("~")[:ORDERS_MAX])
    return {pair[1]: pair[2] for pair in pairs if pair}


def remember_order(request: Request, response: Response, ref: str, key: str) -> None:
    """Put an order first among the remembered; the oldest falls out."""
    others = {r: k for r, k in remembered(request).items() if r != ref}
    kept = list({ref: key, **others}.items())[:ORDERS_MAX]
    response.set_cookie(
        COOKIE,
        "~".join(f"{r}.{k}" for r, k in kept),
        max_age=_YEAR_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
