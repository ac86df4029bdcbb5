"""The pacing calls what rate, cap, health and seats allow, and no more than twice that."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitingroom.health import HEALTHY, Verdict
from waitingroom.pacing import CUT_INTERVAL_MS, LEVEL_MIN, Load, PaceState, pace, started, steered

TICK_MS = 250
LOAD = Load(
    turn_ms=0, cap=10_000, rate_per_min=600, visits=0, waiting=100_000, called=0, claimed=0, claimed_min=0, seats_left=None
)  # fmt: skip
SLOW = Verdict("breach", ("checkout_p95_ms",))


def played(
    ticks: int, *, share: float = 1.0, verdict: Verdict = HEALTHY, load: Load = LOAD
) -> tuple[PaceState, Load, int]:
    """Play so many ticks in which *share* of the called come two seconds later; return the end and how many were called."""
    state, coming, owed, total = started(load), [0.0] * 8, 0.0, 0
    for _ in range(ticks):
        owed += coming.pop(0)
        claims, owed = int(owed), owed - int(owed)
        load = replace(load, turn_ms=load.turn_ms + TICK_MS, claimed=load.claimed + claims)
        state, paced = pace(state, load, verdict)
        load = replace(load, called=load.called + paced.calls, waiting=load.waiting - paced.calls)
        coming.append(paced.calls * share)
        total += paced.calls
    return state, load, total


def test_with_everybody_coming_the_rate_is_called() -> None:
    """600 a minute: in five minutes 3,000, within what is taken to be still on its way."""
    _, load, _ = played(5 * 240)
    assert 2_900 <= load.claimed <= 3_060


def test_no_shows_are_made_up_for() -> None:
    """Three in ten stay away: three in ten more are called, and the rate is met."""
    state, load, _ = played(10 * 240, share=0.7)
    assert state.raw_share == pytest.approx(0.7, abs=0.03)
    assert load.claimed == pytest.approx(6_000, rel=0.03)


def test_the_correction_is_bounded() -> None:
    """Nobody comes at all: twice the rate is called, and no more, however long it goes on."""
    _, load, total = played(10 * 240, share=0.0)
    assert load.claimed == 0
    assert total <= 2 * 6_000


def test_the_same_instant_calls_nobody_twice() -> None:
    """A tick repeated without time passing decides 0: a leader that retries does no harm."""
    state, load, _ = played(100)
    state, first = pace(state, replace(load, turn_ms=load.turn_ms + TICK_MS), HEALTHY)
    load = replace(load, turn_ms=load.turn_ms + TICK_MS, called=load.called + first.calls)
    assert pace(state, load, HEALTHY)[1].calls <= 1


@given(
    visits=st.integers(0, 200), door=st.integers(0, 50), waiting=st.integers(0, 500), seats=st.none() | st.integers(0, 500),
    claimed=st.integers(0, 50), passed=st.integers(0, 5_000), owed=st.floats(-50, 50), outstanding=st.floats(0, 100),
)  # fmt: skip
def test_no_tick_calls_more_than_waits_or_twice_what_fits(
    visits: int, door: int, waiting: int, seats: int | None, claimed: int, passed: int, owed: float, outstanding: float
) -> None:
    """Whatever the line says: never a negative number, never more than wait, never more than twice the free floor and one."""
    load = replace(
        LOAD, turn_ms=passed, cap=100, visits=visits, door=door, waiting=waiting, seats_left=seats, claimed=claimed
    )
    state = replace(started(LOAD), owed=owed, outstanding=outstanding)
    _, paced = pace(state, load, HEALTHY)
    assert 0 <= paced.calls <= waiting
    assert paced.calls <= 2 * max(0, 100 - visits - door) + 1
    if seats == 0:
        assert paced.calls == 0


def test_few_seats_are_not_called_for_by_many() -> None:
    """Ten seats left and nobody inside: about fifteen people are worth calling before the first of them answers."""
    _, _, total = played(8, load=replace(LOAD, seats_left=10))
    assert 10 <= total <= 25


def test_t21_a_breach_halves_at_once_and_again_only_when_it_shows() -> None:
    """One tick suffices; the next cut waits until the first could have helped; it never ends at nothing."""
    state = steered(started(LOAD), 0, SLOW)
    assert state.level == 0.5
    assert steered(state, CUT_INTERVAL_MS - 1, SLOW).level == 0.5
    assert steered(state, CUT_INTERVAL_MS, SLOW).level == 0.25
    for cut in range(20):
        state = steered(state, cut * CUT_INTERVAL_MS, SLOW)
    assert state.level == LEVEL_MIN


def test_health_comes_back_by_a_fiftieth_a_tick_and_silence_freezes() -> None:
    """From half to whole in 25 ticks; without a signal it stays where it is."""
    state = steered(started(LOAD), 0, SLOW)
    for _ in range(24):
        state = steered(state, 0, HEALTHY)
    assert state.level < 1.0
    assert steered(state, 0, HEALTHY).level == pytest.approx(1.0)
    assert steered(state, 0, Verdict("missing", ("server",))).level == state.level


def test_payments_down_calls_nobody() -> None:
    """What is owed meanwhile is not caught up in one burst."""
    state, load, total = played(100, verdict=Verdict("payments_down", ("payments",)))
    assert total == 0
    _, paced = pace(state, replace(load, turn_ms=load.turn_ms + TICK_MS), HEALTHY)
    assert paced.calls <= 600 * 6 // 60


def test_a_new_leader_goes_on_without_a_burst() -> None:
    """Somebody called 600 in the last minute: the successor's first seconds call at the same pace."""
    state, load, _ = played(4 * 240, share=0.8)
    successor = started(replace(load, claimed_min=600), called_min=750)
    total = 0
    for _ in range(16):
        load = replace(load, turn_ms=load.turn_ms + TICK_MS, claimed_min=600, claimed=load.claimed + 2)
        successor, paced = pace(successor, load, HEALTHY)
        load = replace(load, called=load.called + paced.calls)
        total += paced.calls
    assert total <= 2 * 600 * 4 // 60 + 10
    assert state.raw_share == pytest.approx(successor.raw_share, abs=0.1)
