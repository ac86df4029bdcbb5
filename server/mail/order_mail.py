"""The letters of an order: your tickets; your money is on its way back.

Rendering a letter with two tickets costs about 1 ms, pictures of the codes included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.mail.mailer import Letter, Picture
from server.templating import Templates, money, words
from server.templating import day as written_day
from server.tickets import qr
from server.tickets.face import Occasion, TicketFace

# A party of thirty gets its codes by link and PDF; mail programs cut letters of more than about 100 KB.
PICTURES_MAX = 20


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """What a letter says about the order itself. The three addresses are absolute and open without signing in.

    Amounts are minor units of *currency*.
    """

    ref: str
    buyer_name: str
    buyer_email: str
    locale: str
    currency: str
    fees: int
    total: int
    page_url: str
    pdf_url: str
    calendar_url: str


def tickets_letter(
    templates: Templates, order: OrderSummary, occasion: Occasion, tickets: Sequence[TicketFace]
) -> Letter:
    """Write "your tickets are here", one code per ticket inside."""
    t = words(order.locale)
    pictures = tuple(
        Picture(f"ticket{place}", qr.png(qr.symbol(ticket.code), scale=5))
        for place, ticket in enumerate(tickets[:PICTURES_MAX], 1)
    )
    context = {
        "order": order, "occasion": occasion, "tickets": tickets, "pictures": len(pictures),
        "subject": t("mail.order.subject", event=occasion.title, date=_short_day(order, occasion)),
    }  # fmt: skip
    return Letter(
        key=f"order-{order.ref}-tickets",
        to_name=order.buyer_name,
        to_email=order.buyer_email,
        subject=str(context["subject"]),
        text=templates.text("mail/tickets.txt", order.locale, **context),
        html=templates.text("mail/tickets.html", order.locale, **context),
        reply_to=occasion.support_email,
        pictures=pictures,
    )


def refund_letter(
    templates: Templates, order: OrderSummary, occasion: Occasion, *, amount: int, tickets_void: bool, late: bool
) -> Letter:
    """Write "your money is on its way back". *late* tells that the payment came after the seats were gone."""
    t = words(order.locale)
    context = {
        "order": order, "occasion": occasion, "late": late, "tickets_void": tickets_void,
        "amount": money(amount, order.currency, order.locale),
        "subject": t("mail.refund.subject", ref=order.ref),
    }  # fmt: skip
    return Letter(
        key=f"order-{order.ref}-refund-{amount}",
        to_name=order.buyer_name,
        to_email=order.buyer_email,
        subject=str(context["subject"]),
        text=templates.text("mail/refund.txt", order.locale, **context),
        html=templates.text("mail/refund.html", order.locale, **context),
        reply_to=occasion.support_email,
    )


def _short_day(order: OrderSummary, occasion: Occasion) -> str:
    return written_day(occasion.starts_at, occasion.time_zone, order.locale, "medium")
