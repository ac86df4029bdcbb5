"""One request of the API from bytes to bytes: key, parameters, idempotency, operation, expansion.

Synchronous: requests never interleave, so there is nothing to lock.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from server.payments.demo import forms, routes, wire
from server.payments.demo.errors import Refused, invalid, key_reused
from server.payments.demo.expansion import expand
from server.payments.demo.intents import BankUrl
from server.payments.demo.store import Answer
from server.payments.demo.world import World
from server.payments.demo_keys import DemoKeys

KEY_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. *replayed* was answered before under the same idempotency key."""

    status: int
    body: bytes
    request_id: str
    replayed: bool = False


class Api:
    """The operations of /v1 for one account."""

    def __init__(self, world: World, keys: DemoKeys) -> None:
        self._world = world
        self._keys = keys

    def handle(self, method: str, path: str, form_text: str, headers: Mapping[str, str], bank_url: BankUrl) -> Reply:
        """Answer a request; *headers* in lower case."""
        request_id = f"req_{self._world.ids.random(14)}"
        key = headers.get("idempotency-key") if method == "POST" else None
        try:
            route, object_id = routes.find(method, path)
            form, pairs = forms.decode(form_text)
            browser = self._authenticate(headers, form, route)
            if key is not None:
                if len(key) > KEY_LENGTH_MAX:
                    raise invalid(f"Idempotency keys have at most {KEY_LENGTH_MAX} characters.", early=True)
                key = f"{'browser' if browser else 'secret'} {key}"
            asked = _hash(path, pairs) if key is not None else b""
            known = self._world.store.answer(key) if key is not None else None
            if known is not None:
                if known.asked != asked:
                    raise key_reused(headers["idempotency-key"])
                return Reply(known.status, known.body, request_id, replayed=True)
            spec = route.browser if browser else route.spec
            assert spec is not None
            values = forms.read(form, spec)
        except Refused as refused:
            return Reply(refused.status, wire.encode(refused.body), request_id)
        status, body, final = self._run(route, object_id, values, bank_url, browser, request_id, headers)
        if key is not None and final:
            self._world.store.keep_answer(key, Answer(status, body, asked), self._world.clock() // 1000)
        return Reply(status, body, request_id)

    def _run(
        self,
        route: routes.Route,
        object_id: str,
        values: dict[str, object],
        bank_url: BankUrl,
        browser: bool,
        request_id: str,
        headers: Mapping[str, str],
    ) -> tuple[int, bytes, bool]:
        """Execute; give status, body, and whether the idempotency key shall remember them."""
        paths = values.pop("expand", [])
        assert isinstance(paths, list)
        call = self._world.begin(request_id=request_id, idempotency_key=headers.get("idempotency-key"))
        try:
            result = route.run(routes.Request(call, values, object_id, bank_url, browser))
            if isinstance(result, routes.Outcome):
                status, body = result.status, result.body
            else:
                status, body = 200, expand(call, result, paths)
        except Refused as refused:
            return refused.status, wire.encode(refused.body), not refused.early
        self._world.finish(call)
        return status, wire.encode(body), True

    def _authenticate(self, headers: Mapping[str, str], form: dict[str, object], route: routes.Route) -> bool:
        """Check the key; say whether it is the publishable one, which opens few doors."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        in_form = scheme.lower() != "bearer"
        if in_form:
            given = str(form.get("key", ""))
        if not given:
            raise invalid(
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
                status=401,
                early=True,
            )
        if _same(given, self._keys.secret_key) and not in_form:  # a form comes from a browser, which has no secrets
            return False
        if _same(given, self._keys.publishable_key):
            if route.browser is None:
                raise invalid(
                    "This API call cannot be made with a publishable API key. Please use a secret API key.",
                    code="secret_key_required",
                    status=403,
                    early=True,
                )
            return True
        if given[3:].startswith("live_"):
            raise invalid("The demo provider refuses live keys: no real money moves here.", status=401, early=True)
        masked = f"{given[:8]}{'*' * 8}{given[-4:]}" if len(given) > 16 else "****"
        raise invalid(f"Invalid API Key provided: {masked}", status=401, early=True)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _hash(path: str, pairs: list[tuple[str, str]]) -> bytes:
    """Identify a request by its path and its parameters in any order."""
    return hashlib.blake2b(repr((path, sorted(pairs))).encode(), digest_size=16).digest()
