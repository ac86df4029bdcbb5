"""Look at the seat page without a server: a generated chart, a random state, an answering socket, pictures of each size and theme.

    python -m web.harness.look stadium theatre        (from the root; pictures go to var/look/)
    python web/harness/look.py --bench stadium        (ready and pan times)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import struct
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.async_api import Page, Route, WebSocketRoute  # noqa: E402

from seatmap.chart import CompiledChart, compile_chart  # noqa: E402
from seatmap.chart.generators.arena import generate_arena  # noqa: E402
from seatmap.chart.generators.festival import generate_festival  # noqa: E402
from seatmap.chart.generators.stadium import generate_stadium  # noqa: E402
from seatmap.chart.generators.theatre import generate_theatre  # noqa: E402
from server.templating import Templates, words  # noqa: E402
from tests.browser.chromium import chromium  # noqa: E402

GENERATORS: dict[str, Any] = {
    "theatre": generate_theatre, "arena": generate_arena, "stadium": generate_stadium, "festival": generate_festival,
}  # fmt: skip
TITLES = {
    "theatre": ("The Winter's Tale", "Riverside Theatre, Leeds"),
    "arena": ("Nora Lind: Northern Lights Tour", "Hafenarena, Hamburg"),
    "stadium": ("Cup final", "Rosenfeld Stadion, Cologne"),
    "festival": ("Low Tide Festival", "Meadow at the Old Harbour"),
}
HOST = "http://frontrow.test"
WORDS = ("best.", "list.", "map.", "legend.", "seat.", "hold.", "conflict.", "area.", "sale.", "live.", "refusal.", "common.")
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
    padded = states + [0] * (-len(states) % 4)
    body = bytes(padded[i] << 6 | padded[i + 1] << 4 | padded[i + 2] << 2 | padded[i + 3] for i in range(0, len(padded), 4))
    return struct.pack(">BBIIII", 2, 2, 1763712000, 40, len(states), len(areas)) + body + struct.pack(f">{len(areas)}I", *areas)


class Hall:
    """One chart on sale, for one page."""

    def __init__(self, kind: str, share: float, locale: str = "en", theme: str = "") -> None:
        self.kind, self.locale, self.theme = kind, locale, theme
        self.chart = compile_chart(GENERATORS[kind]())
        self.states = sold_like_life(self.chart, share, 7)
        self.areas = [int(area.capacity * (0.62 - 0.13 * a)) for a, area in enumerate(self.chart.areas)]
        self.wire = self.chart.to_wire()
        names = self.chart.categories
        top = {"theatre": 9500, "arena": 14900, "stadium": 32000, "festival": 18900}[kind]
        amounts = [int(top * 0.74**c // 100 * 100) for c in range(len(names))]
        self.prices = [[c, t, int(a * (1 if t == 1 else 0.6) // 50 * 50)] for c, a in enumerate(amounts) for t in (1, 2)]
        self.hold: dict[str, Any] | None = None
        self.next_refusal: str | None = None
        self.phase = "open"

    def page(self) -> str:
        title, place = TITLES[self.kind]
        show = {
            "show": 12, "title": title, "live_url": ":8001/live", "chart_url": "/chart", "state_url": "/state",
            "checkout_url": "/checkout", "event_url": "/event", "currency": "eur", "time_zone": "Europe/Berlin", "types": TYPES,
            "categories": [{"category": c, "name": one.name} for c, one in enumerate(self.chart.categories)],
            "prices": self.prices, "fees": [{"percent_bp": 500, "fixed": 100}], "limit": 8, "phase": self.phase,
            "opens_at_ms": None, "closes_at_ms": None, "now_ms": int(time.time() * 1000),
        }  # fmt: skip
        return Templates(debug=True).text(
            "seats.html", self.locale, theme=self.theme, show=show, heading=title, place=place,
            when="Saturday, 12 December 2026, 19:30", words=words(self.locale).chosen(*WORDS),
        )  # fmt: skip

    async def serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(HOST).partition("?")[0]
        if path == "/":
            await route.fulfill(body=self.page(), content_type="text/html; charset=utf-8")
        elif path == "/chart":
            await route.fulfill(body=self.wire, content_type="application/json")
        elif path == "/state":
            await route.fulfill(body=snapshot(self.states, self.areas), content_type="application/octet-stream")
        elif path.startswith("/assets/"):
            kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "woff2": "font/woff2"}
            file = ROOT / "web" / "dist" / path.removeprefix("/")
            await route.fulfill(body=file.read_bytes(), content_type=kinds[path.rpartition(".")[2]])
        else:
            await route.fulfill(status=404, body="")

    def amount(self, k: int, kind: int) -> int:
        return next(a for c, t, a in self.prices if c == int(self.chart.category[k]) and t == kind)

    def view(self, seats: dict[int, int], areas: list[Any]) -> dict[str, Any] | None:
        if not seats and not areas:
            return None
        lines = [{"k": k, "type": t, "amount": self.amount(k, t)} for k, t in seats.items()]
        places = [{"a": a, "type": t, "qty": q, "amount": next(p for c, u, p in self.prices if u == t and c == self.chart.areas[a].category)} for a, t, q in areas]
        total = sum(line["amount"] for line in lines) + sum(p["amount"] * p["qty"] for p in places)
        return {
            "hold_id": "h", "seats": lines, "areas": places, "expires_at_ms": int(time.time() * 1000) + 462_000, "extendable": True,
            "state": "active", "total": total, "currency": "eur",
        }  # fmt: skip

    def answer(self, socket: WebSocketRoute, text: str | bytes) -> None:
        message = json.loads(text)
        now = int(time.time() * 1000)
        seats = {line["k"]: line["type"] for line in (self.hold or {"seats": []})["seats"]}
        areas = [[a["a"], a["type"], a["qty"]] for a in (self.hold or {"areas": []})["areas"]]
        reply: dict[str, Any] | None = None
        match message["t"]:
            case "join":
                reply = {"t": "joined", "show": 12, "scope": "all", "epoch": 1763712000, "seq": 40, "seats": self.chart.n,
                         "tick_ms": 100, "now_ms": now, "phase": self.phase, "hold": self.hold, "v": 1}  # fmt: skip
            case "ping":
                reply = {"t": "pong", "now_ms": now}
            case "hold" if self.next_refusal:
                taken = [k for k, _ in message["seats"]]
                free = [k for k, s in enumerate(self.states) if s == 0 and k not in taken]
                offers = [{"seats": [[k, 1] for k in free[i * 9 : i * 9 + len(taken)]], "pieces": 1, "total": 9000, "currency": "eur"} for i in range(3)]
                reply = {"t": "refused", "id": message["id"], "code": self.next_refusal, "seats": taken, "offers": offers, "retry_after_ms": None}
            case "hold":
                seats |= {k: t for k, t in message.get("seats", [])}
                areas += message.get("areas", [])
            case "best":
                party = sum(n for _, n in message["types"])
                run = next(i for i in range(self.chart.n) if all(s == 0 for s in self.states[i : i + party]) and self.chart.run[i] == self.chart.run[i + party - 1])
                seats |= {k: message["types"][0][0] for k in range(run, run + party)}
            case "release":
                seats = {} if message.get("all") else {k: t for k, t in seats.items() if k not in (message.get("seats") or [])}
                areas = [] if message.get("all") else [a for a in areas if a not in (message.get("areas") or [])]
        if reply is None:
            self.hold = self.view(seats, areas)
            kind = "released" if message["t"] == "release" else "held"
            reply = {"t": kind, "id": message["id"], "hold": self.hold}
        socket.send(json.dumps(reply))

    async def open(self, page: Page, query: str = "") -> None:
        await page.route(f"{HOST}/**", self.serve)
        await page.route_web_socket("ws://frontrow.test:8001/live", lambda ws: ws.on_message(lambda m: self.answer(ws, m)))
        page.on("console", lambda m: print("  console:", m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: print("  error:", e))
        await page.goto(f"{HOST}/{query}")
        await page.wait_for_selector(".map canvas")
        await page.wait_for_timeout(900)


async def look(kinds: list[str], out: Path, only: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        for kind in kinds:
            for name, size, ratio, touch in (("phone", (360, 780), 2, True), ("desk", (1440, 900), 1, False)):
                for theme in ("dark", "light"):
                    if only and only not in f"{kind}-{name}-{theme}":
                        continue
                    context = await browser.new_context(
                        viewport={"width": size[0], "height": size[1]}, device_scale_factor=ratio, color_scheme=theme,
                        has_touch=touch, locale="en-GB", timezone_id="Europe/Berlin",
                    )  # fmt: skip
                    page = await context.new_page()
                    hall = Hall(kind, 0.45)
                    await hall.open(page)
                    shot = lambda step: page.screenshot(path=out / f"{kind}-{name}-{theme}-{step}.png")  # noqa: B023, E731
                    await shot("1-whole")
                    await page.click(".best__go")
                    await page.wait_for_timeout(900)
                    await shot("2-held")
                    if name == "phone":
                        await page.click(".hold__toggle")
                        await page.wait_for_timeout(200)
                        await shot("3-sheet")
                    await page.click("text=Choose from a list")
                    await page.wait_for_timeout(300)
                    await shot("4-list")
                    await page.click(".list__section >> nth=-2")
                    await page.wait_for_timeout(300)
                    await shot("5-grid")
                    hall.next_refusal = "seat_taken"
                    await page.click(".cell--free >> nth=3")
                    await page.wait_for_timeout(500)
                    await shot("6-conflict")
                    await context.close()
                    print(kind, name, theme)


async def bench(kinds: list[str]) -> None:
    async with chromium() as browser:
        for kind in kinds:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await Hall(kind, 0.5).open(page, "?bench")
            await page.wait_for_function("performance.getEntriesByName('map:interactive').length > 0")
            ready = await page.evaluate("frontrowBench.readyMs()")
            print(f"{kind}: ready {ready:.0f} ms, {await page.evaluate('frontrowBench.renderer')}, {await page.evaluate('frontrowBench.seats')} seats")
            for size in (0, 6, 14, 30):
                times = sorted(await page.evaluate(f"frontrowBench.pan(120, {size})"))
                print(f"  pan, seat {size or 'whole'} px: p50 {times[len(times) // 2]:.2f} ms, p95 {times[int(len(times) * 0.95)]:.2f} ms, max {times[-1]:.2f}")
            await page.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=["theatre", "stadium"])
    parser.add_argument("--bench", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "look")
    arguments = parser.parse_args()
    asyncio.run(bench(arguments.kinds) if arguments.bench else look(arguments.kinds, arguments.out, arguments.only))
