"""What organisers do to a running sale: block, unblock, reprice, open, close and pause."""

from collections.abc import Sequence
from dataclasses import replace

from seatmap.inventory.model import Cause, Changed, PriceList, Refused, SalePhase, SeatState
from seatmap.inventory.rules.state import Outcome, ShowState, publish, refuse
from seatmap.inventory.rules.stock import check_places, clear


def block(state: ShowState, seats: Sequence[int], reason: str, *, now_ms: int) -> Outcome:
    """Take seats off sale, all or none; seats off sale already get the new reason."""
    if refusal := check_places(state.plan, seats):
        return Outcome(state, refusal)
    state, changes, off_sale, taken = clear(state, seats, now_ms)
    if taken:
        return refuse(state, changes, "seat_taken", seats=taken)
    new = [k for k in seats if k not in off_sale]
    state = replace(state, blocked={**state.blocked, **dict.fromkeys(seats, reason)})
    if not new:
        return Outcome(state, Changed(None), changes)
    state, change = publish(state, Cause.BLOCKED, seats=new, to=SeatState.OFF_SALE)
    return Outcome(state, Changed(change.position), (*changes, change))


def unblock(state: ShowState, seats: Sequence[int]) -> Outcome:
    """Put blocked seats back on sale; seats that are not blocked are ignored."""
    if refusal := check_places(state.plan, seats):
        return Outcome(state, refusal)
    freed = [k for k in seats if k in state.blocked]
    if not freed:
        return Outcome(state, Changed(None))
    state = replace(state, blocked={k: reason for k, reason in state.blocked.items() if k not in freed})
    state, change = publish(state, Cause.UNBLOCKED, seats=freed)
    return Outcome(state, Changed(change.position), (change,))


def priced_pairs(prices: PriceList) -> set[tuple[int, int]]:
    """List the (category, ticket type) pairs a price list sells."""
    return {(category, type_id) for category, types in prices.items() for type_id in types}


def reprice(state: ShowState, version: int, prices: PriceList) -> Outcome:
    """Put a new price list in force; it must price exactly what is on sale. Holds keep their version."""
    plan = state.plan
    if version < plan.price_version:
        return Outcome(state, Refused("price_version_stale", limit=plan.price_version))
    if version == plan.price_version:
        return Outcome(state, Changed(None))
    if priced_pairs(prices) != priced_pairs(plan.prices[plan.price_version]):
        return Outcome(state, Refused("prices_incomplete"))
    state = replace(state, plan=replace(plan, prices={**plan.prices, version: prices}))
    state, change = publish(state, Cause.REPRICED)
    return Outcome(state, Changed(change.position), (change,))


def require_pass(state: ShowState, required: bool) -> Outcome:
    """Set whether a hold needs a waiting-room pass."""
    if required == state.plan.pass_required:
        return Outcome(state, Changed(None))
    plan = replace(state.plan, pass_required=required)
    state, change = publish(replace(state, plan=plan), Cause.PHASE)
    return Outcome(state, Changed(change.position), (change,))


def set_phase(state: ShowState, phase: SalePhase) -> Outcome:
    """Set when holds may be made."""
    if phase == state.plan.phase:
        return Outcome(state, Changed(None))
    state, change = publish(replace(state, plan=replace(state.plan, phase=phase)), Cause.PHASE)
    return Outcome(state, Changed(change.position), (change,))
