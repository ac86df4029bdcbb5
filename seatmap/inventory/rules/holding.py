"""Hold, release and extend: what a visitor does with a basket."""

from collections.abc import Sequence
from dataclasses import replace

from seatmap.inventory.model import (
    PLACES_PER_HOLD_MAX,
    AreaLine,
    Cause,
    Held,
    Hold,
    HoldRequest,
    HoldState,
    Refused,
    Released,
    SeatLine,
    SeatState,
    ShowPlan,
)
from seatmap.inventory.rules.lapsing import let_go, live_hold
from seatmap.inventory.rules.state import (
    Demand,
    Outcome,
    ShowState,
    bought_by,
    demand_of,
    publish,
    refuse,
    remember,
    with_hold,
)
from seatmap.inventory.rules.stock import AreaLines, check_form, check_places, check_stock, check_types

POOL_ACCESSIBLE = 1


def hold(
    state: ShowState,
    visitor: str,
    request: HoldRequest,
    command_id: str,
    *,
    fresh_id: str,
    now_ms: int,
    has_pass: bool = True,
) -> Outcome:
    """Add *request* to the visitor's hold, or start one called *fresh_id*: all of it or nothing."""
    if command_id in state.commands:
        return Outcome(state, state.commands[command_id])
    return remember(_hold(state, visitor, request, fresh_id, now_ms, has_pass), command_id)


def _hold(state: ShowState, visitor: str, request: HoldRequest, fresh_id: str, now_ms: int, has_pass: bool) -> Outcome:
    plan, seats = state.plan, [k for k, _ in request.seats]
    refusal = (
        check_form(seats, request.areas)
        or check_phase(plan, now_ms, has_pass)
        or check_places(plan, seats, [a for a, _, _ in request.areas])
    )
    if refusal:
        return Outcome(state, refusal)
    state, changes, current = live_hold(state, visitor, now_ms)
    if current and current.state is HoldState.PAYING:
        return refuse(state, changes, "hold_paying")
    basket = current or Hold(fresh_id, visitor, now_ms, now_ms + plan.limits.ttl_ms)
    mine = {line.k for line in basket.seats}
    others = [k for k in seats if k not in mine]
    added = len(others) + sum(quantity for _, _, quantity in request.areas)
    refusal = (
        check_caps(state, basket, added)
        or check_types(plan, request.seats, request.areas)
        or check_pools(plan, others, request.accessible, request.allocation)
    )
    if refusal:
        return Outcome(state, refusal, changes)
    stock = check_stock(state, others, demand_of_request(plan, request, basket), now_ms)
    changes += stock.changes
    if stock.refusal:
        return Outcome(stock.state, stock.refusal, changes)

    filled = fill(basket, request, plan.price_version)
    if filled == current:
        return Outcome(stock.state, Held(filled, None), changes)
    demand = demand_of(plan, areas=request.areas)
    state, change = publish(
        with_hold(stock.state, filled),
        Cause.HELD,
        seats=others,
        to=SeatState.HELD,
        demand=demand,
        visitor=visitor,
        hold_id=filled.hold_id,
        hold=filled,
    )
    return Outcome(state, Held(filled, change.position), (*changes, change))


def check_phase(plan: ShowPlan, now_ms: int, has_pass: bool) -> Refused | None:
    """Refuse outside the sale's hours, during a pause, or without a pass where one is required."""
    phase = plan.phase
    if now_ms < phase.opens_at_ms:
        return Refused("sale_not_open")
    if 0 < phase.closes_at_ms <= now_ms:
        return Refused("sale_closed")
    if phase.paused:
        return Refused("sale_paused")
    return Refused("pass_required") if plan.pass_required and not has_pass else None


def check_caps(state: ShowState, basket: Hold, added: int) -> Refused | None:
    """Refuse more than one order or one visitor may have; shrinking or retyping is always allowed."""
    limits, total = state.plan.limits, basket.places + added
    order_max = limits.order_max or PLACES_PER_HOLD_MAX
    if added == 0:
        return None
    if total > order_max:
        return Refused("too_many_seats", limit=order_max)
    if limits.visitor_max and total + bought_by(state, basket.visitor) > limits.visitor_max:
        return Refused("too_many_seats", limit=limits.visitor_max)
    return None


def check_pools(plan: ShowPlan, seats: Sequence[int], accessible: bool, allocation: int) -> Refused | None:
    """Refuse seats of pools the request is not entitled to; seats already held were judged before."""
    pools = {k: plan.pools[k] for k in seats if plan.pools and plan.pools[k]}
    kept = tuple(k for k, pool in pools.items() if pool == POOL_ACCESSIBLE and not accessible)
    if kept:
        return Refused("seat_reserved_accessible", kept)
    foreign = tuple(k for k, pool in pools.items() if pool != POOL_ACCESSIBLE and pool != allocation)
    return Refused("seat_reserved", foreign) if foreign else None


def demand_of_request(plan: ShowPlan, request: HoldRequest, basket: Hold) -> Demand:
    """Count what the request asks of areas and quotas: a retyped seat gives its old quota back."""
    types = {line.k: line.type_id for line in basket.seats}
    demand = demand_of(plan, request.seats, request.areas)
    demand.subtract(demand_of(plan, [(k, types[k]) for k, _ in request.seats if k in types]))
    return demand


def fill(basket: Hold, request: HoldRequest, version: int) -> Hold:
    """Write the request's lines into the hold. A retyped seat keeps the price version it was held at."""
    seats = {line.k: line for line in basket.seats}
    for k, type_id in request.seats:
        seats[k] = seats[k]._replace(type_id=type_id) if k in seats else SeatLine(k, type_id, version)
    areas = {(line.a, line.type_id, line.price_version): line for line in basket.areas}
    for a, type_id, quantity in request.areas:
        line = areas.get((a, type_id, version), AreaLine(a, type_id, 0, version))
        areas[a, type_id, version] = line._replace(quantity=line.quantity + quantity)
    return replace(basket, seats=tuple(seats.values()), areas=tuple(areas.values()))


def release(
    state: ShowState,
    visitor: str,
    command_id: str,
    seats: Sequence[int] | None = None,
    areas: AreaLines | None = None,
    *,
    now_ms: int,
) -> Outcome:
    """Give back some seats and places, or with neither the whole hold. What is not held is ignored."""
    if command_id in state.commands:
        return Outcome(state, state.commands[command_id])
    return remember(_release(state, visitor, seats, areas, now_ms), command_id)


def _release(
    state: ShowState, visitor: str, seats: Sequence[int] | None, areas: AreaLines | None, now_ms: int
) -> Outcome:
    state, changes, current = live_hold(state, visitor, now_ms)
    if current is None:
        return Outcome(state, Released(None, None), changes)
    if current.state is HoldState.PAYING:
        return refuse(state, changes, "hold_paying")
    everything = seats is None and areas is None
    rest = replace(current, seats=(), areas=()) if everything else reduce(current, seats or (), areas or ())
    if rest.places == 0:
        state, change = let_go(state, current, Cause.RELEASED)
        return Outcome(state, Released(None, change.position), (*changes, change))
    if rest == current:
        return Outcome(state, Released(current, None), changes)
    freed = [line.k for line in current.seats if line not in rest.seats]
    demand = demand_of(state.plan, areas=[(line.a, line.type_id, line.quantity) for line in current.areas])
    demand.subtract(demand_of(state.plan, areas=[(line.a, line.type_id, line.quantity) for line in rest.areas]))
    state, change = publish(
        with_hold(state, rest),
        Cause.RELEASED,
        seats=freed,
        demand=demand,
        visitor=visitor,
        hold_id=rest.hold_id,
        hold=rest,
    )
    return Outcome(state, Released(rest, change.position), (*changes, change))


def reduce(current: Hold, seats: Sequence[int], areas: AreaLines) -> Hold:
    """Take seats and places out of a hold; of an area's lines the one with the latest price gives first."""
    lines = list(current.areas)
    for a, type_id, quantity in areas:
        for i in range(len(lines) - 1, -1, -1):
            if quantity > 0 and (lines[i].a, lines[i].type_id) == (a, type_id):
                taken = min(quantity, lines[i].quantity)
                lines[i] = lines[i]._replace(quantity=lines[i].quantity - taken)
                quantity -= taken
    kept = tuple(line for line in current.seats if line.k not in seats)
    return replace(current, seats=kept, areas=tuple(line for line in lines if line.quantity > 0))


def extend(state: ShowState, visitor: str, command_id: str, *, now_ms: int) -> Outcome:
    """Prolong the hold by the plan's extension, once, never beyond its maximal life."""
    if command_id in state.commands:
        return Outcome(state, state.commands[command_id])
    return remember(_extend(state, visitor, now_ms), command_id)


def _extend(state: ShowState, visitor: str, now_ms: int) -> Outcome:
    state, changes, current = live_hold(state, visitor, now_ms)
    if current is None:
        return refuse(state, changes, "hold_gone")
    if current.state is HoldState.PAYING:
        return refuse(state, changes, "hold_paying")
    limits = state.plan.limits
    expires = min(current.expires_at_ms + limits.extension_ms, current.started_at_ms + limits.life_max_ms)
    if current.extended or expires <= current.expires_at_ms:
        return refuse(state, changes, "already_extended")
    longer = replace(current, expires_at_ms=expires, extended=True)
    state, change = publish(
        with_hold(state, longer), Cause.EXTENDED, visitor=visitor, hold_id=longer.hold_id, hold=longer
    )
    return Outcome(state, Held(longer, change.position), (*changes, change))
