"""Right-to-left writing as a PDF draws it. Expected values are those of the Unicode algorithm, checked against other implementations."""

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.tickets.script import as_drawn, joined, runs_right_to_left


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Ada Byron", "Ada Byron"),
        ("דוד לוי", "יול דוד"),
        ("דוד (דודי) לוי", "יול (ידוד) דוד"),
        ("Ada דוד Byron", "Ada דוד Byron"[:4] + "דוד"[::-1] + " Byron"),
        ("שרה 25-30", "25-30 הרש"),
        ("בית 7, Graz", "Graz ,7 תיב"),
        ("€12 ש", "ש €12"),
        ("A (ב) C", "A (ב) C"),
        ("ב (A) ג", "ג (A) ב"),
        ("A ב (ג)", "A (ג) ב"),  # a pair of brackets faces one way, also at the end of a line of the other direction
        ("ב [(A)] «ג»", "«ג» [(A)] ב"),
        ("Ada ב!\u200f", "Ada !ב"),  # the signs that steer the order steer it, and are not drawn
    ],
)
def test_a_line_is_drawn_in_the_order_seen(written: str, drawn: str) -> None:
    """Words turn around, numbers and Latin words in them do not, brackets face the right way."""
    assert as_drawn(written) == drawn


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("سلام", "ﺳﻼﻡ"),  # lam and alef are one letter, joined to the seen before
        ("لا", "ﻻ"),
        ("محمد", "ﻣﺤﻤﺪ"),
        ("دار", "ﺩﺍﺭ"),  # none of these joins what follows
        ("عائشة", "ﻋﺎﺋﺸﺔ"),
        ("پرویز", "ﭘﺮﻭﯾﺰ"),  # Persian letters have forms of their own
        ("علی\u200cرضا", "ﻋﻠﯽ\u200cﺭﺿﺎ"),  # the invisible sign between keeps them apart
        ("عبد الله", "ﻋﺒﺪ ﺍﻟﻠﻪ"),  # letter by letter: our fonts have no sign for the whole word
        ("ه\u200dلا", "ﻫﻼ"),  # a sign that joins what joins anyway
    ],
)
def test_arabic_letters_join_their_neighbours(written: str, forms: str) -> None:
    """Each letter takes the form that its place in the word asks for."""
    assert joined(written) == forms


def test_marks_stay_with_their_letters() -> None:
    """Vowel signs neither break a word's joins nor wander to the next letter."""
    plain, pointed = joined("محمد"), joined("مُحَمَّد")
    assert "".join(letter for letter in pointed if unicodedata.category(letter) != "Mn") == plain
    dalet, vav, qamats, dagesh, hiriq = "\u05d3\u05d5\u05b8\u05bc\u05b4"
    assert as_drawn(dalet + qamats + dagesh + vav + hiriq + dalet) == dalet + hiriq + vav + dagesh + qamats + dalet
    assert "\u064fﻣ" in as_drawn("مُحَمَّد")


@given(st.text(alphabet="abאבגدسلامé 12.,-()\u064e\u05b8", max_size=20))
def test_nothing_is_lost_on_the_way(written: str) -> None:
    """Whatever is written, every letter is drawn once: lam and alef as one, brackets turned."""
    drawn = as_drawn(written)
    back = unicodedata.normalize("NFKC", drawn) if runs_right_to_left(written) else drawn
    count = str.maketrans("(", ")")
    assert sorted(back.translate(count)) == sorted(unicodedata.normalize("NFKC", written).translate(count))


@given(
    st.text(max_size=12), st.text(alphabet="\u200c\u200d\u200e\u200f\u202e\u034f\u0644\u0627\u064e\u05d0()", max_size=8)
)
def test_anything_can_be_drawn(written: str, between: str) -> None:
    """No sign of any script, visible or not, stops the press."""
    drawn = as_drawn(written + "א" + between + written)
    assert not set("\u200c\u200d\u200e\u200f\u202e\u034f") & set(drawn)


def test_what_knows_the_scripts_is_loaded_only_for_them() -> None:
    """Processes that draw no such line do not carry the libraries."""
    code = "import sys; from server.tickets.script import as_drawn; print(as_drawn('Ada'), {'bidi', 'arabic_reshaper'} & {*sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "Ada set()"
