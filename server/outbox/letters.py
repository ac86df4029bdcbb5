"""Write and send the letters of an order, from what Postgres says at the moment of sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from server.catalog.facts import ShowFactsSource
from server.database import Database
from server.faults import Corrupt
from server.mail.mailer import AddressRefused, Letter, Mailer
from server.mail.order_mail import OrderSummary, refund_letter, tickets_letter
from server.orders.addresses import calendar_address, order_address, tickets_pdf_address
from server.sql_blocks import load_blocks
from server.templating import Templates
from server.tickets.face import TicketFace, occasion
from server.tickets.number import write_number

SQL = load_blocks(__package__, "letters.sql")


class LetterWriter(Protocol):
    """Send one letter about an order; return what came of it. Raises `Unavailable` when it should be tried again."""

    async def send(self, org_id: int, order_id: int, wanted: dict[str, Any]) -> str: ...


class _Row(msgspec.Struct):
    ref: str
    key: str
    event_id: int
    show_id: int
    name: str
    email: str
    locale: str
    currency: str
    fees: int
    total: int
    tickets: tuple[tuple[int, str, str, str, str, str, str, str, str], ...] | None = None


_decode = msgspec.json.Decoder(_Row).decode


@dataclass(frozen=True, slots=True)
class OrderLetters:
    """`LetterWriter` with the templates of server/mail."""

    database: Database
    shows: ShowFactsSource
    mailer: Mailer
    templates: Templates
    base_url: str

    async def send(self, org_id: int, order_id: int, wanted: dict[str, Any]) -> str:
        """Send `tickets`, or `refund` with its amount. The letter's key makes a second sending the same letter."""
        async with self.database.statement() as connection:
            text = await connection.fetchval("select letter_facts($1, $2)", org_id, order_id)
        row = _decode(text)
        letter = await self._write(row, wanted)
        if letter is None:
            return "not_wanted"
        sent = await self.mailer.send(letter)
        return sent.code if isinstance(sent, AddressRefused) else "sent"

    async def _write(self, row: _Row, wanted: dict[str, Any]) -> Letter | None:
        event = await self.shows.event(event_id=row.event_id)
        show = None if event is None else event.show(row.show_id)
        if event is None or show is None:
            raise Corrupt(f"order {row.ref} is for a show that is not there")
        summary = self._summary(row)
        if wanted["letter"] == "refund":
            return refund_letter(
                self.templates,
                summary,
                occasion(event, show),
                amount=wanted["amount"],
                tickets_void=bool(wanted.get("tickets_void")),
                late=bool(wanted["late"]),
            )
        tickets = [_face(ticket) for ticket in row.tickets or () if ticket[2] != "void"]
        # Refunded before the letter went out: the tickets in it would be worthless.
        return tickets_letter(self.templates, summary, occasion(event, show), tickets) if tickets else None

    def _summary(self, row: _Row) -> OrderSummary:
        return OrderSummary(
            ref=row.ref,
            buyer_name=row.name,
            buyer_email=row.email,
            locale=row.locale,
            currency=row.currency,
            fees=row.fees,
            total=row.total,
            page_url=self.base_url + order_address(row.ref, row.key),
            pdf_url=self.base_url + tickets_pdf_address(row.ref, row.key),
            calendar_url=self.base_url + calendar_address(row.ref, row.key),
        )


def _face(ticket: tuple[int, str, str, str, str, str, str, str, str]) -> TicketFace:
    ticket_id, code, _state, category, kind, section, row, seat, holder = ticket
    return TicketFace(write_number(ticket_id), code, category, kind, section, row, seat, holder)
