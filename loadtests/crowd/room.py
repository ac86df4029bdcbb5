"""A waiting room from the other side: the line as everybody sees it, and one person standing in it."""

import asyncio
import base64
import random
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from loadtests.crowd.shop import Answer, Shop, Unreachable
from loadtests.crowd.tally import Tally
from waitingroom.challenges.work import solve
from waitingroom.holder import claim_message

Json = dict[str, Any]
# Codes of a claim that say: you are next, ask again.
ASK_AGAIN = frozenset(("visits_full", "visits_busy", "room_paused", "not_called", "rate_limited", "nonce_invalid"))
# Codes of a join that a fresh challenge answers.
WORK_AGAIN = frozenset(
    ("challenge_required", "challenge_invalid", "challenge_expired", "challenge_spent", "challenge_dearer")
)
JOIN_TRIES = 6
LOOK_S = 1.0


class HolderKey:
    """A key as browsers make one: it proves that a place and its pass are ours."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.point = {"x": _text(numbers.x.to_bytes(32, "big")), "y": _text(numbers.y.to_bytes(32, "big"))}

    def sign(self, message: bytes) -> str:
        """Sign as WebCrypto does: 64 bytes r‖s."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
        return _text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Room:
    """The room a show is sold through; one look a second serves everybody who waits in it."""

    def __init__(self, shop: Shop, view: Json) -> None:
        self.room_id = int(view["id"])
        self.page = str(view["page"])
        self.frame: Json = {"phase": "planned", "served": 0, "sold_out": False, "waiting": 0}
        self._shop = shop
        self._news = asyncio.Event()

    @property
    def takes_people(self) -> bool:
        """Whether joining makes sense now."""
        return self.frame["phase"] in ("lobby", "drawing", "open") and not self.frame["sold_out"]

    async def follow(self) -> None:
        """Look at the line until cancelled."""
        while True:
            try:
                answer = await self._shop.get("line", f"/api/v1/rooms/{self.room_id}/state.json")
                if answer.ok:
                    self.frame = answer.body
                    self._news.set()
                    self._news = asyncio.Event()
            except Unreachable:
                pass  # an old frame is better than none
            await asyncio.sleep(LOOK_S)

    async def look(self) -> Json:
        """Wait for the next frame."""
        await self._news.wait()
        return self.frame


class Waiter:
    """One person in line, from joining to the seats or to giving up."""

    def __init__(self, shop: Shop, room: Room, session: str, tally: Tally, random_: random.Random) -> None:
        self._shop, self._room, self._session = shop, room, session
        self._tally, self._random = tally, random_
        self._base = f"/api/v1/rooms/{room.room_id}"
        self._token: str | None = None
        self.key = HolderKey()

    async def get_in(self, patience_s: float) -> bool:
        """Join, wait, claim; False when patience or the sale ended first."""
        loop = asyncio.get_running_loop()
        came = loop.time()
        mine = await self._join()
        if mine is None:
            self._tally.counts["turned away by the line"] += 1
            return False
        self._tally.counts["joined a line"] += 1
        while loop.time() - came < patience_s:
            frame = await self._room.look()
            if frame["phase"] == "closed" or frame["sold_out"]:
                self._tally.counts["waited in vain"] += 1
                return False
            if mine["position"] is None and frame["phase"] in ("open", "draining"):
                mine = await self._look_up() or mine
            if mine["position"] is not None and mine["position"] < frame["served"]:
                if await self._claim():
                    self._tally.counts["let in"] += 1
                    return True
                mine = await self._look_up() or mine
                if mine["state"] in ("lapsed", "left") and not mine["reentry"]:
                    self._tally.counts["missed their turn"] += 1
                    return False
        self._tally.counts["gave up waiting"] += 1
        await self.leave()
        return False

    async def leave(self) -> None:
        """Give the place up, or the visit: whoever is next comes in at once."""
        if self._token is not None:
            await self._ask("leave", "POST", "leave")

    async def _join(self) -> Json | None:
        for _ in range(JOIN_TRIES):
            asked = await self._ask("challenge", "GET", "challenge")
            if asked.ok:
                body: Json = {"method": "device", "key": self.key.point}
                if asked.body["challenge"] is not None:
                    body["challenge"] = await asyncio.to_thread(solve, asked.body["challenge"])
                answer = await self._ask("join line", "POST", "places", body)
                if answer.ok:
                    self._token = str(answer.body["token"])
                    mine: Json = answer.body
                    return mine
                if answer.code not in (*WORK_AGAIN, "rate_limited", "unavailable"):
                    return None
            await asyncio.sleep(1 + self._random.random())
        return None

    async def _look_up(self) -> Json | None:
        answer = await self._ask("place", "GET", "places/mine")
        return answer.body if answer.ok else None

    async def _claim(self) -> bool:
        """Prove who we are until we are in; False when the turn is not ours (any more)."""
        while True:
            nonce = await self._ask("nonce", "GET", "nonce")
            if not nonce.ok:
                return False
            text = str(nonce.body["nonce"])
            signature = self.key.sign(claim_message(self._room.room_id, text))
            body = {"nonce": text, "key": self.key.point, "signature": signature}
            answer = await self._ask("claim", "POST", "claim", body)
            if answer.ok:
                return True
            if answer.code not in ASK_AGAIN:
                return False
            await asyncio.sleep(answer.retry_after_s(1.0) + self._random.random())

    async def _ask(self, step: str, method: str, deed: str, body: Json | None = None) -> Answer:
        return await self._shop.in_line(
            step, method, f"{self._base}/{deed}", session=self._session, place=self._token, body=body
        )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
