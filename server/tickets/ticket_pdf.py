"""Tickets on paper: one A4 page each, code and text as vectors, the same bytes every time.

reportlab is imported when the first PDF is asked for: most processes never print. Names in Latin, Greek and Cyrillic are set in
Inter, Arabic and Hebrew ones in Noto Sans; Chinese, Japanese and Korean ones in the reader's own fonts (PDF names them, most readers
bring them; ours would weigh megabytes). Where a holder's name may not be seen, the paper names the order that has it.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from typing import TYPE_CHECKING, Any

from server.templating import clock, day, words, zone_name
from server.tickets import qr
from server.tickets.face import Occasion, TicketFace
from server.tickets.script import as_drawn

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_TEXT, _STRONG = "Inter", "Inter-SemiBold"
_INK, _QUIET, _LINE, _ACCENT = "#1b1a17", "#575349", "#cfc9bc", "#ffb020"
_MM = 72 / 25.4
_LEFT, _RIGHT = 20 * _MM, 190 * _MM
_CODE_MM = 62  # 1.27 mm a module: reads at arm's length, and still when the paper was folded
# Which of the reader's fonts draws what ours has no letters for.
_EASTERN = (
    (re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]"), "HeiseiKakuGo-W5"),
    (re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"), "HYGothic-Medium"),
    (re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"), "STSong-Light"),
)
_EASTERN_LETTER = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_READERS_FONTS = frozenset(name for _, name in _EASTERN)
_ARABIC, _HEBREW = "NotoSansArabic", "NotoSansHebrew"
_ARABIC_LETTER = re.compile(r"[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
_HEBREW_LETTER = re.compile(r"[\u0590-\u05ff\ufb1d-\ufb4f]")


def tickets_pdf(tickets: Sequence[TicketFace], occasion: Occasion, *, order_ref: str, locale: str) -> bytes:
    """Print *tickets*, one page each. Same input, same bytes: a letter sent again has the same attachment."""
    from reportlab.pdfgen.canvas import Canvas

    _register_fonts()
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

    def draw(self, place: int, of: int) -> None:
        """Draw the page."""
        occasion, canvas, t = self._occasion, self._canvas, self._t
        canvas.setFillColor(occasion.accent or _ACCENT)
        canvas.rect(0, 291 * _MM, 210 * _MM, 6 * _MM, stroke=0, fill=1)
        self._text(_LEFT, 277, occasion.organiser, 11, colour=_QUIET)
        self._text(_RIGHT, 277, t("ticket.page_of", n=place, of=of) if of > 1 else "", 11, colour=_QUIET, right=True)
        y = self._lines(263, occasion.name, 26, _STRONG, lines=3, leading=10.5)
        zone = occasion.time_zone
        self._text(_LEFT, y - 2, day(occasion.starts_at, zone, self._locale), 14, _STRONG)
        y = self._lines(y - 9, f"{occasion.venue}, {', '.join(occasion.address)}", 12, _TEXT, lines=2, leading=5.5)
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
            self._text(x, y - 7.5, value, 20, _STRONG)
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
            self._text(x, y - 9, value, 24 if label else 14, _STRONG, width_mm=width - 4)
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
        if not _legible(holder, _TEXT):
            return elsewhere
        return f"{holder} · {elsewhere}" if _EASTERN_LETTER.search(holder) else holder

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
        self._text(x, top - 17, ticket.number, 16, _STRONG)
        self._text(x, top - 27, t("ticket.order"), 9.5, colour=_QUIET)
        self._text(x, top - 33, self._order_ref, 12)
        self._lines(top - 45, t("ticket.once"), 10.5, _TEXT, lines=4, leading=5, x=x, width_mm=80)
        if not ticket.valid:
            self._text(x, top - 65, t("ticket.void"), 16, _STRONG, colour="#b3261e")

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

    def _text(
        self, x: float, y_mm: float, text: str, size: float, font: str = _TEXT, *,
        colour: str = _INK, right: bool = False, width_mm: float = 170,
    ) -> None:  # fmt: skip
        """Write one line at *x* (points) and *y_mm*, smaller where it would be wider than *width_mm*, cut as a last resort."""
        runs = _runs(text, font)
        wide = _width(runs, size)
        if wide > width_mm * _MM:
            size = max(size * 0.55, size * width_mm * _MM / wide)
            while _width(runs, size) > width_mm * _MM and len(text) > 1:
                text = text[:-2].rstrip() + "…"
                runs = _runs(text, font)
            wide = _width(runs, size)
        self._canvas.setFillColor(colour)
        x = x - wide if right else x
        for run_font, run in runs:
            self._canvas.setFont(run_font, size)
            self._canvas.drawString(x, y_mm * _MM, run)
            x += _width([(run_font, run)], size)

    def _lines(
        self, y: float, text: str, size: float, font: str, *, lines: int, leading: float,
        x: float = _LEFT, width_mm: float = 170,
    ) -> float:  # fmt: skip
        """Write *text* over at most *lines* lines from *y* down; return where the next thing goes (mm)."""
        written: list[str] = []
        for word in text.split():
            fits = written and _width(_runs(f"{written[-1]} {word}", font), size) <= width_mm * _MM
            if fits or len(written) == lines:
                written[-1] = f"{written[-1]} {word}"
            else:
                written.append(word)
        for line in written:
            self._text(x, y, line, size, font, width_mm=width_mm)
            y -= leading
        return y


@cache
def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name in ("Inter", _ARABIC, _HEBREW):
        for font, weight in ((_TEXT, "Regular"), (_STRONG, "SemiBold")):
            with as_file(files("server.tickets").joinpath("fonts", f"{name}-{weight}.ttf")) as path:
                pdfmetrics.registerFont(TTFont(_sibling(name, font), str(path)))
    for _, name in _EASTERN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def _sibling(family: str, font: str) -> str:
    """Name the font of *family* that is as heavy as our own *font*."""
    return font.replace(_TEXT, family)


def _runs(text: str, font: str) -> list[tuple[str, str]]:
    """Cut *text* into runs of one font, with something to draw for every letter."""
    return [(name, _known(run, name)) for name, run in _cut(text, font)]


def _cut(text: str, font: str) -> list[tuple[str, str]]:
    """Put *text* in the order drawn and cut it where the font changes. A name with kana is set in a Japanese font throughout."""
    eastern = next((name for letters, name in _EASTERN if letters.search(text)), font)

    def font_of(letter: str) -> str:
        if _EASTERN_LETTER.match(letter):
            return eastern
        if _ARABIC_LETTER.match(letter):
            return _sibling(_ARABIC, font)
        return _sibling(_HEBREW, font) if _HEBREW_LETTER.match(letter) else font

    return [(name, "".join(letters)) for name, letters in groupby(as_drawn(text), key=font_of)]


def _known(text: str, font: str) -> str:
    """Put a middle dot where the font has no letter, rather than an empty box or nothing."""
    return "".join(letter if _has(font, letter) else "·" for letter in text)


def _has(font: str, letter: str) -> bool:
    return font in _READERS_FONTS or ord(letter) in _letters(font)


def _legible(text: str, font: str) -> bool:
    """Tell whether at least half of what carries the name can be printed."""
    drawn = [(name, letter) for name, run in _cut(text, font) for letter in run]
    said = [_has(name, letter) for name, letter in drawn if unicodedata.category(letter)[0] in "LNS"]
    return 2 * sum(said) >= len(said)


@cache
def _letters(font: str) -> Any:
    from reportlab.pdfbase import pdfmetrics

    return pdfmetrics.getFont(font).face.charToGlyph


def _width(runs: Sequence[tuple[str, str]], size: float) -> float:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(sum(stringWidth(run, font, size) for font, run in runs))
