"""A sale of a journey's own, sold through a room of its own: nothing that other journeys buy or wait for is touched."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import APIRequestContext

from tests.browser.conftest import SignIn

HOUR_MS = 3_600_000
TITLE = "The Lot of Ada Byron"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Api:
    """The API, for a member of staff of the organisation that plays show 1."""

    request: APIRequestContext
    url: str

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer's body; a refusal fails the test."""
        headers = {"Origin": self.url}  # as a page of ours would send it: the session is a cookie
        answer = await self.request.fetch(f"{self.url}/api/v1{path}", method=method, data=body, headers=headers)
        assert answer.ok, f"{method} {path}: {answer.status} {await answer.text()}"
        return None if answer.status == 204 else await answer.json()

    async def sign_in(self, person: SignIn) -> None:
        await self.ask("POST", "/session", {"email": person.email, "password": person.password})


@dataclass(frozen=True)
class OwnSale:
    """One event with one show, on sale behind a room."""

    api: Api
    event: int
    show: int
    room: int
    slug: str
    draws_ms: int

    @property
    def room_page(self) -> str:
        return f"/rooms/{self.slug}"

    async def control(self, action: str) -> None:
        """Steer the room as its organiser does; what is done already is no refusal."""
        await self.api.ask("POST", f"/rooms/{self.room}/control", {"action": action})


@asynccontextmanager
async def own_sale(api: Api, draw_after_ms: int) -> AsyncIterator[OwnSale]:
    """Sell a new show in the hall of show 1, the lobby of its room open and its draw near. At the end the room is closed and the event over."""
    event, show = await _on_sale(api)
    try:
        made = now_ms()
        room = {
            "event": event, "slug": f"lot-{secrets.token_hex(4)}", "name": TITLE, "shows": [show], "opens_lobby_ms": made,
            "draws_ms": made + draw_after_ms, "closes_ms": made + HOUR_MS, "identities": ["device", "email"],
            "auto_passthrough": False,
        }  # fmt: skip
        facts = await api.ask("POST", "/rooms", room)
        sale = OwnSale(api, event, show, facts["room_id"], facts["slug"], facts["draws_ms"])
        try:
            yield sale
        finally:
            await sale.control("close")
    finally:
        await api.ask("POST", f"/events/{event}/cancel")


async def _on_sale(api: Api) -> tuple[int, int]:
    """Publish an event; gives its number and its show's."""
    like = await api.ask("GET", "/shows/1")
    event = (await api.ask("POST", "/events", {"title": TITLE, "currency": like["currency"]}))["id"]
    kind = (await api.ask("POST", f"/events/{event}/ticket-types", {"name": "Standard"}))["id"]
    # After every show of the programme: lists that begin with the soonest keep their beginning.
    starts = now_ms() + 300 * 24 * HOUR_MS
    dates = {
        "venue_id": like["venue"]["venue_id"], "chart_id": like["chart_id"], "chart_rev": like["chart_rev"],
        "starts_at_ms": starts, "sale_opens_at_ms": now_ms() - 60_000, "sale_closes_at_ms": starts,
    }  # fmt: skip
    show = (await api.ask("POST", f"/events/{event}/shows", dates))["id"]
    prices = [
        {"category": category, "type_id": kind, "amount": 4000 - 500 * category}
        for category in range(len(like["categories"]))
    ]
    await api.ask("PUT", f"/shows/{show}/prices", {"prices": prices})
    await api.ask("POST", f"/events/{event}/publish")
    await api.ask("POST", f"/shows/{show}/sale", {"action": "open"})
    return event, show
