"""One room's usher: what it remembers between ticks, and one tick.

Everything it decides is a rule of queue/waitingroom; everything it knows comes from the line, whose clock is the store's. It may die
at any point without harm: the next leader reads the line, and its first tick is the one that was missed.
"""

from __future__ import annotations

from typing import Final

from server.logs import logger
from server.rooms.facts import RoomFacts
from server.rooms.opening import reopen
from server.rooms.plan import room_key, room_plan
from waitingroom.frame import LineFrame
from waitingroom.model import LineRefused, LineState, Moved, Phase
from waitingroom.pacing import Load, Paced, PaceState, pace, started
from workers.usher.board import HeldBack, Pace
from workers.usher.copying import Copying
from workers.usher.drawing import Drawing
from workers.usher.due import Due
from workers.usher.hands import Hands
from workers.usher.near_turn import is_near
from workers.usher.outlook import Outlook
from workers.usher.stock import Left
from workers.usher.telling import SERVING, Known, compose, worth_showing

# A leader that says nothing for so long is replaced (T39: within a second).
LEAD_MS: Final = 900
# What is left to sell is told within five seconds (T23), and read twice a second.
STOCK_MS: Final = 500
LAPSE_MS: Final = 1_000
NOTICES_MS: Final = 5_000
CLOSING_MS: Final = 5_000
# The line must have been empty and the floor half empty for so long before nobody has to wait any more.
QUIET_MS: Final = 20_000
QUIET_SHARE: Final = 0.5
# Who is made to wait at the door asks again after two seconds; claims turned away are counted over three.
ASKS_COUNTED: Final = 1.5


class RoomUsher:
    """Leads one room's line while nobody else does. `step` is one tick."""

    def __init__(self, hands: Hands, facts: RoomFacts) -> None:
        self.hands, self.facts, self.key = hands, facts, room_key(facts)
        self.drawing = Drawing(hands.desk)
        self.copying = Copying(hands.desk)
        self.fence: int | None = None
        self.frame: LineFrame | None = None
        self._forget()

    def _forget(self) -> None:
        """Begin anew, as after a change of leader."""
        self.state: PaceState | None = None
        self.outlook = Outlook()
        self.held: HeldBack | None = None
        self._epoch = 0
        self._left: Left | None = None
        self._quiet_since: int | None = None
        self._stock, self._lapse = Due(STOCK_MS), Due(LAPSE_MS)
        self._notices, self._closing = Due(NOTICES_MS), Due(CLOSING_MS)

    async def step(self) -> LineFrame | None:
        """Do one tick. Returns the frame it showed; None when another leads, or there was nothing new to show.

        Raises `Unavailable` when a store does not answer: nothing is lost, the next tick is the same.
        """
        fence = await self.hands.line.lead(self.key, self.hands.who, LEAD_MS)
        line = await self.hands.line.read(self.key)
        if line is None and not self.facts.closed:
            await reopen(self.hands.desk, self.facts)  # the store lost it
        if fence is None or line is None:
            self.fence = None
            return None
        if line.plan.shows != self.facts.shows:
            # A show joined the event this room stands before: from now on a claim is a pass to it, too.
            await self.hands.line.open_room(self.key, room_plan(self.facts), new=False)
        if (fence, line.epoch) != (self.fence, self._epoch):
            await self._take_over(fence, line)
        self.drawing.follow(self.facts, line)
        self.copying.follow(self.facts, line, on_record=self.drawing.on_record)
        if line.phase not in SERVING:
            return await self._show(line, line.served, None)
        return await self._serve(line)

    async def resign(self) -> None:
        """Stop leading, so that another process takes over at once."""
        await self.drawing.work.close()
        await self.copying.work.close()
        if self.fence is not None:
            fence, self.fence = self.fence, None
            await self.hands.line.resign(self.key, fence)

    async def _take_over(self, fence: int, line: LineState) -> None:
        logger().info("usher.leads", room=self.facts.room_id, fence=fence, phase=line.phase.value)
        self._forget()
        self.held = await self.hands.board.held_back(self.key)
        self.frame = await self.hands.board.last_frame(self.key)
        self.drawing.renew()
        self.copying.renew()
        self.fence, self._epoch = fence, line.epoch

    # The line moves.

    async def _serve(self, line: LineState) -> LineFrame | None:
        """Call whose turn it is, and tell. Returns None when another leader has taken over."""
        if self._stock.now(line.now_ms):
            self._left = await self.hands.stock.left(self.facts)
        await self._hold_back(line)
        load = self._load(line)
        self.state, paced = pace(self.state or started(load, line.called_min), load, self.hands.checkup.verdict)
        moved = await self._move(line, paced.calls)
        if moved is None:
            return None
        served = moved.served if isinstance(moved, Moved) else line.served
        if self._lapse.now(line.now_ms):
            await self.hands.line.lapse(self.key)
        await self.outlook.look(self.hands.line, self.key, line, served, min(1.0, self.state.raw_share))
        if isinstance(moved, Moved):
            self.outlook.learn(line, moved, self.state.level)
        await self._let_through(line)
        await self._close_when_over(line)
        frame = await self._show(line, served, self._pace(line, paced, moved))
        await self._tell_near(line)
        return frame

    async def _move(self, line: LineState, calls: int) -> Moved | LineRefused | None:
        assert self.fence is not None
        wish = 0 if self.held is not None or line.paused else line.served + calls
        moved = await self.hands.line.move(self.key, self.fence, wish)
        if isinstance(moved, LineRefused) and moved.code == "fenced":
            logger().warning("usher.fenced", room=self.facts.room_id, fence=self.fence)
            self.fence = None
            return None
        return moved

    def _load(self, line: LineState) -> Load:
        return Load(
            turn_ms=line.turn_ms,
            cap=line.plan.cap,
            rate_per_min=line.plan.rate_per_min,
            visits=line.visits,
            waiting=line.waiting,
            called=line.called,
            claimed=line.claimed,
            claimed_min=line.claimed_min,
            door=self._door(),
            seats_left=None if self._left is None else self._left.free,
        )

    def _door(self) -> float:
        return self.hands.checkup.turned_away(self.facts.room_id) / ASKS_COUNTED

    async def _hold_back(self, line: LineState) -> None:
        """Pause by ourselves while payments are down or everything is sold, and end our own pause, never the organiser's."""
        wanted: HeldBack | None = None
        if self.hands.checkup.verdict.kind == "payments_down":
            wanted = "payments_down"
        elif self._left is not None and self._left.sold_out:
            wanted = "sold_out"
        if wanted is not None and (wanted != self.held or not line.paused):
            await self.hands.board.hold_back(self.key, wanted)
            await self.hands.line.set_phase(self.key, paused=True)
            logger().warning("usher.held_back", room=self.facts.room_id, why=wanted)
        elif wanted is None and self.held is not None:
            if line.paused and not self.facts.paused:
                await self.hands.line.set_phase(self.key, paused=False)
            await self.hands.board.hold_back(self.key, None)
            logger().info("usher.goes_on", room=self.facts.room_id, after=self.held)
        self.held = wanted

    async def _let_through(self, line: LineState) -> None:
        """Switch passthrough on when nobody has waited for a while; the line switches it off when somebody would have to."""
        plan = line.plan
        wanted = plan.auto_passthrough and line.phase is Phase.OPEN and not line.paused and not line.passthrough
        empty = line.visits < QUIET_SHARE * plan.cap and line.claimed_min < QUIET_SHARE * plan.rate_per_min
        if not wanted or line.waiting or not empty:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = line.turn_ms
        elif line.turn_ms - self._quiet_since >= QUIET_MS:
            self._quiet_since = None
            await self.hands.line.set_phase(self.key, passthrough=True)

    async def _close_when_over(self, line: LineState) -> None:
        """Close a draining room once nobody is in it or on the way: its shows then sell without it."""
        nobody = line.visits == 0 and (self.held == "sold_out" or line.waiting + line.pending == 0)
        if line.phase is Phase.DRAINING and nobody and not self.facts.closed and self._closing.now(line.now_ms):
            await self.hands.close(self.facts)

    # What everybody is told.

    async def _show(self, line: LineState, served: int, paced: Pace | None) -> LineFrame | None:
        """Store and publish the frame, when something is new or it is time."""
        known = Known(
            facts=self.facts,
            line=line,
            served=served,
            outlook=self.outlook,
            verdict=self.hands.checkup.verdict,
            level=1.0 if self.state is None else self.state.level,
            left=self._left,
            held=self.held if line.phase in SERVING else None,
        )
        frame = compose(known, self.frame)
        if not worth_showing(frame, self.frame):
            return None
        await self.hands.board.show(self.key, frame, paced)
        self.frame = frame
        return frame

    def _pace(self, line: LineState, paced: Paced, moved: Moved | LineRefused) -> Pace:
        assert self.state is not None
        verdict = self.hands.checkup.verdict
        return Pace(
            at_ms=line.now_ms,
            called=moved.called if isinstance(moved, Moved) else 0,
            target=paced.target,
            level=self.state.level,
            bound=paced.bound,
            show_share=self.state.raw_share,
            expected=self.state.expected,
            door=self._door(),
            verdict=verdict.kind,
            signals=verdict.signals,
            health=self.hands.checkup.health,
            seats_left=None if self._left is None else self._left.free,
        )

    async def _tell_near(self, line: LineState) -> None:
        """Have letters sent to those whose turn is near."""
        frame = self.frame
        if frame is None or line.paused or not self._notices.now(line.now_ms):
            return
        draw = await self.drawing.positions(self.key, line.epoch)

        def near(index: int) -> bool:
            position = int(draw[index]) if draw is not None and index < len(draw) else index
            return is_near(frame, position)

        self.hands.post(self.facts, near)
