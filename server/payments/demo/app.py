"""The demo provider as an ASGI application: the API, the bank's page, test cards, health and metrics."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from server import logs
from server.payments.demo import bank
from server.payments.demo.api import Api
from server.payments.demo.cards import CARDS
from server.payments.demo.delivery import Deliveries
from server.payments.demo.errors import Refused
from server.payments.demo.routes import unrecognized
from server.payments.demo.timers import Timers
from server.payments.demo.world import World
from server.payments.demo_keys import DemoKeys
from server.payments.stripe_version import API_VERSION

log = logs.logger()
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
BODY_BYTES_MAX = 64 * 1024
BACKLOG_UNHEALTHY = 1_000
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._-]+)*")
_JSON = (b"content-type", b"application/json")
_HTML = (b"content-type", b"text/html; charset=utf-8")
BROKEN = b'{"error":{"type":"api_error","message":"The demo provider has a bug; its log knows more."}}'
TEST_CARDS = msgspec.json.encode(
    {
        "cards": [
            {"number": card.number, "brand": card.brand, "outcome": card.outcome, "label": card.label} for card in CARDS
        ]
    }
)


class DemoProvider:
    """The application. *public_base* is where browsers reach it, when the proxy does not say."""

    def __init__(self, world: World, keys: DemoKeys, *, public_base: str = "") -> None:
        self._world = world
        self._api = Api(world, keys)
        self._public_base = public_base
        self.deliveries = Deliveries(world)
        self.timers = Timers(world)
        self._answered: Counter[tuple[str, int]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        method, path = scope["method"], scope["path"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            status, fields, body = await self._answer(method, path, scope["query_string"], headers, receive)
        except Exception:  # the outermost place: whatever the request had prepared is dropped with it
            log.exception("request.broken", method=method, path=path)
            status, fields, body = 500, [_JSON], BROKEN
        # Nobody is told what is not yet in the file.
        await self._world.store.committed()
        self._answered[method, status] += 1
        fields.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, method: str, path: str, query: bytes, headers: dict[str, str], receive: Receive
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        text = query.decode("latin-1")
        if method == "POST":
            posted = await _body(receive)
            if posted is None:
                return 413, [_JSON], b'{"error":{"type":"invalid_request_error","message":"The request is too large."}}'
            text = posted
        if path.startswith("/v1/"):
            base = self._base(headers)
            reply = self._api.handle(method, path, text, headers, lambda i, token: f"{base}{bank.PATH}{i}/{token}")
            fields = [_JSON, (b"request-id", reply.request_id.encode()), (b"stripe-version", API_VERSION.encode())]
            if key := headers.get("idempotency-key"):
                fields.append((b"idempotency-key", key.encode("latin-1")))
            if reply.replayed:
                fields.append((b"idempotent-replayed", b"true"))
            return reply.status, fields, reply.body
        if path.startswith(bank.PATH):
            return self._bank(method, path, text)
        if (method, path) == ("GET", "/test-cards"):
            return 200, [_JSON], TEST_CARDS
        if (method, path) == ("GET", "/healthz"):
            return self._health()
        if (method, path) == ("GET", "/metrics"):
            return 200, [(b"content-type", b"text/plain; version=0.0.4")], self._metrics()
        refused: Refused = unrecognized(method, path)
        return refused.status, [_JSON], msgspec.json.encode(refused.body)

    def _bank(self, method: str, path: str, text: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        intent_id, _, token = path.removeprefix(bank.PATH).partition("/")
        if method == "POST":
            reply = bank.answer(self._world, intent_id, token, dict(parse_qsl(text, max_num_fields=10)))
        else:
            reply = bank.show(self._world, intent_id, token)
        fields = [_HTML, (b"content-security-policy", bank.POLICY.encode()), (b"cache-control", b"no-store")]
        # The address holds a secret: no other site may learn it from a Referer. Not "no-referrer": then browsers send the
        # form with `Origin: null`, which our server refuses.
        fields.append((b"referrer-policy", b"same-origin"))
        if reply.location is not None:
            fields.append((b"location", reply.location.encode("latin-1", "replace")))
        return reply.status, fields, reply.page

    def _base(self, headers: dict[str, str]) -> str:
        """Tell under which address the browser reaches us; only the proxy on this machine can say."""
        host, prefix = headers.get("x-forwarded-host", ""), headers.get("x-forwarded-prefix", "")
        if _HOST.fullmatch(host) and _PREFIX.fullmatch(prefix):
            scheme = "https" if headers.get("x-forwarded-proto") == "https" else "http"
            return f"{scheme}://{host}{prefix}"
        return self._public_base or f"http://{headers.get('host', 'localhost')}"

    def _health(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        backlog = self.deliveries.backlog
        well = backlog < BACKLOG_UNHEALTHY
        words = f"{backlog} webhooks wait" if backlog else "every webhook is delivered"
        if self.deliveries.last_problem:
            words += f"; the last problem: {self.deliveries.last_problem}"
        checks = {"webhooks": {"ok": well, "says": words}}
        body = {"process": "demo-provider", "status": "ok" if well else "failing", "checks": checks}
        return 200 if well else 503, [_JSON], msgspec.json.encode(body)

    def _metrics(self) -> bytes:
        lines = ["# TYPE frontrow_demo_requests_total counter"]
        for (method, status), count in sorted(self._answered.items()):
            lines.append(f'frontrow_demo_requests_total{{method="{method}",status="{status}"}} {count}')
        lines += [
            "# TYPE frontrow_demo_webhooks_delivered_total counter",
            f"frontrow_demo_webhooks_delivered_total {self.deliveries.delivered}",
            "# TYPE frontrow_demo_webhooks_failed_total counter",
            f"frontrow_demo_webhooks_failed_total {self.deliveries.failed}",
            "# TYPE frontrow_demo_webhooks_waiting gauge",
            f"frontrow_demo_webhooks_waiting {self.deliveries.backlog}",
        ]
        return "\n".join(lines).encode() + b"\n"

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.deliveries.start()
        self.timers.start()
        tending = asyncio.create_task(self._world.store.tend(lambda: self._world.clock() // 1000))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        tending.cancel()
        self.timers.stop()
        await self.deliveries.stop()
        self._world.store.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> str | None:
    """Read a body; None when it is too large."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return None
    return None if len(body) > BODY_BYTES_MAX else body.decode("latin-1")
