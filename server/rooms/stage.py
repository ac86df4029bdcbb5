"""Where a person stands: one name for what the room page shows. Twin of `web/src/room/stage.ts`, for readers without scripts."""

from __future__ import annotations

from typing import Literal

from server.rooms.views import Mine
from waitingroom.frame import LineFrame

Stage = Literal[
    "planned", "lobby_join", "lobby", "drawing", "join", "straight_in", "waiting", "called", "claimed", "done", "lapsed", "left", "full_house",
    "sold_out", "closed",
]  # fmt: skip


def stage_of(frame: LineFrame | None, mine: Mine | None, now_ms: int) -> Stage:
    """Return the stage of somebody with *mine* (None: no place) under *frame* (None: the usher has not spoken yet)."""
    phase = "planned" if frame is None else frame.phase
    # A visit outlives everything but its own end: whoever is in, is in.
    if mine is not None and mine.state == "claimed" and (mine.visit_until_ms is None or mine.visit_until_ms > now_ms):
        return "claimed"
    if phase == "closed":
        return "closed"
    if frame is None or phase == "planned":
        return "planned"
    if mine is not None and mine.state == "left":
        return "left"
    if mine is not None and mine.state == "claimed":
        return "done"
    if phase == "lobby":
        return "lobby_join" if mine is None else "lobby"
    return _newcomer(frame) if mine is None else _in_line(frame, mine)


def _newcomer(frame: LineFrame) -> Stage:
    if frame.sold_out:
        return "sold_out"
    if frame.phase == "drawing":
        return "drawing"
    if frame.phase == "draining":
        return "full_house"
    return "straight_in" if frame.passthrough else "join"


def _in_line(frame: LineFrame, mine: Mine) -> Stage:
    if mine.state == "lapsed":
        return "lapsed"
    if frame.phase == "drawing" or mine.position is None:
        return "drawing"
    if mine.state == "called" or mine.position < frame.served:
        return "called"
    return "sold_out" if frame.sold_out else "waiting"
