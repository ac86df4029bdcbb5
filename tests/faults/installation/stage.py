"""A small house on sale in a whole installation, and the people in it: customers step by step, viewers whose pictures are checked."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from loadtests.bench import processes
from loadtests.bench.installation import Installation, foreign_environment
from loadtests.crowd.live import LiveSocket
from loadtests.crowd.picture import Picture
from loadtests.crowd.shop import Answer, Shop, Unreachable
from loadtests.crowd.tally import Tally
from loadtests.crowd.watcher import Watcher
from seatmap.chart.imports import import_chart
from server.app import open_services
from server.catalog.command import put_on_sale, seller
from server.catalog.desk import Desk as CatalogDesk
from server.catalog.facts import ShowFacts
from server.orders.audit import audit_until_still
from server.orders.desk import desk_of
from server.settings import read
from server.supervisor.attach import attached

DEADLINE_S = 40.0
COMMAND_TIMEOUT_S = 120.0
SEATS, STANDING = 12 * 18 + 4 * 18, 40
CARD = "4242424242424242"
# Our own drawing: stalls with four wheelchair spaces, a circle, and people standing between them.
HOUSE = {
    "schema": {"name": "Test House"},
    "sections": [
        {
            "name": "Stalls", "type": "grid", "rows": 12, "seatsPerRow": 18,
            "numbering": {"rows": {"format": "letters", "from": "A"}},
            "flags": [{"row": "L", "seats": ["1", "2", "17", "18"], "accessible": True}],
        },
        {"name": "Circle", "type": "grid", "position": {"x": 0, "y": 800}, "rows": 4, "seatsPerRow": 18},
        {"name": "Pit", "type": "ga", "position": {"x": 0, "y": 500}, "width": 500, "height": 150, "capacity": STANDING},
    ],
}  # fmt: skip


def frontrow(shop: Installation, *arguments: str) -> str:
    """Run a command of the installation and return what it printed; fail with everything it said when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "server.command", *arguments],
        env=foreign_environment() | shop.settings, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"frontrow {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


async def sell_house(shop: Installation, title: str) -> int:
    """Sell the house, as `frontrow sell` does, and return the number of its show."""
    chart = import_chart(json.dumps(HOUSE).encode()).chart
    assert chart is not None
    async with open_services(attached(read(shop.settings)), "test") as services:
        desk = CatalogDesk(services.database, services.shows, services.inventory, services.settings)
        made = await put_on_sale(
            desk, await seller(desk, "test-house"), chart, title=title, currency="eur", best=6000,
            starts=datetime.now(UTC) + timedelta(days=30), per_order=8,
        )  # fmt: skip
    assert isinstance(made, ShowFacts), made
    return made.show_id


async def assert_audit_is_clean(shop: Installation) -> None:
    """Seats, tickets, money and letters agree."""
    async with open_services(attached(read(shop.settings)), "test") as services:
        assert await audit_until_still(desk_of(services), patience_s=8) == []


def pid_of(shop: Installation, words: str) -> int:
    """Find the process of the installation whose command line has *words*."""
    found = [pid for pid in shop.pids() if re.search(words, processes.command(pid))]
    assert found, f"nobody runs {words}"
    return found[0]


def kill(shop: Installation, words: str) -> int:
    """Kill -9 the process whose command line has *words*; return what its number was."""
    pid = pid_of(shop, words)
    os.kill(pid, signal.SIGKILL)
    return pid


@contextmanager
def unattended(shop: Installation) -> Any:
    """Stop the supervisor from replacing what dies, so that what happens meanwhile can be looked at."""
    os.kill(shop.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(shop.process.pid, signal.SIGCONT)


async def await_true(condition: Callable[[], Awaitable[bool] | bool], what: str) -> None:
    """Poll *condition* until it holds; fail after the deadline naming *what* was waited for."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        now = condition()
        if now if isinstance(now, bool) else await now:
            return
        assert time.monotonic() < deadline, f"waited {DEADLINE_S:g} s for {what}"
        await asyncio.sleep(0.05)


@dataclass
class Stage:
    """One show of a running installation. Its tally counts 503 while faults are made, and collects what must not happen."""

    running: Installation
    show: int
    shop: Shop
    tally: Tally
    random: random.Random
    adult: int
    _stack: AsyncExitStack = field(repr=False)

    @property
    def live_url(self) -> str:
        """Where the gateway is."""
        return f"ws://127.0.0.1:{self.running.live_port}/live"

    async def picture(self) -> Picture:
        """Read the state of every seat afresh; raises `Unreachable` while it is not to be had."""
        return Picture(await self.shop.state(self.show))

    async def picture_after(self, epoch: int) -> Picture:
        """Wait for a state of a later life than *epoch*."""
        found: list[Picture] = []

        async def reborn() -> bool:
            try:
                found.append(await self.picture())
            except Unreachable:
                return False
            return bool(found[-1].epoch > epoch)

        await await_true(reborn, "the show to be rebuilt")
        return found[-1]

    async def customer(self, name: str) -> Customer:
        """Send in somebody with a socket of their own."""
        token = await self.shop.session()
        socket = LiveSocket(self.live_url, self.show, token, self.tally, self.random)
        self._stack.push_async_callback(socket.leave)
        await socket.enter("overview")
        return Customer(self, name, token, socket)

    async def viewers(self, count: int) -> list[Watcher]:
        """Send in viewers that keep following whatever happens."""
        return [await self._viewer() for _ in range(count)]

    async def _viewer(self) -> Watcher:
        watcher = Watcher(self.shop, self.live_url, self.show, self.tally, self.random)
        self._stack.push_async_callback(watcher.close)
        await watcher.open()
        following = asyncio.create_task(watcher.follow())
        self._stack.callback(following.cancel)
        return watcher

    async def assert_pictures_are_true(self, viewers: list[Watcher]) -> None:
        """Compare every viewer's picture with a fresh read, and insist that nothing happened that must not."""
        before = self.tally.counts["pictures compared"]
        await asyncio.gather(*(viewer.check() for viewer in viewers))
        assert self.tally.violations == []
        assert self.tally.counts["pictures compared"] - before == len(viewers)


@dataclass
class Customer:
    """Somebody who buys, one step at a time."""

    stage: Stage
    name: str
    token: str
    socket: LiveSocket

    async def hold(self, *seats: int) -> dict[str, Any]:
        """Ask for seats; gives the gateway's answer."""
        return await self.socket.command("hold", seats=[[k, self.stage.adult] for k in seats])

    async def holds(self, *seats: int) -> Customer:
        """Hold seats, for certain."""
        answer = await self.hold(*seats)
        assert answer["t"] == "held", answer
        return self

    async def start(self, key: str | None = None) -> Answer:
        """Make an order of what is held; *key* names a click, so that repeating it is the same order."""
        order = {
            "show": self.stage.show,
            "name": self.name,
            "email": f"{self.name}@example.org",
            "terms": True,
        }
        return await self.stage.shop.start_order(self.token, order, key or secrets.token_hex(8))

    async def order(self, key: str | None = None) -> dict[str, Any]:
        """Make an order through whatever happens: the same click again until it is answered."""
        key, orders = key or secrets.token_hex(8), list[dict[str, Any]]()

        async def placed() -> bool:
            try:
                answer = await self.start(key)
            except Unreachable:
                return False
            if answer.ok:
                orders.append(answer.body)
            else:
                assert answer.code == "unavailable", answer
            return answer.ok

        await await_true(placed, f"{self.name}'s order")
        return orders[0]

    async def pay(self, ref: str) -> None:
        """Confirm the card with the provider, once there is something to pay. Nobody tells the shop but the provider."""
        payments: list[dict[str, Any]] = []

        async def payable() -> bool:
            try:
                answer = await self.stage.shop.order(self.token, ref, "payment")
            except Unreachable:
                return False
            payment = answer.body["payment"] if answer.ok else None
            if payment is not None and payment["client_secret"] is not None:
                payments.append(payment)
            return bool(payments)

        await await_true(payable, f"{self.name}'s payment")
        answer = await self.stage.shop.confirm(payments[0], CARD, self.name)
        assert answer.ok, answer
        assert answer.body["status"] == "succeeded"

    async def view(self, ref: str) -> dict[str, Any] | None:
        """Read the order; None while the shop cannot tell."""
        try:
            answer = await self.stage.shop.order(self.token, ref)
        except Unreachable:
            return None
        body: dict[str, Any] | None = answer.body if answer.ok else None
        return body

    async def tickets(self, ref: str) -> list[int]:
        """Wait until the order is paid; gives the seats it has tickets for."""
        views: list[dict[str, Any]] = []

        async def paid() -> bool:
            view = await self.view(ref)
            if view is not None and view["message"] == "paid":
                views.append(view)
            return bool(views)

        await await_true(paid, f"the tickets of {self.name}'s order {ref}")
        assert len(views[0]["tickets"]) == len(views[0]["lines"])
        return sorted(line["k"] for line in views[0]["lines"])

    async def buys(self, *seats: int) -> str:
        """Hold, order, pay, and wait for the tickets of these seats and what was held before; gives the order's reference."""
        await self.holds(*seats)
        ref = str((await self.order())["ref"])
        await self.pay(ref)
        assert set(await self.tickets(ref)) >= set(seats)
        return ref


@asynccontextmanager
async def stage(running: Installation, title: str) -> AsyncIterator[Stage]:
    """Put the house on sale and open the doors."""
    show = await sell_house(running, title)
    tally, chance = Tally(), random.Random(show)
    async with AsyncExitStack() as stack:
        shop = Shop(running.url, tally, chance, faults=True)
        stack.push_async_callback(shop.close)
        prices = (await shop.get("show", f"/api/v1/shows/{show}")).body["prices"]
        yield Stage(running, show, shop, tally, chance, int(prices[0]["type_id"]), stack)
