"""Every posting sums to zero, and what is requested, paid, failed and reversed cancels out."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ledger.posting import (
    Posting,
    captured,
    captured_without_purpose,
    refund_failed,
    refund_paid,
    refund_requested,
    refund_reversed,
)

AMOUNTS = st.integers(1, 10**9)


def balance(*postings: Posting) -> dict[str, int]:
    """Sum the accounts, leaving out those at zero."""
    sums: Counter[str] = Counter()
    for posting in postings:
        for account, amount in posting.entries:
            sums[account] += amount
    return {account: amount for account, amount in sums.items() if amount}


@given(AMOUNTS, st.integers(0, 100), st.integers(0, 10**6), st.booleans())
def test_all_money_that_went_back_leaves_only_the_providers_fee(
    total: int, share: int, provider_fee: int, late: bool
) -> None:
    """After a full refund nobody is owed anything; what the provider kept stays as a cost."""
    fees = 0 if late else total * share // 100
    came = (
        captured_without_purpose(1, "eur", received=total, provider_fee=provider_fee)
        if late
        else captured(1, "eur", total=total, platform_fees=fees, provider_fee=provider_fee)
    )
    went = refund_requested(1, "eur", amount=total, platform_fees=fees, from_suspense=late)
    left = balance(came, went, refund_paid(1, "eur", amount=total))
    assert left == ({"provider_fee": provider_fee, "provider_balance": -provider_fee} if provider_fee else {})


@given(AMOUNTS, st.integers(0, 100), st.booleans())
def test_a_refund_that_failed_never_was(amount: int, share: int, late: bool) -> None:
    """Requested and failed, or requested, paid, reversed and failed: all accounts are as before."""
    fees = 0 if late else amount * share // 100
    requested = refund_requested(1, "eur", amount=amount, platform_fees=fees, from_suspense=late)
    failed = refund_failed(1, "eur", amount=amount, platform_fees=fees, from_suspense=late)
    assert balance(requested, failed) == {}
    paid, reversed_ = refund_paid(1, "eur", amount=amount), refund_reversed(1, "eur", amount=amount)
    assert balance(requested, paid, reversed_, failed) == {}


def test_what_does_not_balance_cannot_be_made() -> None:
    """An unbalanced posting is a defect where it is made, before any database sees it."""
    with pytest.raises(AssertionError):
        Posting("capture", 1, "eur", (("provider_receivable", 100), ("organiser_payable", -99)))
