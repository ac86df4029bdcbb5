"""The records as Stripe's JSON objects. Fields we never fill are sent as null, as Stripe does."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from server.payments.demo.cards import BY_SHORTHAND
from server.payments.demo.records import (
    Action,
    Charge,
    Endpoint,
    Event,
    Failure,
    Intent,
    Method,
    Record,
    Refund,
    Transaction,
)
from server.payments.stripe_version import API_VERSION

Json = dict[str, Any]
# Turns the id of a payment method into its record.
MethodFinder = Callable[[str], Method]

_NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
_NO_BILLING = {"address": _NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}
_CARD_OPTIONS = {
    "card": {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
}


def render(record: Record, find_method: MethodFinder) -> Json:
    """Render any record with references as ids. *find_method* gives the card of a payment method id."""
    match record:
        case Intent():
            return intent(record, find_method)
        case Charge():
            return charge(record, find_method(record.method))
        case Refund():
            return refund(record)
        case Method():
            return method(record)
        case Transaction():
            return transaction(record)
        case Endpoint():
            return endpoint(record)
        case _:
            raise AssertionError(f"no wire form for {record!r}")


def intent(record: Intent, find_method: MethodFinder) -> Json:
    """Render a payment intent as the owner of the secret key sees it."""
    return {
        **browser_intent(record, find_method),
        "amount_capturable": 0,
        "amount_received": record.amount_received,
        "application": None,
        "application_fee_amount": None,
        "customer": None,
        "customer_account": None,
        "excluded_payment_method_types": None,
        "latest_charge": record.latest_charge,
        "metadata": record.metadata,
        "on_behalf_of": None,
        "payment_method_configuration_details": None,
        "payment_method_options": _CARD_OPTIONS,
        "review": None,
        "statement_descriptor": record.statement_descriptor,
        "statement_descriptor_suffix": record.statement_descriptor_suffix,
        "transfer_data": None,
        "transfer_group": None,
    }


def browser_intent(record: Intent, find_method: MethodFinder) -> Json:
    """Render a payment intent as a browser with its client secret sees it."""
    return {
        "id": record.id,
        "object": "payment_intent",
        "amount": record.amount,
        "amount_details": {"tip": {}},
        "automatic_payment_methods": record.automatic_payment_methods,
        "canceled_at": record.canceled_at,
        "cancellation_reason": record.cancellation_reason,
        "capture_method": record.capture_method,
        "client_secret": record.client_secret,
        "confirmation_method": record.confirmation_method,
        "created": record.created,
        "currency": record.currency,
        "description": record.description,
        "last_payment_error": failure(record.failure, find_method) if record.failure else None,
        "livemode": False,
        "next_action": action(record.action) if record.action else None,
        "payment_method": record.method,
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": record.receipt_email,
        "setup_future_usage": None,
        "shipping": None,
        "status": record.status,
    }


def action(record: Action) -> Json:
    """Render what the buyer has to do next."""
    return {"type": "redirect_to_url", "redirect_to_url": {"url": record.url, "return_url": record.return_url}}


def failure(record: Failure, find_method: MethodFinder) -> Json:
    """Render `last_payment_error`, which is also the core of a 402."""
    error: Json = {
        "type": "card_error" if record.charge else "invalid_request_error",
        "code": record.code,
        "doc_url": f"https://docs.stripe.com/error-codes#{record.code.replace('_', '-')}",
        "message": record.message,
    }
    if record.decline_code:
        error["decline_code"] = record.decline_code
    if record.charge:
        error["charge"] = record.charge
    if record.method:
        error["payment_method"] = method(find_method(record.method))
        error["payment_method_type"] = "card"
    return error


def charge(record: Charge, card: Method) -> Json:
    """Render a charge, taken or failed."""
    return {
        "id": record.id,
        "object": "charge",
        "amount": record.amount,
        "amount_captured": record.amount if record.paid else 0,
        "amount_refunded": record.amount_refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": record.balance_transaction,
        "billing_details": _billing(card),
        "calculated_statement_descriptor": "FRONTROW DEMO",
        "captured": record.paid,
        "created": record.created,
        "currency": record.currency,
        "customer": None,
        "description": record.description,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": record.failure_code,
        "failure_message": record.failure_message,
        "fraud_details": {},
        "livemode": False,
        "metadata": record.metadata,
        "on_behalf_of": None,
        "outcome": _outcome(record),
        "paid": record.paid,
        "payment_intent": record.intent,
        "payment_method": record.method,
        "payment_method_details": {"card": _card_used(record, card), "type": "card"},
        "receipt_email": record.receipt_email,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": record.paid and record.amount_refunded == record.amount,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if record.paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }


def _outcome(record: Charge) -> Json:
    return {
        "advice_code": None if record.paid else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if record.paid else "declined_by_network",
        "reason": None if record.paid else record.decline_code or record.failure_code,
        "risk_level": "normal",
        "seller_message": "Payment complete." if record.paid else "The bank did not return any further details.",
        "type": "authorized" if record.paid else "issuer_declined",
    }


def _card_used(record: Charge, card: Method) -> Json:
    known = {name: value for name, value in _card(card).items() if name not in ("display_brand", "generated_from")}
    secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
    return {
        **known,
        "amount_authorized": record.amount if record.paid else None,
        "authorization_code": None,
        "installments": None,
        "mandate": None,
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": None,
        "three_d_secure": secure if record.authenticated else None,
    }


def method(record: Method) -> Json:
    """Render a payment method."""
    return {
        "id": record.id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": _billing(record),
        "card": _card(record),
        "created": record.created,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def _card(record: Method) -> Json:
    wrong_cvc = BY_SHORTHAND[record.behaviour].decline is not None and record.behaviour.endswith("IncorrectCvc")
    checked = None if not record.cvc_given else "fail" if wrong_cvc else "pass"
    address = record.billing.get("address") or {}
    return {
        "brand": record.brand,
        "checks": {
            "address_line1_check": "pass" if address.get("line1") else None,
            "address_postal_code_check": "pass" if address.get("postal_code") else None,
            "cvc_check": checked,
        },
        "country": record.country,
        "display_brand": record.brand,
        "exp_month": record.exp_month,
        "exp_year": record.exp_year,
        "fingerprint": f"demo{record.brand}{record.last4}",
        "funding": record.funding,
        "generated_from": None,
        "last4": record.last4,
        "networks": {"available": [record.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _billing(record: Method) -> Json:
    if not record.billing:
        return _NO_BILLING
    return {**_NO_BILLING, **record.billing, "address": {**_NO_ADDRESS, **(record.billing.get("address") or {})}}


def refund(record: Refund) -> Json:
    """Render a refund."""
    reference = "available" if record.status == "succeeded" else "pending"
    body: Json = {
        "id": record.id,
        "object": "refund",
        "amount": record.amount,
        "balance_transaction": record.balance_transaction,
        "charge": record.charge,
        "created": record.created,
        "currency": record.currency,
        "destination_details": {
            "card": {"reference_status": reference, "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "metadata": record.metadata,
        "payment_intent": record.intent,
        "reason": record.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": record.status,
        "transfer_reversal": None,
    }
    if record.failure_reason:
        body["failure_reason"] = record.failure_reason
        body["failure_balance_transaction"] = record.failure_balance_transaction
    return body


def transaction(record: Transaction) -> Json:
    """Render a movement of the balance; in this provider money is available at once."""
    fee = {
        "amount": record.fee,
        "application": None,
        "currency": record.currency,
        "description": "Demo provider processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": record.id,
        "object": "balance_transaction",
        "amount": record.amount,
        "available_on": record.created,
        "balance_type": "payments",
        "created": record.created,
        "currency": record.currency,
        "description": record.description,
        "exchange_rate": None,
        "fee": record.fee,
        "fee_details": [fee] if record.fee else [],
        "net": record.amount - record.fee,
        "reporting_category": record.kind,
        "source": record.source,
        "status": "available",
        "type": record.kind,
    }


def event(record: Event, pending: int) -> Json:
    """Render an event; *pending* counts the endpoints it has not reached yet."""
    return {
        "id": record.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": record.created,
        "data": {"object": record.snapshot},
        "livemode": False,
        "pending_webhooks": pending,
        "request": {"id": record.request, "idempotency_key": record.idempotency_key},
        "type": record.type,
    }


def endpoint(record: Endpoint, *, with_secret: bool = False) -> Json:
    """Render a webhook endpoint; the secret is told once, at creation."""
    body: Json = {
        "id": record.id,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": record.created,
        "description": record.description,
        "enabled_events": record.enabled_events,
        "livemode": False,
        "metadata": record.metadata,
        "status": record.status,
        "url": record.url,
    }
    return {**body, "secret": record.secret} if with_secret else body


def balance(nets: dict[str, int]) -> Json:
    """Render the balance; what is pending elsewhere is available here."""
    funds = [{"amount": net, "currency": currency, "source_types": {"card": net}} for currency, net in nets.items()]
    nothing = [{"amount": 0, "currency": currency, "source_types": {"card": 0}} for currency in nets]
    return {
        "object": "balance",
        "available": funds,
        "livemode": False,
        "pending": nothing,
        "refund_and_dispute_prefunding": {"available": nothing, "pending": nothing},
    }


def page(url: str, items: list[Json], has_more: bool) -> Json:
    """Render a list."""
    return {"object": "list", "data": items, "has_more": has_more, "url": urlsplit(url).path}


def encode(body: Json) -> bytes:
    """Encode a reply; records' snapshots go through untouched."""
    return _encoder.encode(body)


_encoder = msgspec.json.Encoder()
