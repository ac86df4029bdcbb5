"""The draw at the announced second: the secret is at hand before it, and a draw that dies is made again, the same, by whoever leads."""

from __future__ import annotations

from typing import Final

from redis.exceptions import RedisError

from server.faults import Fault, Unavailable
from server.logs import logger
from server.refusals import Refusal
from server.rooms.conduct import conduct_draw, load_secret
from server.rooms.desk import Desk
from server.rooms.facts import RoomFacts
from server.rooms.keys import roll_key
from waitingroom.draw import Positions
from waitingroom.model import LineState, Phase, RoomKey
from workers.usher.due import Due
from workers.usher.on_the_side import OnTheSide

# The secret is read so long before the draw, so that a database that is away at that second stops nobody.
AHEAD_MS: Final = 60_000
AGAIN_MS: Final = 2_000


class Drawing:
    """One room's draw, as its usher sees it. `follow` is called every tick and never waits: *work* is what it began."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._secret: bytes | None = None
        self.work = OnTheSide("usher.draw")
        self._recorded = False
        self._load_again, self._draw_again = Due(AGAIN_MS), Due(AGAIN_MS)
        self._positions: tuple[int, Positions] | None = None

    def renew(self) -> None:
        """Begin anew with a line that was led by another: whether its draw is on record is not known."""
        self._recorded, self._positions = False, None
        self._load_again, self._draw_again = Due(AGAIN_MS), Due(AGAIN_MS)

    def follow(self, facts: RoomFacts, line: LineState) -> None:
        """Load the secret in time, draw when the lobby is closed, and see to it that the draw goes on record."""
        if self.work.busy or self._recorded:
            return
        near = line.phase is Phase.LOBBY and line.plan.draws_ms - line.now_ms <= AHEAD_MS
        if near and self._secret is None and self._load_again.now(line.now_ms):
            self.work.begin(self._load(facts))
        drawn = bool(line.drawn) and line.phase is not Phase.CLOSED
        if (line.phase is Phase.DRAWING or drawn) and self._draw_again.now(line.now_ms):
            self.work.begin(self._draw(facts, drawn))

    @property
    def on_record(self) -> bool:
        """Whether Postgres is known to have the draw."""
        return self._recorded

    async def positions(self, key: RoomKey, epoch: int) -> Positions | None:
        """Return the position of every lobby index, read once; None when nothing was drawn."""
        if self._positions is None or self._positions[0] != epoch:
            drawn = await self._desk.line.read_draw(key)
            if drawn is None:
                return None
            self._positions = epoch, drawn
        return self._positions[1]

    async def _load(self, facts: RoomFacts) -> None:
        try:
            self._secret = await load_secret(self._desk, facts)
        except Fault as fault:
            logger().error("draw.secret_missing", room=facts.room_id, reason=str(fault))

    async def _draw(self, facts: RoomFacts, drawn: bool) -> None:
        """Draw, open and record; a fault is logged and tried again. Repeating what was done changes nothing."""
        try:
            if drawn and not await self._owes_record(facts):
                self._recorded = True
                return
            if self._secret is None:
                self._secret = await load_secret(self._desk, facts)
            made = await conduct_draw(self._desk, facts, self._secret)
        except Fault as fault:
            logger().error("draw.put_off", room=facts.room_id, reason=str(fault))
            return
        if isinstance(made, Refusal):
            logger().error("draw.refused", room=facts.room_id, code=made.code)
            return
        self._recorded = True
        logger().info("draw.made", room=facts.room_id, people=made.people, root=made.root.hex())

    async def _owes_record(self, facts: RoomFacts) -> bool:
        """Tell whether somebody drew but died before Postgres had it: then the frozen roll is still there."""
        try:
            return bool(await self._desk.redis.exists(roll_key(facts)))
        except (RedisError, OSError) as error:
            raise Unavailable(f"Valkey does not answer: {error}") from error
