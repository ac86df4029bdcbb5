"""Lead and move: who may call, and how many."""

from dataclasses import replace

from waitingroom.model import CALLS_PER_ADMISSION_MAX, RATE_WINDOW_MS, Moved, Phase
from waitingroom.rules.state import (
    Outcome,
    RoomState,
    left_between,
    refuse,
    settle_life,
    settle_phase,
    skip_left,
    tick,
)
from waitingroom.rules.turns import advance, called_this_minute, forget_before

# What a line of nothing but leavers could cost; the rest is called by the next tick.
STEPS_MAX = 200


def lead(state: RoomState, who: str, ttl_ms: int, *, now_ms: int) -> Outcome:
    """Become, or stay, the one who moves the line; every change raises the fence."""
    state = settle_life(state, now_ms)
    led = state.lead_until_ms > now_ms
    if led and state.leader != who:
        return Outcome(state, None)
    fence = state.fence if led else state.fence + 1
    return Outcome(replace(state, fence=fence, leader=who, lead_until_ms=now_ms + ttl_ms), fence)


def resign(state: RoomState, fence: int) -> Outcome:
    """Stop leading at once."""
    return Outcome(replace(state, leader="", lead_until_ms=0) if fence == state.fence else state, None)


def move(state: RoomState, fence: int, served: int, *, now_ms: int) -> Outcome:
    """Call everybody below *served*, counted as if nobody had left; never back, never too many a minute."""
    if fence != state.fence:
        return refuse(state, "fenced")
    state = settle_phase(state, now_ms)
    if state.phase not in (Phase.OPEN, Phase.DRAINING):
        return refuse(state, "room_closed" if state.phase is Phase.CLOSED else "room_not_open")
    state = tick(state, now_ms)
    if state.paused:
        return refuse(state, "room_paused")
    plan = state.plan
    windows_ms = max(RATE_WINDOW_MS, (1 + plan.reentries) * plan.claim_window_ms)
    state = replace(
        state,
        called=forget_before(state.called, state.turn_ms - windows_ms),
        admitted=forget_before(state.admitted, state.turn_ms - RATE_WINDOW_MS),
    )
    may = max(0, plan.rate_per_min * CALLS_PER_ADMISSION_MAX - called_this_minute(state))
    to, people = reach(state, min(may, served - state.served))
    if people > 0:
        state = advance(state, to, people)
    return Outcome(state, Moved(state.served, max(0, people), may - people, state.turn_ms))


def reach(state: RoomState, people: int) -> tuple[int, int]:
    """Find the watermark that calls *people* more, and how many it really calls; leavers cost nothing."""
    to, found, steps = state.served, 0, 0
    while found < people and to < state.next and steps < STEPS_MAX:
        to = skip_left(state, to, state.next)
        far = min(state.next, to + people - found)
        found += far - to - left_between(state, to, far)
        to, steps = far, steps + 1
    return to, found
