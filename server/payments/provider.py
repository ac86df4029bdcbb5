"""The port to a payment provider: what orders ask of it and what it may answer.

Amounts are integers in the ISO minor unit (server/payments/currency.py), currencies lower case, times Unix ms.
An expected "no" is a value (`CardDeclined`, `ProviderRefused`, `WebhookRefused`). Faults are raised: `Unavailable`
(network, timeout, 429, 5xx: the outcome is *unknown*, ask again with the same idempotency key), `Corrupt` (an answer
we can't read), `Misuse` (wrong key, a parameter the provider doesn't know, a reused idempotency key: our bug).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

IntentStatus = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
]
RefundStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]
# Statuses an intent never leaves.
INTENT_TERMINAL: frozenset[IntentStatus] = frozenset({"canceled", "succeeded"})

ProviderRefusalCode = Literal[
    "amount_too_small",
    "amount_too_large",
    "amount_not_chargeable",
    "currency_unknown",
    "intent_unknown",
    "intent_unexpected_state",  # cancel of a paid intent, update of a cancelled one …: `intent` has the truth
    "charge_already_refunded",
    "refund_too_large",
    "refund_unknown",
    "charge_disputed",
    "payment_refused",  # anything else Stripe says no to with HTTP 402
]
WebhookRefusalCode = Literal[
    "webhook_unsigned",
    "webhook_forged",
    "webhook_stale",
    "webhook_future",
    "webhook_not_utf8",
    "webhook_malformed",
    "webhook_wrong_mode",
]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this provider can do beyond the port's core; callers ask before they offer."""

    manual_capture: bool = False
    connect: bool = False
    disputes: bool = False


@dataclass(frozen=True, slots=True)
class BrowserSetup:
    """What the checkout page needs to take the card: which element to load and where it talks to.

    *kind* `stripe` loads Stripe.js; `demo` is the form of docs/demo-provider.md speaking to *api_base*.
    """

    kind: Literal["stripe", "demo"]
    publishable_key: str
    api_base: str


@dataclass(frozen=True, slots=True)
class NewIntent:
    """A payment to open. *metadata* must name order and attempt: webhooks and reconciliation match by it (race 3)."""

    amount: int
    currency: str
    metadata: Mapping[str, str]
    description: str = ""
    receipt_email: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """Why the last try with a card failed: Stripe's `code`, the bank's finer `decline_code`, a text for the buyer."""

    code: str
    decline_code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that moved (or failed to). *fee* is the provider's, in the same currency; None while not settled."""

    charge_id: str
    amount: int
    amount_refunded: int
    currency: str
    paid: bool
    disputed: bool
    fee: int | None
    card_brand: str | None
    card_last4: str | None


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt to take one amount, as the provider tells it now. Only this, freshly fetched, is the truth (R1)."""

    intent_id: str
    status: IntentStatus
    amount: int
    amount_received: int
    currency: str
    client_secret: str | None
    metadata: Mapping[str, str]
    livemode: bool
    created_ms: int
    charge: Charge | None = None
    last_decline: Decline | None = None
    action_url: str | None = None  # where the buyer's bank waits while `requires_action`


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back. `pending` may last days, and even `succeeded` may still turn `failed`."""

    refund_id: str
    status: RefundStatus
    amount: int
    currency: str
    intent_id: str | None
    charge_id: str | None
    metadata: Mapping[str, str]
    created_ms: int
    failure_reason: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified hint that something changed. *kind* is Stripe's event type, *object_id* what it is about."""

    event_id: str
    kind: str
    created_ms: int
    livemode: bool
    object_kind: str
    object_id: str
    intent_id: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CardDeclined:
    """The card was refused; the intent stays open for another one."""

    decline: Decline
    intent: Intent | None


@dataclass(frozen=True, slots=True)
class ProviderRefused:
    """An expected no. *intent* is the state that caused it when the provider tells (a cancel that came too late)."""

    code: ProviderRefusalCode
    message: str
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class WebhookRefused:
    """A webhook we do not believe; answer 400 and keep nothing but a count."""

    code: WebhookRefusalCode


Item_co = TypeVar("Item_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item_co]):
    """A page of a list, newest first; *cursor* continues it, None at the end."""

    items: tuple[Item_co, ...]
    cursor: str | None


class PaymentProvider(Protocol):
    """Open, inspect, cancel and refund payments. Every write carries the caller's stored idempotency key (R4)."""

    @property
    def name(self) -> str: ...
    @property
    def livemode(self) -> bool: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def browser(self) -> BrowserSetup: ...

    async def create_intent(self, wanted: NewIntent, *, idempotency_key: str) -> Intent | ProviderRefused: ...

    async def retrieve_intent(self, intent_id: str) -> Intent | ProviderRefused: ...

    async def update_intent(
        self, intent_id: str, *, amount: int, currency: str, idempotency_key: str
    ) -> Intent | ProviderRefused: ...

    async def confirm_intent(
        self, intent_id: str, *, payment_method: str, return_url: str, idempotency_key: str
    ) -> Intent | CardDeclined | ProviderRefused:
        """Take the money with a stored method. Pages don't: there the browser confirms, and we never see the card."""
        ...

    async def cancel_intent(self, intent_id: str, *, idempotency_key: str) -> Intent | ProviderRefused:
        """Cancel, or say `intent_unexpected_state` with the intent as it is (R5: succeeded finishes the order)."""
        ...

    async def refund(
        self, intent_id: str, *, amount: int, currency: str, metadata: Mapping[str, str], idempotency_key: str
    ) -> Refund | ProviderRefused: ...

    async def retrieve_refund(self, refund_id: str) -> Refund | ProviderRefused: ...

    async def list_intents(self, *, since_ms: int, cursor: str | None = None, limit: int = 100) -> Page[Intent]: ...

    async def list_refunds(self, *, since_ms: int, cursor: str | None = None, limit: int = 100) -> Page[Refund]: ...

    def verify_webhook(self, body: bytes, signature: str | None, *, now_ms: int) -> WebhookEvent | WebhookRefused: ...

    async def close(self) -> None: ...
