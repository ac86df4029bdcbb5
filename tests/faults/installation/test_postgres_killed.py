"""Postgres is killed in mid-sale: answers say that it is away, and once it is back everything goes on."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.faults.installation.stage import Customer, Stage, assert_audit_is_clean, kill, pid_of, unattended

pytestmark = pytest.mark.timeout(180)
POSTMASTER = r"bin/postgres -D "


async def test_purchases_resume_and_nothing_is_lost(house: Stage) -> None:
    """Meanwhile: `unavailable`, in words, to programs and people, and holds still work. Afterwards: every paid order has its tickets."""
    ada, bob, cleo = [await house.customer(name) for name in ("ada", "bob", "cleo")]
    paid = await ada.buys(0, 1)
    bobs = str((await (await bob.holds(2, 3)).order())["ref"])
    await cleo.holds(4, 5)
    with unattended(house.running):
        pid = kill(house.running, POSTMASTER)
        await assert_unavailable_in_words(house, bob, bobs)
        assert (await cleo.start("one click")).code == "unavailable"
        assert (await cleo.hold(6))["t"] == "held", "Valkey decides who holds"
    cleos = str((await cleo.order())["ref"])
    assert pid_of(house.running, POSTMASTER) != pid
    await asyncio.gather(bob.pay(bobs), cleo.pay(cleos))
    assert await bob.tickets(bobs) == [2, 3]
    assert await cleo.tickets(cleos) == [4, 5, 6]
    assert await ada.tickets(paid) == [0, 1]
    assert house.tally.violations == []
    await assert_audit_is_clean(house.running)


async def assert_unavailable_in_words(house: Stage, customer: Customer, ref: str) -> None:
    """Ask what needs Postgres: a problem document or a page, 503, when to come back, and nothing of our insides."""
    headers = {"Authorization": f"Visitor {customer.token}"}
    async with httpx.AsyncClient(base_url=house.running.url, timeout=20, headers=headers) as client:
        for path in (f"/api/v1/orders/{ref}", "/api/v1/venues", "/api/v1/events?q=anything"):
            answer = await client.get(path, headers={"Authorization": "Bearer frt_x"} if "venues" in path else None)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) >= 1
            assert "Traceback" not in answer.text
            assert "postgres" not in answer.text.lower()
        page = await client.get("/?q=anything", headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert page.headers["content-type"].startswith("text/html")
        assert "Traceback" not in page.text
        health = await client.get("/healthz")
        assert health.status_code == 503
        assert health.json()["checks"]["postgres"]["ok"] is False
        assert health.json()["checks"]["valkey"]["ok"] is True
