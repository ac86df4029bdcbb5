"""Payment and sale: freeze, thaw, sell, sell late, take back."""

from collections.abc import Sequence
from dataclasses import replace

from seatmap.inventory.model import (
    Cause,
    Change,
    Changed,
    Held,
    Hold,
    HoldState,
    Refused,
    Released,
    SeatState,
    Sold,
    SoldOrder,
)
from seatmap.inventory.rules.lapsing import let_go, live_hold
from seatmap.inventory.rules.state import (
    Outcome,
    ShowState,
    areas_of,
    demand_of,
    publish,
    refuse,
    remember,
    seats_of,
    with_hold,
    without,
)
from seatmap.inventory.rules.stock import AreaLines, Lines, check_form, check_places, check_stock, check_types


def visitor_of(hold_id: str) -> str:
    """Read the visitor out of a hold id."""
    return hold_id.rpartition(".")[0]


def begin_payment(
    state: ShowState, visitor: str, hold_id: str, order_id: int, until_ms: int, *, now_ms: int
) -> Outcome:
    """Freeze the hold for one order's payment. A repetition can only move the deadline later."""
    if visitor_of(hold_id) != visitor:
        return refuse(state, (), "hold_not_yours")
    state, changes, current = live_hold(state, visitor, now_ms)
    if current is None or current.hold_id != hold_id:
        return refuse(state, changes, "hold_gone")
    if current.order_id not in (None, order_id):
        return refuse(state, changes, "hold_paying")
    if current.order_id == order_id and current.paying_until_ms >= until_ms:
        return Outcome(state, Held(current, None), changes)
    frozen = replace(current, state=HoldState.PAYING, order_id=order_id, paying_until_ms=until_ms)
    state, change = publish(
        with_hold(state, frozen), Cause.PAYING, visitor=visitor, hold_id=hold_id, order_id=order_id, hold=frozen
    )
    return Outcome(state, Held(frozen, change.position), (*changes, change))


def end_payment(state: ShowState, hold_id: str, order_id: int, release: bool, *, now_ms: int) -> Outcome:
    """Thaw the hold with a last chance to pay, or let it go."""
    current = state.holds.get(visitor_of(hold_id))
    if current is None or current.hold_id != hold_id:
        return refuse(state, (), "hold_gone")
    if current.order_id not in (None, order_id):
        return refuse(state, (), "hold_paying")
    if release:
        state, change = let_go(state, current, Cause.PAYMENT_ENDED)
        return Outcome(state, Released(None, change.position), (change,))
    if current.state is HoldState.ACTIVE:
        return Outcome(state, Held(current, None))
    limits = state.plan.limits
    chance = min(now_ms + limits.retry_ms, current.started_at_ms + limits.life_max_ms)
    thawed = replace(
        current,
        state=HoldState.ACTIVE,
        order_id=None,
        paying_until_ms=0,
        expires_at_ms=max(current.expires_at_ms, chance),
    )
    state, change = publish(
        with_hold(state, thawed), Cause.PAYMENT_ENDED, visitor=thawed.visitor, hold_id=hold_id, hold=thawed
    )
    return Outcome(state, Held(thawed, change.position), (change,))


def sell(state: ShowState, order_id: int, hold_id: str) -> Outcome:
    """Turn the hold frozen for *order_id* into a sale, also when its payment is overdue."""
    if order_id in state.sold:
        return Outcome(state, _sold(state.sold[order_id]))
    current = state.holds.get(visitor_of(hold_id))
    if current is None or current.hold_id != hold_id or current.order_id is None:
        return refuse(state, (), "hold_gone")
    if current.order_id != order_id:
        return refuse(state, (), "hold_paying")
    order = SoldOrder(order_id, current.visitor, seats_of(current), areas_of(current))
    return _record(without(state, current.visitor), order, (), hold_id)


def sell_late(state: ShowState, order_id: int, visitor: str, seats: Lines, areas: AreaLines, *, now_ms: int) -> Outcome:
    """Sell lines whose hold is gone, if all of them are free, lapsed, or in the buyer's own active hold."""
    if order_id in state.sold:
        return Outcome(state, _sold(state.sold[order_id]))
    plan, wanted = state.plan, [k for k, _ in seats]
    refusal = check_form(wanted, areas) or check_places(plan, wanted, [a for a, _, _ in areas])
    refusal = refusal or check_types(plan, seats, areas)
    if refusal:
        return Outcome(state, refusal)
    state, changes, own = live_hold(state, visitor, now_ms)
    given = _own_seats(own, wanted)
    demand = demand_of(plan, seats, areas)
    demand.subtract(demand_of(plan, given))
    stock = check_stock(state, wanted, demand, now_ms, visitor if given else None)
    changes += stock.changes
    if stock.refusal:
        return Outcome(stock.state, stock.refusal, changes)
    state = stock.state
    if own and given:
        state, change = _take(state, own, wanted)
        changes += (change,)
    return _record(state, SoldOrder(order_id, visitor, tuple(seats), tuple(areas)), changes, None)


def _own_seats(own: Hold | None, wanted: Sequence[int]) -> tuple[tuple[int, int], ...]:
    if own is None or own.state is HoldState.PAYING:
        return ()
    return tuple((line.k, line.type_id) for line in own.seats if line.k in wanted)


def _take(state: ShowState, own: Hold, wanted: Sequence[int]) -> tuple[ShowState, Change]:
    """Move seats from the buyer's own hold into the sale; places of an area stay held, they are interchangeable."""
    rest = replace(own, seats=tuple(line for line in own.seats if line.k not in wanted))
    if rest.places == 0:
        return publish(without(state, own.visitor), Cause.RELEASED, visitor=own.visitor, hold_id=own.hold_id)
    return publish(with_hold(state, rest), Cause.RELEASED, visitor=own.visitor, hold_id=own.hold_id, hold=rest)


def _record(state: ShowState, order: SoldOrder, changes: tuple[Change, ...], hold_id: str | None) -> Outcome:
    seats = [k for k, _ in order.seats]
    state = replace(state, sold={**state.sold, order.order_id: order})
    state, change = publish(
        state,
        Cause.SOLD,
        seats=seats,
        to=SeatState.SOLD,
        demand=demand_of(state.plan, order.seats, order.areas),
        visitor=order.visitor,
        hold_id=hold_id,
        order_id=order.order_id,
    )
    return Outcome(state, replace(_sold(order), position=change.position), (*changes, change))


def _sold(order: SoldOrder) -> Sold:
    return Sold(order.order_id, order.visitor, order.seats, order.areas, None)


def unsell(
    state: ShowState,
    order_id: int,
    command_id: str,
    seats: Sequence[int] | None = None,
    areas: AreaLines | None = None,
) -> Outcome:
    """Put sold seats and places of an order back on sale, or with neither all of it."""
    if command_id in state.commands:
        return Outcome(state, state.commands[command_id])
    return remember(_unsell(state, order_id, seats, areas), command_id)


def _unsell(state: ShowState, order_id: int, seats: Sequence[int] | None, areas: AreaLines | None) -> Outcome:
    order = state.sold.get(order_id)
    if order is None:
        return Outcome(state, Refused("order_unknown"))
    kept = SoldOrder(order_id, order.visitor)
    if seats is not None or areas is not None:
        kept = replace(
            kept,
            seats=tuple(line for line in order.seats if line[0] not in (seats or ())),
            areas=_reduce(order.areas, areas or ()),
        )
    if kept == order:
        return Outcome(state, Changed(None))
    freed = [line[0] for line in order.seats if line not in kept.seats]
    demand = demand_of(state.plan, areas=order.areas)
    demand.subtract(demand_of(state.plan, areas=kept.areas))
    state = replace(state, sold={**state.sold, order_id: kept})
    state, change = publish(state, Cause.UNSOLD, seats=freed, demand=demand, visitor=order.visitor, order_id=order_id)
    return Outcome(state, Changed(change.position), (change,))


def _reduce(lines: AreaLines, given: AreaLines) -> tuple[tuple[int, int, int], ...]:
    left = [list(line) for line in given]
    kept = []
    for a, type_id, quantity in lines:
        for line in left:
            if line[:2] == [a, type_id]:
                back = max(0, min(line[2], quantity))
                quantity -= back
                line[2] -= back
        if quantity > 0:
            kept.append((a, type_id, quantity))
    return tuple(kept)
