"""Leave, end a visit, lapse: how places end."""

from dataclasses import replace

from waitingroom.model import Lapsed, Left, Phase, PlaceState
from waitingroom.rules.joining import check_own
from waitingroom.rules.state import (
    Outcome,
    RoomState,
    live_visits,
    position_of,
    refuse,
    settle_phase,
    state_of,
    tick,
    with_place_state,
    without,
)
from waitingroom.rules.turns import lapsed_below


def leave(state: RoomState, index: int, identity: bytes, *, now_ms: int) -> Outcome:
    """Give the place up, and the visit with it; joining again takes a place at the end."""
    state = settle_phase(state, now_ms)
    if state.phase is Phase.CLOSED:
        return refuse(state, "room_closed")
    state, refusal = check_own(state, index, identity, now_ms=now_ms)
    if refusal == "left":
        return Outcome(state, Left(repeated=True, ended_visit=False))
    if refusal:
        return refuse(state, refusal)
    position = position_of(state, index)
    slot = index if position is None else position
    if state_of(state, slot) is PlaceState.CLAIMED:
        visit = state.visits.get(slot)
        state = replace(_end(state, slot, visit.visitor), ended=state.ended + 1) if visit else state
        return Outcome(state, Left(repeated=visit is None, ended_visit=visit is not None))
    state = without(state, identity)
    state = replace(with_place_state(state, slot, PlaceState.LEFT), leaves=state.leaves + 1)
    if state.phase is Phase.DRAWING:
        state = replace(state, late=state.late | {index})
    return Outcome(state, Left(repeated=False, ended_visit=False))


def end_visit(state: RoomState, visitor: str) -> Outcome:
    """End the visitor's visit early: its passes go and its slot is free."""
    position = state.visiting.get(visitor)
    if position is None or position not in state.visits:
        return Outcome(state, False)
    return Outcome(replace(_end(state, position, visitor), ended=state.ended + 1), True)


def _end(state: RoomState, position: int, visitor: str) -> RoomState:
    state = replace(state, visits={at: visit for at, visit in state.visits.items() if at != position})
    if state.visiting.get(visitor) != position:
        return state
    gone = {(show, visitor) for show in state.plan.shows}
    return replace(
        state,
        passes={key: holder for key, holder in state.passes.items() if key not in gone},
        visiting={name: at for name, at in state.visiting.items() if name != visitor},
    )


def lapse(state: RoomState, limit: int, *, now_ms: int) -> Outcome:
    """Let called places lapse whose window has passed, looking at up to *limit* positions."""
    state = live_visits(settle_phase(state, now_ms), now_ms)
    if state.phase not in (Phase.OPEN, Phase.DRAINING):
        return Outcome(state, Lapsed(0, False))
    state = tick(state, now_ms)
    due = lapsed_below(state, 1)
    to = max(state.lapsed_to, min(due, state.lapsed_to + limit))
    gone = [slot for slot in range(state.lapsed_to, to) if state_of(state, slot) is PlaceState.WAITING]
    states = {**state.states, **dict.fromkeys(gone, PlaceState.LAPSED)}
    return Outcome(replace(state, lapsed_to=to, states=states), Lapsed(len(gone), to < due))
