"""Writing that runs from right to left, put into the order and the forms in which a PDF draws it. Pure.

Two libraries know the rules: `arabic-reshaper` which form an Arabic letter takes beside its neighbours, `python-bidi` the order in which
a line is seen (the Unicode bidirectional algorithm, UAX #9; it wraps the Rust crate `unicode-bidi`). They are imported with the first
line that needs them: most processes never draw one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_INVISIBLE = re.compile("[\u034f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_EMPTY_MARK, _JOINER = "\u034f", "\u200d"


def runs_right_to_left(text: str) -> bool:
    """Tell whether *text* has letters of a script that runs from right to left."""
    return _RIGHT_TO_LEFT.search(text) is not None


def as_drawn(text: str) -> str:
    """Return *text* as it is drawn from left to right: Arabic in its joined forms, every run in the order seen.

    A mark comes before its letter: without layout tables it is drawn over what follows it.
    """
    if not runs_right_to_left(text):
        return text
    return _INVISIBLE.sub("", _in_order_seen(joined(text)))


def joined(text: str) -> str:
    """Choose for each Arabic letter the form that joins its neighbours; lam and alef become one."""
    # The library loses count at a joiner before a lam and alef (arabic-reshaper 3.1 raises IndexError); names have no use for one.
    return str(_reshaper().reshape(text.replace(_JOINER, "")))


@cache
def _reshaper() -> Any:
    from arabic_reshaper import ArabicReshaper

    # Vowel signs are part of a name. The one sign for "Allah" is not in our fonts, its letters are.
    return ArabicReshaper({"delete_harakat": False, "ARABIC LIGATURE ALLAH": False})


def _in_order_seen(text: str) -> str:
    """Turn the runs around, and the brackets in them (rule L4, which python-bidi leaves to its caller).

    An empty mark behind each bracket goes where the bracket goes: where it comes out before it, the bracket runs from right to left.
    """
    from bidi import get_display
    from bidi.mirror import MIRRORED

    followed, brackets = _brackets()
    line = followed.sub(rf"\g<0>{_EMPTY_MARK}", text.replace(_EMPTY_MARK, ""))
    return brackets.sub(lambda found: found[1] or MIRRORED[found[2]], str(get_display(line)))


@cache
def _brackets() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds a bracket, and one with the empty mark behind or before it."""
    from bidi.mirror import MIRRORED

    one = f"[{re.escape(''.join(MIRRORED))}]"
    return re.compile(one), re.compile(f"({one}){_EMPTY_MARK}|{_EMPTY_MARK}({one})")
