"""Compose the frame: what is known of the line, as everybody is told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from server.rooms.facts import RoomFacts
from waitingroom import density
from waitingroom.frame import FrameMessage, LineFrame, Reason
from waitingroom.health import Verdict
from waitingroom.model import LineState, Phase
from workers.usher.board import HeldBack
from workers.usher.outlook import Outlook
from workers.usher.stock import Left

SERVING: Final = (Phase.OPEN, Phase.DRAINING)
# How long those without a socket should wait before they ask again.
POLL_NEAR_MS, POLL_FAR_MS, POLL_IDLE_MS = 2_000, 5_000, 10_000
# A frame is shown every tick while something moves, and at least so often while nothing does.
STILL_MS: Final = 1_000
PLANNED_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """What an usher knows after a tick. *level* is checkout's share of the rate; *served* the watermark after the tick's move."""

    facts: RoomFacts
    line: LineState
    served: int
    outlook: Outlook
    verdict: Verdict
    level: float
    left: Left | None
    held: HeldBack | None


def compose(known: Known, last: LineFrame | None) -> LineFrame:
    """Return the frame that follows *last*."""
    line, left = known.line, known.left
    serving = line.phase in SERVING
    rate = known.outlook.forecaster.rate() if serving else None
    message = known.facts.message
    return LineFrame(
        room=known.facts.room_id,
        epoch=line.epoch,
        tick=last.tick + 1 if last is not None and last.epoch == line.epoch else 0,
        now_ms=line.now_ms,
        phase=line.phase.value,
        paused=line.paused or known.held is not None,
        passthrough=line.passthrough,
        opens_ms=opens_ms(line),
        lobby=line.lobby,
        next=line.next,
        served=known.served,
        rate=None if rate is None else (round(rate[0], 2), round(rate[1], 2), round(rate[2], 2)),
        hazard=round(known.outlook.forecaster.hazard, 6),
        density=density.encode(known.outlook.shares(known.served)) if serving else "",
        waiting=known.outlook.waiting(line, known.served) if serving else line.waiting,
        left=None if left is None else left.free,
        sold_out=known.held == "sold_out",
        reason=reason(known),
        message=None if message is None else FrameMessage(str(message.id), message.text),
        poll_ms=poll_ms(line.phase),
    )


def reason(known: Known) -> Reason | None:
    """Say why the line is slower than it could be, if it is: nobody should see a number grow without a reason (T60)."""
    line = known.line
    if line.phase not in SERVING or known.held == "sold_out":
        return None
    if known.held == "payments_down":
        return "payments_down"
    if line.paused:
        return "organiser"
    if known.level < 1.0:
        return "no_signal" if known.verdict.kind == "missing" else "checkout_slow"
    full = line.visits >= line.plan.cap or (known.left is not None and known.left.free == 0)
    if line.waiting and full:
        return "full"
    return "measuring" if line.waiting and known.outlook.forecaster.rate() is None else None


def worth_showing(frame: LineFrame, last: LineFrame | None) -> bool:
    """Tell whether *frame* says something new, or it is time to show that the usher is there. A clock set back is time, too."""
    if last is None or replace(frame, tick=last.tick, now_ms=last.now_ms) != last:
        return True
    return not 0 <= frame.now_ms - last.now_ms < (PLANNED_MS if frame.phase == "planned" else STILL_MS)


def opens_ms(line: LineState) -> int | None:
    """Return when the next phase begins, where that is known."""
    match line.phase:
        case Phase.PLANNED:
            return line.plan.opens_lobby_ms
        case Phase.LOBBY:
            return line.plan.draws_ms
        case Phase.OPEN:
            return line.plan.closes_ms or None
        case _:
            return None


def poll_ms(phase: Phase) -> int:
    """Return how often to ask in a phase."""
    if phase is Phase.DRAWING:
        return POLL_NEAR_MS
    return POLL_IDLE_MS if phase in (Phase.PLANNED, Phase.CLOSED) else POLL_FAR_MS
