"""What a buyer's browser needs of the demo provider, passed through our own origin: confirm, look again, bank, test cards.

The provider itself listens on loopback only: this is the one door to it from outside, and it opens for publishable keys.
Mounted when, and only when, the demo provider is in use.
"""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, Mount

from server import problems
from server.payments.keepalive_http import KeepAliveClient, Reply
from server.refusals import Refusal
from server.settings import Settings

PREFIX = "/demo-provider"
BODY_BYTES_MAX = 16 * 1024
TIMEOUT_S = 15.0
_ALLOWED = re.compile(
    r"(?P<GET>/test-cards|/v1/payment_intents/pi_[A-Za-z0-9]+|/bank/authenticate/pi_[A-Za-z0-9]+/[A-Za-z0-9]+)"
    r"|(?P<POST>/v1/payment_intents/pi_[A-Za-z0-9]+/confirm)",
    re.ASCII,
)
_BANK = "/bank/authenticate/"
# Cookies stay here, whatever else a browser sends too.
_SENT_ON = ("content-type", "idempotency-key", "accept")
_SENT_BACK = (
    "content-type",
    "content-security-policy",
    "cache-control",
    "referrer-policy",
    "location",
    "request-id",
    "idempotent-replayed",
)


def routes(settings: Settings) -> list[BaseRoute]:
    """Return the mount when the demo provider takes the money, nothing otherwise."""
    if not settings.demo_payments:
        return []
    return [Mount(PREFIX, DemoProxy(f"http://127.0.0.1:{settings.provider_port}", public_url=settings.public_url))]


class DemoProxy:
    """An ASGI application. *origin* is where the provider listens, *public_url* how people reach us, if that is fixed."""

    def __init__(self, origin: str, *, public_url: str = "") -> None:
        self._client = KeepAliveClient(origin, timeout_s=TIMEOUT_S)
        self._public = urlsplit(public_url) if public_url else None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Pass one request through, or refuse it."""
        if scope["type"] != "http":
            raise RuntimeError("the demo provider has no sockets")
        # Starlette's Mount moves the prefix into root_path and leaves the whole path in place.
        path = str(scope["path"]).removeprefix(PREFIX)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not _is_allowed(scope["method"], path) or not _is_public_key(headers.get("authorization", "")):
            await problems.response(Refusal("not_found"))(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            await problems.response(Refusal("body_too_large"))(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        try:
            reply = await self._client.send(scope["method"], target, self._sent_on(scope, headers), body)
        except (OSError, ValueError):
            # ValueError: a header of the browser that must not travel (a line break in it).
            await problems.response(Refusal("unavailable"))(scope, receive, send)
            return
        await _answer(reply, send)

    async def close(self) -> None:
        """Close idle connections."""
        await self._client.close()

    def _sent_on(self, scope: MutableMapping[str, Any], headers: dict[str, str]) -> dict[str, str]:
        sent = {name: headers[name] for name in _SENT_ON if name in headers}
        if "authorization" in headers:
            sent["authorization"] = headers["authorization"]
        host, scheme = headers.get("host", ""), scope.get("scheme", "http")
        if self._public is not None:
            host, scheme = self._public.netloc, self._public.scheme
        return sent | {"x-forwarded-host": host, "x-forwarded-proto": scheme, "x-forwarded-prefix": PREFIX}


def _is_allowed(method: str, path: str) -> bool:
    match = _ALLOWED.fullmatch(path)
    if match is None:
        return False
    return match.lastgroup == method or (method == "POST" and path.startswith(_BANK))


def _is_public_key(authorization: str) -> bool:
    """Let nobody try secret keys through this door."""
    return not authorization or authorization.removeprefix("Bearer ").startswith("pk_test_")


async def _body(receive: Any) -> bytes | None:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return None
        if not message.get("more_body"):
            return body


async def _answer(reply: Reply, send: Any) -> None:
    fields = [(name.encode(), reply.headers[name].encode("latin-1")) for name in _SENT_BACK if name in reply.headers]
    fields.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": fields})
    await send({"type": "http.response.body", "body": reply.body})
