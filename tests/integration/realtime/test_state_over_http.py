"""The snapshot over HTTP: cacheable, compressed, true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette

from realtime.frames import unpack_states
from realtime.picture import Picture
from seatmap.inventory.model import HoldRequest
from server.live_state import routes
from server.live_state.kept_states import TICK_S
from server.live_state.snapshot import decode_snapshot
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, House

STATE = "/api/v1/shows/7/state"


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=routes.routes)
    app.state.services = SimpleNamespace(inventory=house.inventory, shows=house)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        yield client


async def test_the_snapshot_is_the_state(house: House, http: httpx.AsyncClient) -> None:
    """The body decodes to what the store says, whether the client takes brotli or not."""
    await house.inventory.hold(house.facts.key, "v" * 16, HoldRequest(((0, ADULT),)), "x")
    compressed = await http.get(STATE, headers={"Accept-Encoding": "br"})
    plain = await http.get(STATE, headers={"Accept-Encoding": "gzip, br;q=0"})
    assert (compressed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("br", None)
    assert compressed.headers["Cache-Control"] == "public, max-age=1"
    body = plain.content
    assert compressed.content == body
    snapshot = decode_snapshot(body)
    assert unpack_states(snapshot.packed, snapshot.seat_count)[0] == 1


async def test_an_unchanged_state_is_not_sent_again(house: House, http: httpx.AsyncClient) -> None:
    """The ETag is the position: the same position answers 304, a change does not."""
    first = await http.get(STATE)
    assert (await http.get(STATE, headers={"If-None-Match": first.headers["ETag"]})).status_code == 304
    await house.inventory.hold(house.facts.key, "v" * 16, HoldRequest(((0, ADULT),)), "x")
    async with asyncio.timeout(50 * TICK_S):
        while (await http.get(STATE, headers={"If-None-Match": first.headers["ETag"]})).status_code == 304:
            await asyncio.sleep(TICK_S / 5)


@pytest.mark.parametrize("show", ["8", "x", "99999999999999", "-1", "٧"])
async def test_a_show_nobody_sells_is_a_problem(http: httpx.AsyncClient, show: str) -> None:
    """An unknown number or no number at all is the same refusal."""
    answer = await http.get(f"/api/v1/shows/{show}/state")
    assert (answer.status_code, answer.json()["code"]) == (404, "show_unknown")


async def test_a_snapshot_and_the_socket_join(house: House, live: str, http: httpx.AsyncClient) -> None:
    """A client that begins over HTTP and goes on over the socket misses nothing, also when changes fall between the two."""
    body = (await http.get(STATE)).content
    client = Client(live)
    client.picture = Picture.empty(house.facts.chart.n)
    client.picture.take(body)
    await house.inventory.hold(house.facts.key, "v" * 16, HoldRequest(((0, ADULT),)), "x")
    async with client:
        await client.join()
        await client.until(lambda: client.picture.states[0] == 1)
    snapshot = await house.inventory.read(house.facts.key)
    assert snapshot is not None
    assert np.array_equal(client.picture.states, unpack_states(snapshot.seats, snapshot.seat_count))
    assert client.gaps == 0
