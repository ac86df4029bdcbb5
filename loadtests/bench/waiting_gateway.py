"""A gateway with one waiting room and no shows: `python -m loadtests.bench.waiting_gateway <store url> <port>`; ready when it says so.

The real composition of `realtime.app.serve`, without a database: what sockets in a line cost, and nothing else.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop
from redis.asyncio import Redis

from loadtests.bench.sockets import allow_files
from realtime.app import serve
from realtime.dashboards import Figures
from realtime.proofs import ValkeyPasses
from realtime.seat_choices import SeatChoices
from realtime.waiting_rooms import WaitingRooms
from seatmap.inventory.valkey_feed import ValkeyFeed
from seatmap.inventory.valkey_inventory import ValkeyInventory
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from server.catalog.facts import ShowFacts
from server.collector import spare_what_stays
from server.faults import Unavailable
from server.listen import shared_socket
from server.principal import Principal
from server.rooms.facts import Host, RoomFacts
from server.rooms.frames import Frames
from server.services import redis_client
from server.visitor import VisitorTokens
from waitingroom.model import RoomKey
from waitingroom.place_token import PlaceTokens
from waitingroom.valkey_line import ValkeyLine

SECRET = "the secret of a benchmark, used nowhere else"
KEY = RoomKey(1, 1)
EPOCH = 1


def room_facts() -> RoomFacts:
    """Say what there is to know about the room."""
    now_ms = time.time_ns() // 1_000_000
    return RoomFacts(
        room_id=KEY.room_id, org_id=1, event_id=KEY.event_id, slug="room", name="Room", event_slug="event", event_title="Event",
        host=Host("org", "Org", None, "en"), shows=(), whole_event=False, opens_lobby_ms=now_ms, draws_ms=now_ms, closes_ms=0, cap=1000,
        rate_per_min=2000, claim_window_ms=60_000, visit_ms=600_000, reentries=1, capacity_max=1_000_000, fail_open=False,
        auto_passthrough=False, identities=("device",), place="exact", paused=False, passthrough=False, draining=False,
        closed=False, epoch=EPOCH, version=1, commitment="", tiers=(), message=None, rehearsal_of=None,
    )  # fmt: skip


class OneRoom:
    """A house with one room, no shows and no staff."""

    def __init__(self) -> None:
        self._facts = room_facts()

    def by_id(self, room_id: int) -> RoomFacts | None:
        return self._facts if room_id == KEY.room_id else None

    async def find(self, wanted: int | str) -> RoomFacts | None:
        return self.by_id(int(wanted))

    async def show(self, _show_id: int) -> ShowFacts | None:
        return None

    async def of_session(self, _session: str) -> Principal | None:
        return None

    async def of_token(self, _token: str) -> Principal | None:
        return None


async def _no_figures(org_id: int, show_id: int, now_ms: int) -> Figures:
    raise Unavailable("there are no shows")


async def _no_show(_show_id: int) -> None:
    raise Unavailable("there are no shows")


async def run(url: str, port: int) -> None:
    """Serve until killed."""
    redis: Redis = redis_client(url)
    store, house, frames = ValkeyPipeline(redis), OneRoom(), Frames(redis)
    await frames.open()
    async with serve(
        shared_socket("127.0.0.1", port),
        facts=house,
        inventory=ValkeyInventory(redis),
        feed=ValkeyFeed(redis),
        restore=_no_show,
        staff=house,
        read=_no_figures,
        choices=SeatChoices(SECRET.encode()),
        redis=redis,
        visitors=VisitorTokens(SECRET),
        waiting=WaitingRooms(house, frames, ValkeyLine(store, FunctionMissing), PlaceTokens(SECRET)),
        passes=ValkeyPasses(store),
    ):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    allow_files(20_000)
    spare_what_stays()
    uvloop.run(run(sys.argv[1], int(sys.argv[2])))
