"""What the truth about a payment means for its order, over every combination of states."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest

from server.orders.decision import (
    DOUBT_MAX_MS,
    Due,
    Ended,
    GiveBack,
    Nothing,
    Progress,
    Quarantine,
    Sell,
    SellLate,
    Truth,
    after_refund,
    decide,
    decide_ending,
    message,
    refundable,
)
from server.orders.states import (
    ATTEMPT_NEXT,
    ATTEMPT_OPEN,
    ORDER_NEXT,
    REFUND_NEXT,
    AttemptState,
    OrderState,
    may_become,
)
from server.payments.provider import IntentStatus

ORDERS, ATTEMPTS, STATUSES = get_args(OrderState), get_args(AttemptState), get_args(IntentStatus)
TOTAL = 9350


def due(order: OrderState = "awaiting_payment", attempt: AttemptState = "created") -> Due:
    """An attempt to bring the order's total in its currency."""
    return Due(order, TOTAL, "eur", attempt, TOTAL, "eur")


PAID = Truth("succeeded", TOTAL, "eur")


@pytest.mark.parametrize(("order", "attempt", "status"), list(product(ORDERS, ATTEMPTS, STATUSES)))
def test_every_combination_has_one_lawful_answer(
    order: OrderState, attempt: AttemptState, status: IntentStatus
) -> None:
    """Money is sold, given back or looked at, never ignored; nothing else ever sells; an applied success stays applied."""
    decision = decide(due(order, attempt), Truth(status, TOTAL if status == "succeeded" else 0, "eur"))
    if attempt == "succeeded":
        assert decision == Nothing("already_applied")
    elif status == "succeeded":
        assert isinstance(decision, Sell | SellLate | GiveBack)
        assert isinstance(decision, Sell) == (order == "awaiting_payment")
        assert isinstance(decision, SellLate) == (order in ("expired", "cancelled"))
        assert "succeeded" in ATTEMPT_NEXT[attempt]
    else:
        assert isinstance(decision, Nothing | Progress | Ended)
        assert isinstance(decision, Nothing) == (attempt not in ATTEMPT_OPEN)
        if isinstance(decision, Progress | Ended):
            assert decision.state == attempt or decision.state in ATTEMPT_NEXT[attempt]


@pytest.mark.parametrize("order", ["awaiting_payment", "expired", "cancelled"])
@pytest.mark.parametrize(
    ("changes", "truth"),
    [
        ({}, Truth("succeeded", TOTAL - 1, "eur")),
        ({}, Truth("succeeded", TOTAL + 1, "eur")),
        ({}, Truth("succeeded", 0, "eur")),
        ({}, Truth("succeeded", TOTAL, "usd")),
        ({"currency": "usd"}, Truth("succeeded", TOTAL, "usd")),
        ({"amount": TOTAL - 100}, Truth("succeeded", TOTAL - 100, "eur")),
    ],
)
def test_money_that_is_not_what_was_asked_for_is_never_a_sale(
    order: OrderState, changes: dict[str, Any], truth: Truth
) -> None:
    """Another amount or currency, of the payment or of the attempt, goes to quarantine (R7)."""
    assert isinstance(decide(replace(due(order), **changes), truth), Quarantine)


def test_a_second_payment_goes_back() -> None:
    """An order that is paid, refunded or in question wants no more money."""
    for order in ("paid", "partly_refunded", "refunding", "refunded", "quarantined"):
        assert decide(due(order), PAID) == GiveBack("double_payment")


def test_a_declined_card_leaves_the_attempt_open() -> None:
    """The intent waits for another card; a cancelled one with a decline ends as declined."""
    assert decide(due(), Truth("requires_payment_method", 0, "eur", "card_declined")) == Progress(
        "created", "card_declined"
    )
    assert decide(due(), Truth("canceled", 0, "eur", "card_declined")) == Ended("declined")
    assert decide(due(), Truth("canceled", 0, "eur")) == Ended("cancelled")


@pytest.mark.parametrize(
    ("status", "expired", "grace_used", "doubted_ms", "expected"),
    [
        ("succeeded", True, False, 0, "finish"),
        ("canceled", True, False, 0, "end"),
        ("requires_payment_method", True, False, 0, "wait"),
        ("requires_action", True, False, 0, "grace"),
        ("requires_action", True, True, 0, "wait"),
        ("requires_action", False, False, 0, "wait"),
        ("processing", True, False, 0, "doubt"),
        ("processing", True, True, DOUBT_MAX_MS, "end_in_doubt"),
        (None, True, False, 0, "doubt"),
        (None, True, False, DOUBT_MAX_MS - 1, "doubt"),
        (None, False, False, DOUBT_MAX_MS, "end_in_doubt"),
    ],
)
def test_how_an_unpaid_order_ends(
    status: IntentStatus | None, expired: bool, grace_used: bool, doubted_ms: int, expected: str
) -> None:
    """Cancel before release; one extension for the bank; doubt keeps the stock for half an hour (R5)."""
    since = None if doubted_ms == 0 else 1_000_000
    now = 1_000_000 + doubted_ms
    assert decide_ending(status, expired=expired, grace_used=grace_used, doubt_since_ms=since, now_ms=now) == expected


def test_messages_never_contradict_the_money() -> None:
    """A paid order never reads as failed, an unsettled one never as an invitation to pay again (M11)."""
    for order, attempt, declined, doubted in product(ORDERS, (*ATTEMPTS, None), (False, True), (False, True)):
        said = message(order, attempt, declined, doubted=doubted)
        assert (said == "paid") == (order == "paid")
        assert (said in ("pay_now", "declined", "checking")) == (order == "awaiting_payment")
        if doubted or attempt in ("processing", "unknown"):
            assert said not in ("pay_now", "declined")


def test_what_is_left_to_refund() -> None:
    """Promises count as money that went; too many promises are a defect, not a negative rest."""
    assert (refundable(100, 0), refundable(100, 30), refundable(100, 100)) == (100, 70, 0)
    with pytest.raises(AssertionError):
        refundable(100, 101)


def test_where_refunds_leave_an_order() -> None:
    """All back: refunded. Some back, none under way: partly. Under way: as it was."""
    assert after_refund("refunding", 100, 100, 0) == "refunded"
    assert after_refund("refunding", 100, 40, 60) == "refunding"
    assert after_refund("paid", 100, 40, 0) == "partly_refunded"
    assert after_refund("paid", 100, 0, 40) == "paid"


def test_the_machines_have_no_way_back_from_their_ends() -> None:
    """Every state is reachable or a start; the ends are what the design says."""
    assert {state for state, following in ORDER_NEXT.items() if not following} == {"refunded"}
    assert {state for state, following in ATTEMPT_NEXT.items() if not following} == {"succeeded"}
    assert {state for state, following in REFUND_NEXT.items() if not following} == {"failed", "cancelled"}
    assert not may_become("refunded", "paid")
    assert may_become("expired", "paid")
