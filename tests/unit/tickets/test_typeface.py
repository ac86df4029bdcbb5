"""Which font draws which letter of a ticket on paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.tickets.typeface import TEXT, pieces, register_fonts, typeset

SIMPLIFIED, TRADITIONAL, JAPANESE, KOREAN = "STSong-Light", "MSung-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"


@pytest.fixture(autouse=True)
def _fonts() -> None:
    register_fonts()


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("Ada", [(TEXT, "Ada")]),
        ("西下A", [(SIMPLIFIED, "西下"), (TEXT, "A")]),  # written alike in every country
        ("东区 12", [(SIMPLIFIED, "东区"), (TEXT, " 12")]),
        ("樂天桃園", [(TRADITIONAL, "樂天桃園")]),
        ("東京ドーム", [(JAPANESE, "東京ドーム")]),
        ("サントリーホール", [(JAPANESE, "サントリーホール")]),
        ("서울 1층 金", [(KOREAN, "서울"), (TEXT, " 1"), (KOREAN, "층"), (TEXT, " "), (KOREAN, "金")]),
        (
            "김们",
            [(KOREAN, "김"), (SIMPLIFIED, "们")],
        ),  # a letter the line's own font lacks comes from the next that has it
        ("𠮷野", [(TEXT, "·"), (SIMPLIFIED, "野")]),  # these fonts end where Unicode's first 65 536 signs do
        ("Ada عا", [(TEXT, "Ada "), ("NotoSansArabic", "ﺎﻋ")]),
    ],
)
def test_a_line_is_cut_where_the_font_changes(line: str, runs: list[tuple[str, str]]) -> None:
    """Each letter goes to a font that has it, a line to as few as it can, and what none has is a dot."""
    assert typeset(line, TEXT) == runs


@pytest.mark.parametrize(
    ("line", "among", "font"),
    [
        ("西下A", "樂天桃園棒球場", TRADITIONAL),
        ("西下A", "体育场东区", SIMPLIFIED),
        ("一般", "東京ドーム", JAPANESE),
        ("金", "서울", KOREAN),
    ],
)
def test_letters_of_several_countries_take_the_font_of_the_paper(line: str, among: str, font: str) -> None:
    """Who reads the rest of the paper has that country's font, and may have no other."""
    assert typeset(line, TEXT, among=among)[0][0] == font


@pytest.mark.parametrize(("apart", "whole"), [("김", "김"), ("Zoe\u0308", "Zoë"), ("が", "が")])
def test_letters_sent_in_parts_are_put_together(apart: str, whole: str) -> None:
    """Some keyboards send a letter and its accent, or the parts of a syllable, one by one; fonts have the whole."""
    assert "".join(run for _, run in typeset(apart, TEXT)) == whole


def test_a_line_ends_where_the_script_lets_it() -> None:
    """Between words, and between Han letters or kana; not before what closes a phrase nor behind what opens it."""
    assert pieces("To be,  or not") == ["To ", "be, ", "or ", "not"]
    assert pieces("交響「第九」、Live 東京") == ["交", "響", "「第", "九」、", "Live ", "東", "京"]
    assert pieces("서울 공연") == ["서울 ", "공연"]


@given(st.text(alphabet="ab 「」、。漢字かなカナ서울\u3000()", max_size=24))
def test_nothing_is_lost_between_lines(text: str) -> None:
    """The pieces are the text, but for how many spaces there were."""
    assert "".join(pieces(text)) == " ".join(text.split())
