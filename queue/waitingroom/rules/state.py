"""A room as the rules see it, what follows from it, and how time moves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from waitingroom.model import (
    LOST_JOINS_MAX,
    TURN_STEP_MAX_MS,
    Claimed,
    Drawn,
    Joined,
    Lapsed,
    Left,
    LineRefused,
    Moved,
    Phase,
    PlaceState,
    RoomPlan,
    RoomSettled,
)
from waitingroom.refusals import RETRY_AFTER_MS

Answer = RoomSettled | Joined | Drawn | Moved | Claimed | Left | Lapsed | LineRefused | int | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """What an identity was given."""

    index: int
    tier: int


class Visit(NamedTuple):
    """Who is inside, from which place, until when."""

    visitor: str
    holder: str
    ends_ms: int


class Row(NamedTuple):
    """A ledger's running totals as of a turn time: the watermark and the people so far."""

    turn_ms: int
    served: int
    people: int


@dataclass(frozen=True, slots=True)
class RoomState:
    """Everything that is true of a room.

    *states* has every place that is not as it began, by index until the draw and by position from then on (who joined
    after the lobby has the same number in both). *gaps* are the indices skipped after failovers: such a place counts as
    left until its owner's token brings it back. *settled* False: the store has just begun a life and may lack the last joins.
    """

    plan: RoomPlan
    epoch: int
    seen_ms: int
    phase: Phase = Phase.PLANNED
    paused: bool = False
    passthrough: bool = False
    lobby: int = 0
    drawn: str = ""
    next: int = 0
    served: int = 0
    calls: int = 0
    claims: int = 0
    """Places ever claimed. It never falls, as the ledger of admissions needs: a room made again from a copy may not know whose they were."""
    turn_ms: int = 0
    lapsed_to: int = 0
    leaves: int = 0
    reentries: int = 0
    ended: int = 0
    fence: int = 0
    leader: str = ""
    lead_until_ms: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    places: Mapping[bytes, Place] = field(default_factory=lambda: MappingProxyType({}))
    states: Mapping[int, PlaceState] = field(default_factory=lambda: MappingProxyType({}))
    positions: tuple[int, ...] = ()
    called: tuple[Row, ...] = ()
    admitted: tuple[Row, ...] = ()
    visits: Mapping[int, Visit] = field(default_factory=lambda: MappingProxyType({}))
    passes: Mapping[tuple[int, str], str] = field(default_factory=lambda: MappingProxyType({}))
    visiting: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    late: frozenset[int] = frozenset()
    settled: bool = False
    lost_joins_max: int = LOST_JOINS_MAX


class Outcome(NamedTuple):
    """What a rule decided."""

    state: RoomState
    answer: Answer


def refuse(state: RoomState, code: str) -> Outcome:
    """Answer with a refusal."""
    return Outcome(state, LineRefused(code, RETRY_AFTER_MS.get(code)))


# ── time ──


def tick(state: RoomState, now_ms: int) -> RoomState:
    """Move the turn clock: never back, never far at once, not at all while the room is paused."""
    step = 0 if state.paused else max(0, min(now_ms - state.seen_ms, TURN_STEP_MAX_MS))
    return replace(state, turn_ms=state.turn_ms + step, seen_ms=now_ms)


def settle_phase(state: RoomState, now_ms: int) -> RoomState:
    """Move the room on to the phase its time has come for."""
    plan = state.plan
    if state.phase is Phase.PLANNED and now_ms >= plan.opens_lobby_ms:
        state = replace(state, phase=Phase.LOBBY)
    if state.phase is Phase.LOBBY and now_ms >= plan.draws_ms:
        state = settle_life(state, now_ms)
        state = replace(state, phase=Phase.DRAWING if state.next else Phase.OPEN, lobby=state.next)
    if state.phase is Phase.OPEN and closing_time_came(plan, now_ms):
        state = replace(state, phase=Phase.DRAINING)
    return state


def closing_time_came(plan: RoomPlan, now_ms: int) -> bool:
    """Tell whether the closing time has come; 0 is none."""
    return 0 < plan.closes_ms <= now_ms


def settle_life(state: RoomState, now_ms: int) -> RoomState:
    """Skip the indices a store that has just begun a life may have given out and forgotten. A new epoch asks for tokens."""
    if state.settled or state.next == 0:
        return replace(state, settled=True)
    to = state.next + state.lost_joins_max
    epoch = max(state.epoch + 1, now_ms // 1000)
    return replace(state, settled=True, gaps=(*state.gaps, (state.next, to)), next=to, epoch=epoch)


# ── places ──


def is_lost(state: RoomState, index: int) -> bool:
    """Say whether the index was skipped after a failover."""
    return any(start <= index < end for start, end in state.gaps)


def position_of(state: RoomState, index: int) -> int | None:
    """Say when the index is served; None before its draw."""
    if index >= state.lobby:
        return None if state.phase in (Phase.PLANNED, Phase.LOBBY) else index
    return state.positions[index] if state.drawn else None


def state_of(state: RoomState, slot: int) -> PlaceState:
    """Say what became of a place."""
    untouched = PlaceState.LEFT if is_lost(state, index_at(state, slot)) else PlaceState.WAITING
    return state.states.get(slot, untouched)


def index_at(state: RoomState, slot: int) -> int:
    """Say whose place a slot is: the draw's inverse, once there is one."""
    return state.positions.index(slot) if state.drawn and slot < state.lobby else slot


def with_place_state(state: RoomState, slot: int, value: PlaceState) -> RoomState:
    """Set what became of a place."""
    return replace(state, states={**state.states, slot: value})


def left_between(state: RoomState, start: int, end: int) -> int:
    """Count the places given up in a range."""
    return sum(state_of(state, slot) is PlaceState.LEFT for slot in range(start, end))


def skip_left(state: RoomState, start: int, limit: int) -> int:
    """Find the first place from *start* on that was not left."""
    while start < limit and state_of(state, start) is PlaceState.LEFT:
        start += 1
    return start


def counts(state: RoomState) -> Mapping[PlaceState, int]:
    """Count the called places by what became of them; who left in time was never called."""
    found = [state_of(state, slot) for slot in range(state.served)]
    return {value: found.count(value) for value in PlaceState}


def without(state: RoomState, identity: bytes) -> RoomState:
    """Forget which place an identity has."""
    return replace(state, places={key: place for key, place in state.places.items() if key != identity})


# ── visits ──


def live_visits(state: RoomState, now_ms: int) -> RoomState:
    """Forget the visits that have run out."""
    return replace(state, visits={at: visit for at, visit in state.visits.items() if visit.ends_ms > now_ms})
