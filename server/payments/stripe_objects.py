"""Read what Stripe sends (plain dicts) into the records of the port. Anything unreadable is `Corrupt`."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from server.faults import Corrupt
from server.payments.currency import from_stripe
from server.payments.provider import Charge, Decline, Intent, IntentStatus, Refund, RefundStatus, WebhookEvent

Json = Mapping[str, Any]


def read_intent(raw: Json) -> Intent:
    """Read a PaymentIntent; with `latest_charge` expanded the charge comes along."""
    try:
        if raw["object"] != "payment_intent" or raw["status"] not in get_args(IntentStatus):
            raise Corrupt(f"not a payment intent we know: {raw['object']} in status {raw['status']}")
        currency = str(raw["currency"])
        charge = raw.get("latest_charge")
        decline = raw.get("last_payment_error")
        action = raw.get("next_action") or {}
        return Intent(
            intent_id=str(raw["id"]),
            status=cast(IntentStatus, raw["status"]),
            amount=from_stripe(int(raw["amount"]), currency),
            amount_received=from_stripe(int(raw.get("amount_received") or 0), currency),
            currency=currency,
            client_secret=raw.get("client_secret"),
            metadata=dict(raw.get("metadata") or {}),
            livemode=bool(raw["livemode"]),
            created_ms=int(raw["created"]) * 1000,
            charge=read_charge(charge) if isinstance(charge, Mapping) else None,
            last_decline=read_decline(decline) if decline else None,
            action_url=(action.get("redirect_to_url") or {}).get("url"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Corrupt(f"unreadable payment intent: {error!r}") from error


def read_charge(raw: Json) -> Charge:
    """Read a Charge; its fee is known when `balance_transaction` is expanded and in the same currency."""
    currency = str(raw["currency"])
    moved = raw.get("balance_transaction")
    settled = isinstance(moved, Mapping) and moved["currency"] == currency
    card = (raw.get("payment_method_details") or {}).get("card") or {}
    return Charge(
        charge_id=str(raw["id"]),
        amount=from_stripe(int(raw["amount"]), currency),
        amount_refunded=from_stripe(int(raw["amount_refunded"]), currency),
        currency=currency,
        paid=bool(raw["paid"]),
        disputed=bool(raw["disputed"]),
        fee=from_stripe(int(cast(Json, moved)["fee"]), currency) if settled else None,
        card_brand=card.get("brand"),
        card_last4=card.get("last4"),
    )


def read_decline(raw: Json) -> Decline:
    """Read a card error (an intent's `last_payment_error` or the `error` of a 402)."""
    return Decline(
        code=str(raw.get("code") or "card_declined"),
        decline_code=raw.get("decline_code"),
        message=str(raw.get("message") or "Your card was declined."),
    )


def read_refund(raw: Json) -> Refund:
    """Read a Refund."""
    try:
        if raw["object"] != "refund" or raw["status"] not in get_args(RefundStatus):
            raise Corrupt(f"not a refund we know: {raw['object']} in status {raw['status']}")
        currency = str(raw["currency"])
        return Refund(
            refund_id=str(raw["id"]),
            status=cast(RefundStatus, raw["status"]),
            amount=from_stripe(int(raw["amount"]), currency),
            currency=currency,
            intent_id=_reference(raw.get("payment_intent")),
            charge_id=_reference(raw.get("charge")),
            metadata=dict(raw.get("metadata") or {}),
            created_ms=int(raw["created"]) * 1000,
            failure_reason=raw.get("failure_reason"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Corrupt(f"unreadable refund: {error!r}") from error


def read_event(raw: Json) -> WebhookEvent:
    """Read an Event; unknown types pass, they are the caller's to ignore. Raise Corrupt when it is no event."""
    try:
        if raw["object"] != "event":
            raise Corrupt(f"not an event: {raw['object']}")
        about = raw["data"]["object"]
        is_intent = about["object"] == "payment_intent"
        return WebhookEvent(
            event_id=str(raw["id"]),
            kind=str(raw["type"]),
            created_ms=int(raw["created"]) * 1000,
            livemode=bool(raw["livemode"]),
            object_kind=str(about["object"]),
            object_id=str(about.get("id", "")),
            intent_id=str(about["id"]) if is_intent else _reference(about.get("payment_intent")),
            metadata={str(key): str(value) for key, value in (about.get("metadata") or {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Corrupt(f"unreadable event: {error!r}") from error


def _reference(value: Any) -> str | None:
    """Give the id, whether the object was expanded or not."""
    if value is None:
        return None
    return str(value["id"]) if isinstance(value, Mapping) else str(value)
