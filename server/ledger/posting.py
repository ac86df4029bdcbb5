"""What is posted for each thing that happens to money. Pure. Debits are positive, credits negative; every posting sums to zero.

| account | meaning, and its usual sign |
|---|---|
| provider_receivable | what the provider took from buyers for us and still owes (+) |
| provider_balance | what it holds for us after its fees (+ once payouts come, − its fees until then) |
| provider_fee | what it keeps (+, a cost) |
| organiser_payable | what we owe the organiser (−) |
| platform_fee | what we earn (−) |
| buyer_refunds | promised to buyers, not yet with them (−) |
| suspense | money whose purpose is not settled (−) |
| tax, dispute_hold, payout_in_transit | kept for what follows |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Account = Literal[
    "provider_receivable",
    "provider_balance",
    "buyer_refunds",
    "organiser_payable",
    "platform_fee",
    "provider_fee",
    "tax",
    "dispute_hold",
    "payout_in_transit",
    "suspense",
]
Kind = Literal[
    "capture", "provider_fee", "refund_requested", "refund_paid", "refund_failed", "refund_reversed", "accepted"
]


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction, all in one currency. (*kind*, *source_id*) is posted at most once."""

    kind: Kind
    source_id: int
    currency: str
    entries: tuple[tuple[Account, int], ...]

    def __post_init__(self) -> None:
        assert sum(amount for _, amount in self.entries) == 0, self
        assert all(amount for _, amount in self.entries), self


def _posting(kind: Kind, source_id: int, currency: str, entries: Iterable[tuple[Account, int]]) -> Posting:
    return Posting(kind, source_id, currency, tuple(entry for entry in entries if entry[1]))


def captured(attempt_id: int, currency: str, *, total: int, platform_fees: int, provider_fee: int) -> Posting:
    """Money came for an order: the organiser's share, ours (*platform_fees*, whoever bears them), and the provider's cut."""
    assert 0 <= platform_fees <= total
    return _posting(
        "capture",
        attempt_id,
        currency,
        (
            ("provider_receivable", total),
            ("organiser_payable", platform_fees - total),
            ("platform_fee", -platform_fees),
            ("provider_fee", provider_fee),
            ("provider_balance", -provider_fee),
        ),
    )


def captured_without_purpose(attempt_id: int, currency: str, *, received: int, provider_fee: int) -> Posting:
    """Money came that nobody asked for, or for seats that are gone."""
    return _posting(
        "capture",
        attempt_id,
        currency,
        (
            ("provider_receivable", received),
            ("suspense", -received),
            ("provider_fee", provider_fee),
            ("provider_balance", -provider_fee),
        ),
    )


def refund_requested(
    refund_id: int, currency: str, *, amount: int, platform_fees: int = 0, from_suspense: bool = False
) -> Posting:
    """Money was promised back: out of suspense, or out of the organiser's share and *platform_fees* of ours."""
    assert 0 <= platform_fees <= amount
    given: tuple[tuple[Account, int], ...] = (
        (("suspense", amount),)
        if from_suspense
        else (("organiser_payable", amount - platform_fees), ("platform_fee", platform_fees))
    )
    return _posting("refund_requested", refund_id, currency, (*given, ("buyer_refunds", -amount)))


def refund_paid(refund_id: int, currency: str, *, amount: int) -> Posting:
    """The provider gave the money back."""
    return _posting("refund_paid", refund_id, currency, (("buyer_refunds", amount), ("provider_receivable", -amount)))


def refund_failed(
    refund_id: int, currency: str, *, amount: int, platform_fees: int = 0, from_suspense: bool = False
) -> Posting:
    """The promise could not be kept: what it was taken from has it again."""
    requested = refund_requested(
        refund_id, currency, amount=amount, platform_fees=platform_fees, from_suspense=from_suspense
    )
    return Posting(
        "refund_failed", refund_id, currency, tuple((account, -value) for account, value in requested.entries)
    )


def refund_reversed(refund_id: int, currency: str, *, amount: int) -> Posting:
    """A refund that had succeeded came back from the buyer's bank."""
    return _posting(
        "refund_reversed", refund_id, currency, (("provider_receivable", amount), ("buyer_refunds", -amount))
    )
