"""An order to write letters about."""

from __future__ import annotations

from datetime import UTC, datetime

from server.mail.order_mail import OrderSummary
from server.tickets.code import TicketCode, sign
from server.tickets.face import Occasion, TicketFace
from server.tickets.number import write_number
from tests.vectors.make_t1 import SIGNING

OCCASION = Occasion(
    event_id=77,
    show_id=5,
    title="Twelfth Night",
    label="",
    starts_at=datetime(2026, 12, 3, 18, 30, tzinfo=UTC),
    doors_at=datetime(2026, 12, 3, 17, 30, tzinfo=UTC),
    ends_at=datetime(2026, 12, 3, 21, 0, tzinfo=UTC),
    time_zone="Europe/Vienna",
    venue="Großes Haus",
    address=("Bühnenweg 4", "8010 Graz"),
    organiser="The Playhouse",
    support_email="help@playhouse.example",
)


def order(locale: str = "en", name: str = "Zoë Müller") -> OrderSummary:
    """An order of 87.50 euros."""
    page = "http://localhost:8000/orders/7QK2M9XPAB"
    return OrderSummary(
        "7QK2M9XPAB", name, "zoe@example.org", locale, "eur", 350, 8750,
        f"{page}?key=abc", f"{page}/tickets.pdf?key=abc", f"{page}/calendar.ics?key=abc",
    )  # fmt: skip


def faces(count: int = 2, holder: str = "Zoë Müller-Łukasiewicz") -> list[TicketFace]:
    """Seats side by side in row 4."""
    codes = [TicketCode(event=77, ticket_id=1000 + place, generation=0) for place in range(count)]
    return [
        TicketFace(
            number=write_number(code.ticket_id), code=sign(code, SIGNING), category="Stalls", type="Adult",
            section="Stalls", row="4", seat=str(place), holder=holder,
        )
        for place, code in enumerate(codes, 11)
    ]  # fmt: skip
