"""The port of the inventory: what servers, gateways and workers may ask of it. `ValkeyInventory` is the adapter.

Every verb answers with a value (`Held`, `Sold`, … or `Refused`) or raises `Unavailable`. After `Unavailable` a change may
or may not have happened: repeat the call with the same *command_id* (or order id), the answer is then the first one's.
Command ids are unique per visitor and show and remembered for at least ten minutes, refusals included.
`Refused("show_unknown")` on a show that should be open means the store lost it: rebuild with `begin_rebuild`, read the
facts from Postgres, `open_show`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from seatmap.inventory.model import (
    Change,
    Changed,
    Facts,
    Held,
    Hold,
    HoldRequest,
    OverduePayment,
    Position,
    PriceList,
    Refused,
    Released,
    SalePhase,
    ShowKey,
    ShowPlan,
    Snapshot,
    Sold,
)


class Inventory(Protocol):
    """Decide who holds which seat. Valkey decides who holds; Postgres decides who owns."""

    # ── for visitors (gateway, server) ──

    async def hold(self, key: ShowKey, visitor: str, request: HoldRequest, command_id: str) -> Held | Refused:
        """Add *request* to the visitor's hold (or start one), all or nothing.

        Adding does not prolong a live hold. Lapsed holds of others are taken over. A refused request leaves the
        visitor's hold as it was. Refusals: show_unknown empty_hold duplicate_seat sale_not_open sale_closed
        sale_paused pass_required seat_unknown area_unknown hold_paying too_many_seats type_not_sold
        seat_reserved_accessible seat_reserved seat_taken seat_off_sale area_full quota_full.
        """
        ...

    async def release(
        self,
        key: ShowKey,
        visitor: str,
        command_id: str,
        seats: Sequence[int] | None = None,
        areas: Sequence[tuple[int, int, int]] | None = None,
    ) -> Released | Refused:
        """Give back *seats* (k) and *areas* (a, type id, quantity); with neither, the whole hold.

        What is not held is ignored; nothing held at all is not an error. Refusals: show_unknown hold_paying.
        """
        ...

    async def extend(self, key: ShowKey, visitor: str, command_id: str) -> Held | Refused:
        """Prolong the hold by the show's extension, once. Refusals: show_unknown hold_gone hold_paying already_extended."""
        ...

    async def read_hold(self, key: ShowKey, visitor: str) -> Hold | None:
        """Read the visitor's live hold."""
        ...

    # ── for orders ──

    async def begin_payment(
        self, key: ShowKey, visitor: str, hold_id: str, order_id: int, until_ms: int
    ) -> Held | Refused:
        """Freeze the hold for one order's payment; it no longer lapses. Repeating it for the same order is harmless.

        *until_ms* is when the payment counts as overdue (`overdue_payments`), not when the seats are let go.
        Refusals: show_unknown hold_gone hold_not_yours hold_paying (another order).
        """
        ...

    async def end_payment(
        self, key: ShowKey, hold_id: str, order_id: int, release: bool = False
    ) -> Held | Released | Refused:
        """Thaw the hold after *order_id*'s payment failed or was cancelled; with *release*, let everything go.

        Cancel the provider's intent first (rule R5). The buyer keeps at least the show's retry time, within the hold's
        maximal life. Thawing a hold that is already active changes nothing and answers `Held`. Refusals: show_unknown
        hold_gone hold_paying (another order).
        """
        ...

    async def sell(self, key: ShowKey, order_id: int, hold_id: str) -> Sold | Refused:
        """Turn the hold frozen by `begin_payment` for *order_id* into a sale, also when overdue. Idempotent per order.

        Refusals: show_unknown, hold_gone (use `sell_late`), hold_paying (frozen for another order).
        """
        ...

    async def sell_late(
        self,
        key: ShowKey,
        order_id: int,
        visitor: str,
        seats: Sequence[tuple[int, int]],
        areas: Sequence[tuple[int, int, int]],
    ) -> Sold | Refused:
        """Sell lines whose hold is gone, for money that arrived late: all or nothing. Idempotent per order.

        Seats that are free, in a lapsed hold, or in the same visitor's own active hold are sold; sale phase, caps and
        pools do not apply. Refusals: show_unknown seat_unknown area_unknown duplicate_seat empty_hold type_not_sold
        seat_taken seat_off_sale area_full quota_full.
        """
        ...

    async def unsell(
        self,
        key: ShowKey,
        order_id: int,
        command_id: str,
        seats: Sequence[int] | None = None,
        areas: Sequence[tuple[int, int, int]] | None = None,
    ) -> Changed | Refused:
        """Put sold seats and places of an order back on sale; with neither, all of it.

        What the order no longer has is ignored, so a repeated refund never frees a seat resold since.
        Refusals: show_unknown order_unknown.
        """
        ...

    # ── for organisers ──

    async def block(self, key: ShowKey, seats: Sequence[int], reason: str) -> Changed | Refused:
        """Take free seats off sale, all or nothing. Blocking again sets the reason. Refusals: show_unknown seat_unknown
        seat_taken."""
        ...

    async def unblock(self, key: ShowKey, seats: Sequence[int]) -> Changed | Refused:
        """Put blocked seats back on sale; seats that are not blocked are ignored. Refusals: show_unknown seat_unknown."""
        ...

    async def reprice(self, key: ShowKey, version: int, prices: PriceList) -> Changed | Refused:
        """Make *prices* current; holds keep the version they were made at. Repeating a version changes nothing.

        Must price the same (category, type) pairs as before. Refusals: show_unknown price_version_stale
        prices_incomplete.
        """
        ...

    async def set_phase(self, key: ShowKey, phase: SalePhase) -> Changed | Refused:
        """Open, close, pause or resume the sale. Refusals: show_unknown."""
        ...

    async def require_pass(self, key: ShowKey, required: bool) -> Changed | Refused:
        """Say whether holding needs a waiting-room pass from now on; holds that exist stay. Refusals: show_unknown.

        A rebuild goes by its plan's `pass_required`: keep the two the same.
        """
        ...

    # ── state ──

    async def read(self, key: ShowKey) -> Snapshot | None:
        """Read position, all seats and all areas' remaining places at one instant; None for an unknown show."""
        ...

    async def read_prices(self, key: ShowKey) -> Mapping[int, PriceList]:
        """Read every price version of the show; empty for an unknown show."""
        ...

    async def gap(self, key: ShowKey, after: Position, limit: int = 10_000) -> tuple[Change, ...] | None:
        """Read all changes after *after*; None when they are no longer known (other epoch, trimmed): take a snapshot."""
        ...

    # ── keeping it ──

    async def begin_rebuild(self, key: ShowKey) -> str:
        """Announce a rebuild and get its fence. Read the facts only afterwards: the last to begin has the newest."""
        ...

    async def open_show(
        self, key: ShowKey, plan: ShowPlan, facts: Facts, *, fence: str | None = None, after_epoch: int = 0
    ) -> Position | Refused:
        """Open the show or rebuild it from *facts*, in a new epoch greater than any before and than *after_epoch*.

        Live holds that survived in the store and contradict no fact are kept whole, others are dropped whole. Orders
        the store already sold stay sold even if *facts* does not know them yet. Without *fence* one is begun here.
        Refusals: rebuild_superseded.
        """
        ...

    async def close_show(self, key: ShowKey) -> None:
        """Forget the show entirely."""
        ...

    async def open_shows(self, event_id: int | None = None) -> tuple[ShowKey, ...]:
        """List the shows the store knows, of one event or of all."""
        ...

    async def unsettled_life(self) -> str | None:
        """Name the store's present life, when it is not the one settled last: it was restarted or replaced.

        Its file, or the replica that took over, may lack the last moment, so that positions would be given out twice. Rebuild
        every show, then `settle_life`.
        """
        ...

    async def settle_life(self, life: str) -> None:
        """Note that every show was rebuilt in this *life* of the store."""
        ...

    async def lapse(self, key: ShowKey, limit: int = 100) -> int:
        """Let go of up to *limit* holds that are due; say how many. Holds in payment never lapse."""
        ...

    async def lapse_due(self, limit: int = 1000) -> int:
        """Lapse due holds of all open shows, up to *limit* per show; say how many. The sweeper's entry point."""
        ...

    async def overdue_payments(self, key: ShowKey, limit: int = 100) -> tuple[OverduePayment, ...]:
        """List frozen holds past their payment deadline, longest overdue first."""
        ...


class Feed(Protocol):
    """Follow many shows at once, on a connection of its own."""

    async def changes(self, positions: Mapping[ShowKey, Position], block_ms: int = 1000) -> dict[ShowKey, list[Change]]:
        """Wait up to *block_ms* for changes after *positions*. An entry of another epoch means: snapshot again.

        The caller moves its positions on; nothing is remembered here.
        """
        ...
