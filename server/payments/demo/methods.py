"""Payment methods: card data or a shorthand such as `pm_card_visa`, turned into a remembered test card."""

from datetime import UTC, datetime
from typing import Any

from server.payments.demo import wire
from server.payments.demo.cards import BY_NUMBER, BY_SHORTHAND, DECLINED, Card, passes_luhn
from server.payments.demo.errors import Refused, card_error, invalid, missing
from server.payments.demo.forms import EXPAND, Spec, choice, metadata, text
from server.payments.demo.records import Method
from server.payments.demo.world import Call

ADDRESS: Spec = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), text)
CARD: Spec = {"number": text, "exp_month": text, "exp_year": text, "cvc": text, "token": text}
METHOD_DATA: Spec = {
    "type!": choice("card"),
    "card": CARD,
    "billing_details": {"address": ADDRESS, "email": text, "name": text, "phone": text, "tax_id": text},
    "allow_redisplay": choice("always", "limited", "unspecified"),
    "metadata": metadata,
    # Stripe.js says these about itself; they change nothing.
    "guid": text,
    "muid": text,
    "sid": text,
    "payment_user_agent": text,
    "referrer": text,
    "time_on_page": text,
}
CREATE: Spec = {**METHOD_DATA, **EXPAND}


def create(call: Call, values: dict[str, Any]) -> wire.Json:
    """POST /v1/payment_methods."""
    return wire.method(from_data(call, values, "card"))


def retrieve(call: Call, _values: dict[str, Any], method_id: str) -> wire.Json:
    """GET /v1/payment_methods/{id}."""
    return wire.method(call.need(Method, method_id, "payment_method"))


def resolve(call: Call, method_id: str) -> Method:
    """Find a stored method, or make one from a shorthand."""
    if method_id.startswith("pm_card_"):
        card = BY_SHORTHAND.get(method_id.removeprefix("pm_card_"))
        if card is None:
            raise missing("PaymentMethod", method_id, "payment_method", status=400)
        return _remember(call, card, cvc_given=True)
    found = call.get(Method, method_id)
    if found is None:
        raise missing("PaymentMethod", method_id, "payment_method", status=400)
    return found


def from_data(call: Call, data: dict[str, Any], label: str) -> Method:
    """Make a method from card data as typed by a person, or from a test token; refuse what can't be a card."""
    card_data = data.get("card")
    if not card_data:
        raise invalid(f"Missing required param: {label}.", code="parameter_missing", param=label, early=True)
    if token := card_data.get("token"):
        card = BY_SHORTHAND.get(token.removeprefix("tok_"))
        if card is None:
            raise missing("token", token, f"{label}[token]", status=400)
        return _remember(call, card, cvc_given=True, billing=data.get("billing_details", {}))
    for name in ("number", "exp_month", "exp_year"):
        if not card_data.get(name):
            param = f"{label}[{name}]"
            raise invalid(f"Missing required param: {param}.", code="parameter_missing", param=param, early=True)
    card = _card(card_data["number"])
    month, year = _expiry(card_data, call)
    cvc = card_data.get("cvc")
    if cvc and (not cvc.isascii() or not cvc.isdigit() or len(cvc) != card.cvc_digits):
        raise card_error("Your card's security code is invalid.", code="invalid_cvc", param="cvc")
    billing = data.get("billing_details", {})
    return _remember(call, card, month=month, year=year, cvc_given=bool(cvc), billing=billing)


def _card(typed: str) -> Card:
    number = typed.replace(" ", "").replace("-", "")
    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19 or not passes_luhn(number):
        raise card_error("Your card number is incorrect.", code="incorrect_number", param="number")
    card = BY_NUMBER.get(number)
    if card is None:
        raise _live_card()
    return card


def _live_card() -> Refused:
    # Stripe's own answer to a real card in test mode. The number is not kept, logged or echoed.
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "test_mode_live_card",
        "message": f"{DECLINED} Your request was in test mode, but used a non test (live) card. "
        "For a list of valid test cards, see docs/demo-provider.md.",
    }
    return Refused(402, error)


def _expiry(card_data: dict[str, str], call: Call) -> tuple[int, int]:
    try:
        month = int(card_data["exp_month"])
    except ValueError:
        month = 0
    try:
        year = int(card_data["exp_year"])
    except ValueError:
        year = 0
    year += 2000 if 0 < year < 100 else 0
    if not 1 <= month <= 12:
        raise card_error("Your card's expiration month is invalid.", code="invalid_expiry_month", param="exp_month")
    this_month = _months(call.now)
    if not this_month <= year * 12 + month - 1 <= this_month + 50 * 12:
        raise card_error("Your card's expiration year is invalid.", code="invalid_expiry_year", param="exp_year")
    return month, year


def _months(now_s: int) -> int:
    """Count the months of the common era up to now (UTC; close enough for a card)."""
    today = datetime.fromtimestamp(now_s, UTC)
    return today.year * 12 + today.month - 1


def _remember(
    call: Call,
    card: Card,
    *,
    month: int = 12,
    year: int = 0,
    cvc_given: bool = False,
    billing: dict[str, Any] | None = None,
) -> Method:
    method = Method(
        id=call.new_id("pm"),
        created=call.now,
        behaviour=card.shorthand,
        brand=card.brand,
        last4=card.number[-4:],
        exp_month=month,
        exp_year=year or _months(call.now) // 12 + 3,
        funding="debit" if "debit" in card.shorthand else "credit",
        cvc_given=cvc_given,
        billing=billing or {},
    )
    call.put(method)
    return method
