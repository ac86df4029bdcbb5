"""An order under lock, with one attempt and its lines: what every transition reads first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import msgspec
from asyncpg import Connection, Record

from seatmap.inventory.model import ShowKey
from server.faults import Misuse
from server.orders.states import AttemptState, OrderState
from server.sql_blocks import load_blocks
from server.tickets.keys import WrappedKey

SQL = load_blocks(__package__, "orders.sql")


class LockedLine(NamedTuple):
    """One admission of the order."""

    line_id: int
    k: int | None
    area: int | None
    category: int
    type_id: int
    category_name: str
    type_name: str
    section: str
    row: str
    seat: str
    attendee: str


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """Columns of `lock_order()`. The attempt's are None for an order that never had one.

    *signing_key* is the event's, for who may sell; None when the event has none yet, or nobody asked for it (`look_at_order`).
    """

    id: int
    ref: str
    event_id: int
    show_id: int
    visitor: str
    hold_id: str
    state: OrderState
    currency: str
    subtotal: int
    buyer_fees: int
    organiser_fees: int
    total: int
    pay_until_ms: int
    grace_used: bool
    doubt_since_ms: int | None
    attempt_id: int | None
    attempt_number: int | None
    attempt_state: AttemptState | None
    attempt_amount: int | None
    attempt_currency: str | None
    attempt_key: str | None
    intent_id: str | None
    client_secret: str | None
    decline_code: str | None
    received: int | None
    lines: tuple[LockedLine, ...]
    signing_key: WrappedKey | None

    @property
    def show(self) -> ShowKey:
        """Name the show in the inventory."""
        return ShowKey(self.event_id, self.show_id)

    @property
    def platform_fees(self) -> int:
        """What the platform earns, whoever bears it."""
        return self.buyer_fees + self.organiser_fees

    def seats(self) -> list[tuple[int, int]]:
        """List seats as (k, type id)."""
        return [(line.k, line.type_id) for line in self.lines if line.k is not None]

    def areas(self) -> list[tuple[int, int, int]]:
        """List places in areas as (a, type id, quantity)."""
        counted: dict[tuple[int, int], int] = {}
        for line in self.lines:
            if line.area is not None:
                counted[line.area, line.type_id] = counted.get((line.area, line.type_id), 0) + 1
        return [(a, type_id, quantity) for (a, type_id), quantity in counted.items()]


_EVENT = [field.name for field in fields(LockedOrder)].index("event_id")
_decode_lines = msgspec.json.Decoder(tuple[LockedLine, ...]).decode


async def lock_order(connection: Connection[Any], order_id: int, attempt_id: int | None = None) -> LockedOrder:
    """Lock the order in the caller's transaction and read it with *attempt_id*, or its newest attempt."""
    return _found(order_id, await connection.fetchrow(SQL["lock_order"], order_id, attempt_id))


async def look_at_order(connection: Connection[Any], order_id: int) -> LockedOrder:
    """Read the same without a lock, to decide what to ask the provider. Whoever changes something locks and reads again."""
    return _found(order_id, await connection.fetchrow(SQL["look_at_order"], order_id))


def order_of(values: Sequence[Any]) -> LockedOrder:
    """Make an order of the columns of `lock_order()` and of its event's signing key."""
    *columns, lines, kid, public, wrapped = values
    key = None if kid is None else WrappedKey(columns[_EVENT], kid, public, wrapped)
    columns += _decode_lines(lines), key
    return LockedOrder(*columns)


def _found(order_id: int, row: Record | None) -> LockedOrder:
    if row is None:
        raise Misuse(f"order {order_id} is not this organisation's")
    return order_of(tuple(row.values()))
