"""Each object of the demo provider fits the schema Stripe publishes for it (stripe_objects.json names its source)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from jsonschema import Draft202012Validator

from tests.contract.payments.test_demo_provider import open_intent, pay

SCHEMAS = json.loads(Path(__file__).with_name("stripe_objects.json").read_text())


def findings(raw: dict[str, Any]) -> Iterator[str]:
    """Yield what does not fit: wrong types, missing fields, fields Stripe does not have."""
    name = raw["object"]
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMAS["$defs"]}
    for error in Draft202012Validator(schema).iter_errors(raw):
        yield f"{name}.{'.'.join(map(str, error.absolute_path))}: {error.message}"
    # `customer_account` and a few others are newer than the published schema.
    for field in raw.keys() - SCHEMAS["$defs"][name]["properties"].keys():
        yield f"{name}.{field}: Stripe has no such field"


def assert_fits(thing: Any) -> None:
    """Fail with every finding at once."""
    raw = json.loads(json.dumps(thing.to_dict()))
    assert list(findings(raw)) == []


def test_objects_of_a_payment_and_its_refund_fit(sdk: stripe.StripeClient) -> None:
    """Intent, charge, method, movements, refund, event and balance of a paid and refunded order."""
    paid: Any = pay(sdk, metadata={"order": "1"}, receipt_email="ada@example.org")
    refund = sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 400, "reason": "requested_by_customer"})
    charge = sdk.v1.charges.retrieve(paid.latest_charge)
    for thing in (
        paid,
        charge,
        refund,
        sdk.v1.payment_methods.retrieve(paid.payment_method),
        sdk.v1.balance_transactions.retrieve(str(charge.balance_transaction)),
        sdk.v1.balance_transactions.retrieve(str(refund.balance_transaction)),
        sdk.v1.balance.retrieve(),
        sdk.v1.events.list({"limit": 1}).data[0],
        sdk.v1.payment_intents.retrieve(paid.id, {"expand": ["latest_charge.balance_transaction", "payment_method"]}),
        sdk.v1.refunds.retrieve(refund.id, {"expand": ["charge", "payment_intent"]}),
    ):
        assert_fits(thing)


def test_objects_of_failures_fit(sdk: stripe.StripeClient) -> None:
    """A declined, a waiting and a cancelled intent, and the failed charge."""
    intent = open_intent(sdk)
    with pytest.raises(stripe.CardError) as caught:
        sdk.v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclined", "return_url": "https://a.example/"}
        )
    assert_fits(sdk.v1.payment_intents.retrieve(intent.id))
    assert_fits(sdk.v1.charges.retrieve(caught.value.error.charge))  # type: ignore[union-attr, arg-type]
    assert_fits(pay(sdk, "pm_card_authenticationRequired"))
    assert_fits(sdk.v1.payment_intents.cancel(intent.id))


def test_a_webhook_endpoint_fits_and_tells_its_secret_once(sdk: stripe.StripeClient) -> None:
    """Only the creation answers with the signing secret."""
    made = sdk.v1.webhook_endpoints.create({"url": "http://127.0.0.1:1/hook", "enabled_events": ["charge.refunded"]})
    assert str(made.secret).startswith("whsec_")
    again = sdk.v1.webhook_endpoints.retrieve(made.id)
    assert_fits(again)
    assert getattr(again, "secret", None) is None
    changed = sdk.v1.webhook_endpoints.update(made.id, {"disabled": True})
    assert changed.status == "disabled"
    assert sdk.v1.webhook_endpoints.delete(made.id).deleted


def test_the_check_can_fail(sdk: stripe.StripeClient) -> None:
    """A wrong type, a missing field and an invented one are each found."""
    raw = json.loads(json.dumps(open_intent(sdk).to_dict()))
    assert len(list(findings({**raw, "amount": "5400"}))) == 1
    assert len(list(findings({name: value for name, value in raw.items() if name != "status"}))) == 1
    assert len(list(findings({**raw, "colour": "red"}))) == 1
