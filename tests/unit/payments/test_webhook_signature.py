"""Which webhooks are believed: signed by one of our secrets, fresh by our clock, readable, of our mode."""

import json
from typing import Any

import pytest
import stripe

from server.payments.demo.delivery import sign
from server.payments.provider import WebhookEvent, WebhookRefused
from server.payments.stripe_payments import StripePayments, StripeSetup

NOW_S = 1_795_251_600
OLD, NEW = "whsec_old", "whsec_new"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "created": NOW_S - 5,
    "livemode": False,
    "data": {"object": {"id": "pi_1", "object": "payment_intent", "metadata": {"order": "7"}}},
}


@pytest.fixture
def payments() -> StripePayments:
    """An account in the days of a secret's rotation."""
    return StripePayments(StripeSetup("sk_test_x", "pk_test_x", (NEW, OLD), "demo", "http://127.0.0.1:1", "/x"))


def signed(body: bytes, secret: str = NEW, at_s: int = NOW_S) -> str:
    """Sign with the official code."""
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at_s))


def verdict(payments: StripePayments, body: bytes, signature: str | None) -> str:
    """Give the refusal's code, or the id of the believed event."""
    result = payments.verify_webhook(body, signature, now_ms=NOW_S * 1000 + 400)
    return result.code if isinstance(result, WebhookRefused) else result.event_id


def test_a_signed_event_is_read(payments: StripePayments) -> None:
    """Type, object, intent and metadata are there without another look at the body."""
    body = json.dumps(EVENT).encode()
    assert payments.verify_webhook(body, signed(body), now_ms=NOW_S * 1000) == WebhookEvent(
        "evt_1", "payment_intent.succeeded", (NOW_S - 5) * 1000, False, "payment_intent", "pi_1", "pi_1", {"order": "7"}
    )


def test_an_event_about_a_refund_names_its_intent(payments: StripePayments) -> None:
    """The intent is found whether it was expanded or not."""
    for reference in ("pi_9", {"id": "pi_9", "object": "payment_intent"}):
        about = {"id": "re_1", "object": "refund", "payment_intent": reference}
        body = json.dumps({**EVENT, "type": "refund.created", "data": {"object": about}}).encode()
        event = payments.verify_webhook(body, signed(body), now_ms=NOW_S * 1000)
        assert isinstance(event, WebhookEvent)
        assert (event.object_kind, event.object_id, event.intent_id) == ("refund", "re_1", "pi_9")


def test_unknown_types_pass(payments: StripePayments) -> None:
    """What Stripe invents next year is stored and ignored, not refused."""
    body = json.dumps({**EVENT, "type": "moon.landed", "data": {"object": {"object": "moon"}}}).encode()
    event = payments.verify_webhook(body, signed(body), now_ms=NOW_S * 1000)
    assert isinstance(event, WebhookEvent)
    assert (event.kind, event.object_id, event.intent_id) == ("moon.landed", "", None)


def test_both_secrets_are_good_during_rotation(payments: StripePayments) -> None:
    """Race 26: signed by the old or the new one, or by both."""
    body = json.dumps(EVENT).encode()
    both = f"{signed(body, OLD)},{signed(body, NEW).split(',')[1]}"
    for signature in (signed(body, OLD), signed(body, NEW), both):
        assert verdict(payments, body, signature) == "evt_1"


def test_the_demo_provider_signs_like_stripe(payments: StripePayments) -> None:
    """Our own signature is the one the official code makes."""
    body = json.dumps(EVENT).encode()
    assert sign(body, NEW, NOW_S) == signed(body)
    assert verdict(payments, body, sign(body, NEW, NOW_S)) == "evt_1"


@pytest.mark.parametrize(
    ("age_s", "answer"),
    [
        (300, "evt_1"),
        (301, "webhook_stale"),
        (7 * 86400, "webhook_stale"),
        (-60, "evt_1"),
        (-61, "webhook_future"),
        (-(10**9), "webhook_future"),
    ],
)
def test_a_stamp_is_good_for_five_minutes_and_hardly_ahead(payments: StripePayments, age_s: int, answer: str) -> None:
    """The SDK alone would accept any stamp from the future."""
    body = json.dumps(EVENT).encode()
    assert verdict(payments, body, signed(body, at_s=NOW_S - age_s)) == answer


def test_forgeries_are_refused(payments: StripePayments) -> None:
    """Wrong secret, changed body, moved stamp, other schemes, noise."""
    body = json.dumps(EVENT).encode()
    good = signed(body)
    assert verdict(payments, body, None) == "webhook_unsigned"
    assert verdict(payments, body, "") == "webhook_unsigned"
    for forged in (
        signed(body, "whsec_other"),
        good.replace(f"t={NOW_S}", f"t={NOW_S + 1}"),
        good.replace("v1=", "v0="),
        good.split(",")[0],
        "t=,v1=",
        "t=abc,v1=def",
        "v1=" + "0" * 64,
        "ä=ö",
        "\x00,,,===",
        "t=1" * 5000,
    ):
        assert verdict(payments, body, forged) == "webhook_forged", forged[:40]
    assert verdict(payments, body.replace(b"pi_1", b"pi_2"), good) == "webhook_forged"


def test_a_strange_but_signed_stamp_does_not_break_us(payments: StripePayments) -> None:
    """The SDK reads `t=5=x` as 5; so do we."""
    body = json.dumps(EVENT).encode()
    assert verdict(payments, body, signed(body).replace(f"t={NOW_S}", f"t={NOW_S}=x")) == "evt_1"


def test_signed_nonsense_is_refused(payments: StripePayments) -> None:
    """Bytes that are no text, text that is no JSON, JSON that is no event: 400, never a crash."""
    assert verdict(payments, b"\xff\xfe{}", f"t={NOW_S},v1={'0' * 64}") == "webhook_not_utf8"
    bad = {**EVENT, "created": "soon"}
    for body in (b"", b"{", b"[]", b"null", b'"event"', b'{"object":"event"}', json.dumps(bad).encode(), b"[" * 5000):
        assert verdict(payments, body, signed(body)) == "webhook_malformed", body[:40]


def test_live_and_test_do_not_mix(payments: StripePayments) -> None:
    """Race 27: an event of the other mode is refused though its signature is right."""
    body = json.dumps({**EVENT, "livemode": True}).encode()
    assert verdict(payments, body, signed(body)) == "webhook_wrong_mode"
