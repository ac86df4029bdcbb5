"""Which font draws which letter of a ticket on paper. reportlab is imported when the first one is drawn.

Latin, Greek and Cyrillic are set in Inter, Arabic and Hebrew in Noto Sans, all of which travel with the file. Chinese, Japanese and
Korean are set in the reader's own fonts: the file only names them (docs/decisions/0005-eastern-letters-come-from-the-reader.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from typing import Any

from server.tickets.script import as_drawn

TEXT, STRONG = "Inter", "Inter-SemiBold"
_ARABIC, _HEBREW = "NotoSansArabic", "NotoSansHebrew"
_ARABIC_LETTER = re.compile(r"[\u0600-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")
_HEBREW_LETTER = re.compile(r"[\u0590-\u05ff\ufb1d-\ufb4f]")
_EASTERN_LETTER = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
_KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_UNSPACED = r"\u2e80-\u2fff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"(?:[「『（【〔《〈]*[{_UNSPACED}]|[^\s{_UNSPACED}]+)[、。，．・：；？！）」』】〕》〉ー々…]*\s?")

Runs = list[tuple[str, str]]
"""Font and letters, in the order drawn."""


@dataclass(frozen=True, slots=True)
class _ReadersFont:
    """A font that the reader brings: PDF's name for the way its letters are written down, and Python's names for the set of letters that
    make a line its own, and of all that it has.
    """

    name: str
    encoding: str
    common: str
    whole: str


# By preference, where a line says nothing else: Han letters that every country writes alike are Chinese.
_SIMPLIFIED = _ReadersFont("STSong-Light", "UniGB-UCS2-H", "gb2312", "gbk")
_TRADITIONAL = _ReadersFont("MSung-Light", "UniCNS-UCS2-H", "big5", "cp950")
_JAPANESE = _ReadersFont("HeiseiKakuGo-W5", "UniJIS-UCS2-H", "shift_jis", "cp932")
_KOREAN = _ReadersFont("HYGothic-Medium", "UniKS-UCS2-H", "euc_kr", "cp949")
_EASTERN = (_SIMPLIFIED, _TRADITIONAL, _JAPANESE, _KOREAN)
_READERS_FONTS = {one.name: one for one in _EASTERN}


def typeset(text: str, font: str, *, among: str = "") -> Runs:
    """Put *text* in the order drawn and cut it where the font changes, with something to draw for every letter.

    *among* is what else is on the paper: letters that several countries write take the font of their neighbours.
    """
    return [(name, _known(run, name)) for name, run in _cut(text, font, among)]


def width_of(runs: Sequence[tuple[str, str]], size: float) -> float:
    """Return how wide *runs* are at *size*, both in points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(sum(stringWidth(run, font, size) for font, run in runs))


def pieces(text: str) -> list[str]:
    """Cut *text* where a line may end: after its spaces, and after each Han letter and kana but never beside a bracket's inside."""
    return _PIECE.findall(" ".join(text.split()))


def needs_readers_fonts(text: str) -> bool:
    """Tell whether *text* has letters that the file does not bring itself."""
    return _EASTERN_LETTER.search(text) is not None


def legible(text: str) -> bool:
    """Tell whether at least half of what carries the name can be printed."""
    drawn = [(name, letter) for name, run in _cut(text, TEXT, "") for letter in run]
    said = [_has(name, letter) for name, letter in drawn if unicodedata.category(letter)[0] in "LNS"]
    return 2 * sum(said) >= len(said)


@cache
def register_fonts() -> None:
    """Make the fonts known to reportlab, once a process."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    for family in (TEXT, _ARABIC, _HEBREW):
        for font, weight in ((TEXT, "Regular"), (STRONG, "SemiBold")):
            with as_file(files("server.tickets").joinpath("fonts", f"{family}-{weight}.ttf")) as path:
                pdfmetrics.registerFont(TTFont(_sibling(family, font), str(path)))
    for one in _EASTERN:
        readers = UnicodeCIDFont(one.name)
        # reportlab 5.1 names the simplified one for MSung-Light, where readers find no letter.
        readers.encodingName = one.encoding
        pdfmetrics.registerFont(readers)


def _sibling(family: str, font: str) -> str:
    """Name the font of *family* that is as heavy as our own *font*."""
    return font.replace(TEXT, family)


def _cut(text: str, font: str, among: str) -> Runs:
    # Some keyboards send letters and their accents, or the parts of a Korean syllable, one by one; fonts have the whole.
    text = unicodedata.normalize("NFC", text)
    eastern = _by_fit(text, _by_fit(among, _EASTERN)) if needs_readers_fonts(text) else ()

    def font_of(letter: str) -> str:
        if _EASTERN_LETTER.match(letter):
            return next((one.name for one in eastern if _writes(one.whole, letter)), font)
        if _ARABIC_LETTER.match(letter):
            return _sibling(_ARABIC, font)
        return _sibling(_HEBREW, font) if _HEBREW_LETTER.match(letter) else font

    return [(name, "".join(letters)) for name, letters in groupby(as_drawn(text), key=font_of)]


def _by_fit(text: str, fonts: Sequence[_ReadersFont]) -> list[_ReadersFont]:
    """Order *fonts* by how much of *text* is in their everyday letters, so that a line is in one font if it can be.

    The Chinese sets have kana too, but only Japanese is written with them.
    """
    letters = _EASTERN_LETTER.findall(text)
    kana = _KANA.search(text) is not None

    def fits(one: _ReadersFont) -> tuple[bool, int]:
        return kana and one is _JAPANESE, sum(_writes(one.common, letter) for letter in letters)

    return sorted(fonts, key=fits, reverse=True)


@cache
def _writes(character_set: str, letter: str) -> bool:
    try:
        letter.encode(character_set)
    except UnicodeEncodeError:
        return False
    return True


def _known(text: str, font: str) -> str:
    """Put a middle dot where the font has no letter, rather than an empty box or nothing."""
    return "".join(letter if _has(font, letter) else "·" for letter in text)


def _has(font: str, letter: str) -> bool:
    readers = _READERS_FONTS.get(font)
    return _writes(readers.whole, letter) if readers else ord(letter) in _letters(font)


@cache
def _letters(font: str) -> Any:
    from reportlab.pdfbase import pdfmetrics

    return pdfmetrics.getFont(font).face.charToGlyph
