"""The organiser's figures: pushed when something happened, to those whose business they are, and never otherwise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import cast

import msgspec

from realtime.audience import KEY, Report
from realtime.dashboards import ACTIVITY, EVERY_S, Figures
from seatmap.inventory.model import HoldRequest
from server.organiser.dashboard import GateFigures, LastOrder, SaleFigures
from server.principal import Principal
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, House

STAFF = Principal(1, frozenset({"sales:read"}))


async def test_figures_are_pushed_when_something_happens(house: House, live: str) -> None:
    """First the whole, then seats as they are held and money as it is published; nothing while nothing happens."""
    house.staff["frt_staff"] = STAFF
    async with Client(live) as staff:
        await staff.send(t="watch", show=7, token="frt_staff")
        first = await staff.heard("dashboard", after=0)
        assert (first["sold"], first["held"], first["currency"]) == (0, 0, "eur")
        assert first["free"] == sum(row[1] for row in first["sections"]) == house.facts.chart.seat_count
        await house.inventory.hold(house.facts.key, "v" * 16, HoldRequest(((0, ADULT),)), "a")
        await staff.until(lambda: staff.messages[-1]["held"] == 1)
        house.figures = Figures(
            SaleFigures(4000, 1, (*(0,) * 59, 1), (LastOrder("ABC", 1, 1, 4000),), 1, (GateFigures("North", 1, 0, 1),)),
            {},
        )
        await house.redis.publish(f"{ACTIVITY}1", "order")
        told = await staff.until(lambda: next((m for m in staff.messages if m["revenue"] == 4000), None))
        assert (told["per_minute"][-1], told["last_orders"][0]["ref"], told["gates"][0]["admitted"]) == (1, "ABC", 1)
        seen, reads = len(staff.messages), house.reads
        await house.redis.publish(f"{ACTIVITY}2", "order")
        await asyncio.sleep(3 * EVERY_S)
        assert (len(staff.messages), house.reads) == (seen, reads), "another organisation's orders are no news"


async def reports(house: House) -> dict[bytes, bytes]:
    """What the gateways tell each other."""
    return await cast(Awaitable[dict[bytes, bytes]], house.redis.hgetall(KEY))


async def test_viewers_are_those_of_all_gateways(house: House, live: str) -> None:
    """Who watches at another gateway counts here too, comes and goes without anything being sold, and is gone with that gateway."""
    house.staff["frt_staff"] = STAFF
    async with Client(live) as staff, Client(live) as here:
        await staff.send(t="watch", show=7, token="frt_staff")
        assert (await staff.heard("dashboard", after=0))["viewers"] == 0
        await here.join()
        async with house.gateway() as (_, other), Client(other) as one, Client(other) as two:
            await one.join()
            await two.join()
            await staff.until(lambda: staff.messages[-1]["viewers"] == 3)
            await two.close()
            await staff.until(lambda: staff.messages[-1]["viewers"] == 2)
        await staff.until(lambda: staff.messages[-1]["viewers"] == 1)
        assert len(await reports(house)) == 1, "a gateway that stops takes its counts away"


async def test_a_gateway_that_died_counts_for_nobody(house: House, live: str) -> None:
    """What it last told grows too old to count, and is taken away by whoever reads it later."""
    house.staff["frt_staff"] = STAFF
    now_ms = round(time.time() * 1000)
    told = {"fresh": (now_ms + 30_000, 5), "silent": (now_ms - 10_000, 70), "dead": (now_ms - 120_000, 900)}
    for name, (at_ms, count) in told.items():
        report = msgspec.json.encode(Report(at_ms, {7: count, 8: 1})).decode()
        await cast(Awaitable[int], house.redis.hset(KEY, name, report))
    async with Client(live) as staff:
        await staff.send(t="watch", show=7, token="frt_staff")
        await staff.heard("dashboard", after=0)
        await staff.until(lambda: staff.messages[-1]["viewers"] == 5)
    assert b"dead" not in await reports(house)


async def test_a_burst_is_at_most_four_a_second(house: House, live: str) -> None:
    """However much happens, the figures come at their own pace."""
    house.staff["frt_staff"] = STAFF
    async with Client(live) as staff:
        await staff.send(t="watch", show=7, token="frt_staff")
        await staff.heard("dashboard", after=0)
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        for k in range(30):
            await house.inventory.hold(house.facts.key, f"v{k:015}", HoldRequest(((k, ADULT),)), "x")
        await staff.until(lambda: staff.messages[-1]["held"] == 30)
        assert len(staff.messages) <= 2 + (loop.time() - began) / EVERY_S


async def test_figures_are_nobody_elses_business(house: House, live: str) -> None:
    """Strangers, staff without the scope and other organisations are refused, each with a code."""
    house.staff |= {
        "frt_door": Principal(1, frozenset({"scans:write"})),
        "frt_other": Principal(2, frozenset({"sales:read"})),
    }
    for token, code in [
        (None, "sign_in_required"),
        ("frt_x", "sign_in_required"),
        ("frt_door", "not_allowed"),
        ("frt_other", "show_unknown"),
    ]:
        async with Client(live, session=house.token()) as client:
            await client.send(t="watch", show=7, token=token)
            assert (await client.heard("watch_refused", after=0))["code"] == code
            await house.inventory.hold(house.facts.key, "v" * 16, HoldRequest(((0, ADULT),)), str(code))
            await client.join()
            assert {m["t"] for m in client.messages} == {"watch_refused", "joined"}


async def test_a_staff_cookie_counts_only_on_our_own_pages(house: House, live: str) -> None:
    """A foreign page cannot read the figures with the cookie of whoever looks at it."""
    house.staff["cookie"] = STAFF
    for origin, kind in [("http://127.0.0.1:8000", "dashboard"), ("http://evil.example", "watch_refused")]:
        client = Client(live)
        client.headers["Cookie"] = "fr_staff=cookie"
        client.origin = origin
        async with client:
            await client.send(t="watch", show=7)
            assert (await client.heard("dashboard", "watch_refused", after=0))["t"] == kind


async def test_nothing_is_read_when_nobody_watches(house: House, live: str) -> None:
    """After the last watcher left, activity costs nothing."""
    house.staff["frt_staff"] = STAFF
    async with Client(live) as staff:
        await staff.send(t="watch", show=7, token="frt_staff")
        await staff.heard("dashboard", after=0)
        await staff.send(t="unwatch")
        await staff.send(t="ping")
        await staff.heard("pong", after=0)
        reads = house.reads
        await house.redis.publish(f"{ACTIVITY}1", "order")
        await asyncio.sleep(2 * EVERY_S)
        assert house.reads == reads
