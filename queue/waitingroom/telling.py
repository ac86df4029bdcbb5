"""How often to tell somebody where the line is: at once when it matters, every tick near the front, every ten seconds far away.

A visitor far away whose number changes every second learns nothing by it, and a hundred thousand of them would cost a processor.
Sockets and event streams follow this one rule; whoever polls is told by the frame itself (`poll_ms`). A process that can't keep up tells
less often: those far away first, those near the front never less often than every two seconds.
"""

from __future__ import annotations

from typing import Final

from waitingroom.frame import LineFrame

TICK_S: Final = 0.25
# Seconds to one's turn up to which every tick is told, and up to which one a second.
NEAR_S: Final = 30.0
SOON_S: Final = 180.0
SLOWEST_S: Final = 10.0
# Before the draw, and for who has no place, the frame holds a count and a countdown that the page runs by itself.
LOBBY_S: Final = 5.0
# Under load: what is near stays fresh (T56), and nobody is silent for so long that a page gives its socket up (T43: 20 s).
FRESH_S: Final = 2.0
LOADED_SLOWEST_S: Final = 15.0
LOAD_MAX: Final = 8.0
# A process is late when telling takes more than this share of its time, or when its loop comes to things so much too late;
# it keeps up again below half of both.
BUSY_SHARE: Final = 0.25
LATE_S: Final = 0.1
# While nobody knows the rate, these many places count as near.
NEAR_PLACES: Final = 100


def urgent(before: LineFrame | None, after: LineFrame) -> bool:
    """Tell whether *after* says something that everybody must hear at once, however far away they are."""
    return before is None or _news(before) != _news(after)


def _news(frame: LineFrame) -> tuple[object, ...]:
    return (
        frame.epoch,
        frame.phase,
        frame.paused,
        frame.passthrough,
        frame.opens_ms,
        frame.sold_out,
        frame.reason,
        frame.message,
    )


def eased(load: float, busy: float, late_s: float) -> float:
    """Return the load of a process after a second in which telling took the share *busy* of it and its loop was *late_s* behind.

    1 is none. It doubles while the process can't keep up, and goes back by a tenth for each second in which it easily can.
    """
    if busy > BUSY_SHARE or late_s > LATE_S:
        return min(LOAD_MAX, 2.0 * load)
    if busy < BUSY_SHARE / 2 and late_s < LATE_S / 2:
        return max(1.0, 0.9 * load)
    return load


def interval_s(frame: LineFrame, position: int | None, load: float = 1.0) -> float:
    """Return how long who stands at *position* may go without a new frame; 0 means every tick.

    None: the position isn't known. Who is called has been told so, and hears only how their time goes on. *load* (see `eased`)
    lengthens it: up to two seconds for those within `SOON_S` of their turn, and further for everybody else.
    """
    calm = _calm_s(frame, position)
    if load <= 1.0:
        return calm
    if calm <= 1.0:
        return min(FRESH_S, max(TICK_S, calm) * load)
    return min(LOADED_SLOWEST_S, calm * load)


def _calm_s(frame: LineFrame, position: int | None) -> float:
    if position is None:
        return LOBBY_S
    ahead = position - frame.served
    if ahead < 0:
        return LOBBY_S
    likely = frame.rate[1] if frame.rate is not None else 0.0
    if likely <= 0 or frame.paused:
        return 1.0 if ahead < NEAR_PLACES else LOBBY_S
    wait_s = ahead / likely * 60
    if wait_s <= NEAR_S:
        return 0.0
    if wait_s <= SOON_S:
        return 1.0
    return min(SLOWEST_S, wait_s / SOON_S)


def is_called(frame: LineFrame, position: int | None) -> bool:
    """Tell whether it is the turn of *position*."""
    return position is not None and position < frame.served
