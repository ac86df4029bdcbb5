"""Fees: rounded half up, per ticket, never on a free one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.fees import FeeRule, buyer_fee, organiser_fee

RULES = st.lists(
    st.builds(
        FeeRule,
        name=st.just("fee"),
        percent_bp=st.integers(0, 10_000),
        fixed=st.integers(0, 10_000),
        payer=st.sampled_from(["buyer", "organiser"]),
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("amount", "percent_bp", "fixed", "fee"),
    [(4000, 500, 50, 250), (10, 500, 0, 1), (9, 500, 0, 0), (1, 5000, 0, 1), (0, 10_000, 500, 0), (6900, 350, 75, 317)],
)
def test_a_fee_is_percent_and_fixed_rounded_half_up(amount: int, percent_bp: int, fixed: int, fee: int) -> None:
    """5 % of 40.00 plus 0.50 is 2.50; half a cent rounds up; a free ticket has no fee."""
    assert FeeRule("fee", percent_bp, fixed, "buyer").on(amount) == fee


@given(RULES, st.integers(0, 100_000_000))
def test_payers_are_kept_apart_and_nobody_is_paid_less_than_nothing(rules: list[FeeRule], amount: int) -> None:
    """The buyer pays only the buyer's fees; the organiser never gives up more than the ticket brings."""
    ours = [rule for rule in rules if rule.payer == "buyer"]
    assert buyer_fee(rules, amount) == buyer_fee(ours, amount) >= 0
    assert 0 <= organiser_fee(rules, amount) <= amount
    assert organiser_fee(ours, amount) == 0
