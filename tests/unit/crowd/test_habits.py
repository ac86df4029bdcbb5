"""The crowd's behaviour: drawn from a seed, plausible in the large, and willing to buy out a house when told to."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from loadtests.crowd.habits import PARTIES, draw, next_arrival_s, pause_s
from server.payments.demo.cards import BY_NUMBER, passes_luhn


def test_the_same_seed_draws_the_same_buyer() -> None:
    """A failure can be played again."""
    assert draw(random.Random(7), run="r", pace=1, all_sell=False) == draw(
        random.Random(7), run="r", pace=1, all_sell=False
    )


def test_a_thousand_buyers_are_a_plausible_public() -> None:
    """Pairs rule, some only look, some let go, some are declined, most pay with a card that works."""
    random_ = random.Random(1)
    public = [draw(random_, run="r", pace=1, all_sell=False) for _ in range(1000)]
    parties = Counter(buyer.party for buyer in public)
    assert parties.most_common(1)[0][0] == 2
    assert set(parties) <= set(PARTIES)
    assert 60 < sum(buyer.only_looks for buyer in public) < 200
    assert 20 < sum(buyer.lets_go == "vanishes" for buyer in public) < 120
    assert 40 < sum(_declines(buyer.cards[0]) for buyer in public) < 130
    assert len({buyer.email for buyer in public}) == 1000


def test_who_has_to_sell_out_never_walks_away() -> None:
    """With `--until-sold-out` every buyer who holds seats ends with a card that works."""
    random_ = random.Random(2)
    for _ in range(500):
        buyer = draw(random_, run="r", pace=0, all_sell=True)
        assert not buyer.only_looks
        assert buyer.lets_go == "no"
        assert not buyer.gives_up_after_decline
        assert not _declines(buyer.cards[-1])


@given(seed=st.integers(0, 10**6), since_s=st.floats(0, 10**5), rate=st.floats(0.01, 1000))
def test_pauses_are_positive_and_machines_take_none(seed: int, since_s: float, rate: float) -> None:
    """Neither arrivals nor thoughts go back in time."""
    random_ = random.Random(seed)
    assert next_arrival_s(random_, since_s, rate) >= 0
    assert pause_s(random_, 5, 1.0) > 0
    assert pause_s(random_, 5, 0.0) == 0


def test_the_rush_calms_down() -> None:
    """Four times the rate at the opening, the rate itself after some minutes."""
    random_ = random.Random(3)

    def per_s(since_s: float) -> float:
        return 4000 / sum(next_arrival_s(random_, since_s, 10) for _ in range(4000))

    assert 36 < per_s(0) < 44
    assert 9 < per_s(600) < 11


def _declines(number: str) -> bool:
    return not passes_luhn(number) or BY_NUMBER[number].outcome == "declines"
