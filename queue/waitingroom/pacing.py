"""How many people to call this tick: never more than the sale can serve, and no slower than it can.

    allowance = (min(rate owed, cap - visits, seats left × attention - visits) - expected) ÷ max(0.5, show share)

*expected* are those called a moment ago who will still come, and those at the door. The show share (claims per call, smoothed) makes up for those who do not
come; it is bounded, so that at most twice the rate is called. The cap and the rate themselves are enforced where a place is claimed,
by the store: what is decided here may be too many or too few, never unfair or unsafe.

How many respond when is modelled as an exponential decay with a mean of `RESPONSE_S`: then what is still expected is one number, and a
wrong mean costs a few seconds of adjustment, because what is owed to the rate is an integral and comes right by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp
from typing import Final, Literal

from waitingroom.health import Verdict

Bound = Literal["rate", "health", "cap", "seats", "demand", "stopped"]

RESPONSE_S: Final = 8.0
SHOW_SHARE_MIN: Final = 0.5
# The show share is an average over so long. Longer is steadier; this one follows a step within two minutes.
SHOW_MEMORY_S: Final = 30.0
# So many imaginary people always come: the first call of a room is not judged by three who don't.
SHOW_PRIOR: Final = 5.0
# What could not be called (nobody there, cap reached) is caught up with for so long at most.
CATCH_UP_S: Final = 5.0
# Whoever was called and is asked to wait a moment stands at the door. More of them than come in so long are let in before others are
# called at full speed: else the door's limit would hide that too many were called, and their turns would lapse there.
DOOR_S: Final = 0.5
DOOR_SLOWER: Final = 0.8
# People called per seat left: some look and leave, and two who want the last seat find out at the seat.
ATTENTION: Final = 1.5
# With few seats left and the floor full, so much of the rate still goes on: not everybody inside wants what is left.
TRICKLE: Final = 0.05

LEVEL_MIN: Final = 0.05
LEVEL_CUT: Final = 0.5
LEVEL_STEP: Final = 0.02
# What was just halved shows in the signals, which look 3 s back, after so long; halving again before would only overshoot.
CUT_INTERVAL_MS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Load:
    """What the line says at a tick. *claimed* and *called* count since the room opened, *claimed_min* in the last 60 s.

    *turn_ms* is the turn clock, which stands still while the room is paused. *door* people are called, there, and asked to wait a
    moment because of cap or rate. *seats_left* None: not known, not a bound.
    """

    turn_ms: int
    cap: int
    rate_per_min: int
    visits: int
    waiting: int
    called: int
    claimed: int
    claimed_min: int
    door: float = 0.0
    seats_left: int | None = None


@dataclass(frozen=True, slots=True)
class PaceState:
    """What the pacing remembers from tick to tick. A new leader starts with `started`, and is right again within a minute.

    *outstanding* called people of whom it is not known yet whether they come; *shows* and *tries* smoothed claims and the claims
    there would be if everybody came; *owed* people the rate owes; *level* the share of the rate that checkout's health allows;
    *credit_s* seconds of calling at twice the rate that were not used.
    """

    turn_ms: int
    called: int
    claimed: int
    outstanding: float = 0.0
    shows: float = 0.0
    tries: float = 0.0
    owed: float = 0.0
    level: float = 1.0
    cut_ms: int = -CUT_INTERVAL_MS
    carry: float = 0.0
    credit_s: float = 0.0

    @property
    def show_share(self) -> float:
        """The share of the called who come, 0.5-1 (below, the correction would be unbounded)."""
        return min(1.0, max(SHOW_SHARE_MIN, self.raw_share))

    @property
    def raw_share(self) -> float:
        """The share of the called who come, as measured."""
        return (self.shows + SHOW_PRIOR) / (self.tries + SHOW_PRIOR)

    @property
    def expected(self) -> float:
        """How many of the called will still come."""
        return min(1.0, self.raw_share) * self.outstanding


@dataclass(frozen=True, slots=True)
class Paced:
    """Call so many people now. *target* is the admissions a minute aimed at, *bound* what held it there."""

    calls: int
    target: float
    bound: Bound


def started(load: Load, called_min: int = 0) -> PaceState:
    """Return the state of a leader who takes over a line that runs: what was called in the last seconds is still out."""
    share = load.claimed_min / called_min if called_min else 1.0
    tries = min(called_min, load.rate_per_min) * SHOW_MEMORY_S / 60
    return PaceState(
        turn_ms=load.turn_ms,
        called=load.called,
        claimed=load.claimed,
        outstanding=called_min * RESPONSE_S / 60,
        shows=tries * min(1.0, share),
        tries=tries,
        owed=called_min * RESPONSE_S / 60 * min(1.0, share),
    )


def pace(state: PaceState, load: Load, verdict: Verdict) -> tuple[PaceState, Paced]:
    """Decide one tick. Calling it again for the same instant decides nothing more."""
    passed_s = max(0, load.turn_ms - state.turn_ms) / 1000
    state = steered(_observed(state, load), load.turn_ms, verdict)
    target, coming = load.rate_per_min * state.level, state.expected + load.door
    room = {
        "rate": state.owed - coming,
        "cap": load.cap - load.visits - coming,
        "seats": _seats(load, coming, TRICKLE * target * passed_s / 60),
        "demand": float(load.waiting),
    }
    name, allowance = min(room.items(), key=lambda item: item[1])
    wish = max(0.0, allowance) / (state.show_share if name != "demand" else 1.0)
    # Twice the rate and no more, also when nobody comes at all: the line would refuse it, in one long pause after a burst.
    credit = min(CATCH_UP_S, state.credit_s + passed_s)
    most = target / SHOW_SHARE_MIN / 60
    wish = state.carry + min(wish, credit * most)
    calls = min(int(wish), load.waiting)
    bound: Bound = "health" if name == "rate" and state.level < 1.0 else name  # type: ignore[assignment]
    if verdict.kind == "payments_down" or (load.seats_left is not None and load.seats_left <= 0):
        calls, bound = 0, "stopped"
    credit = max(0.0, credit - calls / most)
    return replace(state, carry=min(1.0, wish - calls), credit_s=credit), Paced(calls, target, bound)


def steered(state: PaceState, turn_ms: int, verdict: Verdict) -> PaceState:
    """Move the level: half on a breach, a fiftieth up on a healthy tick, nothing when a signal is missing (AIMD)."""
    if verdict.kind == "healthy":
        return replace(state, level=min(1.0, state.level + LEVEL_STEP))
    if verdict.kind == "breach" and turn_ms - state.cut_ms >= CUT_INTERVAL_MS:
        return replace(state, level=max(LEVEL_MIN, state.level * LEVEL_CUT), cut_ms=turn_ms)
    return state


def _observed(state: PaceState, load: Load) -> PaceState:
    """Take in what happened since the last tick: who came, who was called, what the rate owes for the time passed."""
    passed_s = max(0, load.turn_ms - state.turn_ms) / 1000
    claims, called = max(0, load.claimed - state.claimed), max(0, load.called - state.called)
    stay, memory = exp(-passed_s / RESPONSE_S), exp(-passed_s / SHOW_MEMORY_S)
    due = state.outstanding * (1 - stay)
    shows, tries = state.shows * memory + claims, state.tries * memory + due
    blocked = load.visits >= load.cap or load.claimed_min > load.rate_per_min
    if blocked and claims < due * state.raw_share:
        shows, tries = (
            state.shows,
            state.tries,
        )  # they came and were asked to wait a moment: it says nothing about the share
    target = load.rate_per_min * state.level
    owed = state.owed + target * passed_s / 60 - claims
    observed = replace(
        state,
        turn_ms=load.turn_ms,
        called=load.called,
        claimed=load.claimed,
        outstanding=state.outstanding * stay + called,
        shows=shows,
        tries=tries,
    )
    burst = max(1.0, target * CATCH_UP_S / 60)
    return replace(observed, owed=min(observed.expected + load.door + burst, max(-burst, owed)))


def _seats(load: Load, coming: float, trickle: float) -> float:
    """Return how many more people the seats left are worth, but always a trickle while there are any."""
    if load.seats_left is None:
        return float("inf")
    return max(load.seats_left * ATTENTION - load.visits - coming, trickle)
