"""The demo provider killed, its listener away: nothing answered is lost, every event arrives at least once and in order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from server.faults import Unavailable
from server.payments.keepalive_http import KeepAliveClient
from server.payments.provider import Intent, NewIntent, Refund, WebhookEvent
from server.payments.stripe_payments import StripePayments
from tests.demo_provider import DemoProcess

RETURN_URL = "https://tickets.example/"
WAIT_S = 30.0


class Hook:
    """Our side of the webhooks: verifies each with the adapter, answers with the next status of the script, else 200."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.heard: list[WebhookEvent] = []
        self.tries = 0
        self.verify: Callable[[bytes, str], object] = lambda body, signature: None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take webhooks from one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                fields = {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in head[1:] if ": " in line}
                body = await reader.readexactly(int(fields["content-length"]))
                self.tries += 1
                status = self.script.pop(0) if self.script else 200
                if status == 200:
                    event = self.verify(body, fields["stripe-signature"])
                    assert isinstance(event, WebhookEvent)
                    self.heard.append(event)
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def hear(self, count: int) -> None:
        """Wait until *count* events were taken."""
        async with asyncio.timeout(WAIT_S):
            while len(self.heard) < count:
                await asyncio.sleep(0.02)


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    """A listening webhook endpoint and its address."""
    peer = Hook()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    yield peer, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/stripe"
    server.close()
    await server.wait_closed()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[str], DemoProcess]]:
    """Start a provider that sends its webhooks to the given address."""
    processes: list[DemoProcess] = []

    def start(webhook_url: str) -> DemoProcess:
        process = DemoProcess(tmp_path, webhook_url=webhook_url)
        processes.append(process)
        process.start()
        return process

    yield start
    for process in processes:
        process.kill()


def listen(hook: Hook, payments: StripePayments) -> None:
    """Let the hook believe what our adapter believes."""
    hook.verify = lambda body, signature: payments.verify_webhook(body, signature, now_ms=time.time_ns() // 1_000_000)


async def pay(payments: StripePayments, key: str) -> Intent:
    """Open and pay an intent."""
    made = await payments.create_intent(NewIntent(1000, "eur", {"order": key}), idempotency_key=key)
    assert isinstance(made, Intent)
    paid = await payments.confirm_intent(
        made.intent_id, payment_method="pm_card_visa", return_url=RETURN_URL, idempotency_key=f"{key}:pay"
    )
    assert isinstance(paid, Intent)
    return paid


async def test_what_was_answered_survives_kill_9(started: Callable[[str], DemoProcess]) -> None:
    """Clients hammer while the process is killed three times: every answered intent is there, under the same key too."""
    process = started("")
    answered: dict[str, str] = {}

    async def client(name: int, stop: asyncio.Event) -> None:
        payments = StripePayments(process.setup)
        number = 0
        while not stop.is_set():
            key = f"{process.port}:{name}:{number}"
            number += 1
            try:
                made = await payments.create_intent(NewIntent(1000, "eur", {"order": key}), idempotency_key=key)
            except Unavailable:  # the process is dead just now
                await asyncio.sleep(0.01)
                continue
            assert isinstance(made, Intent)
            answered[key] = made.intent_id
        await payments.close()

    for round_number in range(3):
        stop = asyncio.Event()
        clients = [asyncio.create_task(client(10 * round_number + name, stop)) for name in range(4)]
        before = len(answered)
        async with asyncio.timeout(WAIT_S):
            while len(answered) < before + 60:
                await asyncio.sleep(0.01)
        process.kill()
        stop.set()
        await asyncio.gather(*clients)
        await asyncio.to_thread(process.start)
    payments = StripePayments(process.setup)
    assert len(answered) >= 180
    for key, intent_id in answered.items():
        found = await payments.retrieve_intent(intent_id)
        assert isinstance(found, Intent)
        assert found.metadata == {"order": key}
        again = await payments.create_intent(NewIntent(1000, "eur", {"order": key}), idempotency_key=key)
        assert isinstance(again, Intent)
        assert again.intent_id == intent_id, "the key still adopts the same intent"
    await payments.close()


async def test_a_paid_intent_and_its_refund_survive_kill_9(started: Callable[[str], DemoProcess]) -> None:
    """Money that moved stays moved."""
    process = started("")
    payments = StripePayments(process.setup)
    paid = await pay(payments, "survivor")
    refund = await payments.refund(paid.intent_id, amount=400, currency="eur", metadata={}, idempotency_key="r")
    process.kill()
    process.start()
    after = await payments.retrieve_intent(paid.intent_id)
    assert isinstance(after, Intent)
    assert after.charge is not None
    assert (after.status, after.charge.amount_refunded) == ("succeeded", 400)
    assert isinstance(refund, Refund)
    assert await payments.retrieve_refund(refund.refund_id) == refund
    await payments.close()


async def test_a_pending_refund_settles_after_a_restart(started: Callable[[str], DemoProcess]) -> None:
    """The timer is in the file, not in the process."""
    process = started("")
    payments = StripePayments(process.setup)
    made = await payments.create_intent(NewIntent(1000, "eur", {}), idempotency_key="slow")
    assert isinstance(made, Intent)
    await payments.confirm_intent(
        made.intent_id, payment_method="pm_card_pendingRefund", return_url=RETURN_URL, idempotency_key="slow:pay"
    )
    refund = await payments.refund(made.intent_id, amount=1000, currency="eur", metadata={}, idempotency_key="slow:r")
    assert isinstance(refund, Refund)
    process.kill()
    process.start()
    async with asyncio.timeout(WAIT_S):
        while True:
            now = await payments.retrieve_refund(refund.refund_id)
            assert isinstance(now, Refund)
            if now.status == "succeeded":
                break
            await asyncio.sleep(0.05)
    await payments.close()


async def test_webhooks_are_signed_complete_and_in_order(
    hook: tuple[Hook, str], started: Callable[[str], DemoProcess]
) -> None:
    """Thirty payments make thirty believed events; a refund follows its payment."""
    peer, url = hook
    payments = StripePayments(started(url).setup)
    listen(peer, payments)
    paid = [await pay(payments, f"hook:{number}") for number in range(30)]
    await payments.refund(paid[0].intent_id, amount=1000, currency="eur", metadata={}, idempotency_key="hook:refund")
    await peer.hear(31)
    succeeded = [event.intent_id for event in peer.heard if event.kind == "payment_intent.succeeded"]
    assert sorted(map(str, succeeded)) == sorted(intent.intent_id for intent in paid)
    about_first = [event.kind for event in peer.heard if event.intent_id == paid[0].intent_id]
    assert about_first == ["payment_intent.succeeded", "refund.created"]
    await payments.close()


async def test_a_refused_webhook_comes_again(hook: tuple[Hook, str], started: Callable[[str], DemoProcess]) -> None:
    """Two errors delay the event, they do not lose it; other payments' events go on meanwhile."""
    peer, url = hook
    payments = StripePayments(started(url).setup)
    listen(peer, payments)
    peer.script = [500, 400]
    first = await pay(payments, "stubborn")
    await peer.hear(1)
    assert peer.heard[0].intent_id == first.intent_id
    assert peer.tries == 3
    await payments.close()


async def test_undelivered_webhooks_survive_kill_9(
    hook: tuple[Hook, str], started: Callable[[str], DemoProcess]
) -> None:
    """The listener is down and the provider is killed: after both are back, every event arrives."""
    peer, url = hook
    process = started(url)
    payments = StripePayments(process.setup)
    peer.script = [503] * 1000
    paid = [await pay(payments, f"patient:{number}") for number in range(5)]
    process.kill()
    peer.script = []
    listen(peer, payments)
    process.start()
    await peer.hear(5)
    assert {event.intent_id for event in peer.heard} == {intent.intent_id for intent in paid}
    await payments.close()


async def test_health_says_what_waits(hook: tuple[Hook, str], started: Callable[[str], DemoProcess]) -> None:
    """The health page names the endpoint that does not answer."""
    peer, url = hook
    process = started(url)
    payments = StripePayments(process.setup)
    peer.script = [500] * 1000
    await pay(payments, "unheard")
    client = KeepAliveClient(process.origin)
    async with asyncio.timeout(WAIT_S):
        while True:
            body = json.loads((await client.send("GET", "/healthz", {})).body)
            if "answered 500" in body["checks"]["webhooks"]["says"]:
                break
            await asyncio.sleep(0.05)
    assert "1 webhooks wait" in body["checks"]["webhooks"]["says"]
    await client.close()
    await payments.close()
