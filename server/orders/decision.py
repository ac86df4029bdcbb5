"""What the truth about a payment means for its order. Pure: rules R5, R6, R7 and the races of docs/orders.md end here.

The caller holds the lock on the order, fetched the intent before it, and carries out the decision in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from server.orders.states import ATTEMPT_OPEN, AttemptState, OrderState
from server.payments.provider import IntentStatus

# How long the stock of an order stays off sale while nobody can say what became of its payment (R5).
DOUBT_MAX_MS = 30 * 60_000

GiveBackReason = Literal["late_money", "double_payment"]


@dataclass(frozen=True, slots=True)
class Due:
    """What an attempt was to bring, as stored: its order's state and total, its own state, amount and currency."""

    order: OrderState
    total: int
    order_currency: str
    attempt: AttemptState
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What the provider says now."""

    status: IntentStatus
    received: int
    currency: str
    decline_code: str | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """The order knows already, or there is nothing to know yet."""

    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The attempt stays open, in *state*; *decline_code* tells that a card was refused."""

    state: AttemptState
    decline_code: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt can bring no money any more; its order waits for another one, or for its end."""

    state: Literal["declined", "cancelled"]


@dataclass(frozen=True, slots=True)
class Sell:
    """Paid in time: issue the tickets."""


@dataclass(frozen=True, slots=True)
class SellLate:
    """Paid after the seats were let go: take them again if they are free, else give the money back (R6)."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The money is not what was asked for: never silently paid, a person looks at it (R7)."""

    why: str


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The money has no purpose: refund all of it, once."""

    reason: GiveBackReason


Decision: TypeAlias = Nothing | Progress | Ended | Sell | SellLate | Quarantine | GiveBack


def decide(due: Due, truth: Truth) -> Decision:
    """Say what to do about *due* now that *truth* is known."""
    if due.attempt == "succeeded":
        return Nothing("already_applied")
    match truth.status:
        case "succeeded":
            return _money(due, truth)
        case "canceled":
            return _ended(due, truth)
        case "requires_action":
            return _progress(due, "requires_action", truth)
        case "processing" | "requires_capture":
            return _progress(due, "processing", truth)
        case "requires_payment_method" | "requires_confirmation":
            return _progress(due, "created", truth)
        case _:
            assert_never(truth.status)


def _money(due: Due, truth: Truth) -> Decision:
    match due.order:
        case "awaiting_payment" | "expired" | "cancelled":
            if truth.currency != due.currency or due.currency != due.order_currency:
                return Quarantine("currency_mismatch")
            if truth.received != due.amount or due.amount != due.total:
                return Quarantine("amount_mismatch")
            return Sell() if due.order == "awaiting_payment" else SellLate()
        case "paid" | "partly_refunded" | "refunding" | "refunded" | "quarantined":
            return GiveBack("double_payment")
        case _:
            assert_never(due.order)


def _ended(due: Due, truth: Truth) -> Decision:
    if due.attempt not in ATTEMPT_OPEN:
        return Nothing("already_ended")
    return Ended("declined" if truth.decline_code else "cancelled")


def _progress(due: Due, state: AttemptState, truth: Truth) -> Decision:
    if due.attempt not in ATTEMPT_OPEN:
        return Nothing("already_ended")
    return Progress(state, truth.decline_code)


Ending = Literal["wait", "finish", "grace", "end", "doubt", "end_in_doubt"]


def decide_ending(
    status: IntentStatus | None, *, expired: bool, grace_used: bool, doubt_since_ms: int | None, now_ms: int
) -> Ending:
    """Say how to end an order whose open attempt has *status* (None: the provider does not answer) (R5).

    `finish`: it succeeded, settle it. `grace`: the buyer's bank is asking (3-D Secure), give them the one extension.
    `end`: provably dead, release. `doubt`: keep the stock and ask again. `end_in_doubt`: doubted for half an hour; release
    and let late money take rule R6. `wait`: cancel the intent first.
    """
    match status:
        case "succeeded":
            return "finish"
        case "canceled":
            return "end"
        case "requires_action" if expired and not grace_used:
            return "grace"
        case "requires_payment_method" | "requires_confirmation" | "requires_action":
            return "wait"
        case "processing" | "requires_capture" | None:
            doubted_ms = 0 if doubt_since_ms is None else now_ms - doubt_since_ms
            return "end_in_doubt" if doubted_ms >= DOUBT_MAX_MS else "doubt"
        case _:
            assert_never(status)


def after_refund(order: OrderState, captured: int, returned: int, outstanding: int) -> OrderState:
    """Say where an order stands when *returned* of *captured* is back with the buyer and *outstanding* is on its way."""
    if returned >= captured:
        return "refunded"
    if outstanding > 0:
        return "refunding" if order == "refunding" else order
    if returned > 0:
        return "partly_refunded"
    return order


def refundable(captured: int, promised: int) -> int:
    """Return what can still be given back; promises count as much as money that went (race 13)."""
    assert 0 <= promised <= captured, (promised, captured)
    return captured - promised


def message(order: OrderState, attempt: AttemptState | None, declined: bool, *, doubted: bool) -> str:
    """Say what to tell the buyer: it follows from the states, so that it cannot contradict them (M11)."""
    match order:
        case "awaiting_payment":
            if doubted or attempt in ("processing", "unknown") or attempt is None:
                return "checking"
            return "declined" if declined else "pay_now"
        case "refunding":
            return "refund_coming"
        case "quarantined":
            return "in_review"
        case "paid" | "partly_refunded" | "refunded" | "expired" | "cancelled":
            return order
        case _:
            assert_never(order)
