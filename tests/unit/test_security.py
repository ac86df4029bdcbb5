"""What pages may load: ourselves, and Stripe's form where a card is typed in."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from server.security import Guard

STRIPE = {
    "script-src": ["https://js.stripe.com", "https://*.js.stripe.com"],
    "frame-src": ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}
PAYMENT_PAGES = ["/shows/12/checkout", "/orders/K3V9QX2M7A"]
OTHER_PAGES = [
    "/",
    "/shows/12",
    "/shows/12/checkout/more",
    "/orders/K3V9QX2M7A/tickets.pdf",
    "/organise",
    "/door",
    "/x/orders/K3V9QX2M7A",
]


async def policy(path: str, *, stripe: bool) -> dict[str, list[str]]:
    """Read the policy of a page as directives and their sources."""
    guard = Guard(PlainTextResponse("page"), live_port=8001, live_url="", stripe=stripe)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://tickets.example") as client:
        answer = await client.get(path)
    directives = (one.split() for one in answer.headers["content-security-policy"].split("; "))
    return {name: sources for name, *sources in directives}


@pytest.mark.parametrize("path", PAYMENT_PAGES)
async def test_with_a_stripe_account_its_form_may_come_to_the_pages_where_one_pays(path: str) -> None:
    """Exactly the addresses that Stripe documents for Stripe.js are added, and nothing else is loosened."""
    without, with_stripe = await policy(path, stripe=False), await policy(path, stripe=True)
    assert with_stripe.pop("frame-src") == STRIPE["frame-src"]
    for name in ("script-src", "connect-src"):
        assert with_stripe[name] == without[name] + STRIPE[name]
        del with_stripe[name], without[name]
    assert with_stripe == without


@pytest.mark.parametrize("path", OTHER_PAGES)
async def test_no_other_page_lets_stripe_in(path: str) -> None:
    """Whoever looks at seats runs nobody's script but ours."""
    assert await policy(path, stripe=True) == await policy(path, stripe=False)


@pytest.mark.parametrize("path", PAYMENT_PAGES + OTHER_PAGES)
async def test_with_the_demo_provider_there_is_no_stripe_in_the_policy(path: str) -> None:
    """Without keys nothing comes from outside, whatever the page."""
    assert "stripe" not in repr(await policy(path, stripe=False))
