"""Rebuild: a room that its store lost is made again from a copy; nobody's place is given to somebody else."""

from collections.abc import Mapping
from dataclasses import replace

from waitingroom.model import PlaceState, RoomPlan, RoomSettled
from waitingroom.rules.state import Outcome, RoomState, position_of, settle_phase, state_of


def rebuild(copied: RoomState, plan: RoomPlan, known: int, *, paused: bool, passthrough: bool, now_ms: int) -> Outcome:
    """Go on from *copied*, the room as of the copy, knowing who has the first *known* places: all of a lobby that was drawn.

    Whoever got a later one, before the copy or after it, has a token; those places count as left until it is shown. Visits among
    them end. The time without a store counts for nobody's turn.
    """
    unknown = {_slot(copied, index) for index in range(known, copied.next)}
    visits = {at: visit for at, visit in copied.visits.items() if at not in unknown and visit.ends_ms > now_ms}
    state = replace(
        copied,
        plan=plan,
        epoch=max(copied.epoch + 1, now_ms // 1000),
        seen_ms=now_ms,
        paused=paused,
        passthrough=passthrough,
        fence=max(copied.fence, now_ms // 1000),
        leader="",
        lead_until_ms=0,
        places={identity: place for identity, place in copied.places.items() if place.index < known},
        states=_states(copied, known, unknown),
        visits=visits,
        passes={(show, visit.visitor): visit.holder for visit in visits.values() for show in plan.shows},
        visiting={visit.visitor: at for at, visit in visits.items()},
        late=frozenset(),
        settled=True,
    )
    if unknown or now_ms >= plan.opens_lobby_ms:
        end = copied.next + copied.lost_joins_max
        state = replace(state, next=end, gaps=(*state.gaps, (known, end)))
    state = settle_phase(state, now_ms)
    return Outcome(state, RoomSettled(state.phase, state.paused, state.passthrough, True))


def _slot(state: RoomState, index: int) -> int:
    position = position_of(state, index)
    return index if position is None else position


def _states(copied: RoomState, known: int, unknown: set[int]) -> Mapping[int, PlaceState]:
    """Say what became of every place; one that waits for nobody is left, so that the line goes past it."""
    owned = {place.index for place in copied.places.values()}
    nobody = {
        slot
        for index in range(known)
        if index not in owned and state_of(copied, slot := _slot(copied, index)) is PlaceState.WAITING
    }
    kept = {slot: value for slot, value in copied.states.items() if slot not in unknown}
    return {**kept, **dict.fromkeys(nobody, PlaceState.LEFT)}
