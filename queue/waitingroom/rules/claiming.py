"""Claim: a called place becomes a visit, under the cap and the rate."""

from dataclasses import replace

from waitingroom.model import Claimed, Phase, PlaceState
from waitingroom.rules.joining import check_own
from waitingroom.rules.state import (
    Outcome,
    RoomState,
    Row,
    Visit,
    live_visits,
    position_of,
    refuse,
    settle_phase,
    state_of,
    tick,
    with_place_state,
)
from waitingroom.rules.turns import claimed_this_minute, is_late, may_reenter, note


def claim(state: RoomState, index: int, identity: bytes, visitor: str, holder: str, *, now_ms: int) -> Outcome:
    """Let the called place in, once; its holder may repeat it, nobody else."""
    state = settle_phase(state, now_ms)
    state, refusal = check_own(state, index, identity, now_ms=now_ms)
    if refusal:
        return refuse(state, refusal)
    position = position_of(state, index)
    closed = state.phase is Phase.CLOSED
    if position is None:
        return refuse(state, "room_closed" if closed else "not_called")
    value = state_of(state, position)
    if value is PlaceState.CLAIMED:
        return _repeat(state, position, visitor, holder, now_ms)
    if closed:
        return refuse(state, "room_closed")
    if value is PlaceState.LEFT:
        return refuse(state, "left")
    if position >= state.served:
        return refuse(state, "not_called")
    if state.paused:
        return refuse(state, "room_paused")
    ticked = tick(state, now_ms)
    late = value is PlaceState.LAPSED or is_late(ticked, position)
    if late and not may_reenter(ticked, position):
        return refuse(state, "lapsed")
    return _admit(state, ticked, position, Visit(visitor, holder, now_ms + state.plan.visit_ms), late, now_ms)


def _admit(state: RoomState, ticked: RoomState, position: int, visit: Visit, late: bool, now_ms: int) -> Outcome:
    state, ticked = live_visits(state, now_ms), live_visits(ticked, now_ms)
    # One visitor has one visit: a second place of theirs continues it under the same slot.
    earlier = state.visiting.get(visit.visitor)
    others = {at: other for at, other in state.visits.items() if at != earlier}
    if len(others) >= state.plan.cap:
        return refuse(state, "full")
    if claimed_this_minute(ticked) >= state.plan.rate_per_min:
        return refuse(state, "busy")
    ticked = with_place_state(ticked, position, PlaceState.CLAIMED)
    ticked = replace(
        ticked,
        reentries=ticked.reentries + late,
        claims=ticked.claims + 1,
        admitted=note(ticked.admitted, Row(ticked.turn_ms, 0, ticked.claims + 1)),
        visits={**others, position: visit},
    )
    return Outcome(_write_passes(ticked, position, visit), Claimed(position, visit.ends_ms, False, late))


def _repeat(state: RoomState, position: int, visitor: str, holder: str, now_ms: int) -> Outcome:
    visit = state.visits.get(position)
    if visit is None or visit.ends_ms <= now_ms:
        return refuse(state, "visit_over")
    if (visit.visitor, visit.holder) != (visitor, holder):
        return refuse(state, "holder_differs")
    return Outcome(_write_passes(state, position, visit), Claimed(position, visit.ends_ms, True, False))


def _write_passes(state: RoomState, position: int, visit: Visit) -> RoomState:
    passes = {(show, visit.visitor): visit.holder for show in state.plan.shows}
    return replace(state, passes={**state.passes, **passes}, visiting={**state.visiting, visit.visitor: position})
