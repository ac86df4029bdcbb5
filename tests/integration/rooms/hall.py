"""A show that sells through a waiting room, and visitors who have the keys and cookies of a browser."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from seatmap.chart import compile_chart
from seatmap.chart.generators import generate_theatre
from seatmap.inventory.model import ShowKey
from server.catalog import events, prices, sale, shows
from server.catalog.charts import save_chart
from server.catalog.inputs import NewEvent, NewShow, NewTicketType, NewVenue, Price, PriceList
from server.payments.stripe_payments import StripePayments
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.conduct import Conducted, conduct_draw, load_secret
from server.rooms.desk import Desk, desk_for
from server.rooms.facts import RoomFacts
from server.rooms.inputs import NewRoom, NewTier
from server.rooms.make import create_room
from server.rooms.plan import room_key
from tests.integration.installation import Installation, installation
from tests.order_scene import provider_on_loopback
from waitingroom.holder import claim_message
from waitingroom.model import RoomKey

HOUR_MS = 3_600_000
SLUG = "the-great-sale"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Hall:
    """An organisation, an event of it with one theatre show on sale, and its room once one is made."""

    server: Installation
    desk: Desk
    who: Principal
    event_id: int
    show_id: int
    type_id: int
    keys: dict[int, str] = field(default_factory=dict)

    @property
    def show(self) -> ShowKey:
        return ShowKey(self.event_id, self.show_id)

    async def room(self, **changes: Any) -> RoomFacts:
        """Make the room; its lobby is open and its draw an hour away unless *changes* say otherwise."""
        made = await create_room(self.desk, self.who, self.who.org_id, self.wish(**changes))
        assert not isinstance(made, Refusal), made
        return made

    def wish(self, **changes: Any) -> NewRoom:
        settings: dict[str, Any] = {
            "event": self.event_id, "slug": SLUG, "name": "The great sale", "shows": (self.show_id,),
            "opens_lobby_ms": now_ms() - 60_000, "draws_ms": now_ms() + HOUR_MS, "closes_ms": now_ms() + 9 * HOUR_MS,
            "identities": ("device", "email"), "auto_passthrough": False,
        }  # fmt: skip
        return NewRoom(**(settings | changes))

    async def another_show(self) -> int:
        """Add a show like the first one to the event, and open its sale."""
        catalogue, who = self.desk.catalogue, self.who
        event = made(await catalogue.event_of(who.org_id, self.event_id))
        first = next(show for show in event.shows if show.show_id == self.show_id)
        added = made(
            await shows.add_show(
                catalogue, who, self.event_id, new_show(first.venue.venue_id, first.chart_id, first.chart_rev)
            )
        )
        made(await prices.set_prices(catalogue, who, added.show_id, price_list(self.type_id)))
        made(await sale.change_sale(catalogue, who, who.org_id, added.show_id, "open"))
        return int(added.show_id)

    async def tiers(self, *names: str) -> tuple[NewTier, ...]:
        return tuple(NewTier(tier=number, name=name) for number, name in enumerate(names))

    async def drawn(self, facts: RoomFacts) -> Conducted:
        """Make the draw of a room whose second has come."""
        conducted = await conduct_draw(self.desk, facts, await load_secret(self.desk, facts))
        assert isinstance(conducted, Conducted), conducted
        return conducted

    async def call(self, facts: RoomFacts, served: int) -> None:
        """Move the line as the usher does."""
        key: RoomKey = room_key(facts)
        fence = await self.desk.line.lead(key, "test", 60_000)
        assert fence is not None
        moved = await self.desk.line.move(key, fence, served)
        assert getattr(moved, "served", -1) >= served, moved

    async def visitor(self, facts: RoomFacts, *, device: bool = True, address: str = "127.0.0.1") -> Visitor:
        """Return a browser that has opened the room's page: it has a session, and a key of its own where it makes keys."""
        client = self.server.client(visitor_of=address)
        client.headers["user-agent"] = "Visitor"  # httpx by its own name is a program, and pays ten times the work
        token = self.server.services.visitors.issue(int(time.time()))
        client.cookies.set("fr_visitor", token, domain="testserver.local")
        return Visitor(client, facts, self, ec.generate_private_key(ec.SECP256R1()) if device else None)


@dataclass
class Visitor:
    """Somebody at a room. Without *key* the browser has a secret of the server instead."""

    client: httpx.AsyncClient
    facts: RoomFacts
    hall: Hall
    key: ec.EllipticCurvePrivateKey | None = None

    @property
    def path(self) -> str:
        return f"/api/v1/rooms/{self.facts.room_id}"

    @property
    def point(self) -> dict[str, str] | None:
        if self.key is None:
            return None
        numbers = self.key.public_key().public_numbers()
        return {"x": text(numbers.x.to_bytes(32, "big")), "y": text(numbers.y.to_bytes(32, "big"))}

    @property
    def place(self) -> str:
        """The cookie that carries the place."""
        return str(self.client.cookies[f"fr_place_{self.facts.room_id}"])

    async def join(self, **wish: Any) -> httpx.Response:
        """Join as a page does: ask what it costs, pay it, join."""
        body = {"method": "device"} | ({"key": self.point} if self.key is not None else {}) | wish
        if body["method"] == "device" and f"fr_place_{self.facts.room_id}" not in self.client.cookies:
            asked = (await self.client.get(f"{self.path}/challenge")).json()
            if asked["challenge"] is not None:
                body["challenge"] = solve(asked["challenge"])
        return await self.client.post(f"{self.path}/places", json=body)

    async def join_by_mail(self, email: str) -> httpx.Response:
        """Join with an address, typing the digits that were sent to it."""
        services = self.hall.server.services
        from waitingroom.identity import mailbox

        digest = services.places.identities.digest(self.facts.room_id, "email", mailbox(email))
        code = services.email_codes.code(self.facts.room_id, digest, int(time.time()))
        return await self.join(method="email", email=email, email_code=code)

    async def mine(self) -> httpx.Response:
        return await self.client.get(f"{self.path}/places/mine")

    async def nonce(self) -> str:
        answer = await self.client.get(f"{self.path}/nonce")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["nonce"])

    def signed(self, nonce: str) -> dict[str, Any]:
        """Return the body that claims with *nonce*."""
        if self.key is None:
            return {"nonce": nonce}
        message = claim_message(self.facts.room_id, nonce)
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return {"nonce": nonce, "key": self.point, "signature": text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}

    async def claim(self) -> httpx.Response:
        return await self.client.post(f"{self.path}/claim", json=self.signed(await self.nonce()))

    @property
    def number(self) -> str:
        """The visitor's number in the inventory."""
        known = self.hall.server.services.visitors.read(self.client.cookies["fr_visitor"], int(time.time()))
        assert known is not None
        return known


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def solve(challenge: Any) -> str:
    """Do the work of the bot door."""
    from waitingroom.challenges.work import solve as work

    return work(challenge)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


@asynccontextmanager
async def paying_installation(database_url: str, redis_url: str, var: Path) -> AsyncIterator[Installation]:
    """Open the application on fresh stores, with a payment provider that answers."""
    async with installation(database_url, redis_url, var) as running, provider_on_loopback(var) as setup:
        running.services.provider = StripePayments(setup)
        yield running


async def lay(server: Installation) -> Hall:
    """Put a show on sale."""
    desk = desk_for(server.services)
    org_id = await server.organisation("riverside")
    owner = await server.staff(org_id, "owner@riverside.example", "owner")
    who = Principal(org_id=org_id, scopes=frozenset({"stock:write"}), user_id=owner, name="owner", role="owner")
    catalogue = desk.catalogue
    venue_id = made(
        await events.create_venue(
            catalogue, who, NewVenue(name="House", city="Bremen", country="DE", time_zone="Europe/Berlin")
        )
    )
    async with server.services.database.tenant(org_id) as connection:
        chart_id, rev = await save_chart(connection, "House", compile_chart(generate_theatre(1)), venue_id=venue_id)
    event = made(await events.create_event(catalogue, who, NewEvent(title="The Play", currency="eur", genre="theatre")))
    type_id = made(await prices.add_type(catalogue, who, event.event_id, NewTicketType(name="Adult")))
    facts = made(await shows.add_show(catalogue, who, event.event_id, new_show(venue_id, chart_id, rev)))
    made(await prices.set_prices(catalogue, who, facts.show_id, price_list(type_id)))
    made(await events.publish_event(catalogue, who, event.event_id))
    made(await sale.change_sale(catalogue, who, org_id, facts.show_id, "open"))
    return Hall(server, desk, who, event.event_id, facts.show_id, type_id)


def new_show(venue_id: int, chart_id: int, rev: int) -> NewShow:
    """Return a show in two days whose sale window is open."""
    return NewShow(
        venue_id=venue_id, chart_id=chart_id, chart_rev=rev, starts_at_ms=now_ms() + 48 * HOUR_MS,
        sale_opens_at_ms=now_ms() - HOUR_MS, sale_closes_at_ms=now_ms() + 47 * HOUR_MS,
    )  # fmt: skip


def price_list(type_id: int) -> PriceList:
    """Return one price for every category of the theatre."""
    return PriceList(prices=tuple(Price(category=c, type_id=type_id, amount=4000) for c in range(5)))


def made(result: Any) -> Any:
    assert not isinstance(result, Refusal), result
    return result
