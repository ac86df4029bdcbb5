"""The rule and the store take the same steps; after each, answers, feed and everything stored must agree."""

import itertools
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from seatmap.inventory import keys
from seatmap.inventory.model import (
    AreaPlan,
    Change,
    Facts,
    HoldRequest,
    HoldState,
    Limits,
    Position,
    SalePhase,
    SeatState,
    ShowPlan,
    SoldOrder,
)
from seatmap.inventory.rules import holding, lapsing, opening, organising, selling
from seatmap.inventory.rules.state import (
    Outcome,
    ShowState,
    bought_by,
    held_counts,
    seat_state,
    snapshot,
    sold_counts,
)
from tests.model.inventory.store import KEY, Contents, Store

VISITORS = st.sampled_from(["ann", "bob", "cid"])
SEATS = 10
TYPES = st.sampled_from([1, 1, 1, 2, 2, 3])  # 3 is sold nowhere but in category 1
KS = st.integers(0, SEATS - 1)
FEW = st.sampled_from([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])  # one in ten


@st.composite
def any_k(draw: st.DrawFn) -> int:
    """Name a seat, now and then one that does not exist."""
    return draw(st.sampled_from([-1, SEATS])) if draw(FEW) else draw(KS)


@st.composite
def any_area(draw: st.DrawFn) -> int:
    """Name an area, now and then one that does not exist."""
    return 2 if draw(FEW) else draw(st.integers(0, 1))


LIMITS = Limits(order_max=4, visitor_max=6, ttl_ms=600, extension_ms=150, life_max_ms=1000, retry_ms=150)
PAIRS = {0: {1: 1000, 2: 500}, 1: {1: 2000, 2: 900, 3: 100}}


def plan(pass_required: bool, quota: int, capacity: int, extension_ms: int) -> ShowPlan:
    """Build a small show with everything in it."""
    return ShowPlan(
        categories=bytes([0] * 6 + [1] * 4),
        pools=bytes([0] * 7 + [1, 1, 2]),
        prices={1: PAIRS},
        areas=(AreaPlan(capacity, 1), AreaPlan(2, 0)),
        quotas={11: quota, 12: 3},
        quota_of={(0, 2): (11,), (1, 2): (11, 12), (1, 3): (12,)},
        limits=replace(LIMITS, extension_ms=extension_ms),
        pass_required=pass_required,
    )


@st.composite
def requests(draw: st.DrawFn) -> HoldRequest:
    """Ask for a few seats and places, mostly sensibly."""
    seats = draw(st.lists(st.tuples(any_k(), TYPES), min_size=0 if draw(FEW) else 1, max_size=3))
    if not draw(FEW):
        seats = list({k: (k, type_id) for k, type_id in seats}.values())
    quantities = st.sampled_from([0, 3]) if draw(FEW) else st.integers(1, 2)
    areas = draw(st.lists(st.tuples(any_area(), TYPES, quantities), max_size=2))
    accessible, allocation = not draw(FEW), 0 if draw(FEW) else 2
    return HoldRequest(tuple(seats), tuple(areas), accessible, allocation)


class ShowMachine(RuleBasedStateMachine):
    """Any sequence of verbs, with time passing, payments failing and the store being lost."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.inventory = store, store.inventory
        self.numbers = itertools.count(1)
        self.repeatable: list[tuple[str, Any, Any]] = []
        self.hold_ids = ["ann.0", "bob.0"]
        self.orders = [900]
        self.passes: set[str] = set()
        store.empty()

    @initialize(
        pass_required=FEW, quota=st.integers(1, 4), capacity=st.integers(1, 6), extension_ms=st.sampled_from([150, 500])
    )
    def open(self, pass_required: int, quota: int, capacity: int, extension_ms: int) -> None:
        """Open the show an hour ahead of real time, with the clock stopped."""
        self.now_ms = (int(time.time()) + 3600) * 1000
        after = self.now_ms // 1000
        self.state = opening.open_show(
            None, plan(bool(pass_required), quota, capacity, extension_ms), Facts(), now_ms=0, after_epoch=after
        )
        opened = self.store.run(self.inventory.open_show(KEY, self.state.plan, Facts(), after_epoch=after))
        assert opened == self.state.position
        self._stop_clock()
        self._look()

    def teardown(self) -> None:
        """Leave nothing behind."""

    # ── visitors ──

    @rule(visitor=VISITORS, k=KS, type_id=st.integers(1, 2))
    def take(self, visitor: str, k: int, type_id: int) -> None:
        """Click on a seat."""
        self.hold(visitor, HoldRequest(((k, type_id),), (), True, 2))

    @rule(visitor=VISITORS, a=st.integers(0, 1), quantity=st.integers(1, 3))
    def enter(self, visitor: str, a: int, quantity: int) -> None:
        """Ask for standing places."""
        self.hold(visitor, HoldRequest((), ((a, 1, quantity),)))

    @rule(visitor=VISITORS, request=requests())
    def hold(self, visitor: str, request: HoldRequest) -> None:
        """Ask for seats and places."""
        command = self._command()
        fresh = f"{visitor}.{self._next_suffix()}"

        def decide(state: ShowState) -> Outcome:
            return holding.hold(
                state,
                visitor,
                request,
                command,
                fresh_id=fresh,
                now_ms=self.now_ms,
                has_pass=visitor in self.passes,
            )

        self._remember("hold", (visitor, request, command), decide)
        self._step(decide, self.inventory.hold(KEY, visitor, request, command))
        self.hold_ids.append(fresh)

    @rule(
        visitor=VISITORS,
        seats=st.none() | st.lists(KS, max_size=3),
        areas=st.none() | st.lists(st.tuples(any_area(), TYPES, st.integers(0, 3)), max_size=2),
    )
    def release(self, visitor: str, seats: list[int] | None, areas: list[tuple[int, int, int]] | None) -> None:
        """Give back some or all."""
        command = self._command()

        def decide(state: ShowState) -> Outcome:
            return holding.release(state, visitor, command, seats, areas, now_ms=self.now_ms)

        self._remember("release", (visitor, command, seats, areas), decide)
        self._step(decide, self.inventory.release(KEY, visitor, command, seats, areas))

    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        """Ask for more time."""
        command, visitor = self._command(), data.draw(st.sampled_from(sorted(self.state.holds) or ["ann"]))

        def decide(state: ShowState) -> Outcome:
            return holding.extend(state, visitor, command, now_ms=self.now_ms)

        self._remember("extend", (visitor, command), decide)
        self._step(decide, self.inventory.extend(KEY, visitor, command))

    @precondition(lambda self: self.repeatable)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Send an earlier command again."""
        verb, args, decide = data.draw(st.sampled_from(self.repeatable[-6:]))
        if verb == "hold":
            self._next_suffix()
        self._step(decide, getattr(self.inventory, verb)(KEY, *args))

    @rule(visitor=VISITORS)
    def let_in(self, visitor: str) -> None:
        """The waiting room grants or withdraws a pass."""
        name = keys.pass_key(KEY, visitor)
        self.passes ^= {visitor}
        if visitor in self.passes:
            self.store.run(_as_coroutine(self.store.redis.set(name, "1")))
        else:
            self.store.run(_as_coroutine(self.store.redis.delete(name)))

    # ── orders ──

    @precondition(lambda self: self.state.holds)
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        """Somebody goes to the checkout."""
        visitor = data.draw(st.sampled_from(sorted(self.state.holds)))
        self.begin_payment(data, visitor, 200, 1)

    @precondition(lambda self: any(hold.order_id for hold in self.state.holds.values()))
    @rule(data=st.data(), succeeds=st.booleans())
    def settle(self, data: st.DataObject, succeeds: bool) -> None:
        """A payment comes to its end."""
        visitor = data.draw(st.sampled_from(sorted(v for v, hold in self.state.holds.items() if hold.order_id)))
        if succeeds:
            self.sell(data, visitor)
        else:
            self.end_payment(data, visitor, data.draw(st.booleans()))

    @rule(data=st.data(), visitor=VISITORS, wait_ms=st.sampled_from([50, 400]), new=st.integers(0, 3))
    def begin_payment(self, data: st.DataObject, visitor: str, wait_ms: int, new: int) -> None:
        """Start paying for a hold, usually the visitor's own and current one."""
        hold_id, order_id, until_ms = self._hold_id(data, visitor), self._order(data, new), self.now_ms + wait_ms
        self._step(
            lambda state: selling.begin_payment(state, visitor, hold_id, order_id, until_ms, now_ms=self.now_ms),
            self.inventory.begin_payment(KEY, visitor, hold_id, order_id, until_ms),
        )

    @rule(data=st.data(), visitor=VISITORS, release=st.booleans())
    def end_payment(self, data: st.DataObject, visitor: str, release: bool) -> None:
        """A payment failed or was cancelled."""
        hold_id, order_id = self._hold_id(data, visitor), self._paying_order(data, visitor)
        self._step(
            lambda state: selling.end_payment(state, hold_id, order_id, release, now_ms=self.now_ms),
            self.inventory.end_payment(KEY, hold_id, order_id, release),
        )

    @rule(data=st.data(), visitor=VISITORS)
    def sell(self, data: st.DataObject, visitor: str) -> None:
        """A payment succeeded."""
        hold_id, order_id = self._hold_id(data, visitor), self._paying_order(data, visitor)
        self._step(lambda state: selling.sell(state, order_id, hold_id), self.inventory.sell(KEY, order_id, hold_id))

    @rule(data=st.data(), visitor=VISITORS, request=requests(), new=st.integers(0, 2))
    def sell_late(self, data: st.DataObject, visitor: str, request: HoldRequest, new: int) -> None:
        """Money arrived after the hold was gone; sometimes for what the visitor holds again."""
        order_id, current = self._order(data, new), self.state.holds.get(visitor)
        seats, areas = request.seats, request.areas
        if current and current.seats and data.draw(st.booleans()):
            seats = tuple((line.k, line.type_id) for line in current.seats[: data.draw(st.integers(1, 2))])
        self._step(
            lambda state: selling.sell_late(state, order_id, visitor, seats, areas, now_ms=self.now_ms),
            self.inventory.sell_late(KEY, order_id, visitor, seats, areas),
        )

    @rule(
        data=st.data(),
        seats=st.none() | st.lists(KS, max_size=3),
        areas=st.none() | st.lists(st.tuples(any_area(), TYPES, st.integers(0, 3)), max_size=2),
    )
    def unsell(self, data: st.DataObject, seats: list[int] | None, areas: list[tuple[int, int, int]] | None) -> None:
        """A refund gives stock back."""
        order_id, command = data.draw(st.sampled_from(self.orders)), self._command()

        def decide(state: ShowState) -> Outcome:
            return selling.unsell(state, order_id, command, seats, areas)

        self._remember("unsell", (order_id, command, seats, areas), decide)
        self._step(decide, self.inventory.unsell(KEY, order_id, command, seats, areas))

    # ── organisers ──

    @rule(seats=st.lists(any_k(), min_size=1, max_size=3, unique=True), reason=st.sampled_from(["camera", "kept"]))
    def block(self, seats: list[int], reason: str) -> None:
        """Take seats off sale."""
        self._step(
            lambda state: organising.block(state, seats, reason, now_ms=self.now_ms),
            self.inventory.block(KEY, seats, reason),
        )

    @rule(seats=st.lists(any_k(), min_size=1, max_size=4, unique=True))
    def unblock(self, seats: list[int]) -> None:
        """Put seats back on sale."""
        self._step(lambda state: organising.unblock(state, seats), self.inventory.unblock(KEY, seats))

    @rule(step=st.integers(-1, 1), complete=st.sampled_from([True, True, False]))
    def reprice(self, step: int, complete: bool) -> None:
        """Change prices."""
        version = self.state.plan.price_version + step
        prices = PAIRS if complete else {0: {1: 5}}
        self._step(
            lambda state: organising.reprice(state, version, prices), self.inventory.reprice(KEY, version, prices)
        )

    @rule(opens=FEW, closes=FEW, paused=FEW)
    def set_phase(self, opens: int, closes: int, paused: int) -> None:
        """Steer the sale; mostly leave it open."""
        phase = SalePhase(self.now_ms + opens * 100, closes and self.now_ms + 300, bool(paused))
        self._step(lambda state: organising.set_phase(state, phase), self.inventory.set_phase(KEY, phase))

    @rule(required=FEW)
    def require_pass(self, required: int) -> None:
        """Put the show behind a waiting room, or let everybody in again; mostly the latter."""
        self._step(
            lambda state: organising.require_pass(state, bool(required)),
            self.inventory.require_pass(KEY, bool(required)),
        )

    # ── time and trouble ──

    @rule(by_ms=st.sampled_from([1, 99, 150, 500, 599, 600]))
    def wait(self, by_ms: int) -> None:
        """Time passes."""
        self.now_ms += by_ms
        self._stop_clock()

    @rule(limit=st.integers(1, 3))
    def lapse(self, limit: int) -> None:
        """The sweeper comes by."""
        before = self.state.position
        self.state, changes = lapsing.lapse(self.state, self.now_ms, limit)
        assert self.store.run(self.inventory.lapse(KEY, limit)) == len(changes)
        self._compare_feed(before, changes)

    @rule(
        lost=st.booleans(),
        forgotten=st.integers(0, 3),
        more=st.lists(KS, max_size=2, unique=True),
        blocked=st.lists(KS, max_size=2, unique=True),
        quota=st.integers(1, 4),
        capacity=st.integers(1, 6),
    )
    def rebuild(
        self, lost: bool, forgotten: int, more: list[int], blocked: list[int], quota: int, capacity: int
    ) -> None:
        """Rebuild from facts that lag behind (an order forgotten) or run ahead (an order nobody saw)."""
        facts = self._facts(forgotten, more, blocked)
        if lost:
            self.store.empty()
            self.repeatable.clear()
            self.passes.clear()
        before, after = None if lost else self.state, self.state.position.epoch
        new = replace(
            plan(self.state.plan.pass_required, quota, capacity, self.state.plan.limits.extension_ms),
            prices=self.state.plan.prices,
            phase=self.state.plan.phase,
        )
        self.state = opening.open_show(before, new, facts, now_ms=0 if lost else self.now_ms, after_epoch=after)
        position = self.store.run(self.inventory.open_show(KEY, new, facts, after_epoch=after))
        assert position == self.state.position
        assert self.state.position.epoch > after
        self._stop_clock()
        self._look()

    # ── what must hold after every step ──

    @invariant()
    def store_equals_rule(self) -> None:
        """Everything stored is what the rule says, counters included."""
        if not hasattr(self, "state"):
            return
        found = self.store.contents()
        assert found.snapshot == snapshot(self.state, self.now_ms)
        assert found == self._expected(found)
        self._viewer_equals(found)

    @invariant()
    def seats_add_up(self) -> None:
        """Every seat has at most one hold or sale, and counters are never negative."""
        if not hasattr(self, "state"):
            return
        holders = [line.k for hold in self.state.holds.values() for line in hold.seats]
        sold = [k for order in self.state.sold.values() for k, _ in order.seats]
        assert len(set(holders + sold)) == len(holders) + len(sold)
        assert not set(holders + sold) & set(self.state.blocked)
        states = [seat_state(self.state, k) for k in range(SEATS)]
        assert states.count(SeatState.HELD) == len(holders)
        assert states.count(SeatState.SOLD) == len(sold)
        assert all(value >= 0 for value in (held_counts(self.state) + sold_counts(self.state)).values())

    # ── the machinery ──

    def _step(self, decide: Any, call: Coroutine[Any, Any, Any]) -> None:
        before = self.state.position
        outcome = decide(self.state)
        self.state = outcome.state
        answer = self.store.run(call)
        assert answer == outcome.answer
        self._compare_feed(before, outcome.changes)

    def _compare_feed(self, before: Position, changes: tuple[Change, ...]) -> None:
        found = self.store.run(self.inventory.gap(KEY, before))
        assert found == changes
        for change in changes:
            self.viewer_seats.update(change.seats)
            self.viewer_areas.update(change.areas)

    def _look(self) -> None:
        """A viewer takes a fresh snapshot; from here on it lives on the feed alone."""
        found = self.store.contents().snapshot
        assert found is not None
        self.viewer_seats = {k: found.seats[k >> 2] >> (6 - 2 * (k & 3)) & 3 for k in range(SEATS)}
        self.viewer_areas = dict(enumerate(found.remaining))

    def _viewer_equals(self, found: Contents) -> None:
        assert found.snapshot is not None
        seats = {k: found.snapshot.seats[k >> 2] >> (6 - 2 * (k & 3)) & 3 for k in range(SEATS)}
        assert self.viewer_seats == seats
        assert self.viewer_areas == dict(enumerate(found.snapshot.remaining))

    def _expected(self, found: Contents) -> Contents:
        state, holds = self.state, self.state.holds
        held, sold = held_counts(state), sold_counts(state)
        counters: dict[str, int] = {}
        for a, area in enumerate(state.plan.areas):
            counters |= {f"a{a}": area.capacity, f"a{a}:category": area.category}
            counters |= {f"a{a}:held": held["a", a], f"a{a}:sold": sold["a", a]}
        for quota, capacity in state.plan.quotas.items():
            counters |= {f"q{quota}": capacity, f"q{quota}:held": held["q", quota], f"q{quota}:sold": sold["q", quota]}
        visitors = {order.visitor for order in state.sold.values()}
        return found._replace(
            holds=dict(holds),
            holders={line.k: visitor for visitor, hold in holds.items() for line in hold.seats},
            expiry={v: hold.expires_at_ms for v, hold in holds.items() if hold.state is HoldState.ACTIVE},
            paying={v: hold.paying_until_ms for v, hold in holds.items() if hold.state is HoldState.PAYING},
            counters=counters,
            bought={visitor: places for visitor in visitors if (places := bought_by(state, visitor))},
            blocked=dict(state.blocked),
            orders={number: (order.visitor, order.seats, order.areas) for number, order in state.sold.items()},
        )

    def _facts(self, forgotten: int, more: list[int], blocked: list[int]) -> Facts:
        orders = sorted(self.state.sold.values(), key=lambda order: order.order_id)
        known = [order for i, order in enumerate(orders) if not forgotten or i % 4 != forgotten]
        taken = {k for order in known for k, _ in order.seats}
        new = tuple((k, 1) for k in more if k not in taken)
        if new:
            self.orders.append(next(self.numbers))
            known.append(SoldOrder(self.orders[-1], "bob", new))
        paying = tuple(hold for hold in self.state.holds.values() if hold.state is HoldState.PAYING)
        return Facts(tuple(known), dict.fromkeys(blocked, "facts"), paying)

    def _remember(self, verb: str, args: Any, decide: Any) -> None:
        self.repeatable.append((verb, args, decide))

    def _command(self) -> str:
        return f"c{next(self.numbers)}"

    def _next_suffix(self) -> str:
        suffix = str(next(self.numbers))
        self.inventory.new_suffix = lambda: suffix
        return suffix

    def _hold_id(self, data: st.DataObject, visitor: str) -> str:
        current = self.state.holds.get(visitor)
        if current and data.draw(st.integers(0, 9)):
            return current.hold_id
        return data.draw(st.sampled_from(self.hold_ids[-4:]))

    def _order(self, data: st.DataObject, new: int) -> int:
        if new:
            self.orders.append(next(self.numbers))
            return self.orders[-1]
        return data.draw(st.sampled_from(self.orders[-3:]))

    def _paying_order(self, data: st.DataObject, visitor: str) -> int:
        current = self.state.holds.get(visitor)
        if current and current.order_id and data.draw(st.integers(0, 9)):
            return current.order_id
        return data.draw(st.sampled_from(self.orders[-3:]))

    def _stop_clock(self) -> None:
        self.store.run(self.inventory.stop_clock(KEY, self.now_ms))


async def _as_coroutine(awaitable: Any) -> Any:
    return await awaitable
