"""Tickets on paper: one A4 page each, code and text as vectors, the same bytes every time.

reportlab is imported when the first PDF is asked for: most processes never print. Which font has which letter, `typeface.py` knows.
Where a holder's name may not be seen, the paper names the order that has it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.templating import clock, day, words, zone_name
from server.tickets import qr
from server.tickets.face import Occasion, TicketFace
from server.tickets.typeface import (
    STRONG,
    TEXT,
    Runs,
    legible,
    needs_readers_fonts,
    pieces,
    register_fonts,
    typeset,
    width_of,
)

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_INK, _QUIET, _LINE, _ACCENT = "#1b1a17", "#575349", "#cfc9bc", "#ffb020"
_MM = 72 / 25.4
_LEFT, _RIGHT = 20 * _MM, 190 * _MM
_CODE_MM = 62  # 1.27 mm a module: reads at arm's length, and still when the paper was folded


def tickets_pdf(tickets: Sequence[TicketFace], occasion: Occasion, *, order_ref: str, locale: str) -> bytes:
    """Print *tickets*, one page each. Same input, same bytes: a letter sent again has the same attachment."""
    from reportlab.pdfgen.canvas import Canvas

    register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(210 * _MM, 297 * _MM), invariant=1, pageCompression=1)
    canvas.setTitle(f"{occasion.name} – {order_ref}")
    canvas.setAuthor(occasion.organiser)
    canvas.setCreator("Frontrow")
    for place, ticket in enumerate(tickets, 1):
        _Page(canvas, ticket, occasion, order_ref, locale).draw(place, len(tickets))
        canvas.showPage()
    canvas.save()
    return out.getvalue()


class _Page:
    """One ticket: who and what above, the code below, a line to fold along between them."""

    def __init__(self, canvas: Canvas, ticket: TicketFace, occasion: Occasion, order_ref: str, locale: str) -> None:
        self._canvas, self._ticket, self._occasion = canvas, ticket, occasion
        self._order_ref, self._locale, self._t = order_ref, locale, words(locale)
        around = (occasion.name, occasion.organiser, occasion.venue, *occasion.address, ticket.section, ticket.category)
        self._said = " ".join(around)

    def draw(self, place: int, of: int) -> None:
        """Draw the page."""
        occasion, canvas, t = self._occasion, self._canvas, self._t
        canvas.setFillColor(occasion.accent or _ACCENT)
        canvas.rect(0, 291 * _MM, 210 * _MM, 6 * _MM, stroke=0, fill=1)
        self._text(_LEFT, 277, occasion.organiser, 11, colour=_QUIET)
        self._text(_RIGHT, 277, t("ticket.page_of", n=place, of=of) if of > 1 else "", 11, colour=_QUIET, right=True)
        y = self._lines(263, occasion.name, 26, STRONG, lines=3, leading=10.5)
        zone = occasion.time_zone
        self._text(_LEFT, y - 2, day(occasion.starts_at, zone, self._locale), 14, STRONG)
        y = self._lines(y - 9, f"{occasion.venue}, {', '.join(occasion.address)}", 12, TEXT, lines=2, leading=5.5)
        y = self._times(y - 6)
        y = self._place(y - 8)
        self._rule(y)
        self._code(y - 10)
        self._foot()

    def _times(self, y: float) -> float:
        occasion, t, zone = self._occasion, self._t, self._occasion.time_zone
        columns = [(t("ticket.starts"), clock(occasion.starts_at, zone, self._locale))]
        if occasion.doors_at is not None:
            columns.insert(0, (t("ticket.doors"), clock(occasion.doors_at, zone, self._locale)))
        x = _LEFT
        for label, value in columns:
            self._text(x, y, label, 9.5, colour=_QUIET)
            self._text(x, y - 7.5, value, 20, STRONG)
            x += 45 * _MM
        self._text(_LEFT, y - 14, zone_name(occasion.starts_at, zone, self._locale), 9.5, colour=_QUIET)
        return y - 18

    def _place(self, y: float) -> float:
        """The seat, as large as it is read: in the dark, walking."""
        ticket, t = self._ticket, self._t
        if ticket.seat:
            columns = [(t("ticket.section"), ticket.section or ticket.category, 90)]
            columns += [(t("ticket.row"), ticket.row, 40)] if ticket.row else []
            columns += [(t("ticket.seat"), ticket.seat, 40)]
        else:
            columns = [(t("ticket.area"), ticket.section or ticket.category, 90), ("", t("ticket.standing"), 80)]
        x = _LEFT
        for label, value, width in columns:
            self._text(x, y, label, 9.5, colour=_QUIET)
            self._text(x, y - 9, value, 24 if label else 14, STRONG, width_mm=width - 4)
            x += width * _MM
        y -= 19
        for label, value in ((t("ticket.type"), self._kind()), (t("ticket.holder"), self._holder())):
            if value:
                self._text(_LEFT, y, label, 9.5, colour=_QUIET)
                self._text(_LEFT + 30 * _MM, y, value, 12, width_mm=138)
                y -= 6.5
        return y

    def _kind(self) -> str:
        ticket = self._ticket
        named = ticket.category and ticket.category != ticket.section
        return f"{ticket.type} · {ticket.category}" if named else ticket.type

    def _holder(self) -> str:
        """The name as it can be printed. Where it may not be seen, the order that has it is named."""
        holder, elsewhere = self._ticket.holder, self._t("ticket.named_in_order", ref=self._order_ref)
        if not legible(holder):
            return elsewhere
        return f"{holder} · {elsewhere}" if needs_readers_fonts(holder) else holder

    def _code(self, top: float) -> None:
        canvas, ticket, t = self._canvas, self._ticket, self._t
        rows = qr.symbol(ticket.code)
        module = _CODE_MM * _MM / len(rows)
        left, upper = _LEFT + qr.QUIET * module, top * _MM - qr.QUIET * module
        canvas.setFillColor("#000000")
        path = canvas.beginPath()
        for y, row in enumerate(rows):
            for run in re.finditer("1+", row):
                # A hair higher than the module, or printers leave white lines between the rows.
                path.rect(left + run.start() * module, upper - (y + 1) * module, len(run[0]) * module, module * 1.01)
        canvas.drawPath(path, stroke=0, fill=1)
        x = left + (_CODE_MM + 8) * _MM
        self._text(x, top - 10, t("ticket.number"), 9.5, colour=_QUIET)
        self._text(x, top - 17, ticket.number, 16, STRONG)
        self._text(x, top - 27, t("ticket.order"), 9.5, colour=_QUIET)
        self._text(x, top - 33, self._order_ref, 12)
        self._lines(top - 45, t("ticket.once"), 10.5, TEXT, lines=4, leading=5, x=x, width_mm=80)
        if not ticket.valid:
            self._text(x, top - 65, t("ticket.void"), 16, STRONG, colour="#b3261e")

    def _foot(self) -> None:
        help_line = (
            self._t("mail.order.help", email=self._occasion.support_email) if self._occasion.support_email else ""
        )
        self._text(
            _LEFT,
            14,
            f"{self._t('ticket.sold_by', name=self._occasion.organiser)}   {help_line}",
            9,
            colour=_QUIET,
            width_mm=170,
        )

    def _rule(self, y: float) -> None:
        self._canvas.setStrokeColor(_LINE)
        self._canvas.setDash(2, 3)
        self._canvas.line(_LEFT, y * _MM, _RIGHT, y * _MM)
        self._canvas.setDash()

    def _typeset(self, text: str, font: str) -> Runs:
        return typeset(text, font, among=self._said)

    def _text(
        self, x: float, y_mm: float, text: str, size: float, font: str = TEXT, *,
        colour: str = _INK, right: bool = False, width_mm: float = 170,
    ) -> None:  # fmt: skip
        """Write one line at *x* (points) and *y_mm*, smaller where it would be wider than *width_mm*, cut as a last resort."""
        runs = self._typeset(text, font)
        wide = width_of(runs, size)
        if wide > width_mm * _MM:
            size = max(size * 0.55, size * width_mm * _MM / wide)
            while width_of(runs, size) > width_mm * _MM and len(text) > 1:
                text = text[:-2].rstrip() + "…"
                runs = self._typeset(text, font)
            wide = width_of(runs, size)
        self._canvas.setFillColor(colour)
        x = x - wide if right else x
        for run_font, run in runs:
            self._canvas.setFont(run_font, size)
            self._canvas.drawString(x, y_mm * _MM, run)
            x += width_of([(run_font, run)], size)

    def _lines(
        self, y: float, text: str, size: float, font: str, *, lines: int, leading: float,
        x: float = _LEFT, width_mm: float = 170,
    ) -> float:  # fmt: skip
        """Write *text* over at most *lines* lines from *y* down; return where the next thing goes (mm)."""
        written: list[str] = []
        for piece in pieces(text):
            fits = written and width_of(self._typeset(f"{written[-1]}{piece}".rstrip(), font), size) <= width_mm * _MM
            if fits or len(written) == lines:
                written[-1] += piece
            else:
                written.append(piece)
        for line in written:
            self._text(x, y, line.rstrip(), size, font, width_mm=width_mm)
            y -= leading
        return y
