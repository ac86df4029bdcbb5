"""Many buyers at once: when they come, to which show, how many may be about, and when it is over."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

from loadtests.crowd.buyer import Buyer
from loadtests.crowd.habits import draw, next_arrival_s
from loadtests.crowd.house import House
from loadtests.crowd.live import Dropped
from loadtests.crowd.picture import Seat
from loadtests.crowd.room import Room
from loadtests.crowd.shop import Shop, Unreachable
from loadtests.crowd.tally import Tally
from loadtests.crowd.watcher import Watcher
from seatmap.chart.compiled import CompiledChart

# No place sold for so long: the rest will not be sold any more.
STUCK_S = 60.0
# The last payments become sales within seconds.
LAST_SALES_S = 20.0
LOOK_AGAIN_S = 5.0
SHOWS_MAX = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What the crowd is to do. *rate* is arrivals per second, *at_once* how many may be about.

    *in_line* more come for every show that is sold through a waiting room, so that there is a line to stand in.
    """

    url: str
    live_url: str
    show: int | None
    buyers: int
    rate: float
    at_once: int
    seed: int
    pace: float
    watchers: int
    until_sold_out: bool
    forever: bool
    faults: bool = False
    in_line: int = 0


@dataclass(slots=True)
class Stage:
    """A show the crowd plays on; the first watcher lends its eyes to the buyers. *queue* counts who came for its *room*."""

    house: House
    watchers: list[Watcher]
    room: Room | None = None
    queue: int = 0

    @property
    def free(self) -> int:
        """What could still be bought."""
        return self.house.free(self.watchers[0].picture)

    @property
    def is_open(self) -> bool:
        """Whether buying makes sense now."""
        on_sale = self.watchers[0].phase == "open" and self.free > 0
        return on_sale and (self.room is None or self.room.takes_people)

    @property
    def is_sold_out(self) -> bool:
        """Nothing is free, and nothing may become free again."""
        return self.free == 0 and self.watchers[0].picture.count(Seat.HELD) == 0


class Crowd:
    """The buyers of one plan."""

    def __init__(self, plan: Plan, tally: Tally) -> None:
        self._plan, self._tally = plan, tally
        self._random = random.Random(plan.seed)
        self._run = f"r{int(time.time()):x}"
        self._shop = Shop(plan.url, tally, self._random, faults=plan.faults)
        self._stages: list[Stage] = []
        self._about: set[asyncio.Task[None]] = set()
        self._following: list[asyncio.Task[None]] = []

    @property
    def about(self) -> int:
        """How many buyers are under way."""
        return len(self._about)

    @property
    def free(self) -> int | None:
        """What is left of the show, when the crowd plays on one."""
        return self._stages[0].free if len(self._stages) == 1 else None

    async def play(self, stop: asyncio.Event) -> bool:
        """Send in the buyers and wait for them; False when `--until-sold-out` did not get there."""
        try:
            await self._open_stages(stop)
            self._following += [asyncio.create_task(self._queue_up(stage, stop)) for stage in self._with_room()]
            await self._arrivals(stop)
            await self._see_out(stop)
            if stop.is_set():
                return not self._plan.until_sold_out
            sold_out = not self._plan.until_sold_out or await self._is_sold_out()
            await asyncio.gather(*(watcher.check() for stage in self._stages for watcher in stage.watchers))
            return sold_out
        finally:
            await self._go_home()

    async def _open_stages(self, stop: asyncio.Event) -> None:
        while not self._stages and not stop.is_set():
            try:
                for show in await self._shows():
                    await self._open_stage(show)
            except (Unreachable, Dropped, OSError):
                if not self._plan.forever:
                    raise
            if not self._stages:
                if not self._plan.forever:
                    raise Unreachable("no show is on sale" if self._plan.show is None else "this show is not on sale")
                await _wait(stop, LOOK_AGAIN_S)

    async def _shows(self) -> list[dict[str, Any]]:
        """Find the show asked for, or what is on sale."""
        if self._plan.show is not None:
            answer = await self._shop.get("show", f"/api/v1/shows/{self._plan.show}")
            return [answer.body] if answer.ok else []
        answer = await self._shop.get("events", "/api/v1/events?limit=20")
        shows: list[dict[str, Any]] = []
        for item in answer.body["events"] if answer.ok else []:
            if item["on_sale"] and len(shows) < SHOWS_MAX:
                event = await self._shop.get("event", f"/api/v1/events/{item['id']}")
                shows += event.body["shows"] if event.ok else []
        chosen = shows[:SHOWS_MAX]
        return chosen if self._plan.forever else chosen[:1]

    async def _open_stage(self, show: dict[str, Any]) -> None:
        chart = CompiledChart.from_wire(await self._shop.chart(show["chart_id"], show["chart_rev"]))
        house = House(show, chart)
        count = 1 if self._plan.forever else self._plan.watchers
        watchers = [
            Watcher(self._shop, self._plan.live_url, house.show_id, self._tally, self._random) for _ in range(count)
        ]
        for watcher in watchers:
            await watcher.open()
            self._following.append(asyncio.create_task(watcher.follow()))
        found = await self._shop.get("room", f"/api/v1/shows/{house.show_id}/room")
        room = Room(self._shop, found.body) if found.ok else None
        if room is not None:
            self._following.append(asyncio.create_task(room.follow()))
        self._stages.append(Stage(house, watchers, room))

    async def _arrivals(self, stop: asyncio.Event) -> None:
        """Let buyers come until the plan is fulfilled."""
        loop = asyncio.get_running_loop()
        opened, came = loop.time(), 0
        sold, progress = 0, opened
        while not stop.is_set() and not self._is_enough(came):
            if sold != self._tally.counts["places sold"]:
                sold, progress = self._tally.counts["places sold"], loop.time()
            stage = self._choose_stage()
            nothing = stage is None and self.about == 0
            if not self._plan.forever and (nothing or self._plan.until_sold_out) and loop.time() - progress > STUCK_S:
                return
            if stage is None or self.about - sum(one.queue for one in self._stages) >= self._plan.at_once:
                await _wait(stop, 0.02 if stage is not None else 0.2)
                continue
            self._send_in(stage)
            came += 1
            # Counted, not slept one by one: at hundreds per second a sleep each would be late.
            pause_s = next_arrival_s(self._random, loop.time() - opened, self._plan.rate)
            if pause_s > 0.001:
                await _wait(stop, pause_s)
            else:
                await asyncio.sleep(0)

    def _is_enough(self, came: int) -> bool:
        if self._plan.forever:
            return False
        if self._plan.until_sold_out:
            return all(stage.is_sold_out for stage in self._stages)
        return came >= self._plan.buyers

    def _choose_stage(self) -> Stage | None:
        # With people kept in line, its show has its own crowd.
        open_ = [stage for stage in self._stages if stage.is_open and not (stage.room and self._plan.in_line)]
        return self._random.choice(open_) if open_ else None

    def _with_room(self) -> list[Stage]:
        return [stage for stage in self._stages if stage.room is not None]

    async def _queue_up(self, stage: Stage, stop: asyncio.Event) -> None:
        """Keep `in_line` people about who want this show: they come before the draw, and replace whoever has left."""
        while not stop.is_set():
            await _wait(stop, self._random.uniform(0.2, 1.2))
            if stage.is_open and stage.queue < self._plan.in_line:
                stage.queue += 1
                self._send_in(stage).add_done_callback(lambda _: _one_less(stage))

    def _send_in(self, stage: Stage) -> asyncio.Task[None]:
        own = random.Random(self._random.getrandbits(64))
        habits = draw(own, run=self._run, pace=self._plan.pace, all_sell=self._plan.until_sold_out)
        buyer = Buyer(
            self._shop,
            self._plan.live_url,
            stage.house,
            stage.watchers[0],
            habits,
            self._tally,
            own,
            all_sell=self._plan.until_sold_out,
            room=stage.room,
        )
        task = asyncio.create_task(buyer.go())
        self._about.add(task)
        task.add_done_callback(self._has_left)
        return task

    def _has_left(self, task: asyncio.Task[None]) -> None:
        self._about.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._tally.violated(f"a buyer broke: {type(error).__name__}: {error}")

    async def _see_out(self, stop: asyncio.Event) -> None:
        """Let those who are about finish."""
        while self._about and not stop.is_set():
            await _wait(stop, 0.1)

    async def _is_sold_out(self) -> bool:
        """Wait a moment for the last payments to become sales."""
        deadline = asyncio.get_running_loop().time() + LAST_SALES_S
        while not all(stage.is_sold_out for stage in self._stages):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.2)
        return True

    async def _go_home(self) -> None:
        for task in (*self._about, *self._following):
            task.cancel()
        await asyncio.gather(*self._about, *self._following, return_exceptions=True)
        for stage in self._stages:
            for watcher in stage.watchers:
                await watcher.close()
        await self._shop.close()


def _one_less(stage: Stage) -> None:
    stage.queue -= 1


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake up when it is time to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
