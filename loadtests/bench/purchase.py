"""One whole purchase of two seats, as a browser and a person make it: page, map, hold, pay, tickets."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import brotli

from loadtests.crowd.live import LiveSocket
from loadtests.crowd.shop import Shop
from loadtests.crowd.tally import Tally
from seatmap.chart.compiled import CompiledChart

CARD = "4242424242424242"
SETTLE_S = 20.0
TRIES = 20


@dataclass(frozen=True, slots=True)
class Stage:
    """The show that is bought from."""

    show: int
    page: str
    kind: int
    seats: int


async def largest_show(shop: Shop) -> Stage:
    """Return the show on sale with the most seats. Raises `RuntimeError` when nothing is on sale."""
    best: Stage | None = None
    for event in (await shop.get("events", "/api/v1/events")).body["events"]:
        full = (await shop.get("event", f"/api/v1/events/{event['id']}")).body
        for show in full["shows"]:
            if show["state"] != "on_sale":
                continue
            wire = await shop.chart(show["chart_id"], show["chart_rev"])
            chart = CompiledChart.load(wire if wire[:1] != b"{" else brotli.compress(wire))
            stage = Stage(show["id"], event["page"], show["prices"][0]["type_id"], len(chart.category))
            if best is None or stage.seats > best.seats:
                best = stage
    if best is None:
        raise RuntimeError("no show is on sale")
    return best


class Buyers:
    """Buyers who do not hesitate: each call is one purchase from the first page to the tickets."""

    def __init__(self, url: str, live_port: int, seed: int = 1, *, provider: str | None = None) -> None:
        self.tally = Tally()
        self.refused = 0
        self._random = random.Random(seed)
        self.shop = Shop(url, self.tally, self._random, provider=provider)
        self._live = f"ws://127.0.0.1:{live_port}/live"

    async def buy(self, stage: Stage) -> list[str]:
        """Buy two seats and return the ticket codes. Raises `RuntimeError` at the first thing that is not as it should be."""
        token = await self.shop.session()
        if await self.shop.page(stage.page) != 200:
            raise RuntimeError("no page")
        await self.shop.state(stage.show)
        socket = LiveSocket(self._live, stage.show, token, self.tally, self._random)
        try:
            await socket.join("overview", None)
            return await self._pay(stage, token, await self._two_seats(stage, socket))
        finally:
            await socket.leave()

    async def _two_seats(self, stage: Stage, socket: LiveSocket) -> dict[str, Any]:
        """Ask for the best pair; when somebody was faster, take an equivalent that is offered, as a person would."""
        answer = await socket.command("best", types=[[stage.kind, 2]])
        for _ in range(TRIES):
            if answer["t"] == "held":
                hold: dict[str, Any] = answer["hold"]
                return hold
            self.refused += 1
            if answer["retry_after_ms"] is not None:
                await asyncio.sleep(answer["retry_after_ms"] / 1000)
            if answer["offers"]:
                answer = await socket.command("hold", seats=self._random.choice(answer["offers"])["seats"])
            else:
                answer = await socket.command("best", types=[[stage.kind, 2]])
        raise RuntimeError(f"no seats: {answer}")

    async def _pay(self, stage: Stage, token: str, hold: dict[str, Any]) -> list[str]:
        quote = await self.shop.quote(token, stage.show)
        order = {
            "show": stage.show,
            "name": "Ada Example",
            "email": f"ada.{self._random.getrandbits(64):x}@example.org",
            "terms": True,
            "expected_total": quote.body["total"],
            "currency": hold["currency"],
        }
        started = await self.shop.start_order(token, order, f"{self._random.getrandbits(96):024x}")
        if not started.ok:
            raise RuntimeError(f"no order: {started.code}")
        confirmed = await self.shop.confirm(started.body["payment"], CARD, "Ada Example")
        if not confirmed.ok:
            raise RuntimeError(f"no payment: {confirmed.body}")
        view = (await self.shop.order(token, started.body["ref"], "return")).body
        deadline = asyncio.get_running_loop().time() + SETTLE_S
        while view["message"] == "checking" and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            view = (await self.shop.order(token, started.body["ref"])).body
        if view["message"] != "paid" or len(view["tickets"]) != 2:
            raise RuntimeError(f"not paid: {view['message']}")
        return [ticket["code"] for ticket in view["tickets"]]

    async def close(self) -> None:
        """Close connections."""
        await self.shop.close()
