"""Rules worth reading as examples; the model test checks the rest against the store."""

from dataclasses import replace

import pytest

from seatmap.faults import Corrupt, Misuse
from seatmap.inventory.model import (
    AreaPlan,
    Facts,
    Held,
    HoldRequest,
    Limits,
    Refused,
    SeatLine,
    ShowPlan,
    Sold,
    SoldOrder,
)
from seatmap.inventory.rules.holding import extend, hold
from seatmap.inventory.rules.opening import open_show
from seatmap.inventory.rules.organising import reprice
from seatmap.inventory.rules.selling import begin_payment, sell, sell_late, unsell
from seatmap.inventory.rules.state import Outcome, ShowState, remaining
from seatmap.inventory.valkey_opening import check_plan

PRICES = {0: {1: 1000, 2: 500}}
PLAN = ShowPlan(
    categories=bytes(6),
    prices={1: PRICES},
    areas=(AreaPlan(3, 0),),
    quotas={9: 1},
    quota_of={(0, 2): (9,)},
    limits=Limits(order_max=4, visitor_max=5, ttl_ms=100, extension_ms=60, life_max_ms=140, retry_ms=20),
)


def opened(plan: ShowPlan = PLAN, facts: Facts = Facts()) -> ShowState:  # noqa: B008  # immutable
    """Open a show at second 1."""
    return open_show(None, plan, facts, now_ms=1000)


def ask(state: ShowState, visitor: str, *seats: tuple[int, int], area: int = 0, now_ms: int = 1000) -> Outcome:
    """Hold seats and standing places."""
    request = HoldRequest(seats, ((0, 1, area),) if area else ())
    command = f"{visitor}{state.position.seq}{now_ms}{seats}"
    return hold(state, visitor, request, command, fresh_id=f"{visitor}.{now_ms}", now_ms=now_ms)


def test_a_mixed_hold_is_all_or_nothing() -> None:
    """With the area short by one, no seat is held either."""
    state = ask(opened(), "ann", (0, 1), area=2).state
    outcome = ask(state, "bob", (1, 1), area=2)
    assert outcome.answer == Refused("area_full", areas=(0,))
    assert outcome.state.holds.keys() == {"ann"}


def test_a_lapsed_hold_is_taken_over() -> None:
    """The next buyer gets the seat without waiting for a sweeper, from the very millisecond of lapse."""
    state = ask(opened(), "ann", (0, 1)).state
    assert isinstance(ask(state, "bob", (0, 1), now_ms=1099).answer, Refused)
    outcome = ask(state, "bob", (0, 1), now_ms=1100)
    assert isinstance(outcome.answer, Held)
    assert [change.cause for change in outcome.changes] == ["lapsed", "held"]


def test_adding_does_not_prolong_and_keeps_the_price() -> None:
    """A seat added later lapses with the rest; what was held before keeps its price version."""
    state = ask(opened(), "ann", (0, 1)).state
    state = reprice(state, 2, {0: {1: 1200, 2: 600}}).state
    answer = ask(state, "ann", (1, 1), now_ms=1050).answer
    assert isinstance(answer, Held)
    assert answer.hold.expires_at_ms == 1100
    assert answer.hold.seats == (SeatLine(0, 1, 1), SeatLine(1, 1, 2))


def test_retyping_moves_the_quota() -> None:
    """Changing a seat to the limited type takes the quota; changing back returns it."""
    state = ask(opened(), "ann", (0, 1)).state
    state = ask(state, "ann", (0, 2), now_ms=1001).state
    assert remaining(state, ("q", 9)) == 0
    assert ask(state, "bob", (1, 2), now_ms=1002).answer == Refused("quota_full", limit=9)
    state = ask(state, "ann", (0, 1), now_ms=1003).state
    assert remaining(state, ("q", 9)) == 1


def test_an_extension_is_capped_and_happens_once() -> None:
    """60 ms more, but never beyond 140 ms of life."""
    state = ask(opened(), "ann", (0, 1)).state
    outcome = extend(state, "ann", "e1", now_ms=1050)
    assert isinstance(outcome.answer, Held)
    assert outcome.answer.hold.expires_at_ms == 1140
    assert extend(outcome.state, "ann", "e2", now_ms=1060).answer == Refused("already_extended")
    assert extend(outcome.state, "ann", "e1", now_ms=1070).answer == outcome.answer


def test_what_is_bought_counts_against_the_visitor() -> None:
    """Four bought, two more asked for, five allowed."""
    state = opened(facts=Facts(sold=(SoldOrder(7, "ann", ((0, 1), (1, 1), (2, 1), (3, 1))),)))
    assert ask(state, "ann", (4, 1), (5, 1)).answer == Refused("too_many_seats", limit=5)
    assert isinstance(ask(state, "ann", (4, 1)).answer, Held)


def test_a_frozen_hold_outlives_its_time() -> None:
    """While the payment is open nobody takes the seats, and the sale still succeeds."""
    state = ask(opened(), "ann", (0, 1)).state
    state = begin_payment(state, "ann", "ann.1000", 7, 1200, now_ms=1010).state
    assert ask(state, "bob", (0, 1), now_ms=5000).answer == Refused("seat_taken", seats=(0,))
    assert isinstance(sell(state, 7, "ann.1000").answer, Sold)


def test_late_money_takes_free_seats_or_nothing() -> None:
    """Payment after the hold lapsed: seats free, sold; one seat gone, nothing sold."""
    state = ask(opened(), "bob", (1, 1)).state
    assert isinstance(sell_late(state, 7, "ann", [(0, 1)], [], now_ms=1010).answer, Sold)
    assert sell_late(state, 7, "ann", [(0, 1), (1, 1)], [], now_ms=1010).answer == Refused("seat_taken", seats=(1,))


def test_a_late_refund_frees_nothing_resold() -> None:
    """Giving back twice does not free the seat of the next buyer."""
    state = opened(facts=Facts(sold=(SoldOrder(7, "ann", ((0, 1),)),)))
    state = unsell(state, 7, "r1").state
    state = sell_late(state, 8, "bob", [(0, 1)], [], now_ms=1010).state
    after = unsell(state, 7, "r2", seats=[0]).state
    assert after.sold[8].seats == ((0, 1),)
    assert sell_late(after, 7, "ann", [(2, 1)], [], now_ms=1010).answer == Sold(7, "ann", (), (), None)


def test_a_rebuild_drops_what_contradicts_the_facts() -> None:
    """A surviving hold on a seat that is sold by now is dropped whole; others stay; the epoch moves on."""
    state = ask(opened(), "ann", (0, 1), (1, 1)).state
    state = ask(state, "bob", (2, 1)).state
    after = open_show(state, PLAN, Facts(sold=(SoldOrder(7, "cid", ((1, 1),)),)), now_ms=1000)
    assert after.holds.keys() == {"bob"}
    assert after.position.epoch == state.position.epoch + 1


def test_contradicting_facts_stop_the_rebuild() -> None:
    """A seat in two paid orders is for people to look at, not for the machine to choose."""
    with pytest.raises(Corrupt):
        opened(facts=Facts(sold=(SoldOrder(7, "ann", ((0, 1),)), SoldOrder(8, "bob", ((0, 1),)))))
    with pytest.raises(Corrupt):
        opened(facts=Facts(sold=(SoldOrder(7, "ann", ((6, 1),)),)))


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, pools=b"\1"),
        replace(PLAN, prices={}),
        replace(PLAN, prices={1: PRICES, 2: {0: {1: 5}}}),
        replace(PLAN, quotas={}),
        replace(PLAN, limits=Limits(ttl_ms=10, life_max_ms=5)),
    ],
)
def test_an_impossible_plan_is_our_own_bug(plan: ShowPlan) -> None:
    """Plans are checked before anything is written."""
    with pytest.raises(Misuse):
        check_plan(plan)
