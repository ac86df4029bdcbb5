"""What every HTTP answer carries and every unsafe request must show."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from server import problems
from server.refusals import Refusal

_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$", re.ASCII)
HOSTS_MAX = 256
# The pages where a card is typed in. Nobody else's script runs on any other.
_PAYMENT_PAGES = re.compile(r"/shows/\d+/checkout|/orders/[^/]+", re.ASCII)
# What Stripe.js needs, as docs.stripe.com/security/guide lists it: its frames start on addresses below its own.
_STRIPE_JS = "https://js.stripe.com https://*.js.stripe.com"
_STRIPE_FRAMES = f"{_STRIPE_JS} https://hooks.stripe.com"
_STRIPE_API = "https://api.stripe.com"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def content_security_policy(live_origins: str, *, inline: tuple[str, str] | None = None, stripe: bool = False) -> str:
    """Return the policy: everything from ourselves, sockets to *live_origins*, no inline script or style.

    A page that comes whole in one request names the hashes of its one script and one style in *inline*; it may run no others.
    With *stripe* the page may show Stripe's form.
    """
    scripts, styles = inline or ("'self' 'wasm-unsafe-eval'", "'self'")  # the door's barcode reader is WebAssembly
    connections = " ".join(filter(None, ("'self'", live_origins, _STRIPE_API if stripe else "")))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}{f' {_STRIPE_JS}' if stripe else ''}",
            *((f"frame-src {_STRIPE_FRAMES}",) if stripe else ()),
            f"style-src {styles}",
            "worker-src 'self' blob:",  # the proof of work runs beside the page
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            f"connect-src {connections}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def same_origin(headers: Headers) -> bool:
    """Tell whether an unsafe request came from one of our own pages.

    Browsers send `Origin` with every cross-site POST, over plain HTTP and on bare addresses too; `Sec-Fetch-Site` exists on
    secure contexts only. A request without cookies carries no authority to steal, so programs are not asked.
    """
    if "cookie" not in headers:
        return True
    origin = headers.get("origin") or headers.get("referer")
    if origin is None:
        return headers.get("sec-fetch-site") in {"same-origin", "none"}
    return urlsplit(origin).netloc == headers.get("host")


class Guard:
    """ASGI middleware: refuse cross-site writes, and put the security headers on every answer."""

    def __init__(
        self, app: Any, *, live_port: int, live_url: str, stripe: bool = False, exempt: tuple[str, ...] = ()
    ) -> None:
        self._app, self._live_port, self._live_url, self._exempt = app, live_port, live_url, exempt
        self._stripe = stripe
        # An installation is known by a handful of names; whoever makes up others must not fill the memory.
        self._added = lru_cache(HOSTS_MAX)(self._make_added)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] in _UNSAFE and not scope["path"].startswith(self._exempt) and not same_origin(headers):
            await problems.response(Refusal("origin_refused"))(scope, receive, send)
            return
        stripe = self._stripe and _PAYMENT_PAGES.fullmatch(scope["path"]) is not None
        added = self._added(headers.get("host", ""), scope["scheme"] == "https", stripe)

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                sent = message["headers"]
                names = {name for name, _ in sent}
                message["headers"] = [*sent, *(header for header in added if header[0] not in names)]
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _make_added(self, host: str, secure: bool, stripe: bool) -> tuple[tuple[bytes, bytes], ...]:
        origins = live_origins(host, live_port=self._live_port, live_url=self._live_url)
        policy = content_security_policy(origins, stripe=stripe)
        return (
            (b"content-security-policy", policy.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"strict-origin-when-cross-origin"),
            (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
            *(((b"strict-transport-security", b"max-age=31536000"),) if secure else ()),
        )


def live_origins(host: str, *, live_port: int, live_url: str) -> str:
    """Return where the live gateway of a page served as *host* is."""
    if live_url:
        parts = urlsplit(live_url)
        return f"{parts.scheme}://{parts.netloc}"
    match = _HOST.match(host)
    name = match[1] if match else "localhost"  # a strange Host header must not write our policy
    return f"ws://{name}:{live_port} wss://{name}:{live_port}"
