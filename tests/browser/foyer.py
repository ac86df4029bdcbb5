"""A waiting room without a server: the real page in any phase, its API, stream and socket answered here, for one browser page.

The page cannot tell the difference, so that every phase can be looked at and every broken network be tried with nothing else running.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from playwright.async_api import Page, Route, WebSocketRoute

from server.rooms.facts import Host, Message, RoomFacts
from server.rooms.page_words import room_words
from server.rooms.pages import Scene, Standing, hashes, own_part, shared_part
from server.rooms.views import Mine
from server.security import content_security_policy
from server.templating import WEB, Templates
from waitingroom.frame import FrameMessage, LineFrame

# Browsers take localhost for secure, so that the page makes a key; by its other name it is plain http.
SECURE, PLAIN = "http://localhost:59", "http://frontrow.test:59"
LIVE = ":8001/live"
ROOM = 7
MINUTE_MS = 60_000
_TEMPLATES = Templates(debug=True)
Change = Callable[["Foyer"], None]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def facts_of(**changed: Any) -> RoomFacts:
    """Return a room before the last night of a play, as an organiser would make it."""
    begin = now_ms() - now_ms() % MINUTE_MS
    made: dict[str, Any] = {
        "room_id": ROOM, "org_id": 1, "event_id": 1, "slug": "glass-orchard", "name": "Opening sale", "event_slug": "the-glass-orchard",
        "event_title": "The Glass Orchard", "host": Host("riverside", "Riverside Playhouse", None, "en"), "shows": (1,), "whole_event": False,
        "opens_lobby_ms": begin - 50 * MINUTE_MS, "draws_ms": begin - 20 * MINUTE_MS, "closes_ms": begin + 180 * MINUTE_MS, "cap": 500,
        "rate_per_min": 120, "claim_window_ms": 300_000, "visit_ms": 900_000, "reentries": 1, "capacity_max": 2_000_000,
        "fail_open": False, "auto_passthrough": True, "identities": ("device", "email"), "place": "exact", "paused": False,
        "passthrough": False, "draining": False, "closed": False, "epoch": 1, "version": 1,
        "commitment": "5f2ac09be1d74f30a6c8b7d2e95413f8c06d9a17b2e4f5837a1c6e0d94b3f258", "tiers": (),
        "message": None, "rehearsal_of": None,
    }  # fmt: skip
    return RoomFacts(**(made | changed))


def frame_of(**changed: Any) -> LineFrame:
    """Return a frame of a line that moves."""
    made: dict[str, Any] = {
        "room": ROOM, "epoch": 1, "tick": 1000, "now_ms": now_ms(), "phase": "open", "lobby": 8200, "next": 12640, "served": 3106,
        "rate": (92.0, 112.0, 131.0), "hazard": 0.004, "waiting": 8420, "left": 2630, "poll_ms": 2000,
    }  # fmt: skip
    return LineFrame(**(made | changed))


def mine_of(**changed: Any) -> Mine:
    """Return a place in the middle of that line."""
    made: dict[str, Any] = {"room": ROOM, "index": 4021, "tier": 4, "position": 4309, "state": "waiting", "drawn": True}
    return Mine(**(made | changed))


@dataclass
class Foyer:
    """One room for one page. `asked` lists what the page asked for; `down` what does not answer: "socket", "events", "state"."""

    facts: RoomFacts
    frame: LineFrame
    mine: Mine | None
    locale: str = "en"
    host: str = SECURE

    def __post_init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: dict[str, Any] = {}
        self.down: set[str] = set()
        self.answers: dict[str, tuple[int, Any]] = {}
        self.sockets: list[WebSocketRoute] = []
        self.said = ""

    async def open(self, page: Page) -> None:
        """Lead *page* into the room."""
        await page.context.route(f"{self.host}/**", self._serve)
        await page.context.route_web_socket(f"ws://{self.host.split('/')[2].split(':')[0]}{LIVE}", self._meet)
        await page.goto(f"{self.host}/rooms/{self.facts.slug}")

    def tell(self, **changed: Any) -> None:
        """Publish the next frame to everybody on the socket; whoever polls finds it."""
        made = {"tick": self.frame.tick + 1, "now_ms": now_ms()} | changed
        self.frame = msgspec.structs.replace(self.frame, **made)
        for socket in self.sockets:
            socket.send(msgspec.json.encode(self.frame).decode())

    def document(self) -> tuple[str, str]:
        """Return the page as the server writes it: what is shared, and one reader's own."""
        scene = Scene(
            self.facts.event_title, "Saturday, 12 December, 19:30\u00a0· Riverside Theatre, Leeds", "Europe/London"
        )
        standing = Standing(self.frame, self.mine, now_ms(), said=self.said)
        words = room_words(self.locale)
        shared = shared_part(_TEMPLATES, self.facts, scene, standing, words, LIVE)
        return shared, own_part(_TEMPLATES, self.facts, scene, standing, words)

    async def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(self.host).partition("?")[0]
        name = path.rpartition("/")[2]
        self.asked.append(path)
        if route.request.post_data:
            self.bodies[name] = route.request.post_data_json
        if path.startswith("/rooms/"):
            inline = hashes("room", self.facts.host.accent or "")
            policy = content_security_policy("ws://localhost:8001 ws://frontrow.test:8001", inline=inline)
            headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
            await route.fulfill(body="".join(self.document()), headers=headers)
        elif name in self.answers:
            status, body = self.answers[name]
            await route.fulfill(status=status, json=body)
        elif name == "state.json":
            await self._state(route)
        elif name == "events":
            await self._events(route)
        elif path.startswith("/api/"):
            await self._deed(route, name)
        elif path.startswith("/assets/"):
            await route.fulfill(path=WEB / "dist" / path.removeprefix("/"), content_type="text/javascript")
        else:
            await route.fulfill(body="<h1>Seats</h1>", content_type="text/html")

    async def _state(self, route: Route) -> None:
        if "state" in self.down:
            await route.abort()
        else:
            await route.fulfill(body=msgspec.json.encode(self.frame).decode(), content_type="application/json")

    async def _events(self, route: Route) -> None:
        if "events" in self.down:
            await route.fulfill(status=503, body="")
        else:
            body = f"retry: 60000\n\ndata: {msgspec.json.encode(self.frame).decode()}\n\n"
            await route.fulfill(body=body, content_type="text/event-stream")

    async def _deed(self, route: Route, name: str) -> None:
        if name == "mine":
            body = {"code": "place_unknown"} if self.mine is None else msgspec.to_builtins(self.mine)
            await route.fulfill(status=404 if self.mine is None else 200, json=body)
        elif name == "places":
            self.mine = self.mine or mine_of(position=None if self.frame.phase == "lobby" else self.frame.next)
            await route.fulfill(status=201, json=msgspec.to_builtins(self.mine))
        elif name == "nonce":
            await route.fulfill(json={"nonce": "n" * 32})
        elif name == "challenge":
            await route.fulfill(json={"price": "none", "challenge": None, "expires_at_ms": None, "expected_ms": 0})
        elif name == "claim":
            await route.fulfill(json={"go": "/shows/1", "expires_at_ms": now_ms() + 15 * MINUTE_MS})
        else:
            await route.fulfill(status=204, body="")

    def _meet(self, socket: WebSocketRoute) -> None:
        if "socket" in self.down:
            # A network without sockets: it ends before it has said anything.
            socket.on_message(lambda _: None)
            self._later_close(socket)
            return
        self.sockets.append(socket)
        socket.on_message(lambda message: self._answer(socket, json.loads(message)))

    def _later_close(self, socket: WebSocketRoute) -> None:
        import asyncio

        asyncio.get_running_loop().create_task(socket.close(code=1011))

    def _answer(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        self.asked.append(f"socket:{message['t']}")
        if message["t"] == "wait":
            mine = self.mine
            waiting = {
                "t": "waiting", "room": ROOM, "index": mine and mine.index, "position": mine and mine.position, "called": False,
                "reconnect_ms": 15_000, "now_ms": now_ms(), "tick_ms": 250,
            }  # fmt: skip
            socket.send(json.dumps(waiting))
            socket.send(msgspec.json.encode(self.frame).decode())


def phases() -> dict[str, Callable[[], Foyer]]:
    """Return every state the page can be in, by the name of its picture."""
    begin = now_ms()
    soon = {"opens_lobby_ms": begin + 95 * MINUTE_MS, "draws_ms": begin + 155 * MINUTE_MS}
    lobby = {"draws_ms": begin + 12 * MINUTE_MS + 4000}
    waiting = {"phase": "lobby", "next": 6214, "served": 0, "waiting": 6214, "rate": None, "left": None}
    return {
        "planned": lambda: Foyer(facts_of(**soon), frame_of(phase="planned", rate=None), None),
        "lobby-join": lambda: Foyer(facts_of(**lobby), frame_of(**waiting), None),
        "lobby": lambda: Foyer(facts_of(**lobby), frame_of(**waiting), mine_of(position=None, drawn=False)),
        "drawing": lambda: Foyer(facts_of(), frame_of(phase="drawing", rate=None), mine_of(position=None, drawn=False)),
        "join": lambda: Foyer(facts_of(), frame_of(), None),
        "straight-in": lambda: Foyer(facts_of(identities=("device",)), frame_of(passthrough=True, waiting=0), None),
        "waiting": lambda: Foyer(facts_of(), frame_of(), mine_of()),
        "waiting-banded": lambda: Foyer(facts_of(place="banded"), frame_of(left=None), mine_of(position=11806)),
        "waiting-message": lambda: Foyer(
            facts_of(message=Message(1, "x")),
            frame_of(left=640, message=FrameMessage("1", "We have added a second night, 13 December. It goes on sale in this line too.")),
            mine_of(position=3330),
        ),
        "paused": lambda: Foyer(facts_of(paused=True), frame_of(paused=True), mine_of()),
        "called": lambda: Foyer(
            facts_of(), frame_of(served=4400), mine_of(state="called", claim_until_ms=begin + 4 * MINUTE_MS + 31_000)
        ),
        "claimed": lambda: Foyer(
            facts_of(), frame_of(served=4400),
            mine_of(state="claimed", visit_until_ms=begin + 13 * MINUTE_MS + 9000, go="/shows/1"),
        ),
        "done": lambda: Foyer(
            facts_of(), frame_of(served=4400), mine_of(state="claimed", visit_until_ms=0, bought="/orders/7G2K94QX1B")
        ),
        "lapsed": lambda: Foyer(facts_of(), frame_of(served=5200), mine_of(state="lapsed", reentry=True)),
        "left": lambda: Foyer(facts_of(), frame_of(), mine_of(state="left")),
        "draining": lambda: Foyer(facts_of(), frame_of(phase="draining"), mine_of()),
        "full-house": lambda: Foyer(facts_of(), frame_of(phase="draining"), None),
        "sold-out": lambda: Foyer(facts_of(), frame_of(sold_out=True, left=0), mine_of()),
        "closed": lambda: Foyer(facts_of(), frame_of(phase="closed"), None),
        "branded-arabic": lambda: Foyer(
            facts_of(host=Host("oper", "دار الأوبرا", "#7a1fa2", "ar"), event_title="ليلة في دمشق"), frame_of(), mine_of(), "ar"
        ),
        "long-german": lambda: Foyer(
            facts_of(
                host=Host("x", "Staatstheater und Philharmonisches Orchester der Landeshauptstadt", "#005f73", "de"),
                event_title="Donaudampfschifffahrtsgesellschaftskapitänsjubiläum: Die große Gala zum zweihundertsten Geburtstag",
            ),
            frame_of(), mine_of(position=31_240), "de",
        ),
    }  # fmt: skip


__all__ = ["PLAIN", "SECURE", "Foyer", "facts_of", "frame_of", "mine_of", "now_ms", "phases", "replace"]
