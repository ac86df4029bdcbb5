"""From the facts of a room to the plan its line works by."""

from __future__ import annotations

from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from waitingroom.model import LineRefused, RoomKey, RoomPlan

# The line's own words where ours must say whose they are: refusals of the whole product share one list.
_CODES = {
    "lapsed": "place_lapsed",
    "left": "place_left",
    "full": "visits_full",
    "busy": "visits_busy",
    "phase_not_reachable": "room_state",
}


def room_key(facts: RoomFacts) -> RoomKey:
    """Name the room in the line."""
    return RoomKey(facts.event_id, facts.room_id)


def room_plan(facts: RoomFacts) -> RoomPlan:
    """Return the plan of *facts*."""
    return RoomPlan(
        opens_lobby_ms=facts.opens_lobby_ms,
        draws_ms=facts.draws_ms,
        closes_ms=facts.closes_ms,
        cap=facts.cap,
        rate_per_min=facts.rate_per_min,
        shows=facts.shows,
        claim_window_ms=facts.claim_window_ms,
        visit_ms=facts.visit_ms,
        reentries=facts.reentries,
        fail_open=facts.fail_open,
        auto_passthrough=facts.auto_passthrough,
        capacity_max=facts.capacity_max,
    )


def refusal_of(refused: LineRefused) -> Refusal:
    """Return what the line refused, as the API says it."""
    params = {} if refused.retry_after_ms is None else {"retry_after_ms": refused.retry_after_ms}
    return Refusal(_CODES.get(refused.code, refused.code), params)
