"""The one door to the demo provider from outside: a buyer's calls pass, nothing else does, no cookie travels."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from server.payments.demo_proxy import DemoProxy
from server.payments.provider import Intent, NewIntent
from server.payments.stripe_payments import StripePayments
from tests.demo_provider import KEYS, DemoProcess


@pytest.fixture
async def shop(provider: DemoProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at our server, which has the proxy mounted."""
    proxy = DemoProxy(provider.origin)
    app = Starlette(routes=[Mount("/demo-provider", proxy)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example:8000") as client:
        yield client
    await proxy.close()


async def opened(payments: StripePayments, key: str) -> Intent:
    """Open an intent that must succeed."""
    intent = await payments.create_intent(NewIntent(5400, "eur", {"order": "1"}), idempotency_key=key)
    assert isinstance(intent, Intent)
    return intent


def form(intent: Intent, number: str) -> dict[str, str]:
    """Fill in the card form."""
    return {
        "key": KEYS.publishable_key,
        "client_secret": str(intent.client_secret),
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": number,
        "payment_method_data[card][exp_month]": "12",
        "payment_method_data[card][exp_year]": "35",
        "return_url": "http://shop.example:8000/orders/1",
    }


async def test_a_buyer_pays_through_our_origin(shop: httpx.AsyncClient, payments: StripePayments) -> None:
    """Confirm, look again, and read the list of test cards."""
    intent = await opened(payments, "proxy:pay")
    path = f"/demo-provider/v1/payment_intents/{intent.intent_id}"
    reply = await shop.post(f"{path}/confirm", data=form(intent, "4242424242424242"))
    assert (reply.status_code, reply.json()["status"]) == (200, "succeeded")
    params = {"key": KEYS.publishable_key, "client_secret": str(intent.client_secret)}
    assert (await shop.get(path, params=params)).json()["status"] == "succeeded"
    assert len((await shop.get("/demo-provider/test-cards")).json()["cards"]) > 10


async def test_three_d_secure_stays_on_our_origin(shop: httpx.AsyncClient, payments: StripePayments) -> None:
    """The bank's page has our address, its form works there, and the way back is the shop's."""
    intent = await opened(payments, "proxy:3ds")
    path = f"/demo-provider/v1/payment_intents/{intent.intent_id}/confirm"
    reply = await shop.post(path, data=form(intent, "4000000000003220"))
    url = urlsplit(reply.json()["next_action"]["redirect_to_url"]["url"])
    assert f"{url.scheme}://{url.netloc}" == "http://shop.example:8000"
    page = await shop.get(url.path)
    assert "Demo Bank" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    back = await shop.post(url.path, data={"outcome": "approve"})
    assert back.status_code == 303
    assert back.headers["location"].startswith("http://shop.example:8000/orders/1?payment_intent=")
    after = await payments.retrieve_intent(intent.intent_id)
    assert isinstance(after, Intent)
    assert after.status == "succeeded"


async def test_nothing_else_passes(shop: httpx.AsyncClient, payments: StripePayments) -> None:
    """Merchant calls, secret keys, other methods and crooked paths end at our door."""
    intent = await opened(payments, "proxy:closed")
    secret = {"Authorization": f"Bearer {KEYS.secret_key}"}
    base = "/demo-provider/v1/payment_intents"
    for method, path, headers in (
        ("GET", "/demo-provider/v1/balance", secret),
        ("GET", base, secret),
        ("POST", base, secret),
        ("POST", f"{base}/{intent.intent_id}/cancel", secret),
        ("POST", f"{base}/{intent.intent_id}/confirm", secret),
        ("POST", f"{base}/{intent.intent_id}", {}),
        ("DELETE", f"{base}/{intent.intent_id}", {}),
        ("GET", f"{base}/{intent.intent_id}/confirm", {}),
        ("GET", f"{base}/..%2Fbalance", {}),
        ("GET", "/demo-provider/metrics", {}),
        ("GET", "/demo-provider/healthz", {}),
    ):
        reply = await shop.request(method, path, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found"), path
    in_form = await shop.post(
        f"{base}/{intent.intent_id}/confirm", data={**form(intent, "4242424242424242"), "key": KEYS.secret_key}
    )
    assert in_form.status_code == 401, "a secret key in a form is no key"


async def test_a_large_body_is_refused(shop: httpx.AsyncClient, payments: StripePayments) -> None:
    """A card form is small."""
    intent = await opened(payments, "proxy:large")
    path = f"/demo-provider/v1/payment_intents/{intent.intent_id}/confirm"
    reply = await shop.post(path, content=b"a=" + b"b" * 20_000)
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


async def test_a_dead_provider_is_a_problem_document() -> None:
    """Nobody listens: 503 with a code, after which the page asks our server for the truth."""
    app = Starlette(routes=[Mount("/demo-provider", DemoProxy("http://127.0.0.1:9"))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example") as client:
        reply = await client.get("/demo-provider/test-cards")
    assert (reply.status_code, reply.json()["code"]) == (503, "unavailable")


async def test_cookies_and_strange_headers_stay_here() -> None:
    """The provider hears the form and where the browser thinks it is, never who the visitor is."""
    heard: list[bytes] = []

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nX-Inner: 1\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(record, "127.0.0.1", 0)
    app = Starlette(
        routes=[Mount("/demo-provider", DemoProxy(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))]
    )
    headers = {"Cookie": "fr_visitor=secret", "X-Forwarded-Host": "evil.example", "X-Other": "1"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example") as client:
        reply = await client.get("/demo-provider/test-cards", headers=headers)
    server.close()
    await server.wait_closed()
    for absent in (b"secret", b"evil.example", b"x-other"):
        assert absent not in heard[0].lower()
    assert b"x-forwarded-host: shop.example" in heard[0].lower()
    assert "set-cookie" not in reply.headers
    assert "x-inner" not in reply.headers
