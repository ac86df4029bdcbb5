"""A show without a server: a generated chart, a plausible state and an answering socket, served to one browser page.

The seat page cannot tell the difference, so the map is measured and looked at with nothing else running.
"""

from __future__ import annotations

import json
import random
import struct
import time
from collections.abc import Callable
from typing import Any

from playwright.async_api import Page, Route, WebSocketRoute

from seatmap.chart import Chart, CompiledChart, compile_chart
from seatmap.chart.generators.arena import generate_arena
from seatmap.chart.generators.festival import generate_festival
from seatmap.chart.generators.stadium import generate_stadium
from seatmap.chart.generators.theatre import generate_theatre
from server.templating import WEB, Templates, words

GENERATORS: dict[str, Callable[[], Chart]] = {
    "theatre": generate_theatre, "arena": generate_arena, "stadium": generate_stadium, "festival": generate_festival,
}  # fmt: skip
TITLES = {
    "theatre": ("The Winter's Tale", "Riverside Theatre, Leeds"),
    "arena": ("Nora Lind: Northern Lights Tour", "Hafenarena, Hamburg"),
    "stadium": ("Cup final", "Rosenfeld Stadion, Cologne"),
    "festival": ("Low Tide Festival", "Meadow at the Old Harbour"),
}
HOST = "http://frontrow.test"
EPOCH = 1763712000
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
WORDS = (
    "best.",
    "list.",
    "map.",
    "legend.",
    "seat.",
    "hold.",
    "conflict.",
    "kept.",
    "area.",
    "sale.",
    "live.",
    "refusal.",
    "common.",
)
TYPES = [{"id": 1, "name": "Adult", "description": ""}, {"id": 2, "name": "Child under 14", "description": ""}]


def sold_like_life(chart: CompiledChart, share: float, seed: int) -> list[int]:
    """Sell groups of one to eight from the front, hold some of them."""
    chance = random.Random(seed)
    states = [0] * chart.n
    k = 0
    while k < chart.n:
        group = chance.choice((1, 2, 2, 2, 3, 4, 4, 6))
        front = 1.5 - k / chart.n
        if chance.random() < share * front:
            state = 1 if chance.random() < 0.12 else 2
            for seat in range(k, min(chart.n, k + group)):
                states[seat] = state
        k += group
    return states


def snapshot(states: list[int], areas: list[int]) -> bytes:
    """Write states and places left as `GET /api/v1/shows/{show}/state` does."""
    padded = states + [0] * (-len(states) % 4)
    body = bytes(
        padded[i] << 6 | padded[i + 1] << 4 | padded[i + 2] << 2 | padded[i + 3] for i in range(0, len(padded), 4)
    )
    return (
        struct.pack(">BBIIII", 2, 2, EPOCH, 40, len(states), len(areas)) + body + struct.pack(f">{len(areas)}I", *areas)
    )


class Hall:
    """One chart on sale, for one page. `asked` lists the addresses that the page fetched."""

    def __init__(self, kind: str, share: float, locale: str = "en", theme: str = "") -> None:
        self.kind, self.locale, self.theme = kind, locale, theme
        self.chart = compile_chart(GENERATORS[kind]())
        self.states = sold_like_life(self.chart, share, 7)
        self.areas = [int(area.capacity * (0.62 - 0.13 * a)) for a, area in enumerate(self.chart.areas)]
        self.wire = self.chart.to_wire()
        top = {"theatre": 9500, "arena": 14900, "stadium": 32000, "festival": 18900}[kind]
        amounts = [int(top * 0.74**c // 100 * 100) for c in range(len(self.chart.categories))]
        self.prices = [
            [c, kind_id, int(amount * (1 if kind_id == 1 else 0.6) // 50 * 50)]
            for c, amount in enumerate(amounts)
            for kind_id in (1, 2)
        ]
        self.hold: dict[str, Any] | None = None
        self.next_refusal: str | None = None
        self.phase = "open"
        self.asked: list[str] = []

    async def open(self, page: Page, query: str = "") -> None:
        """Lead *page* to the seats and wait until they are drawn."""
        await page.route(f"{HOST}/**", self._serve)
        await page.route_web_socket("ws://frontrow.test:8001/live", self._meet)
        await page.goto(f"{HOST}/{query}")
        await page.wait_for_function("performance.getEntriesByName('map:interactive').length > 0")

    def _page(self) -> str:
        title, place = TITLES[self.kind]
        show = {
            "show": 12, "title": title, "live_url": ":8001/live", "chart_url": "/chart", "state_url": "/state",
            "checkout_url": "/checkout", "event_url": "/event", "currency": "eur", "time_zone": "Europe/Berlin", "types": TYPES,
            "categories": [{"category": c, "name": one.name} for c, one in enumerate(self.chart.categories)],
            "prices": self.prices, "fees": [{"percent_bp": 500, "fixed": 100}], "limit": 8, "phase": self.phase,
            "opens_at_ms": None, "closes_at_ms": None, "now_ms": _now_ms(),
        }  # fmt: skip
        return Templates(debug=True).text(
            "seats.html", self.locale, theme=self.theme, show=show, heading=title, place=place,
            when="Sat, 12 Dec 2026, 19:30", words=words(self.locale).chosen(*WORDS),
        )  # fmt: skip

    async def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(HOST).partition("?")[0]
        self.asked.append(path)
        if path == "/":
            await route.fulfill(body=self._page(), content_type="text/html; charset=utf-8")
        elif path == "/chart":
            await route.fulfill(body=self.wire, content_type="application/json")
        elif path == "/state":
            await route.fulfill(body=snapshot(self.states, self.areas), content_type="application/octet-stream")
        elif path.startswith("/assets/"):
            file = WEB / "dist" / path.removeprefix("/")
            await route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
        else:
            await route.fulfill(status=404, body="")

    def _meet(self, socket: WebSocketRoute) -> None:
        socket.on_message(lambda message: socket.send(json.dumps(self._answer(json.loads(message)))))

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        match message["t"]:
            case "join":
                return {
                    "t": "joined", "show": 12, "scope": "all", "epoch": EPOCH, "seq": 40, "seats": self.chart.n, "tick_ms": 100,
                    "now_ms": _now_ms(), "phase": self.phase, "hold": self.hold, "v": 1,
                }  # fmt: skip
            case "hold" | "best" | "release" if self.next_refusal:
                return self._refuse(message, self.next_refusal)
            case "hold" | "best" | "release":
                return self._carry_out(message)
        return {"t": "pong", "now_ms": _now_ms()}

    def _refuse(self, message: dict[str, Any], code: str) -> dict[str, Any]:
        taken = [k for k, _ in message.get("seats", [])]
        free = [k for k, state in enumerate(self.states) if state == 0 and k not in taken]
        seats = [[[k, 1] for k in free[i * 9 : i * 9 + max(1, len(taken))]] for i in range(3)]
        offers = [{"seats": three, "pieces": 1, "total": 9000, "currency": "eur"} for three in seats]
        return {
            "t": "refused",
            "id": message["id"],
            "code": code,
            "seats": taken,
            "offers": offers,
            "retry_after_ms": None,
        }

    def _carry_out(self, message: dict[str, Any]) -> dict[str, Any]:
        held = self.hold or {"seats": [], "areas": []}
        seats = {line["k"]: line["type"] for line in held["seats"]}
        areas = [[line["a"], line["type"], line["qty"]] for line in held["areas"]]
        if message["t"] == "hold":
            seats |= dict(message.get("seats", []))
            areas += message.get("areas", [])
        elif message["t"] == "best":
            seats |= dict.fromkeys(self._run(sum(n for _, n in message["types"])), message["types"][0][0])
        else:
            gone = set(seats) if message.get("all") else set(message.get("seats") or ())
            seats = {k: kind for k, kind in seats.items() if k not in gone}
            areas = [] if message.get("all") else [one for one in areas if one not in (message.get("areas") or [])]
        self.hold = self._view(seats, areas)
        return {"t": "released" if message["t"] == "release" else "held", "id": message["id"], "hold": self.hold}

    def _run(self, party: int) -> range:
        """Find free seats side by side in the middle of the hall."""
        for first in (*range(self.chart.n // 3, self.chart.n - party), *range(self.chart.n // 3)):
            seats = range(first, first + party)
            if not any(self.states[k] for k in seats) and self.chart.run[first] == self.chart.run[seats[-1]]:
                return seats
        return range(0)

    def _view(self, seats: dict[int, int], areas: list[list[int]]) -> dict[str, Any] | None:
        if not seats and not areas:
            return None
        lines = [
            {"k": k, "type": kind, "amount": self._amount(int(self.chart.category[k]), kind)}
            for k, kind in seats.items()
        ]
        places = [
            {"a": a, "type": kind, "qty": n, "amount": self._amount(self.chart.areas[a].category, kind)}
            for a, kind, n in areas
        ]
        total = sum(line["amount"] for line in lines) + sum(one["amount"] * one["qty"] for one in places)
        return {
            "hold_id": "h", "seats": lines, "areas": places, "expires_at_ms": _now_ms() + 462_000, "extendable": True,
            "state": "active", "total": total, "currency": "eur",
        }  # fmt: skip

    def _amount(self, category: int, kind: int) -> int:
        return next(amount for c, type_id, amount in self.prices if (c, type_id) == (category, kind))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
