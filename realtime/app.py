"""The composition root of the gateway: the only file here that makes adapters."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from realtime.audience import Audience
from realtime.choices import Choices
from realtime.clock import StoreClock
from realtime.commands import Commands
from realtime.dashboards import Dashboards, Figures, ReadFigures, Staff
from realtime.feed_reader import FeedReader
from realtime.gateway import Gateway
from realtime.http_pages import Pages
from realtime.limits import Limits
from realtime.listener import Listener
from realtime.proofs import Passes, Proofs, ValkeyPasses
from realtime.seat_choices import SeatChoices
from realtime.shows import FactsReader, Restore, Shows
from realtime.ticker import Ticker
from realtime.waiting_rooms import WaitingRooms
from seatmap.faults import Unavailable
from seatmap.inventory.port import Feed, Inventory
from seatmap.inventory.valkey_feed import ValkeyFeed
from seatmap.inventory.valkey_inventory import ValkeyInventory
from seatmap.inventory.valkey_pipeline import FunctionMissing, ValkeyPipeline
from server import health
from server.accounts.principals import StaffPrincipals
from server.catalog.catalogue import Catalogue
from server.catalog.desk import Desk
from server.catalog.sale import open_in_inventory
from server.database import Database
from server.listen import shared_socket
from server.live_state.area_sales import read_area_sales
from server.logs import logger
from server.organiser.dashboard import read_figures
from server.rooms.frames import Frames
from server.rooms.memory import Rooms
from server.services import redis_client
from server.settings import Settings
from server.visitor import VisitorTokens
from server.vitals import publishing
from waitingroom.place_token import PlaceTokens
from waitingroom.valkey_line import ValkeyLine

DRAIN_S = 8.0


@asynccontextmanager
async def serve(
    listening: socket.socket,
    *,
    facts: FactsReader,
    inventory: Inventory,
    feed: Feed,
    restore: Restore,
    staff: Staff,
    read: ReadFigures,
    choices: Choices,
    redis: Redis,
    visitors: VisitorTokens,
    waiting: WaitingRooms,
    passes: Passes,
    hosts: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    trust_proxy: bool = False,
    pings: Mapping[str, health.Ping] | None = None,
    drain_s: float = DRAIN_S,
) -> AsyncIterator[Listener]:
    """Run a gateway on *listening* with these adapters; leaving the context drains it."""
    limits = limits or Limits()
    clock = StoreClock()
    ticker = Ticker(clock)
    shows = Shows(facts, inventory, restore, clock, ticker)
    reader = FeedReader(feed, shows)
    dashboards = Dashboards(shows.open, staff, read, redis, Audience(redis, clock, shows))
    commands = Commands(inventory, choices, shows.renew)
    gateway = Gateway(shows, commands, inventory, dashboards, waiting, Proofs(passes), ticker, visitors, hosts, limits)

    async def ping_feed() -> None:
        if not reader.healthy:
            raise Unavailable("the feed of seat changes is interrupted; viewers see the last known state")

    listener = Listener(gateway, Pages({**(pings or {}), "feed": ping_feed}), limits, trust_proxy=trust_proxy)
    watching = (dashboards.follow, dashboards.renew, dashboards.count)
    jobs = (reader.run, shows.keep, shows.pulse, *watching, waiting.report, waiting.pace)
    running = [asyncio.create_task(job(), name=job.__qualname__) for job in jobs]
    for task in running:
        task.add_done_callback(_end_with)
    await listener.open(listening)
    try:
        yield listener
    finally:
        await gateway.settle(drain_s / 2)
        await listener.drain(drain_s)
        for task in running:
            task.cancel()
        ticker.close()
        await asyncio.gather(*running, return_exceptions=True)


def _end_with(task: asyncio.Task[None]) -> None:
    """A job that ends by itself is a defect: end the process, it is started again whole."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger().critical("gateway.broken", job=task.get_name(), exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises `Unavailable` naming the store that does not answer."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        listening = shared_socket(settings.host, settings.live_port)
        stack.callback(listening.close)
        await stack.enter_async_context(_serve_settings(settings, listening, stack))
        logger().info("gateway.started", port=settings.live_port)
        await stopping.wait()
        logger().info("gateway.draining")


@asynccontextmanager
async def _serve_settings(
    settings: Settings, listening: socket.socket, stack: AsyncExitStack
) -> AsyncIterator[Listener]:
    database = Database(settings.database_url, connections=settings.database_connections, application="realtime")
    stack.push_async_callback(database.close)
    await database.open()
    redis = redis_client(settings.redis_url)
    stack.push_async_callback(redis.aclose)
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error
    inventory, feed = ValkeyInventory(redis), ValkeyFeed(redis)
    stack.push_async_callback(inventory.aclose)
    stack.push_async_callback(feed.aclose)
    catalogue = Catalogue(database, redis)
    await catalogue.open()
    stack.push_async_callback(catalogue.close)
    desk = Desk(database, catalogue, inventory, settings)
    # Connects when the first room is waited in.
    line_store = ValkeyPipeline(redis)
    stack.push_async_callback(line_store.aclose)
    rooms, frames = Rooms(database, redis), Frames(redis)
    await rooms.open()
    stack.push_async_callback(rooms.close)
    await frames.open()
    stack.push_async_callback(frames.close)
    await stack.enter_async_context(publishing(redis, "realtime", database))
    tokens = PlaceTokens(*filter(None, (settings.secret, settings.previous_secret)))
    waiting = WaitingRooms(rooms, frames, ValkeyLine(line_store, FunctionMissing), tokens)

    async def restore(show_id: int) -> None:
        logger().warning("show.restoring", show=show_id)
        await open_in_inventory(desk, show_id)

    async def figures(org_id: int, show_id: int, now_ms: int) -> Figures:
        sale = await read_figures(database, org_id, show_id, now_ms)
        return Figures(sale, await read_area_sales(database, org_id, show_id))

    async def ping_postgres() -> None:
        async with database.installation() as connection:
            await connection.fetchval("select 1")

    async with serve(
        listening,
        facts=catalogue,
        inventory=inventory,
        feed=feed,
        restore=restore,
        staff=StaffPrincipals(database),
        read=figures,
        choices=SeatChoices(settings.secret.encode()),
        redis=redis,
        visitors=VisitorTokens(settings.secret),
        waiting=waiting,
        passes=ValkeyPasses(line_store),
        hosts=_hosts(settings),
        trust_proxy=settings.trust_proxy,
        pings={"postgres": ping_postgres, "valkey": redis.ping},
    ) as listener:
        yield listener


def _hosts(settings: Settings) -> frozenset[str]:
    """Name the hosts whose pages may use a visitor's cookie, besides the gateway's own."""
    with contextlib.suppress(ValueError):
        if host := urlsplit(settings.public_url).hostname:
            return frozenset({host})
    return frozenset()
