"""What can be read of a room and of one place."""

from collections.abc import Sequence
from itertools import pairwise

from waitingroom.model import LineRefused, LineState, Phase, PlaceStanding, PlaceState
from waitingroom.rules.state import (
    RoomState,
    counts,
    left_between,
    live_visits,
    position_of,
    settle_phase,
    state_of,
    tick,
)
from waitingroom.rules.turns import (
    called_this_minute,
    claimed_this_minute,
    is_late,
    may_reenter,
)


def line_state(state: RoomState, now_ms: int) -> LineState:
    """Read every number."""
    state = live_visits(settle_phase(state, now_ms), now_ms)
    if not state.paused and state.phase in (Phase.OPEN, Phase.DRAINING):
        state = tick(state, now_ms)
    found = counts(state)
    return LineState(
        plan=state.plan,
        phase=state.phase,
        paused=state.paused,
        passthrough=state.passthrough,
        now_ms=now_ms,
        turn_ms=state.turn_ms,
        epoch=state.epoch,
        lobby=state.lobby,
        next=state.next,
        served=state.served,
        waiting=state.next - state.served - left_between(state, state.served, state.next),
        pending=found[PlaceState.WAITING],
        visits=len(state.visits),
        called=state.calls,
        claimed=state.claims,
        lapsed=found[PlaceState.LAPSED],
        left=state.leaves,
        reentered=state.reentries,
        ended=state.ended,
        called_min=called_this_minute(state),
        claimed_min=claimed_this_minute(state),
        fence=state.fence,
        leader=state.leader,
        drawn=state.drawn,
    )


def count_waiting(state: RoomState, edges: Sequence[int]) -> tuple[int, ...]:
    """Count the places not left between neighbouring edges."""
    within = [min(edge, state.next) for edge in edges]
    return tuple(end - start - left_between(state, start, end) for start, end in pairwise(within))


def standing(state: RoomState, index: int, now_ms: int) -> PlaceStanding | LineRefused:
    """Read one place."""
    state = settle_phase(state, now_ms)
    if index >= state.next:
        return LineRefused("place_unknown")
    position = position_of(state, index)
    value = state_of(state, index if position is None else position)
    if position is None or position >= state.served:
        return PlaceStanding(position, value, False, None, False)
    if value is PlaceState.CLAIMED:
        visit = live_visits(state, now_ms).visits.get(position)
        return PlaceStanding(position, value, True, None, False, visit.ends_ms if visit else None)
    if value is PlaceState.LEFT:
        return PlaceStanding(position, value, True, None, False)
    state = tick(state, now_ms)
    late = value is PlaceState.LAPSED or is_late(state, position)
    if late and not may_reenter(state, position):
        return PlaceStanding(position, PlaceState.LAPSED, True, None, False)
    windows = 1 + state.plan.reentries if late else 1
    called_at_ms = next(row.turn_ms for row in state.called if row.served > position)
    until_ms = now_ms + called_at_ms + windows * state.plan.claim_window_ms - state.turn_ms
    return PlaceStanding(position, PlaceState.LAPSED if late else PlaceState.WAITING, True, until_ms, late)
