"""The words of the inventory: what is asked for, what is held, what comes back. Plain immutable values, no behaviour.

Seats are addressed by the chart's stable index `k`, general-admission areas by their index `a`, categories by their
index in the chart, ticket types and quotas by their database ids. Times are Unix milliseconds of the store's own clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import NamedTuple

PLACES_PER_HOLD_MAX = 1000  # bounds the work of one script; organisers set lower limits of their own


class SeatState(IntEnum):
    """The two public bits of a seat."""

    FREE = 0
    HELD = 1
    SOLD = 2
    OFF_SALE = 3


class ShowKey(NamedTuple):
    """One show of one event. All keys of an event share the hash tag `{e:<event_id>}`."""

    event_id: int
    show_id: int


class Position(NamedTuple):
    """A point in a show's feed. *epoch* changes when the state was rebuilt; *seq* grows by one with every change."""

    epoch: int
    seq: int


class SeatLine(NamedTuple):
    """A held seat with its ticket type, at the price of *price_version* whatever is repriced later."""

    k: int
    type_id: int
    price_version: int


class AreaLine(NamedTuple):
    """*quantity* places in a general-admission area, one ticket type, one locked price."""

    a: int
    type_id: int
    quantity: int
    price_version: int


class HoldState(StrEnum):
    """`active`: the visitor may change it and it lapses. `paying`: frozen until its payment has ended (rule R5)."""

    ACTIVE = "active"
    PAYING = "paying"


@dataclass(frozen=True, slots=True)
class Hold:
    """A visitor's basket in one show: everything in it is theirs until *expires_at_ms*.

    While paying, *order_id* and *paying_until_ms* (its deadline) are set; *expires_at_ms* then waits. `hold_id` is `<visitor>.<random>`, so the visitor of a hold is never looked up.
    """

    hold_id: str
    visitor: str
    started_at_ms: int
    expires_at_ms: int
    extended: bool = False
    state: HoldState = HoldState.ACTIVE
    order_id: int | None = None
    paying_until_ms: int = 0
    seats: tuple[SeatLine, ...] = ()
    areas: tuple[AreaLine, ...] = ()

    @property
    def places(self) -> int:
        """Count seats and general-admission places together."""
        return len(self.seats) + sum(line.quantity for line in self.areas)


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Seats as (k, type id) and areas as (a, type id, quantity) to add to the visitor's hold, all or nothing.

    Naming a seat already in the hold retypes it. *accessible* admits seats kept for those who need them; *allocation*
    admits seats of that pool (see `ShowPlan.pools`); the caller has checked the entitlement to either.
    """

    seats: tuple[tuple[int, int], ...] = ()
    areas: tuple[tuple[int, int, int], ...] = ()
    accessible: bool = False
    allocation: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """The hold as it now stands. *position* is the feed entry that made it so (None: nothing changed)."""

    hold: Hold
    position: Position | None


@dataclass(frozen=True, slots=True)
class Released:
    """What is left of the hold, if anything."""

    hold: Hold | None
    position: Position | None


@dataclass(frozen=True, slots=True)
class Sold:
    """These seats and places belong to the order. A repeated sell answers the same with position None."""

    order_id: int
    visitor: str
    seats: tuple[tuple[int, int], ...]
    areas: tuple[tuple[int, int, int], ...]
    position: Position | None


@dataclass(frozen=True, slots=True)
class Changed:
    """The change was made at *position*, or nothing needed changing (None)."""

    position: Position | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done. *code* is stable (see `refusals.py`); *seats* and *areas* are the ones in the way."""

    code: str
    seats: tuple[int, ...] = ()
    areas: tuple[int, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SalePhase:
    """When holds may be made. The store's clock decides; *closes_at_ms* 0 means never."""

    opens_at_ms: int = 0
    closes_at_ms: int = 0
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long. Durations in milliseconds; counts of 0 mean unlimited.

    A hold lives *ttl_ms*, plus *extension_ms* once, never longer than *life_max_ms* since it started. After a failed
    payment the buyer has at least *retry_ms* to try again, within the same maximum.
    """

    order_max: int = 10
    visitor_max: int = 0
    ttl_ms: int = 600_000
    extension_ms: int = 300_000
    life_max_ms: int = 1_200_000
    retry_ms: int = 120_000


class AreaPlan(NamedTuple):
    """A general-admission area: how many fit, and which category prices it."""

    capacity: int
    category: int


# category → {ticket type id: amount in minor units}
PriceList = Mapping[int, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class ShowPlan:
    """Everything the scripts need to know about a show, so that no caller's word is taken for it.

    *categories* has one byte per seat, indexed by `k`. *pools* likewise (empty: all 0): 0 general, 1 kept for
    accessible bookings, 2-255 allocations. *prices* maps price version → price list; the highest version is current and
    every version prices the same (category, type) pairs, which are the only ones on sale. *quota_of* lists, for a
    (category, type), the quotas a place of it counts against; *quotas* gives each quota's capacity.
    """

    categories: bytes
    prices: Mapping[int, PriceList]
    areas: tuple[AreaPlan, ...] = ()
    pools: bytes = b""
    quotas: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    quota_of: Mapping[tuple[int, int], tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    limits: Limits = Limits()
    phase: SalePhase = SalePhase()
    pass_required: bool = False

    @property
    def seat_count(self) -> int:
        """Count the seats of the chart; valid `k` are below it."""
        return len(self.categories)

    @property
    def price_version(self) -> int:
        """Name the current price version."""
        return max(self.prices)


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """A paid order as Postgres knows it: seats as (k, type id), areas as (a, type id, quantity)."""

    order_id: int
    visitor: str
    seats: tuple[tuple[int, int], ...] = ()
    areas: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What Postgres knows of a show: sold orders, seats blocked with a reason, holds of orders whose payment is open."""

    sold: tuple[SoldOrder, ...] = ()
    blocked: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    paying: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A consistent reading: *seats* is the 2-bit string (seat k in bits 6-2*(k&3) of byte k>>2), *remaining* per area.

    *pass_required*: holding needs a waiting-room pass.
    """

    position: Position
    seat_count: int
    seats: bytes
    remaining: tuple[int, ...]
    phase: SalePhase
    price_version: int
    now_ms: int
    pass_required: bool = False


class Cause(StrEnum):
    """Why the feed moved. One entry has one cause and touches at most one hold or order."""

    OPENED = "opened"
    HELD = "held"
    RELEASED = "released"
    LAPSED = "lapsed"
    EXTENDED = "extended"
    PAYING = "paying"
    PAYMENT_ENDED = "payment_ended"
    SOLD = "sold"
    UNSOLD = "unsold"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    REPRICED = "repriced"
    PHASE = "phase"


@dataclass(frozen=True, slots=True)
class Change:
    """One feed entry. Public: *seats* as (k, state) and *areas* as (a, remaining). Private: everything else.

    *hold* is the visitor's hold after the change (None: they have none now, or the change is not about a hold), so a
    gateway can push it without asking.
    """

    position: Position
    cause: Cause
    seats: tuple[tuple[int, int], ...]
    areas: tuple[tuple[int, int], ...]
    visitor: str | None
    hold_id: str | None
    order_id: int | None
    hold: Hold | None


@dataclass(frozen=True, slots=True)
class OverduePayment:
    """A frozen hold whose payment should have ended: cancel the intent, then end the payment (rule R5)."""

    order_id: int
    hold_id: str
    until_ms: int
