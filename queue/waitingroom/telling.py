"""How often to tell somebody where the line is: at once when it matters, every tick near the front, every ten seconds far away.

A visitor far away whose number changes every second learns nothing by it, and a hundred thousand of them would cost a processor.
Sockets and event streams follow this one rule; whoever polls is told by the frame itself (`poll_ms`).
"""

from __future__ import annotations

from typing import Final

from waitingroom.frame import LineFrame

# Seconds to one's turn up to which every tick is told, and up to which one a second.
NEAR_S: Final = 30.0
SOON_S: Final = 180.0
SLOWEST_S: Final = 10.0
# Before the draw, and for who has no place, the frame holds a count and a countdown that the page runs by itself.
LOBBY_S: Final = 5.0
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


def interval_s(frame: LineFrame, position: int | None) -> float:
    """Return how long who stands at *position* may go without a new frame; 0 means every tick.

    None: the position isn't known. Who is called has been told so, and hears only how their time goes on.
    """
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
