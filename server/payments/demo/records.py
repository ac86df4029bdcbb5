"""What the demo provider remembers. Immutable records; a change is a new record with the same id.

Amounts are in Stripe's unit, times Unix seconds as on Stripe's wire. Card numbers are never kept: a method remembers which
test card it was (`behaviour`), brand and last four digits.
"""

from typing import Any, Literal

import msgspec

Status = Literal[
    "requires_payment_method", "requires_confirmation", "requires_action", "processing", "canceled", "succeeded"
]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="object"):
    """Anything with an id."""

    id: str
    created: int


class Method(Record, frozen=True, kw_only=True, tag="payment_method"):
    """A card on file for one payment."""

    behaviour: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    country: str = "US"
    funding: str = "credit"
    cvc_given: bool = False
    billing: dict[str, Any] = {}


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the last confirmation failed."""

    code: str
    message: str
    decline_code: str | None = None
    charge: str | None = None
    method: str | None = None


class Action(msgspec.Struct, frozen=True):
    """A 3-D Secure question the buyer's bank is waiting to have answered."""

    token: str
    url: str
    return_url: str


class Intent(Record, frozen=True, kw_only=True, tag="payment_intent"):
    """A payment someone may make."""

    amount: int
    currency: str
    client_secret: str
    status: Status
    metadata: dict[str, str] = {}
    description: str | None = None
    receipt_email: str | None = None
    statement_descriptor: str | None = None
    statement_descriptor_suffix: str | None = None
    automatic_payment_methods: dict[str, Any] | None = None
    capture_method: str = "automatic_async"
    confirmation_method: str = "automatic"
    method: str | None = None
    latest_charge: str | None = None
    amount_received: int = 0
    canceled_at: int | None = None
    cancellation_reason: str | None = None
    failure: Failure | None = None
    action: Action | None = None


class Charge(Record, frozen=True, kw_only=True, tag="charge"):
    """Money taken, or the try to."""

    intent: str
    method: str
    amount: int
    currency: str
    paid: bool
    amount_refunded: int = 0
    balance_transaction: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    decline_code: str | None = None
    authenticated: bool = False
    description: str | None = None
    receipt_email: str | None = None
    metadata: dict[str, str] = {}


class Refund(Record, frozen=True, kw_only=True, tag="refund"):
    """Money on its way back."""

    charge: str
    intent: str
    amount: int
    currency: str
    status: Literal["pending", "succeeded", "failed", "canceled"]
    reason: str | None = None
    metadata: dict[str, str] = {}
    balance_transaction: str | None = None
    failure_balance_transaction: str | None = None
    failure_reason: str | None = None


class Transaction(Record, frozen=True, kw_only=True, tag="balance_transaction"):
    """A movement of the account's balance. *fee* is taken by the provider; net is amount minus fee."""

    kind: Literal["charge", "refund", "refund_failure"]
    source: str
    amount: int
    currency: str
    fee: int = 0
    description: str | None = None


class Event(Record, frozen=True, kw_only=True, tag="event"):
    """Something happened; *snapshot* is the JSON of the object at that moment."""

    type: str
    snapshot: msgspec.Raw
    request: str | None = None
    idempotency_key: str | None = None
    about: str | None = None  # the intent it belongs to: keeps deliveries about one payment in order


class Endpoint(Record, frozen=True, kw_only=True, tag="webhook_endpoint"):
    """Where signed events are sent. *enabled_events* may be ["*"]."""

    url: str
    enabled_events: list[str]
    secret: str
    status: Literal["enabled", "disabled"] = "enabled"
    description: str | None = None
    metadata: dict[str, str] = {}


AnyRecord = Method | Intent | Charge | Refund | Transaction | Event | Endpoint
