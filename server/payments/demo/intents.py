"""Payment intents: created, confirmed with a card, asked for 3-D Secure, paid, declined, cancelled.

Paid and cancelled exclude each other. The texts of refusals are Stripe's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from server.payments.currency import STRIPE_MAXIMUM, STRIPE_MINIMUM, THREE_DECIMAL, is_known
from server.payments.demo import methods, wire
from server.payments.demo.cards import BY_SHORTHAND, Card
from server.payments.demo.errors import Refused, invalid
from server.payments.demo.fees import fee
from server.payments.demo.forms import EXPAND, LIST, Spec, boolean, choice, integer, metadata, text
from server.payments.demo.forms import texts as text_list
from server.payments.demo.records import Action, Charge, Failure, Intent, Method, Transaction
from server.payments.demo.world import Call

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELLATION_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
# Set when somebody refuses at the bank's page.
UNAUTHENTICATED = Failure(
    code="payment_intent_authentication_failure",
    message="We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
COMMON: Spec = {
    "description": text,
    "metadata": metadata,
    "receipt_email": text,
    "statement_descriptor": text,
    "statement_descriptor_suffix": text,
    "payment_method_types": text_list,
    **EXPAND,
}
METHOD: Spec = {"payment_method": text, "payment_method_data": methods.METHOD_DATA, "return_url": text}
CREATE: Spec = {
    **COMMON,
    **METHOD,
    "amount!": integer,
    "currency!": text,
    "automatic_payment_methods": {"enabled!": boolean, "allow_redirects": choice("always", "never")},
    "capture_method": choice("automatic", "automatic_async"),
    "confirmation_method": choice("automatic"),
    "confirm": boolean,
}
UPDATE: Spec = {**COMMON, "amount": integer, "currency": text}
CONFIRM: Spec = {**METHOD, **EXPAND, "receipt_email": text}
# What Stripe.js adds to a confirmation from the browser.
BROWSER_CONFIRM: Spec = {**CONFIRM, "client_secret!": text, "key": text, "expected_payment_method_type": choice("card")}
BROWSER_RETRIEVE: Spec = {"client_secret!": text, "key": text}
CANCEL: Spec = {"cancellation_reason": choice(*CANCELLATION_REASONS), **EXPAND}
INTENT_LIST: Spec = LIST
# Makes the address of the bank's page: (intent id, token) -> URL.
BankUrl = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Declined:
    """A confirmation that failed: answered 402, and remembered."""

    intent: Intent


def create(call: Call, values: dict[str, Any], bank_url: BankUrl) -> Intent | Declined:
    """POST /v1/payment_intents."""
    amount, currency = _checked_amount(values["amount"], values["currency"].lower())
    intent_id = call.new_id("pi")
    automatic = values.get("automatic_payment_methods")
    if "payment_method_types" in values:
        if values["payment_method_types"] != ["card"] or automatic is not None:
            raise invalid("The demo provider takes cards only.", param="payment_method_types", early=True)
    else:
        automatic = {"allow_redirects": "always", "enabled": True} | (automatic or {})
    texts: dict[str, Any] = {name: values[name] or None for name in _TEXTS if name in values}
    intent = Intent(
        id=intent_id,
        created=call.now,
        amount=amount,
        currency=currency,
        client_secret=f"{intent_id}_secret_{call.world.ids.random(25)}",
        status="requires_payment_method",
        automatic_payment_methods=automatic,
        metadata={name: value for name, value in values.get("metadata", {}).items() if value},
        capture_method=values.get("capture_method", "automatic_async"),
        **texts,
    )
    method = _method(call, intent, values)
    if method is not None:
        intent = replace(intent, status="requires_confirmation", method=method.id)
    call.put(intent)
    call.emit("payment_intent.created", intent, intent.id)
    return _confirm(call, intent, method, values, bank_url) if values.get("confirm") else intent


def update(call: Call, values: dict[str, Any], intent: Intent) -> Intent:
    """POST /v1/payment_intents/{id}: the amount only while nobody has paid, texts always."""
    changes: dict[str, Any] = {name: values[name] or None for name in _TEXTS if name in values}
    if "metadata" in values:
        merged = {**intent.metadata, **values["metadata"]}
        changes["metadata"] = {name: value for name, value in merged.items() if value}
    if "amount" in values or "currency" in values:
        if intent.status not in OPEN:
            raise _wrong_state(
                call,
                intent,
                f"This PaymentIntent's amount could not be updated because it has a status of {intent.status}. You may only "
                f"update the amount of a PaymentIntent with one of the following statuses: {', '.join(OPEN)}.",
            )
        currency = values.get("currency", intent.currency).lower()
        changes["amount"], changes["currency"] = _checked_amount(values.get("amount", intent.amount), currency)
        if intent.status == "requires_action":
            # The bank was asked about another amount: its answer must not pay this one.
            changes |= {"status": "requires_payment_method", "action": None, "method": None}
    changed = replace(intent, **changes)
    call.put(changed)
    return changed


def confirm(call: Call, values: dict[str, Any], intent: Intent, bank_url: BankUrl) -> Intent | Declined:
    """POST /v1/payment_intents/{id}/confirm."""
    if intent.status not in OPEN:
        if intent.status == "succeeded":
            why = "it has already succeeded after being previously confirmed."
        else:
            why = (
                f"it has a status of {intent.status}. Only a PaymentIntent with one of the following statuses may be "
                f"confirmed: {', '.join(OPEN)}."
            )
        raise _wrong_state(call, intent, f"You cannot confirm this PaymentIntent because {why}")
    if "receipt_email" in values:
        intent = replace(intent, receipt_email=values["receipt_email"] or None)
    return _confirm(call, intent, _method(call, intent, values), values, bank_url)


def cancel(call: Call, values: dict[str, Any], intent: Intent) -> Intent:
    """POST /v1/payment_intents/{id}/cancel: from now on nobody can pay it."""
    if intent.status not in OPEN:
        allowed = "requires_payment_method, requires_capture, requires_confirmation, requires_action, processing"
        raise _wrong_state(
            call,
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent.status}. Only a PaymentIntent with "
            f"one of the following statuses may be canceled: {allowed}.",
        )
    cancelled = replace(
        intent,
        status="canceled",
        canceled_at=call.now,
        cancellation_reason=values.get("cancellation_reason"),
        action=None,
    )
    call.put(cancelled)
    call.emit("payment_intent.canceled", cancelled, intent.id)
    return cancelled


def authenticate(call: Call, intent: Intent, *, approved: bool) -> Intent:
    """Take the answer of the buyer at the bank's page."""
    assert intent.status == "requires_action"
    assert intent.method is not None
    if approved:
        outcome = _charge(call, intent, call.method(intent.method), authenticated=True)
        return outcome.intent if isinstance(outcome, Declined) else outcome
    failed = replace(
        intent,
        status="requires_payment_method",
        action=None,
        method=None,
        failure=replace(UNAUTHENTICATED, method=intent.method),
    )
    call.put(failed)
    call.emit("payment_intent.payment_failed", failed, intent.id)
    return failed


def _confirm(
    call: Call, intent: Intent, method: Method | None, values: dict[str, Any], bank_url: BankUrl
) -> Intent | Declined:
    if method is None:
        raise _wrong_state(
            call,
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
            "method or ConfirmationToken.",
        )
    return_url = _checked_return_url(call, intent, values)
    if _card(method).outcome != "authenticates":
        return _charge(call, intent, method, authenticated=False)
    if return_url is None:
        raise invalid(
            "This card needs 3-D Secure: a `return_url` is required.", code="parameter_missing", param="return_url"
        )
    token = call.world.ids.random(32)
    waiting = replace(
        intent,
        status="requires_action",
        method=method.id,
        action=Action(token=token, url=bank_url(intent.id, token), return_url=return_url),
        failure=None,
    )
    call.put(waiting)
    call.emit("payment_intent.requires_action", waiting, intent.id)
    return waiting


def _charge(call: Call, intent: Intent, method: Method, *, authenticated: bool) -> Intent | Declined:
    """Try to take the money: a charge either way, a movement of the balance when it worked."""
    decline = _card(method).decline
    if decline is not None and decline[0] == "incorrect_cvc" and not method.cvc_given:
        decline = None  # nobody gave a code that could be wrong
    charge = Charge(
        id=call.new_id("ch"),
        created=call.now,
        intent=intent.id,
        method=method.id,
        amount=intent.amount,
        currency=intent.currency,
        paid=decline is None,
        authenticated=authenticated,
        description=intent.description,
        receipt_email=intent.receipt_email,
        metadata=intent.metadata,
    )
    if decline is not None:
        return _declined(call, intent, charge, decline)
    movement = Transaction(
        id=call.new_id("txn"),
        created=call.now,
        kind="charge",
        source=charge.id,
        amount=charge.amount,
        currency=charge.currency,
        fee=fee(charge.amount, charge.currency),
        description=charge.description,
    )
    charge = replace(charge, balance_transaction=movement.id)
    paid = replace(
        intent,
        status="succeeded",
        method=method.id,
        latest_charge=charge.id,
        amount_received=charge.amount,
        failure=None,
        action=None,
    )
    call.put(movement)
    call.put(charge)
    call.put(paid)
    call.emit("charge.succeeded", charge, intent.id)
    call.emit("payment_intent.succeeded", paid, intent.id)
    return paid


def _declined(call: Call, intent: Intent, charge: Charge, decline: tuple[str, str | None, str]) -> Declined:
    code, finer, message = decline
    charge = replace(charge, failure_code=code, failure_message=message, decline_code=finer)
    failed = replace(
        intent,
        status="requires_payment_method",
        method=None,
        latest_charge=charge.id,
        action=None,
        failure=Failure(code=code, message=message, decline_code=finer, charge=charge.id, method=charge.method),
    )
    call.put(charge)
    call.put(failed)
    call.emit("charge.failed", charge, intent.id)
    call.emit("payment_intent.payment_failed", failed, intent.id)
    return Declined(failed)


_TEXTS = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix")


def _method(call: Call, intent: Intent, values: dict[str, Any]) -> Method | None:
    if "payment_method_data" in values:
        if "payment_method" in values:
            raise invalid(
                "You may only specify one of these parameters: payment_method, payment_method_data.", early=True
            )
        return methods.from_data(call, values["payment_method_data"], "payment_method_data[card]")
    if values.get("payment_method"):
        return methods.resolve(call, values["payment_method"])
    return call.method(intent.method) if intent.method is not None else None


def _card(method: Method) -> Card:
    return BY_SHORTHAND[method.behaviour]


def _checked_amount(amount: int, currency: str) -> tuple[int, str]:
    if not is_known(currency):
        raise invalid(
            f"Invalid currency: {currency}. Stripe currently supports many, this is none of them.", param="currency"
        )
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
            early=True,
        )
    if amount < STRIPE_MINIMUM.get(currency, 1):
        raise invalid(
            f"Amount must be at least {STRIPE_MINIMUM[currency]} {currency}", code="amount_too_small", param="amount"
        )
    if amount > STRIPE_MAXIMUM:
        raise invalid(
            f"Amount must be no more than {STRIPE_MAXIMUM} {currency}", code="amount_too_large", param="amount"
        )
    if currency in THREE_DECIMAL and amount % 10:
        raise invalid("Invalid amount: the last digit must be 0 in this currency.", param="amount")
    return amount, currency


def _checked_return_url(call: Call, intent: Intent, values: dict[str, Any]) -> str | None:
    url = values.get("return_url")
    if url is not None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
            raise invalid("Not a valid URL", code="url_invalid", param="return_url", early=True)
        return str(url)
    redirects = (intent.automatic_payment_methods or {}).get("allow_redirects") == "always"
    if redirects and "client_secret" not in values:
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these "
            "payment methods might redirect your customer off of your page, you must provide a `return_url`.",
            param="return_url",
        )
    return None


def _wrong_state(call: Call, intent: Intent, message: str) -> Refused:
    code = "payment_intent_unexpected_state"
    return invalid(message, code=code, payment_intent=wire.intent(intent, call.method))
