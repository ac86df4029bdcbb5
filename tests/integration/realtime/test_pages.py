"""The gateway's pages for machines, and how it goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from urllib.parse import urlsplit

import httpx
import pytest
from redis.asyncio import Redis

from realtime.messages import CloseCode
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, House


async def test_health_says_what_is_wrong(house: House, live: str) -> None:
    """The health page answers in words."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(_page(live, "/healthz"))
    assert answer.status_code == 200
    assert answer.json()["checks"]["feed"]["ok"]


async def test_a_frozen_store_is_noticed(house: House, live: str, redis: Redis) -> None:
    """A store that is alive but does not answer makes the feed unhealthy within about two seconds, and health returns with it."""
    async with Client(live) as viewer, httpx.AsyncClient() as http:
        await viewer.join()
        pid = (await redis.info("server"))["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            await _until_feed(http, live, ok=False)
            assert time.monotonic() - began < 2.5
        finally:
            os.kill(pid, signal.SIGCONT)
        await _until_feed(http, live, ok=True)


async def _until_feed(http: httpx.AsyncClient, live: str, *, ok: bool) -> None:
    async with asyncio.timeout(5):
        while (await http.get(_page(live, "/healthz"))).json()["checks"]["feed"]["ok"] != ok:
            await asyncio.sleep(0.05)


async def test_metrics_count_sockets(house: House, live: str) -> None:
    """Prometheus finds the open sockets."""
    async with Client(live), httpx.AsyncClient() as http:
        text = (await http.get(_page(live, "/metrics"))).text
    assert "\nfrontrow_live_sockets " in text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/healthz", 405), ("GET", "/live", 426)]
)
async def test_other_requests_are_answered(house: House, live: str, method: str, path: str, status: int) -> None:
    """Anything else gets a plain answer that says where the socket is."""
    async with httpx.AsyncClient() as http:
        assert (await http.request(method, _page(live, path))).status_code == status


async def test_draining_sends_everybody_away_with_spread_delays(house: House) -> None:
    """On shutdown every client hears `bye` with its own delay, then the close code that means come back."""
    clients: list[Client] = []
    async with house.gateway() as (listener, live):
        for _ in range(20):
            clients.append(Client(live, session=house.token()))
            await clients[-1].open()
            await clients[-1].join()
        answer = asyncio.create_task(clients[0].command("hold", seats=[[0, ADULT]]))
        while not answer.done() and not any(connection.in_flight for connection in listener.connections):
            await asyncio.sleep(0)
    assert (await answer)["t"] == "held", "what was under way is still answered"
    codes = [await client.closed() for client in clients]
    assert codes == [CloseCode.DRAINING] * 20
    delays = {client.messages[-1]["retry_after_ms"] for client in clients}
    assert len(delays) > 10
    for client in clients:
        await client.close()


def _page(live: str, path: str) -> str:
    return f"http://{urlsplit(live).netloc}{path}"
