"""Minor units, Stripe's exceptions to them, and splits that lose no cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.faults import Corrupt
from server.payments.currency import CurrencyRefused, apportion, decimals, from_stripe, is_known, to_stripe


@pytest.mark.parametrize(
    ("currency", "places", "minor", "at_stripe"),
    [("eur", 2, 1050, 1050), ("jpy", 0, 500, 500), ("kwd", 3, 1230, 1230), ("isk", 0, 5, 500), ("mga", 2, 500, 5)],
)
def test_amounts_travel_in_the_providers_unit_and_back(currency: str, places: int, minor: int, at_stripe: int) -> None:
    """Each family of currencies keeps its value across the border to Stripe."""
    assert decimals(currency) == places
    assert to_stripe(minor, currency) == at_stripe
    assert from_stripe(at_stripe, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [(1234, "kwd", "amount_not_chargeable"), (150, "mga", "amount_not_chargeable"), (100, "xxx", "currency_unknown")],
)
def test_amounts_that_stripe_cannot_take_are_refused(amount: int, currency: str, code: str) -> None:
    """A third decimal, a fraction of a whole-unit currency and an unknown currency are refusals with a code."""
    refused = to_stripe(amount, currency)
    assert isinstance(refused, CurrencyRefused)
    assert refused.code == code


def test_decimals_that_do_not_exist_are_corrupt() -> None:
    """An answer in krónur with a fraction is never rounded silently."""
    with pytest.raises(Corrupt):
        from_stripe(550, "isk")


def test_upper_case_is_not_a_currency() -> None:
    """Currencies are lower case everywhere, so that two spellings never meet in one ledger."""
    assert is_known("eur")
    assert not is_known("EUR")


@given(total=st.integers(-(10**9), 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_parts_sum_to_the_whole_and_stay_within_one_unit(total: int, weights: list[int]) -> None:
    """Largest remainder loses nothing and moves no part by a whole unit from its exact share."""
    parts = apportion(total, weights)
    assert sum(parts) == total
    if sum(weights):
        assert all(
            abs(part * sum(weights) - total * weight) < sum(weights)
            for part, weight in zip(parts, weights, strict=True)
        )
