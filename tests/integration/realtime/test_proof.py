"""Holding seats of a show with a waiting room: with the pass, and from the browser it was given to."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from redis.asyncio import Redis

from realtime.proofs import ValkeyPasses
from seatmap.chart.compiled import CompiledChart
from seatmap.inventory.keys import pass_key
from seatmap.inventory.model import HoldRequest
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from server.visitor import VisitorId
from tests.integration.realtime.client import Client
from tests.integration.realtime.house import ADULT, ROOM, House, house_of
from tests.integration.realtime.usher import KEY
from waitingroom.holder import key_holder, new_secret, secret_holder
from waitingroom.model import Claimed, Joined, RoomPlan
from waitingroom.valkey_line import ValkeyLine


@pytest.fixture
async def house(redis: Redis, theatre: CompiledChart) -> AsyncIterator[House]:
    """A show that is sold through a waiting room."""
    async with house_of(redis, theatre, room=True) as house:
        yield house


class Browser:
    """A browser's key, and what it proves with it."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.x, self.y = _text(numbers.x.to_bytes(32, "big")), _text(numbers.y.to_bytes(32, "big"))
        holder = key_holder(self.x, self.y)
        assert holder is not None
        self.holder = holder

    def sign(self, text: str) -> str:
        r, s = decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return _text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    async def prove(self, client: Client, nonce: str, *, show: int = 7, purpose: str = "live") -> dict[str, Any]:
        seen = len(client.messages)
        signature = self.sign(f"frontrow {purpose} v1\n{show}\n{nonce}")
        await client.send(t="prove", x=self.x, y=self.y, signature=signature)
        answer: dict[str, Any] = await client.heard("proven", "challenge", "error", after=seen)
        return answer


async def give_pass(house: House, redis: Redis, token: str, holder: str) -> None:
    """Let the visitor of *token* in, as the line's claim does."""
    await redis.set(pass_key(house.facts.key, _visitor(house, token)), f"{ROOM}:{holder}", px=60_000)


async def test_the_holder_of_a_pass_holds_after_one_proof(house: House, live: str, redis: Redis) -> None:
    """`joined` brings the nonce, `prove` answers it, and from then on holding works as ever."""
    browser, token = Browser(), house.token()
    await give_pass(house, redis, token, browser.holder)
    async with Client(live, session=token) as buyer:
        joined = await buyer.join()
        assert await browser.prove(buyer, joined["challenge"]) == {"t": "proven"}
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["t"] == "held"
        assert (await buyer.command("best", types=[[ADULT, 2]]))["t"] == "held"
        assert (await buyer.command("release", all=True))["hold"] is None


async def test_t51_the_gateways_own_address_is_no_way_around_the_room(house: House, live: str) -> None:
    """T51: who speaks to the gateway directly, with a good session and no pass, holds nothing; the store itself says no as well."""
    token = house.token()
    async with Client(live, session=token) as buyer:
        await buyer.join()
        for kind, fields in (("hold", {"seats": [[0, ADULT]]}), ("best", {"types": [[ADULT, 2]]})):
            assert (await buyer.command(kind, **fields))["code"] == "pass_required"
    refused = await house.inventory.hold(house.facts.key, _visitor(house, token), HoldRequest(((0, ADULT),)), "direct")
    assert getattr(refused, "code", None) == "pass_required"


async def test_t31_a_stolen_cookie_holds_nothing(house: House, live: str, redis: Redis) -> None:
    """T31: another browser with the visitor's cookie and another key, or none, is refused and told what is missing; the owner goes on."""
    owner, thief, token = Browser(), Browser(), house.token()
    await give_pass(house, redis, token, owner.holder)
    async with Client(live, session=token) as stolen:
        joined = await stolen.join()
        assert (await stolen.command("hold", seats=[[0, ADULT]]))["code"] == "pass_unproven"
        assert (await thief.prove(stolen, joined["challenge"]))["t"] == "challenge", "the refusal has renewed the nonce"
        assert (await stolen.command("hold", seats=[[0, ADULT]]))["code"] == "pass_unproven"
        nonce = [message for message in stolen.messages if message["t"] == "challenge"][-1]["nonce"]
        assert (await thief.prove(stolen, nonce))["t"] == "proven", "it does have that key"
        assert (await stolen.command("hold", seats=[[0, ADULT]]))["code"] == "pass_unproven"
    async with Client(live, session=token) as buyer:
        await owner.prove(buyer, (await buyer.join())["challenge"])
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["t"] == "held"


async def test_a_proof_is_good_once_for_its_socket_and_purpose(house: House, live: str, redis: Redis) -> None:
    """A signature over an old nonce, another show, another purpose or another socket's nonce proves nothing, and says no more than that."""
    browser, token = Browser(), house.token()
    await give_pass(house, redis, token, browser.holder)
    async with Client(live, session=token) as buyer, Client(live, session=token) as other:
        nonce = (await buyer.join())["challenge"]
        foreign = (await other.join())["challenge"]
        wrong = [
            await browser.prove(buyer, foreign),
            await browser.prove(buyer, nonce),
        ]
        wrong.append(await browser.prove(buyer, wrong[-1]["nonce"], show=8))
        wrong.append(await browser.prove(buyer, wrong[-1]["nonce"], purpose="claim"))
        assert [(answer["t"], answer["failed"]) for answer in wrong] == [("challenge", True)] * 4
        assert len({answer["nonce"] for answer in wrong} | {nonce, foreign}) == 6
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["code"] == "pass_unproven"


@pytest.mark.parametrize(("x", "signature"), [("A" * 43, "A" * 86), ("A" * 42 + "!", "A" * 86), ("A" * 43, "é" * 86)])
async def test_nonsense_proves_nothing(house: House, live: str, x: str, signature: str) -> None:
    """What is no point of the curve or no signature is a failed proof, not a fault."""
    async with Client(live, session=house.token()) as buyer:
        await buyer.join()
        seen = len(buyer.messages)
        await buyer.send(t="prove", x=x, y="A" * 43, signature=signature)
        assert (await buyer.heard("challenge", after=seen))["failed"]


async def test_a_proof_before_joining_is_an_error(house: House, live: str) -> None:
    """There is nothing to prove yet."""
    async with Client(live) as client:
        await client.send(t="prove", x="A" * 43, y="A" * 43, signature="A" * 86)
        assert (await client.heard("error", after=0))["code"] == "not_joined"


async def test_the_secret_of_the_handshake_stands_in_for_a_key(house: House, live: str, redis: Redis) -> None:
    """Without a secure context the HttpOnly secret is the holder; another secret, or the secret as a message, is not."""
    token, secret = house.token(), new_secret()
    await give_pass(house, redis, token, secret_holder(secret))
    for cookie, outcome in ((f"fr_holder={secret}", "held"), (f"fr_holder={new_secret()}", "refused"), ("", "refused")):
        client = Client(live)
        client.headers["Cookie"] = f"fr_visitor={token}; {cookie}"
        client.origin = "http://127.0.0.1:8000"
        async with client:
            await client.join()
            assert (await client.command("hold", seats=[[0, ADULT]]))["t"] == outcome


async def test_a_pass_that_ends_holds_nothing_more(house: House, live: str, redis: Redis) -> None:
    """The proof stays good, the pass does not; what is held already can still be given back."""
    browser, token = Browser(), house.token()
    await give_pass(house, redis, token, browser.holder)
    async with Client(live, session=token) as buyer:
        await browser.prove(buyer, (await buyer.join())["challenge"])
        await buyer.command("hold", seats=[[0, ADULT]])
        await redis.delete(pass_key(house.facts.key, _visitor(house, token)))
        assert (await buyer.command("hold", seats=[[5, ADULT]]))["code"] == "pass_required"
        assert (await buyer.command("extend"))["t"] == "held"
        assert (await buyer.command("release", all=True))["t"] == "released"


async def test_from_the_line_to_the_seat(house: House, live: str, redis: Redis) -> None:
    """The real line: joined, called, claimed with the browser's key, proven on the socket, held."""
    store = ValkeyPipeline(redis)
    line, browser, token = ValkeyLine(store, FunctionMissing), Browser(), house.token()
    now_ms = time.time_ns() // 1_000_000
    await line.open_room(KEY, RoomPlan(now_ms - 1000, now_ms - 1000, cap=5, rate_per_min=600, shows=(7,)))
    joined = await line.join(KEY, b"identity", 4)
    assert isinstance(joined, Joined)
    fence = await line.lead(KEY, "test", 10_000)
    assert fence is not None
    await line.move(KEY, fence, 1)
    claimed = await line.claim(KEY, joined.index, b"identity", _visitor(house, token), browser.holder)
    assert isinstance(claimed, Claimed)
    async with Client(live, session=token) as buyer:
        await browser.prove(buyer, (await buyer.join())["challenge"])
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["t"] == "held"
    await store.aclose()


async def test_a_show_that_begins_to_need_a_pass(house: House, live: str, redis: Redis) -> None:
    """Sockets that joined before the room stood are asked for a proof when they hold."""
    assert house.facts.show.room
    browser, token = Browser(), house.token()
    await give_pass(house, redis, token, browser.holder)
    async with Client(live, session=token) as buyer:
        await buyer.join()
        seen = len(buyer.messages)
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["code"] == "pass_unproven"
        challenge = await buyer.heard("challenge", after=seen)
        assert not challenge["failed"]
        assert (await browser.prove(buyer, challenge["nonce"]))["t"] == "proven"
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["t"] == "held"


async def test_a_room_put_before_seats_people_look_at(redis: Redis, theatre: CompiledChart) -> None:
    """Everybody there is told at once, and the very first hold is refused with the code that leads to the room; with it gone, all is as before.

    The catalogue of this process has not heard of the room: the store's word counts.
    """
    async with (
        house_of(redis, theatre) as house,
        house.gateway() as (_, live),
        Client(live, session=house.token()) as holder,
        Client(live, session=house.token()) as viewer,
    ):
        assert (await holder.join())["challenge"] is None and (await viewer.join())["challenge"] is None
        assert (await holder.command("hold", seats=[[0, ADULT]]))["t"] == "held"
        await house.inventory.require_pass(house.facts.key, True)
        refused = await viewer.command("hold", seats=[[5, ADULT]])
        assert (refused["t"], refused["code"]) == ("refused", "pass_required")
        assert (await viewer.command("best", types=[[ADULT, 2]]))["code"] == "pass_required"
        assert (await viewer.heard("sale", after=0))["pass_required"]
        assert (await holder.heard("sale", after=0))["pass_required"]
        assert (await holder.command("extend"))["t"] == "held", "what was held stays held"
        async with Client(live, session=house.token()) as late:
            assert (await late.join())["challenge"] is not None
        assert not house.facts.show.room
        seen = len(viewer.messages)
        await house.inventory.require_pass(house.facts.key, False)
        assert not (await viewer.heard("sale", after=seen))["pass_required"]
        assert (await viewer.command("hold", seats=[[5, ADULT]]))["t"] == "held"


async def test_a_show_without_a_room_asks_nothing(
    redis: Redis, theatre: CompiledChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No challenge, and no look for a pass."""

    async def asked(*_: object) -> None:
        pytest.fail("a pass was looked for")

    monkeypatch.setattr(ValkeyPasses, "holder", asked)
    async with (
        house_of(redis, theatre) as house,
        house.gateway() as (_, live),
        Client(live, session=house.token()) as buyer,
    ):
        assert (await buyer.join())["challenge"] is None
        assert (await buyer.command("hold", seats=[[0, ADULT]]))["t"] == "held"


def _visitor(house: House, token: str) -> VisitorId:
    visitor = house.visitors.read(token, int(time.time()))
    assert visitor is not None
    return visitor


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
