"""Webhooks on their way out: signed, at least once, in order per payment, tried again with growing pauses.

What is not delivered is in the store, so a restart only delays it.
"""

import asyncio
import hashlib
import hmac
from collections import deque
from dataclasses import replace
from urllib.parse import urlsplit

from server import logs
from server.payments.demo import wire
from server.payments.demo.records import Endpoint, Event
from server.payments.demo.store import Delivery
from server.payments.demo.world import World
from server.payments.keepalive_http import KeepAliveClient

log = logs.logger()
# Events of one payment share a lane and so keep their order; different payments don't wait for each other.
LANES = 4
# A server that restarts should hear soon: the pause grows 1, 2, 4 … and stays at a minute.
PAUSE_MS, PAUSE_MS_MAX = 1_000, 60_000
GIVE_UP_AFTER_MS = 3 * 24 * 3600 * 1000
TIMEOUT_S = 20.0


class Deliveries:
    """The lanes towards the endpoints. Start it once, inside the loop that owns the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lanes: list[deque[Delivery]] = [deque() for _ in range(LANES)]
        self._awake = [asyncio.Event() for _ in range(LANES)]
        self._clients: dict[str, KeepAliveClient] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: set[asyncio.TimerHandle] = set()
        self.delivered = 0
        self.failed = 0
        self.last_problem: str | None = None

    def start(self) -> None:
        """Take up what an earlier process left, and go on from there."""
        for delivery in self._world.store.deliveries():
            self._schedule(delivery)
        self._world.on_delivery = self._schedule
        self._tasks = [asyncio.create_task(self._run(lane)) for lane in range(LANES)]

    async def stop(self) -> None:
        """Stop; what is not delivered stays in the store."""
        for handle in self._waiting:
            handle.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._clients.values():
            await client.close()

    @property
    def backlog(self) -> int:
        """Count what waits, for a free lane or for its next try."""
        return sum(map(len, self._lanes)) + len(self._waiting)

    def _schedule(self, delivery: Delivery) -> None:
        pause_ms = delivery.due_ms - self._world.clock()
        if pause_ms <= 0:
            self._push(delivery)
            return

        def due() -> None:
            self._waiting.discard(handle)
            self._push(delivery)

        handle = asyncio.get_running_loop().call_later(pause_ms / 1000, due)
        self._waiting.add(handle)

    def _push(self, delivery: Delivery) -> None:
        event = self._world.store.get(delivery.event, Event)
        lane = hash((event.about or event.id) if event is not None else "") % LANES
        self._lanes[lane].append(delivery)
        self._awake[lane].set()

    async def _run(self, number: int) -> None:
        lane, awake = self._lanes[number], self._awake[number]
        while True:
            while not lane:
                awake.clear()
                await awake.wait()
            await self._world.store.committed()  # nobody hears of what could still be lost
            await self._deliver(lane.popleft())

    async def _deliver(self, delivery: Delivery) -> None:
        store = self._world.store
        event = store.get(delivery.event, Event)
        endpoint = next((known for known in self._world.endpoints() if known.id == delivery.endpoint), None)
        if event is None or endpoint is None or endpoint.status == "disabled":
            store.drop_delivery(delivery)
            return
        problem = await self._send(event, endpoint)
        if problem is None:
            self.delivered += 1
            self.last_problem = None
            store.drop_delivery(delivery)
            return
        self.failed += 1
        self.last_problem = f"{endpoint.url}: {problem}"
        now_ms = self._world.clock()
        if now_ms - event.created * 1000 > GIVE_UP_AFTER_MS:
            log.warning("webhook.given_up", event_id=event.id, type=event.type, problem=problem)
            store.drop_delivery(delivery)
            return
        pause_ms = min(PAUSE_MS * 2 ** min(delivery.tries, 10), PAUSE_MS_MAX)
        again = replace(delivery, tries=delivery.tries + 1, due_ms=now_ms + pause_ms)
        if delivery.tries == 0:
            log.info("webhook.delayed", event_id=event.id, type=event.type, problem=problem)
        store.put_delivery(again)
        self._schedule(again)

    async def _send(self, event: Event, endpoint: Endpoint) -> str | None:
        """Post the event; give the problem, or None when the endpoint said 2xx."""
        body = wire.encode(wire.event(event, pending=1))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Frontrow-Demo-Provider/1.0",
            "Stripe-Signature": sign(body, endpoint.secret, self._world.clock() // 1000),
        }
        parts = urlsplit(endpoint.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            reply = await self._client(f"{parts.scheme}://{parts.netloc}").send(
                "POST", target, headers, body, replayable=True
            )
        except OSError as error:
            return f"{type(error).__name__}: {error}"
        return None if 200 <= reply.status < 300 else f"answered {reply.status}"

    def _client(self, origin: str) -> KeepAliveClient:
        client = self._clients.get(origin)
        if client is None:
            # The endpoint's server may close idle connections after 5 s (uvicorn's default).
            client = KeepAliveClient(origin, timeout_s=TIMEOUT_S, connections_max=LANES, idle_s=4.0)
            self._clients[origin] = client
        return client


def sign(body: bytes, secret: str, now_s: int) -> str:
    """Make the `Stripe-Signature` header: HMAC-SHA256 over stamp, dot and body (docs.stripe.com/webhooks/signature)."""
    digest = hmac.new(secret.encode(), f"{now_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now_s},v1={digest}"
