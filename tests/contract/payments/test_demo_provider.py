"""The demo provider behaves like Stripe where Frontrow can tell: asked by the official SDK over a socket."""

import http.client
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import stripe

from tests.demo_provider import KEYS, DemoProcess

RETURN_URL = "https://tickets.example/orders/ABC?lang=en"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def open_intent(sdk: stripe.StripeClient, **more: Any) -> stripe.PaymentIntent:
    """Create an intent the way the order code does."""
    params: Any = {"amount": 5400, "currency": "eur", "automatic_payment_methods": {"enabled": True}, **more}
    return sdk.v1.payment_intents.create(params)


def pay(sdk: stripe.StripeClient, card: str = "pm_card_visa", **more: Any) -> stripe.PaymentIntent:
    """Create an intent and confirm it with *card*."""
    params: Any = {"payment_method": card, "return_url": RETURN_URL}
    return sdk.v1.payment_intents.confirm(open_intent(sdk, **more).id, params)


def browser(
    provider: DemoProcess, method: str, path: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[int, dict[str, Any], bytes]:
    """Call as a browser does, without the SDK; gives status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", provider.port, timeout=10)
    body = urlencode(form) if form is not None else None
    connection.request(method, path, body, {**(FORM if form is not None else {}), **headers})
    reply = connection.getresponse()
    answer = reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    connection.close()
    return answer


def test_a_payment_has_a_charge_a_fee_and_moves_the_balance(sdk: stripe.StripeClient) -> None:
    """A confirmed intent expands into its charge and the movement of money, less the fee."""
    before = sum(fund.amount for fund in sdk.v1.balance.retrieve().available)
    paid = pay(sdk, metadata={"order": "77", "attempt": "1"})
    assert (paid.status, paid.amount_received, paid.metadata["order"]) == ("succeeded", 5400, "77")
    again = sdk.v1.payment_intents.retrieve(paid.id, {"expand": ["latest_charge.balance_transaction"]})
    charge: Any = again.latest_charge
    assert (charge.paid, charge.amount, charge.payment_method_details.card.last4) == (True, 5400, "4242")
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (106, 5294)  # 1.5 % and 0.25
    assert sum(fund.amount for fund in sdk.v1.balance.retrieve().available) == before + 5294
    assert isinstance(paid.latest_charge, str), "not expanded means an id"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_declined_card_leaves_the_intent_open_for_another(
    sdk: stripe.StripeClient, card: str, code: str, decline_code: str | None
) -> None:
    """The decline names its reason, a failed charge is kept, and the next card pays the same intent."""
    intent = open_intent(sdk)
    with pytest.raises(stripe.CardError) as caught:
        sdk.v1.payment_intents.confirm(intent.id, {"payment_method": card, "return_url": RETURN_URL})
    error: Any = caught.value.error
    assert (caught.value.code, getattr(error, "decline_code", None)) == (code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    open_again: Any = sdk.v1.payment_intents.retrieve(intent.id)
    assert open_again.last_payment_error.code == code
    assert sdk.v1.charges.retrieve(error.charge).status == "failed"
    paid = sdk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert (paid.status, paid.last_payment_error) == ("succeeded", None)


def test_the_same_key_gives_the_same_answer(sdk: stripe.StripeClient) -> None:
    """A repeated create makes no second intent, a repeated decline no second charge."""
    params: Any = {"amount": 1000, "currency": "eur", "metadata": {"a": "1", "b": "2"}}
    first = sdk.v1.payment_intents.create(params, {"idempotency_key": "same-1"})
    second = sdk.v1.payment_intents.create(params, {"idempotency_key": "same-1"})
    assert first.id == second.id
    assert second.last_response is not None
    assert second.last_response.headers["idempotent-replayed"] == "true"
    declines = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            sdk.v1.payment_intents.confirm(
                first.id,
                {"payment_method": "pm_card_visa_chargeDeclined", "return_url": RETURN_URL},
                {"idempotency_key": "same-2"},
            )
        declines.append(caught.value.error.charge)  # type: ignore[union-attr]
    assert declines[0] == declines[1]
    assert len(sdk.v1.charges.list({"payment_intent": first.id}).data) == 1


def test_a_key_is_bound_to_its_parameters(sdk: stripe.StripeClient) -> None:
    """Other parameters or another path under a used key are refused, and change nothing."""
    created = sdk.v1.payment_intents.create({"amount": 1000, "currency": "eur"}, {"idempotency_key": "bound-1"})
    with pytest.raises(stripe.IdempotencyError):
        sdk.v1.payment_intents.create({"amount": 1001, "currency": "eur"}, {"idempotency_key": "bound-1"})
    with pytest.raises(stripe.IdempotencyError):
        sdk.v1.payment_intents.cancel(created.id, {}, {"idempotency_key": "bound-1"})
    assert sdk.v1.payment_intents.retrieve(created.id).status == "requires_payment_method"


def test_a_refused_parameter_does_not_use_up_the_key(sdk: stripe.StripeClient) -> None:
    """What failed before it was executed may be corrected and sent under the same key."""
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.payment_intents.create({"amount": 1000, "currency": "eur", "colour": "red"}, {"idempotency_key": "typo"})  # type: ignore[typeddict-unknown-key]
    made = sdk.v1.payment_intents.create({"amount": 1000, "currency": "eur"}, {"idempotency_key": "typo"})
    assert made.status == "requires_payment_method"


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 5400, "currency": "eur", "colour": "red"}, "parameter_unknown", "colour"),
        ({"amount": 5400, "currency": "eur", "automatic_payment_methods": {"enabled": True, "x": 1}}, "parameter_unknown", "automatic_payment_methods[x]"),
        ({"currency": "eur"}, "parameter_missing", "amount"),
        ({"amount": "12.50", "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ({"amount": 0, "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ({"amount": 20, "currency": "eur"}, "amount_too_small", "amount"),
        ({"amount": 100_000_000, "currency": "eur"}, "amount_too_large", "amount"),
        ({"amount": 5400, "currency": "xyz"}, None, "currency"),
        ({"amount": 1235, "currency": "kwd"}, None, "amount"),
        ({"amount": 5400, "currency": "eur", "metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"amount": 5400, "currency": "eur", "payment_method": "pm_nobody"}, "resource_missing", "payment_method"),
    ],
)  # fmt: skip
def test_bad_parameters_are_refused_by_name(
    sdk: stripe.StripeClient, params: Any, code: str | None, param: str
) -> None:
    """Unknown, missing, ill-typed and impossible parameters each get Stripe's code and the parameter's name."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.v1.payment_intents.create(params)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_wrong_keys_are_turned_away(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """An unknown key, a live key and no key at all get 401; the publishable key opens no merchant doors."""
    base: Any = {"api": provider.origin}
    for key in ("sk_test_wrong", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", KEYS.secret_key[:-1]):
        with pytest.raises(stripe.AuthenticationError):
            stripe.StripeClient(key, base_addresses=base).v1.balance.retrieve()
    with pytest.raises(stripe.PermissionError):
        stripe.StripeClient(KEYS.publishable_key, base_addresses=base).v1.payment_intents.list()
    assert browser(provider, "GET", "/v1/balance")[0] == 401


def test_missing_objects_and_addresses_are_named(sdk: stripe.StripeClient) -> None:
    """An unknown id is `resource_missing` with 404, an unknown address says so."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.v1.payment_intents.retrieve("pi_nobody")
    assert (caught.value.code, caught.value.http_status, caught.value.param) == ("resource_missing", 404, "intent")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        sdk.v1.customers.list()


def test_paid_and_cancelled_exclude_each_other(sdk: stripe.StripeClient) -> None:
    """A cancelled intent takes no money, a paid one cannot be cancelled; each refusal carries the truth."""
    cancelled = sdk.v1.payment_intents.cancel(open_intent(sdk).id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.v1.payment_intents.confirm(cancelled.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error.payment_intent.status == "canceled"  # type: ignore[union-attr]
    paid = pay(sdk)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.v1.payment_intents.cancel(paid.id)
    assert caught.value.error.payment_intent.status == "succeeded"  # type: ignore[union-attr]
    with pytest.raises(stripe.InvalidRequestError, match="already succeeded"):
        sdk.v1.payment_intents.confirm(paid.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})


def test_refunds_never_exceed_the_charge(sdk: stripe.StripeClient) -> None:
    """Partial refunds add up to the charge and no further, and the balance follows."""
    paid = pay(sdk)
    first = sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 1400, "metadata": {"why": "one seat"}})
    assert (first.status, first.amount, dict(first.to_dict()["metadata"])) == ("succeeded", 1400, {"why": "one seat"})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 4001})
    rest = sdk.v1.refunds.create({"payment_intent": paid.id})
    assert rest.amount == 4000
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 1})
    assert caught.value.code == "charge_already_refunded"
    charge: Any = sdk.v1.charges.retrieve(str(paid.latest_charge), {"expand": ["balance_transaction"]})
    assert (charge.refunded, charge.amount_refunded) == (True, 5400)
    listed = sdk.v1.refunds.list({"payment_intent": paid.id}).data
    assert [refund.id for refund in listed] == [rest.id, first.id]


def test_an_unpaid_intent_has_nothing_to_refund(sdk: stripe.StripeClient) -> None:
    """Refunding before the payment, or after a decline only, is refused."""
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        sdk.v1.refunds.create({"payment_intent": open_intent(sdk).id})


@pytest.mark.parametrize(("outcome", "status"), [("approve", "succeeded"), ("refuse", "requires_payment_method")])
def test_three_d_secure_is_decided_at_the_bank(
    sdk: stripe.StripeClient, provider: DemoProcess, outcome: str, status: str
) -> None:
    """The bank's page asks, takes the answer once, and sends the buyer back with Stripe's three parameters."""
    waiting: Any = pay(sdk, "pm_card_threeDSecure2Required", description="Frontrow order <b>&</b>")
    assert waiting.status == "requires_action"
    assert waiting.next_action.redirect_to_url.return_url == RETURN_URL
    page = urlsplit(waiting.next_action.redirect_to_url.url).path
    shown, fields, body = browser(provider, "GET", page)
    assert shown == 200
    assert b"54.00 EUR" in body
    assert b"No bank is asked and no money moves" in body
    assert b"<b>&</b>" not in body, "texts of the shop are escaped"
    assert "script" not in fields["content-security-policy"]
    answered, fields, _ = browser(provider, "POST", page, {"outcome": outcome})
    back = urlsplit(fields["location"])
    assert (answered, back.netloc) == (303, "tickets.example")
    returned = parse_qs(back.query)
    assert returned["lang"] == ["en"]
    assert returned["payment_intent"] == [waiting.id]
    assert returned["redirect_status"] == ["succeeded" if outcome == "approve" else "failed"]
    after: Any = sdk.v1.payment_intents.retrieve(waiting.id)
    assert after.status == status
    if outcome == "refuse":
        assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert browser(provider, "POST", page, {"outcome": "approve"})[0] == 410, "the second answer changes nothing"
    assert sdk.v1.payment_intents.retrieve(waiting.id).status == status


def test_a_cancelled_payment_cannot_be_approved_at_the_bank(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """The shop cancels while the buyer reads the bank's page: approving takes no money (R5)."""
    waiting: Any = pay(sdk, "pm_card_authenticationRequired")
    sdk.v1.payment_intents.cancel(waiting.id)
    page = urlsplit(waiting.next_action.redirect_to_url.url).path
    assert browser(provider, "POST", page, {"outcome": "approve"})[0] == 410
    after = sdk.v1.payment_intents.retrieve(waiting.id)
    assert (after.status, after.amount_received) == ("canceled", 0)


def test_a_changed_amount_needs_a_new_answer_of_the_bank(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """An approval of the old amount must not pay the new one (race 12)."""
    waiting: Any = pay(sdk, "pm_card_authenticationRequired")
    changed = sdk.v1.payment_intents.update(waiting.id, {"amount": 9900})
    assert (changed.status, changed.amount) == ("requires_payment_method", 9900)
    page = urlsplit(waiting.next_action.redirect_to_url.url).path
    assert browser(provider, "POST", page, {"outcome": "approve"})[0] == 410


def test_three_d_secure_then_declined(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """The buyer proves who they are and the bank still says no."""
    waiting: Any = pay(sdk, "pm_card_threeDSecureRequiredChargeDeclined")
    page = urlsplit(waiting.next_action.redirect_to_url.url).path
    _, fields, _ = browser(provider, "POST", page, {"outcome": "approve"})
    assert "redirect_status=failed" in fields["location"]
    after: Any = sdk.v1.payment_intents.retrieve(waiting.id)
    assert (after.status, after.last_payment_error.code) == ("requires_payment_method", "card_declined")


def card_form(intent: stripe.PaymentIntent, number: str, **more: str) -> dict[str, str]:
    """Fill in the form of docs/demo-provider.md."""
    return {
        "key": KEYS.publishable_key,
        "client_secret": str(intent.client_secret),
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": number,
        "payment_method_data[card][exp_month]": "12",
        "payment_method_data[card][exp_year]": "2035",
        "payment_method_data[card][cvc]": "123",
        "payment_method_data[billing_details][name]": "Ada Lovelace",
        "payment_method_data[billing_details][address][postal_code]": "10115",
        "return_url": RETURN_URL,
        **more,
    }


def test_a_browser_pays_with_the_client_secret(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """Publishable key and client secret confirm this intent; the reply keeps the merchant's data to itself."""
    intent = open_intent(sdk, metadata={"order": "9"})
    status, _, body = browser(
        provider, "POST", f"/v1/payment_intents/{intent.id}/confirm", card_form(intent, "4242 4242 4242 4242")
    )
    assert status == 200
    assert b'"status":"succeeded"' in body
    assert b"metadata" not in body
    after: Any = sdk.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert after.latest_charge.billing_details.name == "Ada Lovelace"
    assert after.latest_charge.payment_method_details.card.checks.cvc_check == "pass"


def test_a_browser_without_the_client_secret_learns_nothing(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """A wrong client secret looks like an intent that does not exist."""
    intent, other = open_intent(sdk), open_intent(sdk)
    path = f"/v1/payment_intents/{intent.id}"
    wrong = card_form(intent, "4242424242424242") | {"client_secret": str(other.client_secret)}
    assert browser(provider, "POST", f"{path}/confirm", wrong)[0] == 404
    assert browser(provider, "GET", f"{path}?key={KEYS.publishable_key}&client_secret=x")[0] == 404
    assert browser(provider, "GET", f"{path}?key={KEYS.publishable_key}")[0] == 400
    assert sdk.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"


@pytest.mark.parametrize(
    ("number", "more", "code"),
    [
        ("4242424242424241", {}, "incorrect_number"),
        ("not a card", {}, "incorrect_number"),
        ("4111111111111111", {}, "card_declined"),
        ("4242424242424242", {"payment_method_data[card][exp_month]": "13"}, "invalid_expiry_month"),
        ("4242424242424242", {"payment_method_data[card][exp_year]": "2020"}, "invalid_expiry_year"),
        ("4242424242424242", {"payment_method_data[card][cvc]": "12"}, "invalid_cvc"),
        ("378282246310005", {}, "invalid_cvc"),
        ("4000000000000127", {}, "incorrect_cvc"),
    ],
)
def test_a_browser_hears_what_is_wrong_with_the_card(
    sdk: stripe.StripeClient, provider: DemoProcess, number: str, more: dict[str, str], code: str
) -> None:
    """Each mistake at the form has its code, and no card number comes back or is kept."""
    intent = open_intent(sdk)
    status, _, body = browser(
        provider, "POST", f"/v1/payment_intents/{intent.id}/confirm", card_form(intent, number, **more)
    )
    assert status == 402
    assert f'"code":"{code}"'.encode() in body
    assert number.encode() not in body


def test_the_bank_page_is_where_the_proxy_says(sdk: stripe.StripeClient, provider: DemoProcess) -> None:
    """The address of the bank's page follows the proxy's headers, and ignores a forged one that is no host."""
    for host, expected in (
        ("tickets.example", "https://tickets.example/demo-provider/bank/"),
        ("x/y@z", "http://127.0.0.1"),
    ):
        intent = open_intent(sdk)
        headers = {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/demo-provider"}
        path = f"/v1/payment_intents/{intent.id}/confirm"
        _, _, body = browser(provider, "POST", path, card_form(intent, "4000000000003220"), **headers)
        assert f'"url":"{expected}'.encode() in body


def test_lists_page_newest_first_and_filter_by_time(sdk: stripe.StripeClient) -> None:
    """The SDK's own auto-paging sees each intent once, newest first; time filters cut."""
    made = [open_intent(sdk, amount=1000 + i).id for i in range(7)]
    since: Any = {"limit": 3, "created": {"gte": 0}}
    seen = []
    for intent in sdk.v1.payment_intents.list(since).auto_paging_iter():
        seen.append(intent.id)
        if intent.id == made[0]:
            break
    assert seen == made[::-1]
    assert sdk.v1.payment_intents.list({"created": {"gt": 4102444800}}).data == []
    newer = sdk.v1.payment_intents.list({"ending_before": made[3], "limit": 2})
    assert [intent.id for intent in newer.data] == [made[5], made[4]]


def test_events_tell_the_story_in_order(sdk: stripe.StripeClient) -> None:
    """Each step left an event with the object as it was then."""
    paid = pay(sdk)
    sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 100})
    events = sdk.v1.events.list({"limit": 5}).data
    assert [event.type for event in events] == [
        "charge.refunded",
        "refund.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]
    created: Any = sdk.v1.events.retrieve(events[-1].id)
    assert created.data.object.status == "requires_payment_method"
    assert created.request.id.startswith("req_")


def test_what_cannot_be_expanded_is_refused(sdk: stripe.StripeClient) -> None:
    """A misspelt expansion is an error, never silently ignored."""
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        sdk.v1.payment_intents.list({"expand": ["data.latest_change"]})
