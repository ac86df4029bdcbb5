"""The draw comes into force: the lobby's places, known by index until now, are known by position from here on."""

from collections.abc import Sequence
from dataclasses import replace

from waitingroom.model import Drawn, Phase
from waitingroom.rules.state import Outcome, RoomState, refuse, settle_phase, state_of


def publish_draw(
    state: RoomState, seed_name: str, positions: Sequence[int], *, recorded: bool = False, now_ms: int
) -> Outcome:
    """Put the draw in force and open the room; the same draw again changes nothing, another one never.

    A draw on record is the truth about who was in the lobby: a store that lost joins, or took more for it, follows.
    """
    state = settle_phase(state, now_ms)
    if state.phase is Phase.CLOSED:
        return refuse(state, "room_closed")
    if state.drawn:
        return Outcome(state, Drawn(state.lobby, True)) if state.drawn == seed_name else refuse(state, "already_drawn")
    if state.phase in (Phase.PLANNED, Phase.LOBBY):
        return refuse(state, "lobby_open")
    if len(positions) != state.lobby:
        if not recorded:
            return refuse(state, "lobby_differs")
        state = adopt(state, len(positions))
    assert sorted(positions) == list(range(state.lobby))
    drawn = {positions[index]: state_of(state, index) for index in range(state.lobby)}
    behind = {slot: value for slot, value in state.states.items() if slot >= state.lobby}
    phase = Phase.OPEN if state.phase is Phase.DRAWING else state.phase
    after = replace(
        state,
        drawn=seed_name,
        phase=phase,
        positions=tuple(positions),
        states={**behind, **drawn},
        late=frozenset() if state.lobby else state.late,
    )
    return Outcome(after, Drawn(state.lobby, False))


def adopt(state: RoomState, lobby: int) -> RoomState:
    """Take over how many were in the lobby. Indices the store never heard of were given out: their owners have tokens."""
    if lobby > state.next:
        state = replace(state, gaps=(*state.gaps, (state.next, lobby)), next=lobby)
    return replace(state, lobby=lobby)
