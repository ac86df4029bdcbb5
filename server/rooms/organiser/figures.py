"""The figures of a room on the organiser's screen: what the line counts, what was bought, how the checkout is, what was done. Pure.

`web/src/organiser-room/figures.ts` is the other side of `RoomFigures`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field

from server.rooms.facts import RoomFacts
from waitingroom.model import LineState

FLOW_MS = 10_000
FLOW_STEPS = 60

# What may be done in each phase; the flags decide between the two of a pair.
_ACTIONS: dict[str, tuple[str, ...]] = {
    "planned": ("pace", "message", "close"),
    "lobby": ("pause", "pace", "message", "close"),
    "drawing": ("pause", "pace", "message", "close"),
    "open": ("pause", "passthrough", "pace", "message", "drain", "close"),
    "draining": ("pause", "pace", "message", "reopen", "close"),
    "closed": (),
}


class Signal(Struct, frozen=True):
    """One sign of the checkout's health; its name ends with the unit (`_ms`, `_share`). *value* None: nothing was heard."""

    key: str
    value: float | None
    limit: float | None
    state: Literal["ok", "trouble", "silent"]


class Deed(Struct, frozen=True):
    """One row of the audit log."""

    at_ms: int
    who: str
    deed: str
    details: dict[str, Any]


class Business(Struct, frozen=True):
    """What Postgres knows: orders paid for the room's shows since it opened, contests not judged yet, the newest deeds."""

    orders: int = 0
    contests: int = 0
    trail: tuple[Deed, ...] = ()


class Checkout(Struct, frozen=True):
    """How the checkout is, as the usher sees it; *limit_per_min* is what it makes of it, None without a limit."""

    signals: tuple[Signal, ...] = ()
    limit_per_min: int | None = None
    reason: str | None = None
    seats_left: int | None = None
    sold_out: bool = False


class FlowStep(Struct, frozen=True, array_like=True):
    """What came in one step of the flow, and when it began."""

    at_ms: int
    arrivals: int
    called: int
    admitted: int


class RoomFigures(Struct, frozen=True, kw_only=True):
    """Everything the live page shows. *at_ms* is the store's clock; *rate_per_min* and *cap* are the organiser's settings.

    *paused* is the organiser's pause; *held* says that the usher holds the line by itself, *reason* why.
    """

    at_ms: int
    phase: str
    paused: bool
    held: bool
    passthrough: bool
    next_ms: int | None
    arrivals: int
    waiting: int
    called: int
    admitted: int
    shopping: int
    cap: int
    no_shows: int
    left: int
    rate_per_min: int
    limit_per_min: int | None
    reason: str | None
    orders: int
    seats_left: int | None
    sold_out: bool
    called_min: int
    admitted_min: int
    flow: tuple[FlowStep, ...]
    flow_ms: int = FLOW_MS
    health: tuple[Signal, ...]
    abuse: tuple[tuple[str, int], ...]
    contests: int
    message: str
    actions: tuple[str, ...]
    trail: tuple[Deed, ...] = field(default=())


class Flow:
    """What came per step, from counters that only rise. A counter that falls (the line was begun anew) starts over."""

    def __init__(self) -> None:
        self._steps: deque[FlowStep] = deque(maxlen=FLOW_STEPS)
        self._last: tuple[int, int, int] | None = None

    def take(self, state: LineState) -> tuple[FlowStep, ...]:
        """Count what came since the last reading into the step of now, and return the steps, oldest first."""
        now = (state.next, state.called, state.claimed + state.reentered)
        last = (
            self._last if self._last is not None and all(a >= b for a, b in zip(now, self._last, strict=True)) else now
        )
        came = [a - b for a, b in zip(now, last, strict=True)]
        self._last = now
        begun = state.now_ms - state.now_ms % FLOW_MS
        while self._steps and self._steps[-1].at_ms < begun - FLOW_MS * FLOW_STEPS:
            self._steps.clear()
        if not self._steps:
            self._steps.append(FlowStep(begun, 0, 0, 0))
        while self._steps[-1].at_ms < begun:
            self._steps.append(FlowStep(self._steps[-1].at_ms + FLOW_MS, 0, 0, 0))
        newest = self._steps[-1]
        self._steps[-1] = FlowStep(
            newest.at_ms, newest.arrivals + came[0], newest.called + came[1], newest.admitted + came[2]
        )
        return tuple(self._steps)


def actions_of(phase: str, *, paused: bool, passthrough: bool, over: bool = False) -> tuple[str, ...]:
    """Return what may be done with a room now, in the order of the buttons. What is *over*, its closing time come, takes nobody again."""
    swapped = {"pause": "resume" if paused else "pause", "passthrough": "queue" if passthrough else "passthrough"}
    return tuple(swapped.get(action, action) for action in _ACTIONS[phase] if not (over and action == "reopen"))


def phase_of(facts: RoomFacts, now_ms: int) -> str:
    """Return the phase by the settings alone, for a room that the store does not know (yet)."""
    if facts.closed:
        return "closed"
    if facts.draining:
        return "draining"
    if now_ms < facts.opens_lobby_ms:
        return "planned"
    return "lobby" if now_ms < facts.draws_ms else "open"


def next_moment(facts: RoomFacts, phase: str) -> int | None:
    """Return when the next phase begins, if the clock decides it."""
    return {"planned": facts.opens_lobby_ms, "lobby": facts.draws_ms, "open": facts.closes_ms}.get(phase)


def compose(
    facts: RoomFacts,
    state: LineState | None,
    flow: Sequence[FlowStep],
    business: Business,
    checkout: Checkout,
    abuse: Sequence[tuple[str, int]],
    now_ms: int,
) -> RoomFigures:
    """Put together what the page shows. *state* None: the store does not know the room, so nobody is in it."""
    phase = phase_of(facts, now_ms) if state is None or facts.closed else str(state.phase)
    passthrough = facts.passthrough if state is None else state.passthrough
    at_ms = now_ms if state is None else state.now_ms
    return RoomFigures(
        at_ms=at_ms,
        phase=phase,
        paused=facts.paused,
        held=state is not None and state.paused and not facts.paused,
        passthrough=passthrough,
        next_ms=next_moment(facts, phase),
        arrivals=0 if state is None else state.next,
        waiting=0 if state is None else state.waiting,
        called=0 if state is None else state.pending,
        admitted=0 if state is None else state.claimed,
        shopping=0 if state is None else state.visits,
        cap=facts.cap,
        no_shows=0 if state is None else state.lapsed,
        left=0 if state is None else state.left,
        rate_per_min=facts.rate_per_min,
        limit_per_min=checkout.limit_per_min,
        reason=checkout.reason,
        orders=business.orders,
        seats_left=checkout.seats_left,
        sold_out=checkout.sold_out,
        called_min=0 if state is None else state.called_min,
        admitted_min=0 if state is None else state.claimed_min,
        flow=tuple(flow),
        health=checkout.signals,
        abuse=tuple(abuse),
        contests=business.contests,
        message="" if facts.message is None else facts.message.text,
        actions=actions_of(phase, paused=facts.paused, passthrough=passthrough, over=facts.closes_ms <= at_ms),
        trail=business.trail,
    )
