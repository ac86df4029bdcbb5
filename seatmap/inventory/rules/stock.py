"""The checks verbs share: is the request well-formed, does the plan know it, is there stock."""

from collections.abc import Sequence
from typing import NamedTuple

from seatmap.inventory.model import PLACES_PER_HOLD_MAX, Cause, Change, Refused, SeatState, ShowPlan
from seatmap.inventory.rules.lapsing import lapse_oldest, let_go
from seatmap.inventory.rules.state import Demand, ShowState, holder_of, is_due, is_sold, remaining, seat_state

Lines = Sequence[tuple[int, int]]
AreaLines = Sequence[tuple[int, int, int]]


class Stock(NamedTuple):
    """What the check left behind: lapsed holds in the way have been let go, refused or not."""

    state: ShowState
    changes: tuple[Change, ...]
    refusal: Refused | None


def check_form(seats: Sequence[int], areas: AreaLines) -> Refused | None:
    """Refuse what no show could grant."""
    places = len(seats) + sum(quantity for _, _, quantity in areas)
    if places == 0 or any(quantity < 1 for _, _, quantity in areas):
        return Refused("empty_hold")
    if places > PLACES_PER_HOLD_MAX:
        return Refused("too_many_seats", limit=PLACES_PER_HOLD_MAX)
    twice = tuple(k for i, k in enumerate(seats) if k in seats[:i])
    return Refused("duplicate_seat", twice) if twice else None


def check_places(plan: ShowPlan, seats: Sequence[int], areas: Sequence[int] = ()) -> Refused | None:
    """Refuse seats and areas the plan does not have."""
    if unknown := tuple(k for k in seats if not 0 <= k < plan.seat_count):
        return Refused("seat_unknown", unknown)
    if unknown := tuple(a for a in areas if not 0 <= a < len(plan.areas)):
        return Refused("area_unknown", areas=unknown)
    return None


def check_types(plan: ShowPlan, seats: Lines, areas: AreaLines) -> Refused | None:
    """Refuse ticket types that are not priced where they are asked for."""
    bad_seats = tuple(k for k, type_id in seats if not is_sold(plan, plan.categories[k], type_id))
    bad_areas = tuple(a for a, type_id, _ in areas if not is_sold(plan, plan.areas[a].category, type_id))
    return Refused("type_not_sold", bad_seats, bad_areas) if bad_seats or bad_areas else None


def check_stock(state: ShowState, seats: Sequence[int], demand: Demand, now_ms: int, mine: str | None = None) -> Stock:
    """Require every seat to be available and every counter to have room; *mine* passes that visitor's held seats."""
    state, changes, off_sale, taken = clear(state, seats, now_ms, mine)
    if off_sale or taken:
        code = "seat_taken" if taken else "seat_off_sale"
        return Stock(state, changes, Refused(code, tuple(k for k in seats if k in off_sale or k in taken)))
    state, lapsed, refusal = make_room(state, demand, now_ms)
    return Stock(state, changes + lapsed, refusal)


def clear(
    state: ShowState, seats: Sequence[int], now_ms: int, mine: str | None = None
) -> tuple[ShowState, tuple[Change, ...], tuple[int, ...], tuple[int, ...]]:
    """Let go of lapsed holds in the way of *seats*; list the seats off sale and those taken."""
    changes: list[Change] = []
    off_sale: list[int] = []
    taken: list[int] = []
    for k in seats:
        match seat_state(state, k):
            case SeatState.SOLD:
                taken.append(k)
            case SeatState.OFF_SALE:
                off_sale.append(k)
            case SeatState.HELD:
                visitor = holder_of(state, k)
                assert visitor is not None
                if visitor == mine:
                    continue
                if is_due(state.holds[visitor], now_ms):
                    state, change = let_go(state, state.holds[visitor], Cause.LAPSED)
                    changes.append(change)
                else:
                    taken.append(k)
    return state, tuple(changes), tuple(off_sale), tuple(taken)


def make_room(state: ShowState, demand: Demand, now_ms: int) -> Stock:
    """Lapse due holds, the longest due first, until every counter has room or none is due."""
    changes: list[Change] = []
    short: list[tuple[str, int]] = []
    for counter in sorted(counter for counter, places in demand.items() if places > 0):
        while remaining(state, counter) < demand[counter]:
            if (step := lapse_oldest(state, now_ms)) is None:
                short.append(counter)
                break
            state = step[0]
            changes.append(step[1])
    areas = tuple(number for kind, number in short if kind == "a")
    if areas:
        return Stock(state, tuple(changes), Refused("area_full", areas=areas))
    refusal = Refused("quota_full", limit=short[0][1]) if short else None
    return Stock(state, tuple(changes), refusal)
