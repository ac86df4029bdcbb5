"""What the orders API takes and gives (docs/api-orders.md). Amounts in minor units, times in Unix ms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from server.orders.lines import Line
from server.orders.states import OrderState

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]

# What to tell the buyer. It follows from the state and never contradicts it (M11).
BuyerMessage = Literal[
    "pay_now",
    "checking",
    "declined",
    "paid",
    "expired",
    "cancelled",
    "refund_coming",
    "refunded",
    "partly_refunded",
    "in_review",
]


class Attendee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who uses one admission of the hold: a seat (*k*), or one place in an area (*area* and *type*)."""

    name: Name
    k: int | None = None
    area: int | None = None
    type: int | None = None


class StartOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Buy what the visitor holds in *show*. *terms* must be true; *expected_total* refuses a surprise."""

    show: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    name: Name
    email: Email
    terms: bool
    attendees: Annotated[tuple[Attendee, ...], msgspec.Meta(max_length=100)] = ()
    expected_total: Annotated[int, msgspec.Meta(ge=0)] | None = None
    currency: Annotated[str, msgspec.Meta(pattern="^[a-z]{3}$")] | None = None
    locale: Locale = "en"


class CancelOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give up paying. With *keep_seats* the hold becomes changeable again, else the seats go back on sale."""

    keep_seats: bool = False


class RefundOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give the money back. With *cancel* (the default) the tickets are voided and the seats go back on sale (R8)."""

    cancel: bool = True
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class LineView(msgspec.Struct, frozen=True):
    """One admission: a seat, or a place in a standing area. *fee* is what the buyer pays on top of *amount*."""

    position: int
    k: int | None
    area: int | None
    category: int
    category_name: str
    type: int
    type_name: str
    section: str
    row: str
    seat: str
    amount: int
    fee: int
    attendee: str


def view_lines(lines: Sequence[Line]) -> tuple[LineView, ...]:
    """Show priced lines, of a hold or of an order that was just written."""
    return tuple(
        LineView(
            position=position,
            k=line.k,
            area=line.area,
            category=line.category,
            category_name=line.category_name,
            type=line.type_id,
            type_name=line.type_name,
            section=line.section,
            row=line.row,
            seat=line.seat,
            amount=line.amount,
            fee=line.buyer_fee,
            attendee=line.attendee,
        )
        for position, line in enumerate(lines)
    )


class TicketView(msgspec.Struct, frozen=True):
    """An issued ticket. *number* is for people, *code* is what the QR code says, *pdf* and *page* are addresses."""

    position: int
    number: str
    code: str
    state: str
    page: str
    pdf: str


class PaymentView(msgspec.Struct, frozen=True):
    """How to pay now; absent when nothing is to be paid. *client_secret* is null while the provider has not answered."""

    provider: str
    publishable_key: str
    api_base: str
    client_secret: str | None
    return_url: str
    attempt: int
    state: str
    decline_code: str | None
    amount: int
    currency: str


class RefundView(msgspec.Struct, frozen=True):
    """Money on its way back, or there."""

    amount: int
    currency: str
    state: str
    reason: str
    at_ms: int


class ShowView(msgspec.Struct, frozen=True):
    """What was bought for."""

    id: int
    event_id: int
    title: str
    label: str
    starts_at_ms: int
    time_zone: str
    venue: str
    page: str


class OrderView(msgspec.Struct, frozen=True):
    """An order as its buyer sees it. *key* opens it from anywhere: keep it as secret as the tickets."""

    ref: str
    key: str
    state: OrderState
    message: BuyerMessage
    show: ShowView
    name: str
    email: str
    lines: tuple[LineView, ...]
    tickets: tuple[TicketView, ...]
    refunds: tuple[RefundView, ...]
    subtotal: int
    fees: int
    total: int
    currency: str
    pay_until_ms: int
    now_ms: int
    payment: PaymentView | None


class OrderRow(msgspec.Struct, frozen=True):
    """An order in the organiser's list."""

    ref: str
    state: OrderState
    show: int
    name: str
    email: str
    places: int
    total: int
    currency: str
    created_at_ms: int
    paid_at_ms: int | None


class OrderList(msgspec.Struct, frozen=True):
    """A page of orders, newest first. *next* continues it."""

    orders: tuple[OrderRow, ...]
    next: str | None


class OrderQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders to list. *q* finds a reference, or a beginning of an e-mail address."""

    show: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    state: OrderState | None = None
    q: Annotated[str, msgspec.Meta(max_length=254)] | None = None
    after: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class OrderProof(msgspec.Struct, frozen=True):
    """What shows the right to an order when neither its visitor nor staff ask: *key*, as in the address in the letter."""

    key: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class QuoteQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose hold to price: the visitor's in *show*."""

    show: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Quote(msgspec.Struct, frozen=True):
    """What the visitor's hold costs at its locked prices. *total* is what `expected_total` should be."""

    show: int
    lines: tuple[LineView, ...]
    subtotal: int
    fees: int
    total: int
    currency: str
    expires_at_ms: int
    state: Literal["active", "paying"]
