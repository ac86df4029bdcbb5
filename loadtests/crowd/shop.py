"""The shop over HTTP: sessions, shows, state, orders, and the card form's call.

Every answer of 500 and above is a violation; while faults are made on purpose, 503 is the honest answer and only counted.
"""

import asyncio
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from loadtests.crowd.tally import Tally
from server.payments.keepalive_http import KeepAliveClient, Reply

TIMEOUT_S = 30.0
CONNECTIONS_MAX = 64
CONFIRM_TRIES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and its JSON. *code* is the refusal's, or an empty text."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The stable code of a problem document."""
        return str(self.body.get("code", self.status)) if isinstance(self.body, dict) else str(self.status)

    def retry_after_s(self, otherwise: float) -> float:
        """How long a refusal asks to wait."""
        asked = self.body.get("retry_after_ms") if isinstance(self.body, dict) else None
        return otherwise if asked is None else asked / 1000


class Unreachable(Exception):
    """The shop did not answer, three times."""


class Shop:
    """A shop at one address, shared by all buyers; each brings its own visitor token.

    The card form speaks to *provider* when its address is given, as with Stripe, and through the shop otherwise.
    """

    def __init__(
        self, url: str, tally: Tally, random_: random.Random, *, faults: bool = False, provider: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._http = KeepAliveClient(self.url, timeout_s=TIMEOUT_S, connections_max=CONNECTIONS_MAX, idle_s=3.0)
        self._provider = None
        if provider is not None:
            self._provider = KeepAliveClient(provider, timeout_s=TIMEOUT_S, connections_max=CONNECTIONS_MAX, idle_s=3.0)
        self._tally = tally
        self._random = random_
        self._faults = faults

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()
        if self._provider is not None:
            await self._provider.close()

    async def session(self) -> str:
        """Become a visitor."""
        answer = await self._json("session", "POST", "/api/v1/sessions")
        if not answer.ok:
            raise Unreachable(f"no session: {answer.code}")
        return str(answer.body["token"])

    async def get(self, step: str, path: str) -> Answer:
        """Read something public."""
        return await self._json(step, "GET", path)

    async def page(self, path: str) -> int:
        """Look at a page as a browser does; gives its status."""
        reply = await self._send("page", "GET", path, {"Accept": "text/html"})
        return reply.status

    async def state(self, show: int) -> bytes:
        """Fetch the state of a show."""
        reply = await self._send("state", "GET", f"/api/v1/shows/{show}/state", {})
        if reply.status != 200:
            raise Unreachable(f"the state of show {show} was answered {reply.status}")
        return reply.body

    async def chart(self, chart_id: int, rev: int) -> bytes:
        """Fetch a drawing."""
        reply = await self._send("chart", "GET", f"/api/v1/charts/{chart_id}/{rev}", {})
        if reply.status != 200:
            raise Unreachable(f"chart {chart_id}/{rev} was answered {reply.status}")
        return reply.body

    async def quote(self, token: str, show: int) -> Answer:
        """Ask what the hold costs."""
        return await self._json("quote", "GET", f"/api/v1/orders/quote?show={show}", token=token)

    async def start_order(self, token: str, order: Mapping[str, Any], key: str) -> Answer:
        """Buy the hold."""
        return await self._json("order", "POST", "/api/v1/orders", token=token, body=order, key=key)

    async def order(self, token: str, ref: str, deed: str = "", body: Mapping[str, Any] | None = None) -> Answer:
        """Read an order, or do something with it: `return`, `payment`, `cancel`."""
        path = f"/api/v1/orders/{ref}/{deed}" if deed else f"/api/v1/orders/{ref}"
        return await self._json(deed or "order read", "POST" if deed else "GET", path, token=token, body=body)

    async def in_line(
        self, step: str, method: str, path: str, *, session: str, place: str | None, body: Mapping[str, Any] | None
    ) -> Answer:
        """Do something in a waiting room, with the session and the place one has."""
        return await self._json(step, method, path, token=session, body=body, place=place)

    async def confirm(self, payment: Mapping[str, Any], card: str, name: str) -> Answer:
        """Send the card form, as docs/demo-provider.md says."""
        secret = str(payment["client_secret"])
        intent = secret.partition("_secret_")[0]
        form = {
            "key": payment["publishable_key"],
            "client_secret": secret,
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": card,
            "payment_method_data[card][exp_month]": "12",
            "payment_method_data[card][exp_year]": "2035",
            "payment_method_data[card][cvc]": "1234" if card.startswith("37") else "123",
            "payment_method_data[billing_details][name]": name,
            "return_url": urljoin(f"{self.url}/", str(payment["return_url"])),
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Idempotency-Key": secrets.token_hex(12),
        }
        base = "" if self._provider is not None else urlsplit(str(payment["api_base"])).path
        path, body = f"{base}/v1/payment_intents/{intent}/confirm", urlencode(form).encode()
        for _ in range(CONFIRM_TRIES):
            reply = await self._send("confirm", "POST", path, headers, body, repeatable=True, to=self._provider)
            if reply.status != 503:
                return Answer(reply.status, orjson.loads(reply.body))
            await asyncio.sleep(1 + self._random.random())  # the outcome is unknown: the same key asks again
        raise Unreachable("the provider stayed away")

    async def answer_bank(self, url: str, *, approve: bool) -> bool:
        """Press a button on the bank's page; gives whether it sent us back."""
        form = urlencode({"outcome": "approve" if approve else "refuse"}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await self._send("bank", "POST", urlsplit(url).path, headers, form)
        return reply.status == 303

    async def _json(
        self,
        step: str,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        place: str | None = None,
    ) -> Answer:
        headers = {"Accept": "application/json"}
        if place is not None:
            headers["Frontrow-Place"] = place
        if token is not None:
            headers["Authorization"] = f"Visitor {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        sent = orjson.dumps(body) if body is not None else b""
        reply = await self._send(step, method, path, headers, sent, repeatable=True)
        try:
            parsed = orjson.loads(reply.body) if reply.body else None
        except orjson.JSONDecodeError:
            self._tally.violated(f"{method} {path} answered {reply.status} with something that is not JSON")
            parsed = None
        answer = Answer(reply.status, parsed)
        if 400 <= reply.status < 500:
            self._tally.refused(step, answer.code)
        return answer

    async def _send(
        self,
        step: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        *,
        repeatable: bool = False,
        to: KeepAliveClient | None = None,
    ) -> Reply:
        """Send, to the shop if nobody else is named; what may be repeated is, twice, when the connection breaks."""
        http, replayable = to or self._http, repeatable or method == "GET"
        for attempt in range(3):
            try:
                with self._tally.timed(step):
                    reply = await http.send(method, path, headers, body, replayable=replayable)
            except OSError as error:
                self._tally.counts["connections broken"] += 1
                if attempt == 2 or not replayable:
                    raise Unreachable(f"{method} {path}: {type(error).__name__}: {error}") from error
                await asyncio.sleep(0.2 * 2**attempt * (1 + self._random.random()))
                continue
            if reply.status == 503 and self._faults:
                self._tally.refused(step, "unavailable")
            elif reply.status >= 500:
                self._tally.violated(f"{method} {path.split('?')[0]} answered {reply.status}: {reply.body[:200]!r}")
            return reply
        raise AssertionError("unreachable")
