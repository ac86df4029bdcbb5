"""Tickets on paper and in the calendar."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import icalendar
import pytest
from pypdf import PdfReader

from server.tickets.calendar_file import calendar_file
from server.tickets.face import Occasion, TicketFace
from server.tickets.script import joined
from server.tickets.ticket_pdf import tickets_pdf
from tests.unit.mail.letters import OCCASION, faces


def pages(tickets: list[TicketFace], occasion: Occasion = OCCASION, locale: str = "en") -> list[str]:
    """The text of each page, as a reader finds it."""
    pdf = PdfReader(io.BytesIO(tickets_pdf(tickets, occasion, order_ref="7QK2M9XPAB", locale=locale)))
    return [page.extract_text() for page in pdf.pages]


def fonts_of(press: bytes) -> set[str]:
    """The fonts that the file names; embedded ones have a tag before a plus sign."""
    return {found.decode() for found in re.findall(rb"/BaseFont /([^\s/]+)", press)}


def test_each_ticket_has_its_page_with_everything_on_it() -> None:
    """Who, what, when in the venue's time, where, which seat, and the number to read out."""
    first, second = pages(faces(2))
    for word in (
        "Twelfth Night",
        "Thursday, December 3, 2026",
        "7:30",
        "Großes Haus, Bühnenweg 4, 8010 Graz",
        "Stalls",
        "Müller-Łukasiewicz",
    ):
        assert word in first
    assert faces(2)[1].number in second
    assert "2 of 2" in second


def test_german_paper_is_german() -> None:
    """Labels, date and time follow the buyer's language."""
    (text,) = pages(faces(1), locale="de")
    assert "Reihe" in text
    assert "19:30" in text
    assert "Donnerstag, 3. Dezember 2026" in text


def test_the_same_tickets_are_the_same_bytes() -> None:
    """No clock and no random id gets in, so a retried delivery attaches the same file."""
    assert tickets_pdf(faces(2), OCCASION, order_ref="R", locale="en") == tickets_pdf(
        faces(2), OCCASION, order_ref="R", locale="en"
    )


@pytest.mark.parametrize(
    "name",
    [
        "Ελένη Παπαδοπούλου",
        "Жанна Иванова",
        "Nguyễn Thị Hồng",
        "王小明",
        "山田 はなこ",
        "김민준",
        "عائشة",
        "🎭",
        "x" * 200,
    ],
)
def test_any_name_can_be_printed(name: str) -> None:
    """Greek, Cyrillic and Vietnamese read back as written; what has no letters here never stops the press."""
    (text,) = pages([replace(faces(1)[0], holder=name)])
    if name[0] in "ΕЖN":
        assert name in text


@pytest.mark.parametrize("name", ["عائشة بنت محمد", "דוד בן־גוריון", "Ada عائشة Byron"])
def test_names_written_from_the_right_are_printed_with_their_own_letters(name: str) -> None:
    """Arabic is joined and runs from the right, Hebrew too, in fonts that come with the file; no letter becomes a dot."""
    press = tickets_pdf([replace(faces(1)[0], holder=name, section=name)], OCCASION, order_ref="R", locale="en")
    text = PdfReader(io.BytesIO(press)).pages[0].extract_text()
    assert all(text.count(joined(word)) == 2 for word in name.split()), text
    embedded = {font.split("+")[1] for font in fonts_of(press) if "+" in font}
    family = "NotoSansHebrew" if "ד" in name else "NotoSansArabic"
    assert {f"{family}-Regular", f"{family}-SemiBold"} <= embedded


@pytest.mark.parametrize("name", ["สมชาย ใจดี", "🎭", "अमित कुमार"])
def test_a_name_without_letters_here_is_found_by_the_order(name: str) -> None:
    """Thai, Devanagari and pictures have no letters in our fonts: the paper names the order instead of showing dots."""
    (text,) = pages([replace(faces(1)[0], holder=name)])
    assert "named in order 7QK2M9XPAB" in text


@pytest.mark.parametrize(
    ("name", "font"), [("王小明", "STSong-Light"), ("山田 はなこ", "HeiseiKakuGo-W5"), ("김민준", "HYGothic-Medium")]
)
def test_eastern_names_are_set_in_the_readers_own_fonts(name: str, font: str) -> None:
    """Chinese, Japanese and Korean names read back as written; a reader without such fonts still shows the order."""
    press = tickets_pdf([replace(faces(1)[0], holder=name)], OCCASION, order_ref="R", locale="en")
    assert font in fonts_of(press)
    text = PdfReader(io.BytesIO(press)).pages[0].extract_text()
    assert name.replace(" ", "") in text.replace(" ", "").replace("\n", "")
    assert "named in order R" in text


def test_the_readers_fonts_are_named_with_the_encoding_of_their_letters() -> None:
    """A font of one country with the encoding of another is a page on which readers find no letter."""
    face = replace(faces(1)[0], holder="你們好嗎", section="东区", category="ホール", type="일반")
    press = PdfReader(io.BytesIO(tickets_pdf([face], OCCASION, order_ref="R", locale="en")))
    resources: Any = press.pages[0]["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]
    named = {
        font["/DescendantFonts"][0]["/CIDSystemInfo"]["/Ordering"]: font["/Encoding"]
        for font in fonts
        if font["/Subtype"] == "/Type0"
    }
    assert named == {
        "GB1": "/UniGB-UCS2-H", "CNS1": "/UniCNS-UCS2-H", "Japan1": "/UniJIS-UCS2-H", "Korea1": "/UniKS-UCS2-H",
    }  # fmt: skip


def test_everything_on_the_paper_can_be_eastern() -> None:
    """Event, place, section and price level read back as written, beside Latin on the same line; not one letter became a dot."""
    occasion = replace(
        OCCASION,
        title="樂天桃猿 vs 中信兄弟",
        organiser="樂天桃猿",
        venue="樂天桃園棒球場",
        address=("中壢區領航北路一段", "320 桃園市"),
    )
    face = replace(
        faces(1)[0], section="西下A", row="第3排", seat="12", category="內野熱區", type="全票", holder="陳怡君 Ada"
    )
    (text,) = pages([face], occasion)
    flat = text.replace("\n", "").replace(" ", "")
    for said in (
        "樂天桃猿vs中信兄弟",
        "樂天桃園棒球場,中壢區領航北路一段,320桃園市",
        "西下A",
        "第3排",
        "全票·內野熱區",
        "陳怡君Ada",
    ):
        assert said in flat
    assert flat.count("·") == 2  # between type and price level, and before the order


def test_a_long_eastern_title_goes_on_in_the_next_line() -> None:
    """There are no spaces to break at, so it breaks between letters, and nothing of it is cut or made small."""
    title = "國立臺灣交響樂團「貝多芬第九號交響曲」跨年音樂會，新年快樂"
    text = pages(faces(1), replace(OCCASION, title=title))[0]
    assert title in text.replace("\n", "")
    assert "…" not in text


def test_long_words_stay_on_the_page() -> None:
    """A very long title, area and venue are shrunk or cut, never lost off the edge."""
    long = "Donaudampfschifffahrtsgesellschaft " * 8
    occasion = replace(OCCASION, title=long, venue=long, organiser=long)
    (text,) = pages([replace(faces(1)[0], section=long, row="", seat="")], occasion)
    assert "…" in text


def test_a_void_ticket_says_so() -> None:
    """Printing a refunded ticket does not make it look good."""
    assert "Not valid any more" in pages([replace(faces(1)[0], valid=False)])[0]


def test_the_printer_is_loaded_only_when_something_is_printed() -> None:
    """Processes that never print do not carry reportlab."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, server.tickets.ticket_pdf, server.tickets.calendar_file\nprint('reportlab' in sys.modules, 'icalendar' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "False False"


def test_the_calendar_entry_is_in_the_venue_s_time() -> None:
    """Start and end carry the zone, whose rules travel with the file; the way back to the tickets is in it."""
    stamp = datetime(2026, 9, 1, tzinfo=UTC)
    raw = calendar_file(OCCASION, order_ref="R1", page_url="http://x/orders/R1?key=k", stamp=stamp, locale="en")
    assert b"DTSTART;TZID=Europe/Vienna:20261203T193000" in raw
    calendar = icalendar.Calendar.from_ical(raw)
    (entry,) = calendar.walk("VEVENT")
    assert entry.decoded("dtstart") == OCCASION.starts_at
    assert entry.decoded("dtend") == OCCASION.ends_at
    assert str(entry["location"]) == "Großes Haus, Bühnenweg 4, 8010 Graz"
    assert len(calendar.walk("VTIMEZONE")) == 1
    assert raw == calendar_file(OCCASION, order_ref="R1", page_url="http://x/orders/R1?key=k", stamp=stamp, locale="en")


def test_a_show_without_an_end_lasts_an_evening() -> None:
    """Calendars want an end."""
    raw = calendar_file(
        replace(OCCASION, ends_at=None), order_ref="R", page_url="http://x", stamp=OCCASION.starts_at, locale="en"
    )
    (entry,) = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    assert entry.decoded("dtend") > entry.decoded("dtstart")
