"""Our adapter speaks to the provider over a socket: values for every expected no, faults for the rest."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import stripe

from server.faults import Corrupt, Misuse, Unavailable
from server.payments.provider import CardDeclined, Intent, NewIntent, PaymentProvider, ProviderRefused, Refund
from server.payments.stripe_payments import StripePayments, StripeSetup
from tests.demo_provider import DemoProcess

RETURN_URL = "https://tickets.example/orders/ABC"


def wanted(amount: int = 5400, currency: str = "eur") -> NewIntent:
    """Ask for a payment as the order code does."""
    return NewIntent(amount, currency, {"order": "1", "attempt": "1"}, "Frontrow order ABC", "ada@example.org")


async def opened(payments: PaymentProvider, key: str) -> Intent:
    """Open an intent that must succeed."""
    intent = await payments.create_intent(wanted(), idempotency_key=key)
    assert isinstance(intent, Intent)
    return intent


async def paid(payments: PaymentProvider, key: str) -> Intent:
    """Open and pay an intent."""
    intent = await opened(payments, key)
    done = await payments.confirm_intent(
        intent.intent_id, payment_method="pm_card_visa", return_url=RETURN_URL, idempotency_key=f"{key}:confirm"
    )
    assert isinstance(done, Intent)
    return done


async def test_a_payment_is_told_whole(payments: StripePayments) -> None:
    """Amount, charge, card, fee and our own metadata come back from one fetch."""
    intent = await paid(payments, "whole")
    fetched = await payments.retrieve_intent(intent.intent_id)
    assert isinstance(fetched, Intent)
    assert (fetched.status, fetched.amount_received, fetched.currency) == ("succeeded", 5400, "eur")
    assert fetched.metadata == {"order": "1", "attempt": "1"}
    assert fetched.charge is not None
    assert (fetched.charge.fee, fetched.charge.card_brand, fetched.charge.card_last4) == (106, "visa", "4242")
    assert not fetched.livemode


async def test_a_currency_without_decimals_keeps_its_amount(payments: StripePayments) -> None:
    """Yen travel as whole units, krónur hundredfold; both come back as they went."""
    for amount, currency in ((5000, "jpy"), (5000, "isk"), (5000, "kwd")):
        intent = await payments.create_intent(wanted(amount, currency), idempotency_key=f"currency:{currency}")
        assert isinstance(intent, Intent)
        assert (intent.amount, intent.currency) == (amount, currency)


async def test_a_decline_is_a_value_and_another_card_pays(payments: StripePayments) -> None:
    """The reason is in the answer and later in the fetched intent."""
    intent = await opened(payments, "decline")
    declined = await payments.confirm_intent(
        intent.intent_id,
        payment_method="pm_card_visa_chargeDeclinedInsufficientFunds",
        return_url=RETURN_URL,
        idempotency_key="decline:1",
    )
    assert isinstance(declined, CardDeclined)
    assert (declined.decline.code, declined.decline.decline_code) == ("card_declined", "insufficient_funds")
    assert declined.intent is not None
    assert declined.intent.status == "requires_payment_method"
    again = await payments.retrieve_intent(intent.intent_id)
    assert isinstance(again, Intent)
    assert again.last_decline == declined.decline
    assert again.charge is not None
    assert not again.charge.paid
    done = await payments.confirm_intent(
        intent.intent_id, payment_method="pm_card_visa", return_url=RETURN_URL, idempotency_key="decline:2"
    )
    assert isinstance(done, Intent)
    assert (done.status, done.last_decline) == ("succeeded", None)


async def test_three_d_secure_names_the_bank_page(payments: StripePayments) -> None:
    """While the bank waits, the intent says where."""
    intent = await opened(payments, "3ds")
    waiting = await payments.confirm_intent(
        intent.intent_id,
        payment_method="pm_card_threeDSecure2Required",
        return_url=RETURN_URL,
        idempotency_key="3ds:confirm",
    )
    assert isinstance(waiting, Intent)
    assert waiting.status == "requires_action"
    assert waiting.action_url is not None
    assert f"/bank/authenticate/{intent.intent_id}/" in waiting.action_url


async def test_the_same_key_adopts_the_same_intent(payments: StripePayments) -> None:
    """Ten simultaneous repeats of one create make one intent (race 4)."""
    made = await asyncio.gather(*(payments.create_intent(wanted(), idempotency_key="adopt") for _ in range(10)))
    assert len({intent.intent_id for intent in made if isinstance(intent, Intent)}) == 1
    with pytest.raises(Misuse):
        await payments.create_intent(wanted(5401), idempotency_key="adopt")


async def test_cancel_and_pay_exclude_each_other(payments: StripePayments) -> None:
    """Whichever comes second is refused, with the truth attached (R5)."""
    for number in range(8):
        intent = await opened(payments, f"race:{number}")
        confirm = payments.confirm_intent(
            intent.intent_id, payment_method="pm_card_visa", return_url=RETURN_URL, idempotency_key=f"race:{number}:pay"
        )
        cancel = payments.cancel_intent(intent.intent_id, idempotency_key=f"race:{number}:cancel")
        results = await asyncio.gather(*((confirm, cancel) if number % 2 else (cancel, confirm)))
        assert sum(isinstance(result, Intent) for result in results) == 1
        loser = next(result for result in results if isinstance(result, ProviderRefused))
        fetched = await payments.retrieve_intent(intent.intent_id)
        assert loser.code == "intent_unexpected_state"
        assert isinstance(fetched, Intent)
        assert loser.intent is not None
        assert loser.intent.status == fetched.status


async def test_refunds_and_their_limits(payments: StripePayments) -> None:
    """Part, too much, rest, and one more: values, values, values."""
    intent = await paid(payments, "refund")

    async def refund(amount: int, key: str) -> Refund | ProviderRefused:
        return await payments.refund(
            intent.intent_id, amount=amount, currency="eur", metadata={"refund": key}, idempotency_key=key
        )

    part = await refund(1400, "refund:1")
    assert isinstance(part, Refund)
    assert (part.status, part.amount, part.intent_id) == ("succeeded", 1400, intent.intent_id)
    assert await refund(1400, "refund:1") == part
    too_much = await refund(4001, "refund:2")
    assert isinstance(too_much, ProviderRefused)
    assert too_much.code == "refund_too_large"
    assert isinstance(await refund(4000, "refund:3"), Refund)
    over = await refund(1, "refund:4")
    assert isinstance(over, ProviderRefused)
    assert over.code == "charge_already_refunded"
    assert await payments.retrieve_refund(part.refund_id) == part


@pytest.mark.parametrize(
    ("method", "kinds"),
    [("pm_card_pendingRefund", ("pending", "succeeded")), ("pm_card_refundFail", ("succeeded", "failed"))],
)
async def test_some_refunds_change_their_mind_later(
    payments: StripePayments, method: str, kinds: tuple[str, str]
) -> None:
    """A pending refund settles, a succeeded one may fail; after a failure the money can be refunded again."""
    intent = await opened(payments, method)
    await payments.confirm_intent(
        intent.intent_id, payment_method=method, return_url=RETURN_URL, idempotency_key=f"{method}:confirm"
    )
    refund = await payments.refund(
        intent.intent_id, amount=5400, currency="eur", metadata={}, idempotency_key=f"{method}:refund"
    )
    assert isinstance(refund, Refund)
    assert refund.status == kinds[0]
    async with asyncio.timeout(15):
        while (now := await payments.retrieve_refund(refund.refund_id)) == refund:
            await asyncio.sleep(0.1)
    assert isinstance(now, Refund)
    assert now.status == kinds[1]
    again = await payments.refund(
        intent.intent_id, amount=5400, currency="eur", metadata={}, idempotency_key=f"{method}:again"
    )
    if kinds[1] == "failed":
        assert now.failure_reason == "expired_or_canceled_card"
        assert isinstance(again, Refund)
    else:
        assert isinstance(again, ProviderRefused)


async def test_expected_refusals_have_our_codes(payments: StripePayments) -> None:
    """Unknown things and impossible amounts are values."""
    tiny = await payments.create_intent(wanted(20), idempotency_key="tiny")
    huge = await payments.create_intent(wanted(100_000_000), idempotency_key="huge")
    strange = await payments.create_intent(wanted(100, "xyz"), idempotency_key="strange")
    odd = await payments.create_intent(wanted(1235, "kwd"), idempotency_key="odd")
    nobody = await payments.retrieve_intent("pi_nobody")
    nothing = await payments.retrieve_refund("re_nothing")
    codes = [r.code for r in (tiny, huge, strange, odd, nobody, nothing) if isinstance(r, ProviderRefused)]
    assert codes == [
        "amount_too_small",
        "amount_too_large",
        "currency_unknown",
        "amount_not_chargeable",
        "intent_unknown",
        "refund_unknown",
    ]


async def test_lists_reach_every_intent_once(payments: StripePayments) -> None:
    """Reconciliation walks the pages without a gap or a repeat, charges included."""
    mine = {(await paid(payments, f"list:{number}")).intent_id for number in range(5)}
    seen: list[Intent] = []
    cursor = None
    while True:
        page = await payments.list_intents(since_ms=0, cursor=cursor, limit=2)
        seen += page.items
        cursor = page.cursor
        if cursor is None:
            break
    ids = [intent.intent_id for intent in seen]
    assert len(ids) == len(set(ids))
    assert mine <= set(ids)
    assert all(intent.charge is not None for intent in seen if intent.intent_id in mine)
    assert (await payments.list_refunds(since_ms=4_102_444_800_000)).items == ()


async def test_an_update_changes_the_amount_of_an_open_intent_only(payments: StripePayments) -> None:
    """Race 12: before the payment yes, after it no."""
    intent = await opened(payments, "update")
    changed = await payments.update_intent(intent.intent_id, amount=6000, currency="eur", idempotency_key="update:1")
    assert isinstance(changed, Intent)
    assert changed.amount == 6000
    done = await paid(payments, "update:2")
    refused = await payments.update_intent(done.intent_id, amount=1, currency="eur", idempotency_key="update:3")
    assert isinstance(refused, ProviderRefused)
    assert refused.code == "intent_unexpected_state"


async def test_a_wrong_key_is_our_bug(provider: DemoProcess) -> None:
    """A misconfigured account must be loud, not a refusal a buyer sees."""
    setup = provider.setup
    wrong = StripePayments(StripeSetup("sk_test_wrong", "pk_test_x", ("whsec_x",), "demo", setup.api_base, "/x"))
    with pytest.raises(Misuse):
        await wrong.retrieve_intent("pi_any")
    await wrong.close()
    with pytest.raises(Misuse):
        StripePayments(StripeSetup("sk_live_x", "pk_live_x", ("whsec_x",), "demo", setup.api_base, "/x"))


async def test_an_id_cannot_smuggle_a_path(payments: StripePayments) -> None:
    """What reaches a path is an id, or nothing is sent."""
    for forged in ("pi_1/../../v1/balance", "pi_1?expand[]=x", "", "pi_ä"):
        with pytest.raises(Misuse):
            await payments.retrieve_intent(forged)


class Unruly:
    """A server that answers every request with the same bytes, then hangs up."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read the head of a request and answer."""
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        writer.write(self.answer)
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def unruly() -> AsyncIterator[tuple[Unruly, StripePayments]]:
    """A misbehaving provider, and our adapter pointed at it."""
    peer = Unruly(b"")
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    setup = StripeSetup("sk_test_x", "pk_test_x", ("whsec_x",), "demo", f"http://127.0.0.1:{port}", "/x")
    adapter = StripePayments(setup)
    yield peer, adapter
    await adapter.close()
    server.close()
    await server.wait_closed()


def http(status: str, body: bytes) -> bytes:
    """Make the bytes of an answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", Unavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", Unavailable),
        (http("500 No", b'{"error":{"type":"api_error","message":"sorry"}}'), Unavailable),
        (http("503 No", b"<html>busy</html>"), Unavailable),
        (http("429 Slow", b'{"error":{"type":"invalid_request_error","message":"slow down"}}'), Unavailable),
        (http("409 Busy", b'{"error":{"type":"invalid_request_error","message":"in use"}}'), Unavailable),
        (http("200 OK", b"<html>welcome to the hotel</html>"), Corrupt),
        (http("200 OK", b'{"object":"payment_intent","id":"pi_1","status":"enlightened"}'), Corrupt),
        (http("200 OK", b'{"object":"payment_intent","id":"pi_1","status":"succeeded"}'), Corrupt),
        (http("400 Bad", b'{"error":{"type":"invalid_request_error","code":"parameter_unknown","param":"x"}}'), Misuse),
    ],
)
async def test_faults_are_of_three_kinds(
    unruly: tuple[Unruly, StripePayments], answer: bytes, fault: type[Exception]
) -> None:
    """No answer means unknown, an unreadable answer is corrupt, a misunderstood request is ours; nothing is retried."""
    peer, adapter = unruly
    peer.answer = answer
    with pytest.raises(fault):
        await adapter.create_intent(wanted(), idempotency_key="k")
    assert peer.asked == 1, "the outbox repeats calls, not the SDK"


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # the SDK's way of calling httpx
async def test_the_official_client_over_httpx_works_too(provider: DemoProcess) -> None:
    """The provider is no friend of our transport only: the SDK's own async client pays as well."""
    setup = provider.setup
    transport = stripe.HTTPXClient()
    client = stripe.StripeClient(
        setup.secret_key, base_addresses={"api": setup.api_base}, http_client=transport, max_network_retries=0
    )
    intent = await client.v1.payment_intents.create_async(
        {"amount": 1000, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa", "return_url": RETURN_URL}
    )
    assert intent.status == "succeeded"
    await transport.close_async()  # type: ignore[no-untyped-call]
