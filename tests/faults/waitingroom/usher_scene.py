"""A room whose clock the test turns, its ushers stepped by hand, and people who join and claim straight at the line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count

import msgspec

from server import vitals
from server.faults import Unavailable
from server.rooms.facts import RoomFacts
from server.rooms.plan import room_key
from server.vitals import HEALTH_KEY
from tests.integration.rooms.hall import Hall
from waitingroom.draw import Positions
from waitingroom.frame import LineFrame
from waitingroom.health import Vitals
from waitingroom.model import Claimed, Drawn, Joined, LineRefused, LineState, RoomKey
from waitingroom.port import Line
from waitingroom.valkey_line import ValkeyLine
from workers.usher.checkup import Checkup
from workers.usher.room_usher import RoomUsher
from workers.usher.usher import Usher

TICK_MS = 250
NEEDED = ("server",)
WELL = Vitals(process="server", at_ms=0, holds=20, hold_p95_ms=20, checkouts=20, checkout_p95_ms=300)


@dataclass
class RoomScene:
    """A hall, its room, and the clock of both. `tick` is a quarter of a second of their life."""

    hall: Hall
    facts: RoomFacts
    now_ms: int = 0
    provider_answers: bool = True
    signs: Vitals = WELL
    lost_sight: bool = False
    frames: list[LineFrame] = field(default_factory=list)
    people: dict[int, bytes] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=count)
    _ushers: list[RoomUsher] = field(default_factory=list)

    @property
    def key(self) -> RoomKey:
        return room_key(self.facts)

    @property
    def line(self) -> Line:
        return self.hall.desk.line

    async def state(self) -> LineState:
        state = await self.line.read(self.key)
        assert state is not None
        return state

    def usher(self, who: str = "one", line: Line | None = None) -> RoomUsher:
        """Return an usher as another process would make it."""
        services = self.hall.server.services

        async def probe() -> bool:
            return self.provider_answers

        made = Usher(services, who).hands
        checkup = Checkup(services.redis, probe, "arq:queue", NEEDED)
        desk = made.desk if line is None else replace(made.desk, line=line)
        hands = replace(made, line=desk.line, desk=desk, checkup=checkup, post=lambda facts, near: None)
        usher = RoomUsher(hands, self.facts)
        self._ushers.append(usher)
        return usher

    async def close(self) -> None:
        """Let what ushers do on the side end with the test."""
        for usher in self._ushers:
            await usher.drawing.work.close()
            await usher.copying.work.close()

    async def set_clock(self, now_ms: int) -> None:
        """Turn the clock of the line, which is the only one an usher reads."""
        self.now_ms = now_ms
        await self.line.stop_clock(self.key, now_ms)  # type: ignore[attr-defined]

    async def tick(self, *ushers: RoomUsher, ticks: int = 1) -> LineFrame:
        """Let time pass, processes report, and the ushers step; return what was shown last."""
        for _ in range(ticks):
            await self.set_clock(self.now_ms + TICK_MS)
            await self._report()
            for usher in ushers:
                await usher.hands.checkup.look(self.now_ms)
                if (frame := await usher.step()) is not None:
                    self.frames.append(frame)
        return self.frames[-1]

    async def until_open(self, usher: RoomUsher) -> None:
        """Pass the draw's second, and step until the room is open."""
        await self.set_clock(self.facts.draws_ms)
        for _ in range(20):
            await self.tick(usher)
            await usher.drawing.work.settle()
            if (await self.state()).phase == "open":
                return
        raise AssertionError(f"not open: {await self.state()}")

    async def join(self, people: int = 1) -> list[int]:
        """Let so many people join; return their indices."""
        indices = []
        for _ in range(people):
            identity = (1 + next(self._numbers)).to_bytes(8, "little")
            joined = await self.line.join(self.key, identity, 4)
            assert isinstance(joined, Joined), joined
            self.people[joined.index] = identity
            indices.append(joined.index)
        return indices

    async def claim(self, index: int) -> Claimed | LineRefused:
        """Claim as the owner of the place."""
        return await self.line.claim(self.key, index, self.people[index], f"visitor{index}", f"holder{index}")

    async def claim_called(self, positions: dict[int, int], done: set[int]) -> int:
        """Let everybody who is called and has not claimed yet try once; return how many got in."""
        served, before = (await self.state()).served, len(done)
        for index in [index for index, position in positions.items() if position < served and index not in done]:
            if isinstance(await self.claim(index), Claimed):
                done.add(index)
        return len(done) - before

    async def positions(self) -> dict[int, int]:
        """Return everybody's position, by index."""
        found = {index: await self.line.position_of(self.key, index) for index in self.people}
        return {index: position for index, position in found.items() if position is not None}

    async def _report(self) -> None:
        """Publish what the processes would say: new bytes every time, or nothing at all."""
        redis = self.hall.server.services.redis
        await redis.delete(HEALTH_KEY)  # the server of this test reports by a clock of its own
        if not self.lost_sight:
            await vitals.publish(redis, "test", msgspec.structs.replace(self.signs, at_ms=self.now_ms))


async def room_scene(hall: Hall, **changes: object) -> RoomScene:
    """Make a room whose lobby is open and whose draw is an hour away by its own stopped clock."""
    facts = await hall.room(**({"cap": 100, "rate_per_min": 240, "claim_window_s": 60, "visit_s": 600} | changes))
    scene = RoomScene(hall, facts)
    await scene.set_clock(facts.opens_lobby_ms + 1_000)
    return scene


class Dying(ValkeyLine):
    """A line whose draw is staged and never flipped: its process dies in between."""

    def __init__(self, line: Line) -> None:
        self.__dict__.update(vars(line))
        self.wished: Positions | None = None

    async def publish_draw(
        self, key: RoomKey, seed_name: str, positions: Positions, *, recorded: bool = False
    ) -> Drawn | LineRefused:
        self.wished = positions
        call = self._functions.call

        async def die(verb: str, *rest: object) -> object:
            if verb == "publish_draw":
                raise Unavailable("the process died here")
            return await call(verb, *rest)  # type: ignore[arg-type]

        self._functions.call = die  # type: ignore[method-assign, assignment]
        try:
            return await super().publish_draw(key, seed_name, positions, recorded=recorded)
        finally:
            self._functions.call = call  # type: ignore[method-assign]
