"""What organisers do to a room: open it, change its settings, move it on, pause it, let everybody through."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from waitingroom.model import Phase, RoomPlan, RoomSettled
from waitingroom.rules.state import Outcome, RoomState, closing_time_came, refuse, settle_phase, tick

# Drawing comes by time, and open by the draw: nobody chooses those moments.
REACHABLE: Final[Mapping[Phase, frozenset[Phase]]] = MappingProxyType(
    {
        Phase.PLANNED: frozenset({Phase.LOBBY, Phase.CLOSED}),
        Phase.LOBBY: frozenset({Phase.CLOSED}),
        Phase.DRAWING: frozenset({Phase.CLOSED}),
        Phase.OPEN: frozenset({Phase.DRAINING, Phase.CLOSED}),
        Phase.DRAINING: frozenset({Phase.OPEN, Phase.CLOSED}),
        Phase.CLOSED: frozenset(),
    }
)


def open_room(before: RoomState | None, plan: RoomPlan, *, now_ms: int) -> Outcome:
    """Create a room, or change its settings. A lobby's announced closing second may only be put off."""
    if before is None:
        fresh = RoomState(plan, epoch=now_ms // 1000, seen_ms=now_ms)
        return _settled(settle_phase(fresh, now_ms), changed=True)
    state = settle_phase(before, now_ms)
    if state.phase is Phase.LOBBY and plan.draws_ms < state.plan.draws_ms:
        return refuse(state, "draw_announced")
    changed = plan != state.plan
    return _settled(settle_phase(replace(state, plan=plan), now_ms), changed=changed)


def set_phase(
    state: RoomState,
    phase: Phase | None = None,
    *,
    paused: bool | None = None,
    passthrough: bool | None = None,
    now_ms: int,
) -> Outcome:
    """Move the room on and set its flags; None leaves them. A room that drains since its closing time does not open again."""
    state = settle_phase(state, now_ms)
    if phase is not None and phase is not state.phase and phase not in REACHABLE[state.phase]:
        return refuse(state, "phase_not_reachable")
    if phase is Phase.OPEN and phase is not state.phase and closing_time_came(state.plan, now_ms):
        return refuse(state, "phase_not_reachable")
    after = replace(
        state,
        phase=phase or state.phase,
        paused=state.paused if paused is None else paused,
        passthrough=state.passthrough if passthrough is None else passthrough,
    )
    if after == state:
        return _settled(state, changed=False)
    if after.paused is not state.paused:  # the turn clock runs up to the pause, and on from its end
        ticked = tick(state, now_ms)
        after = replace(after, turn_ms=ticked.turn_ms, seen_ms=ticked.seen_ms)
    if state.phase is Phase.LOBBY and after.phase is Phase.CLOSED:
        after = replace(after, lobby=state.next)  # its places never get positions
    return _settled(after, changed=True)


def _settled(state: RoomState, *, changed: bool) -> Outcome:
    return Outcome(state, RoomSettled(state.phase, state.paused, state.passthrough, changed))
