"""One watched show in this process: its facts, its live picture, and whose sockets are whose."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from realtime import socket_frames
from realtime.clock import StoreClock
from realtime.frames import unpack_states
from realtime.hub import Hub
from realtime.layout import Layout
from realtime.messages import Cause as TaggedCause
from realtime.messages import HeldArea, HeldSeat, HoldChanged, HoldView, Phase, Prices, Sale
from realtime.overview import NOT_SOLD
from seatmap.inventory.model import Cause, Change, Hold, HoldState, Position, SalePhase, Snapshot
from seatmap.inventory.seat_index import SeatIndex, build_index
from seatmap.inventory.windows_memory import WindowsMemory
from server.catalog.facts import ShowFacts

if TYPE_CHECKING:
    from realtime.connection import Connection

PUSHED: dict[Cause, TaggedCause] = {
    Cause.HELD: "held",
    Cause.RELEASED: "released",
    Cause.EXTENDED: "extended",
    Cause.LAPSED: "lapsed",
    Cause.PAYING: "paying",
    Cause.PAYMENT_ENDED: "payment_ended",
    Cause.SOLD: "sold",
}


class ShowSession:
    """A show that somebody here watches."""

    def __init__(self, facts: ShowFacts, snapshot: Snapshot, clock: StoreClock) -> None:
        self.facts = facts
        self.clock = clock
        self.phase = snapshot.phase
        # Whether it is sold through a waiting room. The store says so, not the catalogue: a room made while people look at the seats is
        # known to the store before this process hears of it.
        self.needs_pass = snapshot.pass_required
        self.visitors: dict[str, list[Connection]] = {}
        # Staff, and what to call when their figures are out of date.
        self.watchers: set[Connection] = set()
        self.stirred: Callable[[], None] | None = None
        self.idle_since_ms = clock.now_ms()
        # Equivalents found for seats that were gone: a crowd asks for the same seats, and looks for others only once.
        self.nearby: dict[tuple[tuple[int, ...], bool], tuple[tuple[int, ...], ...]] = {}
        # Seats picked for a party and on their way to the store, with the change that took them once that is known: the picture does not
        # show them yet, and the next party must not be sent to the same ones.
        self.picked: dict[int, Position | None] = {}
        # Read afresh when the feed says that prices or phase changed.
        self.outdated = False
        self.looked_after = False
        clock.heard(snapshot.now_ms)
        self.phase_told = self.phase_now()
        states = unpack_states(snapshot.seats, snapshot.seat_count)
        self.hub = Hub(layout_of(facts), snapshot.position, states, snapshot.remaining, clock.now_ms())
        self.hub.price(lowest_prices(facts))

    @cached_property
    def seat_index(self) -> SeatIndex:
        """The chart laid out for choosing seats; built when the first person asks (30 ms at 60,000 seats)."""
        return build_index(self.facts.chart)

    @cached_property
    def windows(self) -> WindowsMemory:
        """What parties asked for lately, kept true to the picture."""
        return WindowsMemory(self.seat_index)

    @property
    def show_id(self) -> int:
        return self.facts.show_id

    @property
    def in_use(self) -> bool:
        """Whether anybody is connected to it."""
        return bool(self.hub.viewers or self.watchers)

    # What the feed says.

    def take(self, changes: list[Change]) -> bool:
        """Apply feed entries in order and tell the holders concerned. False when the state must be read afresh."""
        for change in changes:
            if not self.hub.apply(change):
                return False
            if change.cause in (Cause.PHASE, Cause.REPRICED):
                self.outdated = True
            elif change.visitor is not None and change.visitor in self.visitors and change.cause in PUSHED:
                for connection in self.visitors[change.visitor]:
                    self._push(connection, change)
        return True

    def on_their_way(self) -> set[int]:
        """Name the seats picked for other parties that the picture does not show as taken yet."""
        shown = self.hub.position
        for k in [k for k, position in self.picked.items() if position is not None and position <= shown]:
            del self.picked[k]
        return set(self.picked)

    def restart(self, facts: ShowFacts, snapshot: Snapshot) -> None:
        """Begin again from a fresh reading, in a new epoch or after a hole in the feed."""
        self.clock.heard(snapshot.now_ms)
        self.nearby.clear()
        self.picked.clear()
        if facts.chart is not self.facts.chart:
            self.__dict__.pop("seat_index", None)
            self.__dict__.pop("windows", None)
        layout = self.hub.layout if facts.chart is self.facts.chart else layout_of(facts)
        states = unpack_states(snapshot.seats, snapshot.seat_count)
        self.hub.restart(layout, snapshot.position, states, snapshot.remaining, self.clock.now_ms())
        self.refresh(facts, snapshot)

    def refresh(self, facts: ShowFacts, snapshot: Snapshot) -> None:
        """Take new prices and a new phase, and tell everybody what is different."""
        self.outdated = False
        if facts.show.prices != self.facts.show.prices:
            self.hub.say(socket_frames.text(prices_message(facts)))
        self.facts = facts
        self.hub.price(lowest_prices(facts))
        if (snapshot.phase, snapshot.pass_required) != (self.phase, self.needs_pass):
            self.phase, self.needs_pass = snapshot.phase, snapshot.pass_required
            self.tell_phase()

    def tell_phase(self) -> None:
        """Tell everybody the phase of the sale: somebody changed it, or its hour has come."""
        self.phase_told = self.phase_now()
        self.hub.say(socket_frames.text(self.sale_message()))

    def _push(self, connection: Connection, change: Change) -> None:
        """Show a holder the hold as it is now, unless this socket's own answer shows it or something newer."""
        if connection.in_flight:
            connection.deferred = [*(connection.deferred or ()), change]
            return
        if change.position <= connection.hold_position:
            return
        connection.hold_position = change.position
        connection.own = () if change.hold is None else tuple(seat.k for seat in change.hold.seats)
        view = None if change.hold is None else self.view(change.hold)
        connection.send(HoldChanged(hold=view, cause=PUSHED[change.cause]))

    def settle(self, connection: Connection) -> None:
        """No command of this socket is under way any more: push what was kept back."""
        waiting, connection.deferred = connection.deferred, None
        for change in waiting or ():
            self._push(connection, change)

    # Who is here.

    def enter(self, connection: Connection) -> None:
        """Know *connection* as one of its visitor's sockets."""
        visitor = connection.identity.visitor if connection.identity is not None else None
        if visitor is not None:
            self.visitors.setdefault(visitor, []).append(connection)

    def leave(self, connection: Connection) -> None:
        """Forget *connection*."""
        self.hub.detach(connection)
        self.idle_since_ms = self.clock.now_ms()
        visitor = connection.identity.visitor if connection.identity is not None else None
        if visitor is not None and connection in (sockets := self.visitors.get(visitor, [])):
            sockets.remove(connection)
            if not sockets:
                del self.visitors[visitor]

    # What visitors are told.

    def phase_now(self) -> Phase:
        """Tell the phase of the sale at this moment."""
        return phase_at(self.phase, self.clock.now_ms())

    def sale_message(self) -> Sale:
        """Say whether and when is sold."""
        return Sale(
            phase=self.phase_now(),
            opens_at_ms=self.phase.opens_at_ms or None,
            closes_at_ms=self.phase.closes_at_ms or None,
            pass_required=self.needs_pass,
        )

    def view(self, hold: Hold) -> HoldView:
        """Show a hold to its visitor, at the locked prices."""
        chart, seats, areas = self.facts.chart, [], []
        for k, type_id, version in hold.seats:
            seats.append(HeldSeat(k=k, type=type_id, amount=self.amount(int(chart.category[k]), type_id, version)))
        for a, type_id, quantity, version in hold.areas:
            amount = self.amount(chart.areas[a].category, type_id, version)
            areas.append(HeldArea(a=a, type=type_id, qty=quantity, amount=amount))
        return HoldView(
            hold_id=hold.hold_id,
            seats=seats,
            areas=areas,
            expires_at_ms=hold.expires_at_ms,
            extendable=not hold.extended and hold.state is HoldState.ACTIVE and self.facts.show.extension_s != 0,
            state="paying" if hold.state is HoldState.PAYING else "active",
            total=sum(seat.amount for seat in seats) + sum(area.amount * area.qty for area in areas),
            currency=self.facts.currency,
        )

    def knows_prices_of(self, hold: Hold) -> bool:
        """Whether the facts have every price version of *hold*; otherwise they are older than the hold."""
        versions = {seat.price_version for seat in hold.seats} | {area.price_version for area in hold.areas}
        return versions <= self.facts.prices.keys()

    def amount(self, category: int, type_id: int, version: int | None = None) -> int:
        """Tell a price; a type that an old version did not have yet costs what it costs now (as in the store's plan)."""
        amount = self.facts.amount(category, type_id, version)
        if amount is None:
            amount = self.facts.amount(category, type_id)
        return amount or 0


def layout_of(facts: ShowFacts) -> Layout:
    """Take the hub's part of a chart."""
    chart = facts.chart
    return Layout(chart.section, chart.category, len(chart.sections), len(chart.areas))


def lowest_prices(facts: ShowFacts) -> NDArray[np.int64]:
    """Find the lowest amount of any ticket type per category."""
    lowest = np.full(256, NOT_SOLD, dtype=np.int64)
    for category, types in facts.show.prices.items():
        if types:
            lowest[category] = min(types.values())
    return lowest


def prices_message(facts: ShowFacts) -> Prices:
    """List the current prices."""
    rows = [(c, t, amount) for c, types in sorted(facts.show.prices.items()) for t, amount in sorted(types.items())]
    return Prices(version=facts.show.price_version, prices=rows)


def phase_at(sale: SalePhase, now_ms: int) -> Phase:
    """Tell the phase of *sale* at *now_ms*."""
    if now_ms < sale.opens_at_ms:
        return "before"
    if sale.closes_at_ms and now_ms >= sale.closes_at_ms:
        return "closed"
    return "paused" if sale.paused else "open"
