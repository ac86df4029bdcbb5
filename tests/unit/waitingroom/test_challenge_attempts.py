"""Allowances: exact waits, nothing lost by a refusal, one solution once."""

from hypothesis import given
from hypothesis import strategies as st

from waitingroom.challenges.attempts import Allowance, Replayed, Spent, TooOften, per_minute, spend

TWO = Allowance("two", 1_000, 2)
FIVE = Allowance("five", 500, 5)


def test_the_wait_told_is_the_wait_needed() -> None:
    """One millisecond before the time told is too early, at the time told it is right."""
    paid: dict[str, int] = {}
    for _ in range(2):
        paid, outcome = spend(paid, [TWO], now_ms=10_000)
        assert isinstance(outcome, Spent)
    paid, refused = spend(paid, [TWO], now_ms=10_000)
    assert refused == TooOften("two", 1_000)
    assert isinstance(spend(paid, [TWO], now_ms=10_999)[1], TooOften)
    assert isinstance(spend(paid, [TWO], now_ms=11_000)[1], Spent)


@given(st.lists(st.integers(0, 3_000), max_size=40))
def test_nobody_exceeds_an_allowance(steps: list[int]) -> None:
    """In any stretch of time T at most burst + T / every attempts count, whatever the rhythm."""
    paid: dict[str, int] = {}
    now, counted = 0, []
    for step in steps:
        now += step
        paid, outcome = spend(paid, [TWO, FIVE], now_ms=now)
        if isinstance(outcome, Spent):
            counted.append(now)
    for i, start in enumerate(counted):
        for j in range(i, len(counted)):
            assert j - i + 1 <= TWO.burst + (counted[j] - start) / TWO.every_ms


def test_a_refused_attempt_takes_nothing_from_any_allowance() -> None:
    """All allowances or none, and the fullest is the one named."""
    paid, _ = spend({}, [TWO, FIVE], now_ms=0)
    paid, _ = spend(paid, [TWO, FIVE], now_ms=0)
    after, refused = spend(paid, [TWO, FIVE], now_ms=0)
    assert after == paid and isinstance(refused, TooOften) and refused.allowance == "two"


def test_a_solution_is_spent_once_and_its_spender_may_repeat_it() -> None:
    """Somebody else's solution is worth nothing; who lost the answer on the way shows it again."""
    assert isinstance(spend({}, [TWO], now_ms=0, spent_by="ann", spender="bob")[1], Replayed)
    assert isinstance(spend({}, [TWO], now_ms=0, spent_by="ann", spender="ann")[1], Spent)


def test_haste_keeps_the_solution() -> None:
    """Too often is said before replayed: the caller remembers the solution only when the attempt counts."""
    paid, _ = spend({}, [per_minute("one", 1, 1)], now_ms=0)
    assert isinstance(spend(paid, [per_minute("one", 1, 1)], now_ms=0, spent_by="ann", spender="bob")[1], TooOften)


def test_the_load_is_the_last_allowances() -> None:
    """Half of one and a fifth of another: the last one named is the network's."""
    assert spend({}, [TWO, FIVE], now_ms=0)[1] == Spent(0.2)
    assert spend({}, [FIVE, TWO], now_ms=0)[1] == Spent(0.5)
