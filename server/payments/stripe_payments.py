"""The payment provider spoken to with the official Stripe SDK: a Stripe account, or our demo provider (same wire format).

Calls go through `raw_request_async`, the SDK's entry that returns plain JSON: building its object tree and taking it
apart again cost 0.5 ms a call (1.87 ms with httpx and objects, 0.23 ms now, for an intent of 2.5 KB).
The SDK retries nothing; our outbox does, with the stored idempotency key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson
import stripe

from server import vitals
from server.faults import Corrupt, Misuse, Unavailable
from server.payments.currency import CurrencyRefused, to_stripe
from server.payments.provider import (
    BrowserSetup,
    Capabilities,
    CardDeclined,
    Intent,
    NewIntent,
    Page,
    ProviderRefusalCode,
    ProviderRefused,
    Refund,
    WebhookEvent,
    WebhookRefused,
)
from server.payments.stripe_objects import read_decline, read_event, read_intent, read_refund
from server.payments.stripe_transport import KeepAliveTransport
from server.payments.stripe_version import API_VERSION

STRIPE_API = "https://api.stripe.com"
# Stripe answers within 3 s nearly always; a buyer who waits longer is better served by "we are checking".
TIMEOUT_S = 15.0
WEBHOOK_AGE_S_MAX = 300
# The SDK accepts any stamp from the future: a leaked signed body would stay fresh for ever.
WEBHOOK_AHEAD_S_MAX = 60
WITH_CHARGE = ["latest_charge.balance_transaction"]


@dataclass(frozen=True, slots=True)
class StripeSetup:
    """Keys and addresses of one account. Several webhook secrets are accepted, for the days of a rotation."""

    secret_key: str
    publishable_key: str
    webhook_secrets: tuple[str, ...]
    kind: Literal["stripe", "demo"] = "stripe"
    api_base: str = STRIPE_API
    browser_api_base: str = STRIPE_API

    @property
    def livemode(self) -> bool:
        """Whether the key moves real money."""
        return self.secret_key.startswith(("sk_live_", "rk_live_"))


class StripePayments:
    """`PaymentProvider` over Stripe's API. Belongs to one event loop."""

    capabilities = Capabilities()

    def __init__(self, setup: StripeSetup) -> None:
        if setup.kind == "demo" and setup.livemode:
            raise Misuse("a live key must never be sent to the demo provider")
        self.name = setup.kind
        self.livemode = setup.livemode
        self.browser = BrowserSetup(setup.kind, setup.publishable_key, setup.browser_api_base)
        self._webhook_secrets = setup.webhook_secrets
        self._transport = KeepAliveTransport(timeout_s=TIMEOUT_S)
        self._client = stripe.StripeClient(
            setup.secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": setup.api_base},
            http_client=self._transport,
            max_network_retries=0,
        )

    async def create_intent(self, wanted: NewIntent, *, idempotency_key: str) -> Intent | ProviderRefused:
        """Open a payment; the browser confirms it with the intent's client secret."""
        amount = to_stripe(wanted.amount, wanted.currency)
        if isinstance(amount, CurrencyRefused):
            return _currency_refused(amount)
        params: dict[str, Any] = {
            "amount": amount,
            "currency": wanted.currency,
            "automatic_payment_methods": {"enabled": True},
            "capture_method": "automatic",  # not automatic_async: the fee is known with the charge
            "metadata": dict(wanted.metadata),
        }
        if wanted.description:
            params["description"] = wanted.description
        if wanted.receipt_email:
            params["receipt_email"] = wanted.receipt_email
        return await self._intent("post", "/v1/payment_intents", params, idempotency_key)

    async def retrieve_intent(self, intent_id: str) -> Intent | ProviderRefused:
        """Fetch the truth about a payment, its charge and the provider's fee."""
        return await self._intent("get", _intent_path(intent_id), {"expand": WITH_CHARGE})

    async def update_intent(
        self, intent_id: str, *, amount: int, currency: str, idempotency_key: str
    ) -> Intent | ProviderRefused:
        """Change what an unpaid intent asks for."""
        converted = to_stripe(amount, currency)
        if isinstance(converted, CurrencyRefused):
            return _currency_refused(converted)
        params = {"amount": converted, "currency": currency}
        return await self._intent("post", _intent_path(intent_id), params, idempotency_key)

    async def confirm_intent(
        self, intent_id: str, *, payment_method: str, return_url: str, idempotency_key: str
    ) -> Intent | CardDeclined | ProviderRefused:
        """Take the money with a stored payment method, such as `pm_card_visa` in tests."""
        params = {"payment_method": payment_method, "return_url": return_url, "expand": WITH_CHARGE}
        try:
            return read_intent(await self._call("post", f"{_intent_path(intent_id)}/confirm", params, idempotency_key))
        except stripe.CardError as error:
            return CardDeclined(read_decline(_error_body(error)), _intent_of(error))
        except stripe.InvalidRequestError as error:
            return _refusal(error)

    async def cancel_intent(self, intent_id: str, *, idempotency_key: str) -> Intent | ProviderRefused:
        """Make an unpaid intent unpayable, for good; a refusal carries the state that forbids it."""
        params = {"expand": WITH_CHARGE}
        return await self._intent("post", f"{_intent_path(intent_id)}/cancel", params, idempotency_key)

    async def refund(
        self, intent_id: str, *, amount: int, currency: str, metadata: Mapping[str, str], idempotency_key: str
    ) -> Refund | ProviderRefused:
        """Send *amount* of a paid intent back to the card it came from."""
        converted = to_stripe(amount, currency)
        if isinstance(converted, CurrencyRefused):
            return _currency_refused(converted)
        params = {"payment_intent": intent_id, "amount": converted, "metadata": dict(metadata)}
        return await self._refund("post", "/v1/refunds", params, idempotency_key)

    async def retrieve_refund(self, refund_id: str) -> Refund | ProviderRefused:
        """Fetch the truth about a refund."""
        return await self._refund("get", f"/v1/refunds/{_path_part(refund_id)}", {})

    async def list_intents(self, *, since_ms: int, cursor: str | None = None, limit: int = 100) -> Page[Intent]:
        """Page through payments created at or after *since_ms* (whole seconds, rounded down), newest first."""
        params = _page_params(since_ms, cursor, limit) | {"expand": ["data.latest_charge"]}
        raw = await self._call("get", "/v1/payment_intents", params)
        items, more = _list_of(raw)
        return Page(tuple(read_intent(item) for item in items), str(items[-1]["id"]) if more and items else None)

    async def list_refunds(self, *, since_ms: int, cursor: str | None = None, limit: int = 100) -> Page[Refund]:
        """Page through refunds created at or after *since_ms* (whole seconds, rounded down), newest first."""
        raw = await self._call("get", "/v1/refunds", _page_params(since_ms, cursor, limit))
        items, more = _list_of(raw)
        return Page(tuple(read_refund(item) for item in items), str(items[-1]["id"]) if more and items else None)

    def verify_webhook(self, body: bytes, signature: str | None, *, now_ms: int) -> WebhookEvent | WebhookRefused:
        """Believe *body* only when one of our secrets signed it within the last 5 minutes (60 s ahead at most)."""
        if not signature:
            return WebhookRefused("webhook_unsigned")
        if not signature.isascii():
            return WebhookRefused("webhook_forged")
        try:
            body.decode()
        except UnicodeDecodeError:
            return WebhookRefused("webhook_not_utf8")
        if not any(_is_signed(body, signature, secret) for secret in self._webhook_secrets):
            return WebhookRefused("webhook_forged")
        age_s = now_ms // 1000 - _stamp(signature)
        if age_s > WEBHOOK_AGE_S_MAX:
            return WebhookRefused("webhook_stale")
        if age_s < -WEBHOOK_AHEAD_S_MAX:
            return WebhookRefused("webhook_future")
        try:
            event = read_event(orjson.loads(body))
        except (orjson.JSONDecodeError, Corrupt):
            return WebhookRefused("webhook_malformed")
        return event if event.livemode == self.livemode else WebhookRefused("webhook_wrong_mode")

    async def close(self) -> None:
        """Close idle connections."""
        await self._transport.close_async()

    async def _intent(
        self, method: str, path: str, params: Mapping[str, Any], key: str | None = None
    ) -> Intent | ProviderRefused:
        try:
            return read_intent(await self._call(method, path, params, key))
        except stripe.InvalidRequestError as error:
            return _refusal(error)
        except stripe.CardError as error:
            return ProviderRefused("payment_refused", str(error.user_message), _intent_of(error))

    async def _refund(
        self, method: str, path: str, params: Mapping[str, Any], key: str | None = None
    ) -> Refund | ProviderRefused:
        try:
            return read_refund(await self._call(method, path, params, key))
        except stripe.InvalidRequestError as error:
            return _refusal(error)
        except stripe.CardError as error:
            return ProviderRefused("payment_refused", str(error.user_message), _intent_of(error))

    async def _call(
        self, method: str, path: str, params: Mapping[str, Any], key: str | None = None
    ) -> Mapping[str, Any]:
        """Call the SDK. Refusals leave as the SDK's exceptions for the two readers above; the rest become faults."""
        try:
            reply = await self._answer(method, path, params, key)
        except Unavailable:
            vitals.PAYMENTS.observe(0.0)
            raise
        except (stripe.CardError, stripe.InvalidRequestError):
            vitals.PAYMENTS.observe(1.0)
            raise
        vitals.PAYMENTS.observe(1.0)
        return reply

    async def _answer(
        self, method: str, path: str, params: Mapping[str, Any], key: str | None = None
    ) -> Mapping[str, Any]:
        if key is not None:
            params = {**params, "idempotency_key": key}
        try:
            reply = await self._client.raw_request_async(method, path, **params)
        except (stripe.CardError, stripe.InvalidRequestError):
            raise
        except (stripe.RateLimitError, stripe.APIConnectionError) as error:
            raise Unavailable(str(error)) from error
        except (stripe.IdempotencyError, stripe.AuthenticationError, stripe.PermissionError) as error:
            raise Misuse(str(error)) from error
        except stripe.APIError as error:
            # 409 is "this key is running elsewhere", 5xx is theirs; anything else is an answer we can't read.
            if error.http_status is None or error.http_status == 409 or error.http_status >= 500:
                raise Unavailable(str(error)) from error
            raise Corrupt(str(error)) from error
        except stripe.StripeError as error:
            raise Corrupt(str(error)) from error
        return cast(Mapping[str, Any], reply.data)


def _intent_path(intent_id: str) -> str:
    return f"/v1/payment_intents/{_path_part(intent_id)}"


def _path_part(object_id: str) -> str:
    """Let nothing but an id into a path: ids reach us from browsers too."""
    if not object_id.replace("_", "").isalnum() or not object_id.isascii():
        raise Misuse(f"not an id of the provider: {object_id!r}")
    return object_id


def _page_params(since_ms: int, cursor: str | None, limit: int) -> dict[str, Any]:
    assert 1 <= limit <= 100, "Stripe pages hold 1 to 100 objects"
    params: dict[str, Any] = {"limit": limit, "created": {"gte": since_ms // 1000}}
    return params if cursor is None else params | {"starting_after": cursor}


def _list_of(raw: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
    try:
        return list(raw["data"]), bool(raw["has_more"])
    except (KeyError, TypeError) as error:
        raise Corrupt(f"not a list: {error!r}") from error


def _currency_refused(refused: CurrencyRefused) -> ProviderRefused:
    return ProviderRefused(cast(ProviderRefusalCode, refused.code), refused.message)


# Stripe's codes that stand for an expected no. `resource_missing` depends on what was looked for.
_CODES: dict[str, ProviderRefusalCode] = {
    "amount_too_small": "amount_too_small",
    "amount_too_large": "amount_too_large",
    "payment_intent_unexpected_state": "intent_unexpected_state",
    "charge_already_refunded": "charge_already_refunded",
    "charge_disputed": "charge_disputed",
}


def _refusal(error: stripe.InvalidRequestError) -> ProviderRefused:
    """Translate a 400 or 404; a parameter the provider doesn't understand is our bug."""
    message = str(error.user_message)
    code = _CODES.get(error.code or "")
    if code is None and error.code == "resource_missing":
        code = "refund_unknown" if error.param == "refund" else "intent_unknown"
    elif code is None and error.param == "currency":
        code = "currency_unknown"
    elif code is None and error.param == "amount" and "greater than unrefunded" in message:
        code = "refund_too_large"  # Stripe gives this one no code of its own
    elif error.code == "lock_timeout":
        raise Unavailable(message) from error
    if code is None:
        raise Misuse(f"{error.code} {error.param}: {message}") from error
    return ProviderRefused(code, message, _intent_of(error))


def _error_body(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    if not isinstance(body, Mapping) or not isinstance(body.get("error"), Mapping):
        raise Corrupt("an error without a body") from error
    return cast(Mapping[str, Any], body["error"])


def _intent_of(error: stripe.StripeError) -> Intent | None:
    raw = _error_body(error).get("payment_intent")
    return read_intent(raw) if isinstance(raw, Mapping) else None


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, signature, secret))
    except stripe.SignatureVerificationError:
        return False


def _stamp(signature: str) -> int:
    """Read the first `t=` of a header the SDK has already verified."""
    return int(next(part.split("=")[1] for part in signature.split(",") if part.startswith("t=")))
