"""Join and restore: who gets which index."""

from dataclasses import replace

from waitingroom.model import Joined, Phase, PlaceState
from waitingroom.rules.state import (
    Outcome,
    Place,
    RoomState,
    is_lost,
    live_visits,
    position_of,
    refuse,
    settle_life,
    settle_phase,
    skip_left,
    state_of,
    tick,
    with_place_state,
)
from waitingroom.rules.turns import advance, called_this_minute, is_over

REFUSALS = {Phase.PLANNED: "room_not_open", Phase.DRAINING: "room_draining", Phase.CLOSED: "room_closed"}


def join(state: RoomState, identity: bytes, tier: int, *, now_ms: int) -> Outcome:
    """Give the identity a place, or the one it has unless that is over."""
    state = settle_phase(state, now_ms)
    place = state.places.get(identity)
    if place and not is_over(state, position_of(state, place.index), now_ms):
        return Outcome(state, joined(state, place, fresh=False))
    if state.phase in REFUSALS:
        return refuse(state, REFUSALS[state.phase])
    state = settle_life(state, now_ms)
    if state.next >= state.plan.capacity_max:
        return refuse(state, "room_full")
    place = Place(state.next, tier)
    state = replace(state, next=state.next + 1, places={**state.places, identity: place})
    called = False
    if state.passthrough and state.phase is Phase.OPEN and not state.paused:
        state, called = call_through(state, place.index, now_ms)
    return Outcome(state, joined(state, place, fresh=True, called=called))


def call_through(state: RoomState, index: int, now_ms: int) -> tuple[RoomState, bool]:
    """Call at once who joins while nobody has to wait; when somebody would have to, that ends by itself."""
    ticked = live_visits(tick(state, now_ms), now_ms)
    pending = sum(state_of(ticked, slot) is PlaceState.WAITING for slot in range(ticked.served))
    free = len(ticked.visits) + pending < ticked.plan.cap and called_this_minute(ticked) < ticked.plan.rate_per_min
    if free and skip_left(ticked, ticked.served, index) == index:
        return advance(ticked, index + 1, 1), True
    state = replace(state, visits=ticked.visits)
    return replace(state, passthrough=not state.plan.auto_passthrough), False


def restore(state: RoomState, index: int, identity: bytes, tier: int, *, now_ms: int) -> Outcome:
    """Put back a place that its token proves and the store may have forgotten."""
    state = settle_phase(state, now_ms)
    if state.phase is Phase.CLOSED:
        return refuse(state, "room_closed")
    state, refusal = check_own(state, index, identity, tier, now_ms=now_ms)
    if refusal:
        return refuse(state, refusal)
    position = position_of(state, index)
    if position is not None and is_over(state, position, now_ms):
        over = {PlaceState.CLAIMED: "visit_over", PlaceState.LEFT: "left"}
        return refuse(state, over.get(state_of(state, position), "lapsed"))
    return Outcome(state, joined(state, state.places[identity], fresh=False))


def check_own(
    state: RoomState, index: int, identity: bytes, tier: int = 0, *, now_ms: int
) -> tuple[RoomState, str | None]:
    """Check that the index is the identity's own, restoring it if the store forgot."""
    place = state.places.get(identity)
    if place:
        return state, None if place.index == index else "place_superseded"
    state = settle_life(state, now_ms)
    position = position_of(state, index)
    slot = index if position is None else position
    if index >= state.next or state_of(state, slot) is not PlaceState.LEFT:
        return state, "place_unknown"
    if not is_lost(state, index):
        return state, "left"
    state = bring_back(state, index, slot)
    return replace(state, places={**state.places, identity: Place(index, tier)}), None


def bring_back(state: RoomState, index: int, slot: int) -> RoomState:
    """Make a skipped place wait again; if the line has gone on meanwhile, it counts as called."""
    called = slot < state.served
    value = PlaceState.LAPSED if called and slot < state.lapsed_to else PlaceState.WAITING
    state = replace(with_place_state(state, slot, value), calls=state.calls + called)
    return replace(state, late=state.late | {index}) if state.phase is Phase.DRAWING else state


def joined(state: RoomState, place: Place, *, fresh: bool, called: bool = False) -> Joined:
    """Say what the place is."""
    return Joined(place.index, place.tier, fresh, state.phase, position_of(state, place.index), called)
