"""A show without a database: real chart, real inventory, facts made on the spot."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from realtime.app import serve
from realtime.dashboards import Figures
from realtime.limits import Limits
from realtime.listener import Listener
from realtime.proofs import ValkeyPasses
from realtime.seat_choices import SeatChoices
from realtime.waiting_rooms import WaitingRooms
from seatmap.chart.compiled import CompiledChart
from seatmap.inventory.model import Facts, Position
from seatmap.inventory.valkey_feed import ValkeyFeed
from seatmap.inventory.valkey_inventory import ValkeyInventory
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from server.catalog.facts import Category, EventFacts, Organisation, Prices, Show, ShowFacts, TicketType, Venue
from server.catalog.plan import show_plan
from server.listen import shared_socket
from server.organiser.dashboard import SaleFigures
from server.principal import Principal
from server.rooms.facts import RoomFacts
from server.rooms.frames import Frames
from server.visitor import VisitorTokens
from waitingroom.identity import DIGEST_BYTES, Digest
from waitingroom.place_token import Place, PlaceTokens
from waitingroom.valkey_line import ValkeyLine

SECRET = "a secret of at least thirty-two characters"
ADULT, CHILD = 1, 2
NOBODY_PAID = SaleFigures(0, 0, (0,) * 60, (), 0, ())


ROOM = 4


def facts_of(
    chart: CompiledChart, *, show_id: int = 7, org_id: int = 1, opens_in_s: int = -60, room: bool = False
) -> ShowFacts:
    """Put *chart* on sale: adults from 40.00 downwards by category, children half."""
    now = datetime.now(UTC)
    prices: Prices = {c: {ADULT: 4000 - 500 * c, CHILD: 2000 - 250 * c} for c in range(len(chart.categories))}
    show = Show(
        show_id=show_id,
        label="",
        state="on_sale",
        starts_at=now + timedelta(days=30),
        doors_at=None,
        ends_at=None,
        sale_opens_at=now + timedelta(seconds=opens_in_s),
        sale_closes_at=now + timedelta(days=29),
        hold_s=None,
        extension_s=None,
        per_order_max=20,
        per_visitor_max=20,
        chart_id=3,
        chart_rev=1,
        price_version=1,
        venue=Venue(1, "Hall", "", "Town", "", "DE", None, None, "Europe/Berlin"),
        categories=tuple(Category(c, one.name, one.color, 1) for c, one in enumerate(chart.categories)),
        prices=prices,
        quotas=(),
        room=room,
    )
    event = EventFacts(
        org_id=org_id,
        event_id=5,
        slug="show",
        title="Show",
        summary="",
        description="",
        genre="other",
        cover={},
        status="published",
        currency="eur",
        version=1,
        published_at=now,
        organisation=Organisation("org", "Org", None, "en", None),
        types=(TicketType(ADULT, "Adult"), TicketType(CHILD, "Child")),
        fees=(),
        shows=(show,),
    )
    return ShowFacts(event, show, {1: prices}, chart.dump())


@dataclass
class House:
    """A show on sale, and the gateway in front of it. Plays the catalogue, the staff desk, the books and the list of rooms."""

    facts: ShowFacts
    redis: Redis
    inventory: ValkeyInventory
    visitors: VisitorTokens = field(default_factory=lambda: VisitorTokens(SECRET))
    staff: dict[str, Principal] = field(default_factory=dict)
    figures: Figures = field(default_factory=lambda: Figures(NOBODY_PAID, {}))
    restored: int = 0
    epoch: int = 0
    reads: int = 0
    rooms: dict[int, RoomFacts] = field(default_factory=dict)
    places: PlaceTokens = field(default_factory=lambda: PlaceTokens(SECRET))

    def by_id(self, room_id: int) -> RoomFacts | None:
        return self.rooms.get(room_id)

    async def find(self, wanted: int | str) -> RoomFacts | None:
        return self.rooms.get(int(wanted))

    def place_token(self, index: int, *, room: int = ROOM, epoch: int = 1, holder: str | None = None) -> str:
        """Sign the place *index* of a room."""
        identity = Digest(index.to_bytes(DIGEST_BYTES, "big"))
        return self.places.issue(
            Place(room, epoch, index, 4, identity, holder or "s" + "A" * 43, issued_s=int(time.time()))
        )

    async def show(self, show_id: int) -> ShowFacts | None:
        return self.facts if show_id == self.facts.show_id else None

    async def open(self, known: Facts | None = None) -> None:
        """Put the show on sale in the store."""
        opened = await self.inventory.open_show(
            self.facts.key, show_plan(self.facts), known or Facts(), after_epoch=self.epoch
        )
        assert isinstance(opened, Position)
        self.epoch = opened.epoch

    async def restore(self, _show_id: int) -> None:
        self.restored += 1
        await self.open()

    async def of_session(self, session: str) -> Principal | None:
        return self.staff.get(session)

    async def of_token(self, token: str) -> Principal | None:
        return self.staff.get(token)

    async def read(self, org_id: int, show_id: int, now_ms: int) -> Figures:
        self.reads += 1
        return self.figures

    def token(self) -> str:
        """Issue a session to a new visitor."""
        return self.visitors.issue(int(time.time()))

    @asynccontextmanager
    async def gateway(
        self,
        limits: Limits | None = None,
        listening: socket.socket | None = None,
        *,
        trust_proxy: bool = False,
    ) -> AsyncIterator[tuple[Listener, str]]:
        """Run a gateway; yields it and its address."""
        listening = listening or shared_socket("127.0.0.1", 0)
        feed, store, frames = ValkeyFeed(self.redis), ValkeyPipeline(self.redis), Frames(self.redis)
        await frames.open()
        waiting = WaitingRooms(self, frames, ValkeyLine(store, FunctionMissing), self.places)
        try:
            async with serve(
                listening,
                facts=self,
                inventory=self.inventory,
                feed=feed,
                restore=self.restore,
                staff=self,
                read=self.read,
                choices=SeatChoices(SECRET.encode()),
                redis=self.redis,
                visitors=self.visitors,
                waiting=waiting,
                passes=ValkeyPasses(store),
                limits=limits,
                trust_proxy=trust_proxy,
                drain_s=2,
            ) as listener:
                yield listener, f"ws://127.0.0.1:{listening.getsockname()[1]}/live"
        finally:
            await frames.close()
            await store.aclose()
            await feed.aclose()
            listening.close()


@asynccontextmanager
async def house_of(redis: Redis, chart: CompiledChart, **options: Any) -> AsyncIterator[House]:
    """Put *chart* on sale."""
    inventory = ValkeyInventory(redis)
    house = House(facts_of(chart, **options), redis, inventory)
    await house.open()
    try:
        yield house
    finally:
        await inventory.aclose()
