"""The browser's own list of orders: newest first, bounded, and deaf to nonsense."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.buyer_pages.remembered_orders import COOKIE, ORDERS_MAX, remember_order, remembered

KEY = "s0FYOwmXAUw-cpULsoH81Q"


def _asked(cookie: str) -> Request:
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())]
    return Request(
        {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers, "scheme": "http"}
    )


def _kept(request: Request, ref: str) -> str:
    response = Response()
    remember_order(request, response, ref, KEY)
    return response.headers["set-cookie"].partition(";")[0].partition("=")[2]


def test_a_seen_order_comes_first_and_only_once() -> None:
    """Seeing an old order again moves it to the front."""
    cookie = _kept(_asked(f"AAAAAAAAA1.{KEY}~AAAAAAAAA2.{KEY}"), "AAAAAAAAA2")
    assert list(remembered(_asked(cookie))) == ["AAAAAAAAA2", "AAAAAAAAA1"]


def test_the_oldest_falls_out() -> None:
    """The cookie never outgrows a browser."""
    many = "~".join(f"AAAAAAAA{n:02d}.{KEY}" for n in range(ORDERS_MAX))
    cookie = _kept(_asked(many), "ZZZZZZZZZZ")
    found = list(remembered(_asked(cookie)))
    assert (len(found), found[0]) == (ORDERS_MAX, "ZZZZZZZZZZ")
    assert f"AAAAAAAA{ORDERS_MAX - 1:02d}" not in found


def test_nonsense_is_left_out() -> None:
    """A forged or broken cookie is no error and no order."""
    assert remembered(_asked(f"../../etc.{KEY}~AAAAAAAAA1~AAAAAAAAA1.~<script>.x~AAAAAAAAA3.{KEY}")) == {
        "AAAAAAAAA3": KEY
    }
