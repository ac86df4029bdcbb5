"""Open a show, or rebuild it from Postgres' facts and what survived in the store."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from seatmap.faults import Corrupt
from seatmap.inventory.model import Facts, Hold, HoldState, Position, SeatState, ShowPlan, SoldOrder
from seatmap.inventory.rules.state import (
    ShowState,
    areas_of,
    demand_of_hold,
    is_due,
    is_sold,
    remaining,
    seat_state,
    seats_of,
    with_hold,
)
from seatmap.inventory.rules.stock import check_places


def open_show(
    before: ShowState | None, plan: ShowPlan, facts: Facts, *, now_ms: int, after_epoch: int = 0
) -> ShowState:
    """Build the state in a new epoch; *before* is what the store still has, None when it lost the show.

    Sales the facts do not know yet stay unless the facts contradict them. Live holds are kept whole when every line
    still fits, else dropped whole. Holds of open payments come from the facts only when the store has lost everything:
    otherwise the store knows better.
    """
    check_facts(plan, facts)
    epoch = max(now_ms // 1000, before.position.epoch + 1 if before else 0, after_epoch + 1)
    sold = {order.order_id: order for order in facts.sold}
    taken = {k for order in facts.sold for k, _ in order.seats}
    blocked = {k: reason for k, reason in facts.blocked.items() if k not in taken}
    state = ShowState(plan, Position(epoch, 0), {}, sold, blocked, before.commands if before else {})
    orders = sorted(before.sold.values(), key=lambda order: str(order.order_id)) if before else ()
    for order in orders:
        state = keep_order(state, order)
    holds = before.holds if before else {hold.visitor: hold for hold in facts.paying}
    for _, hold in sorted(holds.items()):
        if is_consistent(state, hold, now_ms):
            state = with_hold(state, hold)
    return state


def check_facts(plan: ShowPlan, facts: Facts) -> None:
    """Stop on facts that contradict themselves: a seat sold twice, or beyond the plan. `Corrupt`."""
    seats = [k for order in facts.sold for k, _ in order.seats]
    twice = [k for k, times in Counter(seats).items() if times > 1]
    if twice:
        raise Corrupt(f"seats sold in two orders: {twice[:20]}")
    unknown: Iterable[int] = [k for k in (*seats, *facts.blocked) if not 0 <= k < plan.seat_count]
    unknown_areas = [a for order in facts.sold for a, _, _ in order.areas if not 0 <= a < len(plan.areas)]
    if unknown or unknown_areas:
        raise Corrupt(f"facts beyond the plan: seats {list(unknown)[:20]}, areas {unknown_areas[:20]}")


def keep_order(state: ShowState, order: SoldOrder) -> ShowState:
    """Keep a sale only the store knows of, if its lines exist and none of its seats is sold to another."""
    known = order.order_id in state.sold
    seats = [k for k, _ in order.seats]
    if known or check_places(state.plan, seats, [a for a, _, _ in order.areas]):
        return state
    if any(seat_state(state, k) is SeatState.SOLD for k in seats):
        return state
    blocked = {k: reason for k, reason in state.blocked.items() if k not in seats}
    return replace(state, sold={**state.sold, order.order_id: order}, blocked=blocked)


def is_consistent(state: ShowState, hold: Hold, now_ms: int) -> bool:
    """Say whether a surviving hold still fits: live, priced, free, and within every counter."""
    plan = state.plan
    if is_due(hold, now_ms) or (hold.state is HoldState.PAYING and hold.order_id in state.sold):
        return False
    if check_places(plan, [k for k, _ in seats_of(hold)], [a for a, _, _ in areas_of(hold)]):
        return False
    priced = all(
        is_sold(plan, plan.categories[line.k], line.type_id, line.price_version) for line in hold.seats
    ) and all(is_sold(plan, plan.areas[line.a].category, line.type_id, line.price_version) for line in hold.areas)
    free = all(seat_state(state, k) is SeatState.FREE for k, _ in seats_of(hold))
    demand = demand_of_hold(plan, hold)
    return priced and free and all(remaining(state, counter) >= places for counter, places in demand.items())
