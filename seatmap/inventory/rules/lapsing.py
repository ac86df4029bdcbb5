"""Letting go: whole holds, when they are due or given back."""

from seatmap.inventory.model import Cause, Change, Hold
from seatmap.inventory.rules.state import ShowState, demand_of_hold, is_due, publish, without


def let_go(state: ShowState, hold: Hold, cause: Cause) -> tuple[ShowState, Change]:
    """Give everything in the hold back and forget it."""
    seats = [line.k for line in hold.seats]
    demand = demand_of_hold(state.plan, hold)
    after = without(state, hold.visitor)
    return publish(
        after, cause, seats=seats, demand=demand, visitor=hold.visitor, hold_id=hold.hold_id, order_id=hold.order_id
    )


def live_hold(state: ShowState, visitor: str, now_ms: int) -> tuple[ShowState, tuple[Change, ...], Hold | None]:
    """Find the visitor's hold; if it is due, it lapses here and now."""
    hold = state.holds.get(visitor)
    if hold is None or not is_due(hold, now_ms):
        return state, (), hold
    state, change = let_go(state, hold, Cause.LAPSED)
    return state, (change,), None


def lapse_oldest(state: ShowState, now_ms: int) -> tuple[ShowState, Change] | None:
    """Lapse the hold due the longest (then by visitor); None when none is due."""
    due = [hold for hold in state.holds.values() if is_due(hold, now_ms)]
    if not due:
        return None
    return let_go(state, min(due, key=lambda hold: (hold.expires_at_ms, hold.visitor)), Cause.LAPSED)


def lapse(state: ShowState, now_ms: int, limit: int) -> tuple[ShowState, tuple[Change, ...]]:
    """Lapse up to *limit* due holds, the longest due first."""
    changes: list[Change] = []
    while len(changes) < limit and (step := lapse_oldest(state, now_ms)):
        state = step[0]
        changes.append(step[1])
    return state, tuple(changes)
