"""States of an order, its payment attempts and its refunds, and which may follow which. Pure.

Source: docs/orders.md. A hold's own states live in the inventory (`active`, `paying`); everything here lives in Postgres.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

OrderState = Literal[
    "awaiting_payment", "paid", "refunding", "partly_refunded", "refunded", "expired", "cancelled", "quarantined"
]
AttemptState = Literal["created", "requires_action", "processing", "unknown", "succeeded", "declined", "cancelled"]
RefundState = Literal["requested", "submitted", "pending", "succeeded", "failed", "cancelled"]

# Late money leaves `expired` and `cancelled`: either the seats are sold after all, or it goes back.
ORDER_NEXT: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    "awaiting_payment": frozenset({"paid", "expired", "cancelled", "quarantined", "refunding"}),
    "paid": frozenset({"refunding", "partly_refunded", "refunded"}),
    "refunding": frozenset({"refunded", "partly_refunded"}),
    "partly_refunded": frozenset({"refunding", "refunded"}),
    "refunded": frozenset(),
    "expired": frozenset({"paid", "refunding", "quarantined"}),
    "cancelled": frozenset({"paid", "refunding", "quarantined"}),
    "quarantined": frozenset({"refunding", "paid"}),
}
# An attempt without an answer is `unknown` until somebody asked the provider.
ATTEMPT_NEXT: Final[Mapping[AttemptState, frozenset[AttemptState]]] = {
    "created": frozenset({"requires_action", "processing", "unknown", "succeeded", "declined", "cancelled"}),
    "requires_action": frozenset({"created", "processing", "unknown", "succeeded", "declined", "cancelled"}),
    "processing": frozenset({"created", "requires_action", "unknown", "succeeded", "declined", "cancelled"}),
    "unknown": frozenset({"created", "requires_action", "processing", "succeeded", "declined", "cancelled"}),
    "succeeded": frozenset(),
    # Given up after 30 minutes of doubt, or ended by us while the provider was still deciding: money may yet arrive (R6).
    "declined": frozenset({"succeeded"}),
    "cancelled": frozenset({"succeeded"}),
}
# Even a refund that succeeded can turn out failed: the bank of the buyer sent it back.
REFUND_NEXT: Final[Mapping[RefundState, frozenset[RefundState]]] = {
    "requested": frozenset({"submitted", "pending", "succeeded", "failed", "cancelled"}),
    "submitted": frozenset({"pending", "succeeded", "failed", "cancelled"}),
    "pending": frozenset({"succeeded", "failed", "cancelled"}),
    "succeeded": frozenset({"failed"}),
    "failed": frozenset(),
    "cancelled": frozenset(),
}
ATTEMPT_OPEN: Final[frozenset[AttemptState]] = frozenset({"created", "requires_action", "processing", "unknown"})
# Amounts of these count against what can still be refunded.
REFUND_COUNTS: Final[frozenset[RefundState]] = frozenset({"requested", "submitted", "pending", "succeeded"})
TICKETED: Final[frozenset[OrderState]] = frozenset({"paid", "partly_refunded"})


def may_become(order: OrderState, after: OrderState) -> bool:
    """Tell whether an order may go from *order* to *after*."""
    return after in ORDER_NEXT[order]
