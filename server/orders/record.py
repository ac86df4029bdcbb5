"""An order as its buyer may see it, before addresses and words are put to it.

It is read in one statement (`order_at`). Twice in a purchase nothing has to be read: who has just written the order, or its
payment, knows what a fresh read would say. `tests/integration/orders/test_answers.py` holds both to the fresh read.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from server.orders.states import AttemptState, OrderState
from server.orders.views import LineView, RefundView
from server.tickets.issue import Ticket


class AttemptRecord(msgspec.Struct, frozen=True, array_like=True):
    """The newest attempt to pay, while there is something to be paid."""

    number: int
    state: AttemptState
    client_secret: str | None
    decline_code: str | None
    amount: int
    currency: str


class TicketRecord(msgspec.Struct, frozen=True, array_like=True):
    """The ticket of the line at *position*."""

    position: int
    ticket_id: int
    code: str
    state: str


class OrderRecord(msgspec.Struct, frozen=True):
    """Columns and parts of an order. Amounts in minor units, times in Unix ms; what there is none of is None."""

    ref: str
    key: str
    state: OrderState
    show_id: int
    name: str
    email: str
    locale: str
    currency: str
    subtotal: int
    fees: int
    total: int
    pay_until_ms: int
    doubted: bool
    lines: tuple[LineView, ...]
    tickets: tuple[TicketRecord, ...] | None = None
    refunds: tuple[RefundView, ...] | None = None
    attempt: AttemptRecord | None = None

    def paid_with(self, tickets: Sequence[Ticket]) -> OrderRecord:
        """Return the order that was awaiting its payment as it is now: paid, with *tickets*, which are in the order of its lines."""
        issued = tuple(
            TicketRecord(line.position, ticket.ticket_id, ticket.code, "issued")
            for line, ticket in zip(self.lines, tickets, strict=True)
        )
        return msgspec.structs.replace(self, state="paid", doubted=False, tickets=issued, attempt=None)


decode_record = msgspec.json.Decoder(OrderRecord).decode
