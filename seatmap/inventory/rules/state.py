"""The state of a show as the rules see it, and what follows from it: seat states, counters, snapshot."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from seatmap.inventory.model import (
    Cause,
    Change,
    Changed,
    Held,
    Hold,
    HoldState,
    Position,
    Refused,
    Released,
    SeatState,
    ShowPlan,
    Snapshot,
    Sold,
    SoldOrder,
)

Answer = Held | Released | Sold | Changed | Refused
CounterId = tuple[str, int]  # ("a", area index) or ("q", quota id); areas sort first
Demand = Mapping[CounterId, int]

EMPTY: Mapping[CounterId, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ShowState:
    """Everything that is true of an open show. *sold* keeps orders with nothing left: their sale must not repeat."""

    plan: ShowPlan
    position: Position
    holds: Mapping[str, Hold] = field(default_factory=lambda: MappingProxyType({}))
    sold: Mapping[int, SoldOrder] = field(default_factory=lambda: MappingProxyType({}))
    blocked: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    commands: Mapping[str, Answer] = field(default_factory=lambda: MappingProxyType({}))


class Outcome(NamedTuple):
    """What a rule decided."""

    state: ShowState
    answer: Answer
    changes: tuple[Change, ...] = ()


def holder_of(state: ShowState, k: int) -> str | None:
    """Name the visitor whose hold, lapsed or not, has seat *k*."""
    return next((v for v, hold in state.holds.items() if any(line.k == k for line in hold.seats)), None)


def seat_state(state: ShowState, k: int) -> SeatState:
    """Say what the public sees of seat *k*."""
    if any(k == seat for order in state.sold.values() for seat, _ in order.seats):
        return SeatState.SOLD
    if holder_of(state, k) is not None:
        return SeatState.HELD
    return SeatState.OFF_SALE if k in state.blocked else SeatState.FREE


def is_due(hold: Hold, now_ms: int) -> bool:
    """Say whether the hold has lapsed; holds in payment never do."""
    return hold.state is HoldState.ACTIVE and hold.expires_at_ms <= now_ms


def is_sold(plan: ShowPlan, category: int, type_id: int, version: int | None = None) -> bool:
    """Say whether the plan prices that ticket type in that category (at that version)."""
    prices = plan.prices.get(plan.price_version if version is None else version, {})
    return type_id in prices.get(category, {})


def demand_of(
    plan: ShowPlan, seats: Iterable[tuple[int, int]] = (), areas: Iterable[tuple[int, int, int]] = ()
) -> Counter[CounterId]:
    """Count what seats (k, type) and areas (a, type, quantity) take of each area and quota."""
    demand: Counter[CounterId] = Counter()
    for k, type_id in seats:
        for quota in plan.quota_of.get((plan.categories[k], type_id), ()):
            demand["q", quota] += 1
    for a, type_id, quantity in areas:
        demand["a", a] += quantity
        for quota in plan.quota_of.get((plan.areas[a].category, type_id), ()):
            demand["q", quota] += quantity
    return demand


def demand_of_hold(plan: ShowPlan, hold: Hold) -> Counter[CounterId]:
    """Count what a hold takes of each area and quota."""
    return demand_of(plan, seats_of(hold), areas_of(hold))


def seats_of(hold: Hold) -> tuple[tuple[int, int], ...]:
    """List the hold's seats as (k, type id)."""
    return tuple((line.k, line.type_id) for line in hold.seats)


def areas_of(hold: Hold) -> tuple[tuple[int, int, int], ...]:
    """List the hold's areas as (a, type id, quantity)."""
    return tuple((line.a, line.type_id, line.quantity) for line in hold.areas)


def held_counts(state: ShowState) -> Counter[CounterId]:
    """Derive every counter's held places."""
    total: Counter[CounterId] = Counter()
    for hold in state.holds.values():
        total.update(demand_of_hold(state.plan, hold))
    return total


def sold_counts(state: ShowState) -> Counter[CounterId]:
    """Derive every counter's sold places."""
    total: Counter[CounterId] = Counter()
    for order in state.sold.values():
        total.update(demand_of(state.plan, order.seats, order.areas))
    return total


def bought_by(state: ShowState, visitor: str) -> int:
    """Count the places a visitor has bought and not given back."""
    return sum(places_of(order) for order in state.sold.values() if order.visitor == visitor)


def places_of(order: SoldOrder) -> int:
    """Count an order's seats and general-admission places."""
    return len(order.seats) + sum(quantity for _, _, quantity in order.areas)


def remaining(state: ShowState, counter: CounterId) -> int:
    """Count the places left in an area or quota; negative when more was sold than the plan has."""
    kind, number = counter
    capacity = state.plan.areas[number].capacity if kind == "a" else state.plan.quotas[number]
    return capacity - held_counts(state)[counter] - sold_counts(state)[counter]


def snapshot(state: ShowState, now_ms: int) -> Snapshot:
    """Read the show as a viewer sees it."""
    packed = bytearray((state.plan.seat_count + 3) // 4)
    for k in range(state.plan.seat_count):
        packed[k >> 2] |= seat_state(state, k) << (6 - 2 * (k & 3))
    left = tuple(remaining(state, ("a", a)) for a in range(len(state.plan.areas)))
    plan = state.plan
    return Snapshot(
        position=state.position,
        seat_count=plan.seat_count,
        seats=bytes(packed),
        remaining=left,
        phase=plan.phase,
        price_version=plan.price_version,
        now_ms=now_ms,
        pass_required=plan.pass_required,
    )


def publish(
    state: ShowState,
    cause: Cause,
    *,
    seats: Iterable[int] = (),
    to: SeatState = SeatState.FREE,
    demand: Demand = EMPTY,
    visitor: str | None = None,
    hold_id: str | None = None,
    order_id: int | None = None,
    hold: Hold | None = None,
) -> tuple[ShowState, Change]:
    """Move the feed on by one entry. *demand* names the areas whose remaining places may have changed."""
    position = Position(state.position.epoch, state.position.seq + 1)
    areas = sorted(number for (kind, number), places in demand.items() if kind == "a" and places != 0)
    left = tuple((a, remaining(state, ("a", a))) for a in areas)
    change = Change(position, cause, tuple((k, int(to)) for k in seats), left, visitor, hold_id, order_id, hold)
    return replace(state, position=position), change


def refuse(
    state: ShowState,
    changes: tuple[Change, ...],
    code: str,
    *,
    seats: Iterable[int] = (),
    areas: Iterable[int] = (),
    limit: int | None = None,
) -> Outcome:
    """Answer with a refusal; *changes* are lapsed holds noticed on the way."""
    return Outcome(state, Refused(code, tuple(seats), tuple(areas), limit), changes)


def remember(outcome: Outcome, command_id: str) -> Outcome:
    """Keep the answer, so that the same command gets it again."""
    commands = {**outcome.state.commands, command_id: outcome.answer}
    return outcome._replace(state=replace(outcome.state, commands=commands))


def without(state: ShowState, visitor: str) -> ShowState:
    """Forget the visitor's hold."""
    return replace(state, holds={v: hold for v, hold in state.holds.items() if v != visitor})


def with_hold(state: ShowState, hold: Hold) -> ShowState:
    """Put the hold in the place of its visitor's."""
    return replace(state, holds={**state.holds, hold.visitor: hold})
