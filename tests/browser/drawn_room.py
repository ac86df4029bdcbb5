"""A draw without a server: the real page that checks it, over a real draw whose published files a test may forge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from playwright.async_api import Page, Route

from server.rooms.draw_record import DrawnView, DrawView, ProofView
from server.rooms.facts import RoomFacts
from server.rooms.page_words import room_words
from server.rooms.pages import Scene, hashes
from server.rooms.proof_page import own_part, shared_part
from server.security import content_security_policy
from server.templating import Templates
from tests.browser.foyer import MINUTE_MS, SECURE, facts_of, now_ms
from tests.contract.waitingroom.make_draw_cases import listed
from waitingroom import draw, identity, merkle, roll

SECRET = hashlib.sha256(b"the secret of a browser test").digest()
_TEMPLATES = Templates(debug=True)
Forge = Callable[["DrawnRoom"], None]


@dataclass
class DrawnRoom:
    """One room whose draw was made among *people*, or not yet, for one browser page. *down* are the files that do not arrive.

    *record*, *list*, *places* and *proof* are what is published; to forge is to change them.
    """

    people: int | None = 300
    index: int | None = 41
    locale: str = "en"
    host: str = SECURE
    facts: RoomFacts = field(default_factory=lambda: facts_of(commitment=draw.commitment(SECRET).hex()))
    down: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.asked: list[str] = []
        self.mine = self.index
        room, committed = self.facts.room_id, self.facts.opens_lobby_ms - 600 * MINUTE_MS
        self.list = listed(self.people or 0, 3)
        conducted = roll.conduct(self.list, room, SECRET)
        self._tree = merkle.MerkleTree(roll.leaves_of(self.list))
        self.places = conducted.positions.astype(">u4").tobytes()
        drawn = None
        if self.people is not None:
            drawn = DrawnView(
                at_ms=self.facts.draws_ms, secret=SECRET.hex(), root=conducted.root.hex(), people=self.people, beacon="",
                seed=bytes(conducted.seed).hex(),
            )  # fmt: skip
        self.view = DrawView(
            room=str(room), version=draw.VERSION, commitment=self.facts.commitment, committed_at_ms=committed,
            draws_ms=self.facts.draws_ms, drawn=drawn,
        )  # fmt: skip
        self.record: dict[str, Any] = msgspec.to_builtins(self.view)
        index = self.index
        inside = index is not None and index < (self.people or 0)
        self.proof: dict[str, Any] = self._proof(index) if inside and index is not None else {}

    def _proof(self, index: int) -> dict[str, Any]:
        """Return what the server proves of an entry."""
        assert self.view.drawn is not None
        entry = self.list[9 * index : 9 * index + 9]
        seed = draw.Seed(bytes.fromhex(self.view.drawn.seed))
        proof = ProofView(
            index=index, tier=entry[0], identity=entry[1:].hex(),
            leaf=merkle.leaf(index, entry[0], identity.commitment(entry[1:])).hex(),
            path=tuple(step.hex() for step in self._tree.proof(index)), root=self.view.drawn.root,
            people=self.view.drawn.people, number=str(draw.draw_number(seed, self.view.room, index)),
            place=int.from_bytes(self.places[4 * index : 4 * index + 4], "big"),
        )  # fmt: skip
        made: dict[str, Any] = msgspec.to_builtins(proof)
        return made | {"path": list(proof.path)}

    async def open(self, page: Page) -> None:
        """Lead *page* to the checks."""
        await page.context.route(f"{self.host}/**", self._serve)
        await page.goto(f"{self.host}/rooms/{self.facts.slug}/proof")

    def document(self) -> str:
        """Return the page as the server writes it."""
        words = room_words(self.locale)
        scene = Scene(
            self.facts.event_title, "Saturday, 12 December, 19:30\u00a0· Riverside Theatre, Leeds", "Europe/London"
        )
        late = self.view.drawn is None and now_ms() >= self.facts.draws_ms
        shared = shared_part(_TEMPLATES, self.facts, self.view, scene, words, late=late)
        return shared + own_part(_TEMPLATES, self.facts, self.view, words, self.host, self.index, mine=self.mine)

    async def _serve(self, route: Route) -> None:
        path, _, query = route.request.url.removeprefix(self.host).partition("?")
        name = path.rpartition("/")[2]
        self.asked.append(name)
        if path.endswith("/proof") and path.startswith("/rooms/"):
            inline = hashes("room-proof", self.facts.host.accent or "")
            headers = {
                "content-type": "text/html; charset=utf-8",
                "content-security-policy": content_security_policy("ws://localhost:8001", inline=inline),
            }
            await route.fulfill(body=self.document(), headers=headers)
        elif name in self.down:
            await route.fulfill(status=503, body="")
        elif name == "proof":
            assert query == f"index={self.index}"
            await route.fulfill(body=json.dumps(self.proof), content_type="application/json")
        elif name in ("list", "places"):
            await route.fulfill(
                body=self.list if name == "list" else self.places, content_type="application/octet-stream"
            )
        else:
            await route.fulfill(body=json.dumps(self.record), content_type="application/json")

    def revealed(self, **changed: Any) -> None:
        """Publish another result."""
        self.record["drawn"] |= changed

    def exchange(self, a: int, b: int) -> None:
        """Serve two people at each other's place."""
        places = bytearray(self.places)
        places[4 * a : 4 * a + 4], places[4 * b : 4 * b + 4] = (
            self.places[4 * b : 4 * b + 4],
            self.places[4 * a : 4 * a + 4],
        )
        self.places = bytes(places)
