"""The room under attack, and the people who attack it: each has a session, a key, and the patience of a program."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from loadtests.crowd.live import LiveSocket
from loadtests.crowd.room import HolderKey
from loadtests.crowd.tally import Tally
from waitingroom.challenges.work import solve
from waitingroom.holder import claim_message

Json = dict[str, Any]
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Target:
    """An open room of a running installation."""

    url: str
    live_url: str
    show: int
    room_id: int
    type_id: int
    http: httpx.AsyncClient

    @property
    def path(self) -> str:
        """Where its API is."""
        return f"/api/v1/rooms/{self.room_id}"

    async def person(self) -> Person:
        """Return somebody new."""
        answer = await self.http.post("/api/v1/sessions")
        answer.raise_for_status()
        return Person(self, str(answer.json()["token"]))

    async def people(self, count: int) -> list[Person]:
        """Return *count* people who have joined, one after another."""
        found = [await self.person() for _ in range(count)]
        for one in found:
            answer = await one.join()
            assert answer.is_success, answer.text
        return found

    async def called(self, count: int = 1) -> list[Person]:
        """Return people whose turn it is."""
        found = await self.people(count)
        for one in found:
            await one.await_turn()
        return found

    async def frame(self) -> Json:
        """Read where the line is."""
        answer = await self.http.get(f"{self.path}/state.json")
        answer.raise_for_status()
        frame: Json = answer.json()
        return frame


@dataclass
class Person:
    """Somebody at the room, honest or not. What they have can be taken from them and used by others."""

    target: Target
    session: str
    key: HolderKey = field(default_factory=HolderKey)
    token: str | None = None
    position: int | None = None
    index: int | None = None

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers that say who they are."""
        place = {} if self.token is None else {"frontrow-place": self.token}
        return {"authorization": f"Visitor {self.session}"} | place | more

    async def get(self, deed: str, **headers: str) -> httpx.Response:
        """Ask the room something."""
        return await self.target.http.get(f"{self.target.path}/{deed}", headers=self.headers(**headers))

    async def post(self, deed: str, body: Json, **headers: str) -> httpx.Response:
        """Do something at the room."""
        return await self.target.http.post(f"{self.target.path}/{deed}", json=body, headers=self.headers(**headers))

    async def solution(self) -> str | None:
        """Ask what joining costs and do the work."""
        asked = (await self.get("challenge")).json()
        return None if asked["challenge"] is None else await asyncio.to_thread(solve, asked["challenge"])

    async def join(self, **wish: Any) -> httpx.Response:
        """Join with the work done, unless *wish* brings other work."""
        body = {"method": "device", "key": self.key.point}
        if "challenge" not in wish and (work := await self.solution()) is not None:
            body["challenge"] = work
        answer = await self.post("places", body | wish)
        if answer.is_success:
            mine = answer.json()
            self.token, self.index, self.position = mine["token"], mine["index"], mine["position"]
        return answer

    async def mine(self) -> Json:
        """Read one's own place."""
        answer = await self.get("places/mine")
        answer.raise_for_status()
        mine: Json = answer.json()
        return mine

    async def await_turn(self) -> None:
        """Wait until the line says that it is one's turn."""
        deadline = time.monotonic() + PATIENCE_S
        while (await self.mine())["state"] != "called":
            assert time.monotonic() < deadline, f"not called within {PATIENCE_S:g} s: {await self.target.frame()}"
            await asyncio.sleep(0.1)

    async def nonce(self) -> str:
        """Get something to sign."""
        answer = await self.get("nonce")
        answer.raise_for_status()
        return str(answer.json()["nonce"])

    def proof(self, nonce: str) -> Json:
        """Sign it."""
        return {
            "nonce": nonce,
            "key": self.key.point,
            "signature": self.key.sign(claim_message(self.target.room_id, nonce)),
        }

    async def claim(self) -> httpx.Response:
        """Go in."""
        return await self.post("claim", self.proof(await self.nonce()))

    async def leave(self) -> None:
        """Give up the place, and the visit with it."""
        await self.post("leave", {})

    @asynccontextmanager
    async def socket(self, *, session: str | None = None, holder: HolderKey | None = None) -> AsyncIterator[LiveSocket]:
        """Open a socket to the gateway, past every page."""
        socket = LiveSocket(
            self.target.live_url, self.target.show, session or self.session, Tally(), random.Random(1), holder=holder
        )
        try:
            await socket.join("overview", None)
            yield socket
        finally:
            await socket.leave()

    async def hold(self, k: int, **options: Any) -> Json:
        """Try to hold a seat; gives the gateway's answer."""
        async with self.socket(**options) as socket:
            return await socket.command("hold", seats=[[k, self.target.type_id]])


def told(answer: httpx.Response) -> str:
    """Return the refusal's code of an answer, "" when it is none."""
    if answer.is_success:
        return ""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


def held(answer: Json) -> str:
    """Return the refusal's code of the gateway's answer, "" when it is none."""
    return str(answer["code"]) if answer["t"] == "refused" else ""
