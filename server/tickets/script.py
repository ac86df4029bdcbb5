"""Writing that runs from right to left, put into the order and the forms in which a PDF draws it. Pure.

Names, titles and places are short lines without embeddings: what is left of the Unicode bidirectional algorithm (UAX #9) is its rules
W1-W7, N1-N2, I1-I2 and L2-L4, at the levels 0 to 2. Arabic letters take the form that their neighbours ask for (Unicode 9.2); which
form of which letter is which character, Python's own Unicode tables know.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import groupby

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LAM, _ALEFS = "\u0644", "\u0622\u0623\u0625\u0627"
_TATWEEL, _ZWJ = "\u0640", "\u200d"
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_FIRST_FORMS, _LAST_FORMS = 0xFB50, 0xFEFC
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


def runs_right_to_left(text: str) -> bool:
    """Tell whether *text* has letters of a script that runs from right to left."""
    return _RIGHT_TO_LEFT.search(text) is not None


def as_drawn(text: str) -> str:
    """Return *text* as it is drawn from left to right: Arabic in its joined forms, every run in the order seen."""
    if not runs_right_to_left(text):
        return text
    letters = _INVISIBLE.sub("", joined(text))
    levels = _levels([unicodedata.bidirectional(letter) for letter in letters])
    clusters = _clusters(letters, levels)
    for level in range(max(levels, default=0), 0, -1):
        clusters = _turned(clusters, level)
    # Without layout tables a mark is drawn over what follows it, so it goes before its letter.
    return "".join(
        (cluster[1:] + cluster[0]).translate(_MIRRORED) if level % 2 else cluster for cluster, level in clusters
    )


# ————— which form of a letter


def joined(text: str) -> str:
    """Choose for each Arabic letter the form that joins its neighbours; lam and alef become one."""
    letters = list(text)
    out: list[str] = []
    at = 0
    while at < len(letters):
        letter = letters[at]
        after = _next(letters, at)
        before_joins = _joins_on(letters, at)
        if letter == _LAM and after is not None and letters[after] in _ALEFS:
            out.append(_forms().get(_LAM + letters[after], {}).get("final" if before_joins else "isolated", letter))
            out += letters[at + 1 : after]  # marks on the lam stay with the pair
            at = after + 1
            continue
        forms = _forms().get(letter, {})
        joins = after is not None and (
            letters[after] in (_TATWEEL, _ZWJ) or "final" in _forms().get(letters[after], {})
        )
        joins = joins and "initial" in forms
        before_joins = before_joins and "final" in forms
        form = ("medial" if before_joins else "initial") if joins else ("final" if before_joins else "isolated")
        out.append(forms.get(form, letter))
        at += 1
    return "".join(out)


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Map letters, and the pairs of lam and alef, to their presentation forms."""
    found: dict[str, dict[str, str]] = {}
    for code in range(_FIRST_FORMS, _LAST_FORMS + 1):
        form, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        base = "".join(chr(int(part, 16)) for part in parts)
        if form in {"<initial>", "<medial>", "<final>", "<isolated>"} and (len(base) == 1 or base[1:] in _ALEFS):
            found.setdefault(base, {})[form[1:-1]] = chr(code)
    return found


def _next(letters: list[str], at: int) -> int | None:
    """The next letter, over marks."""
    return next((i for i in range(at + 1, len(letters)) if unicodedata.category(letters[i]) != "Mn"), None)


def _joins_on(letters: list[str], at: int) -> bool:
    """Tell whether the letter before reaches out to this one."""
    before = next((i for i in range(at - 1, -1, -1) if unicodedata.category(letters[i]) != "Mn"), None)
    if before is None:
        return False
    if letters[before] in _ALEFS and _previous_is_lam(letters, before):
        return False  # the pair ends in alef, which joins nothing after it
    return letters[before] in (_TATWEEL, _ZWJ) or "initial" in _forms().get(letters[before], {})


def _previous_is_lam(letters: list[str], at: int) -> bool:
    return at > 0 and letters[at - 1] == _LAM


# ————— the order


def _levels(kinds: list[str]) -> list[int]:
    """Return the embedding level of each character: odd levels run from right to left."""
    base = next((0 if kind == "L" else 1 for kind in kinds if kind in {"L", "R", "AL"}), 0)
    kinds = _weak(kinds, "R" if base else "L")
    kinds = _neutral(kinds, "R" if base else "L")
    return [_level(kind, base) for kind in kinds]


def _level(kind: str, base: int) -> int:
    if base == 0:
        return {"R": 1, "AN": 2, "EN": 2}.get(kind, 0)
    return 1 if kind == "R" else 2


def _weak(kinds: list[str], edge: str) -> list[str]:
    """Rules W1 to W7: marks take after their letter, numbers after the script before them."""
    out: list[str] = []
    for kind in kinds:
        out.append((out[-1] if out else edge) if kind in {"NSM", "BN"} else kind)
    strong = edge
    for i, kind in enumerate(out):
        if kind in {"L", "R", "AL"}:
            strong = kind
        elif kind == "EN" and strong == "AL":
            out[i] = "AN"
    out = ["R" if kind == "AL" else kind for kind in out]
    for i in range(1, len(out) - 1):
        around = {out[i - 1], out[i + 1]}
        if (out[i] in {"ES", "CS"} and around == {"EN"}) or (out[i] == "CS" and around == {"AN"}):
            out[i] = out[i - 1]
    for start, end, kind in _stretches(out):
        if kind == "ET" and "EN" in {out[start - 1] if start else "", out[end] if end < len(out) else ""}:
            out[start:end] = ["EN"] * (end - start)
    out = ["ON" if kind in {"ES", "ET", "CS"} else kind for kind in out]
    strong = edge
    for i, kind in enumerate(out):
        if kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":
            out[i] = "L"
    return out


def _neutral(kinds: list[str], edge: str) -> list[str]:
    """Rules N1 and N2: what stands between two of one direction goes with them, else with the line."""
    side = {"L": "L", "R": "R", "EN": "R", "AN": "R"}
    plain = ["N" if kind not in side else kind for kind in kinds]
    out = list(plain)
    for start, end, kind in _stretches(plain):
        if kind == "N":
            before = side[plain[start - 1]] if start else edge
            after = side[plain[end]] if end < len(plain) else edge
            out[start:end] = [before if before == after else edge] * (end - start)
    return out


def _stretches(kinds: list[str]) -> list[tuple[int, int, str]]:
    found, at = [], 0
    for kind, group in groupby(kinds):
        length = len(list(group))
        found.append((at, at + length, kind))
        at += length
    return found


def _turned(clusters: list[tuple[str, int]], level: int) -> list[tuple[str, int]]:
    """Rule L2: turn around every stretch at *level* or above."""
    out: list[tuple[str, int]] = []
    at = 0
    while at < len(clusters):
        end = at
        while end < len(clusters) and clusters[end][1] >= level:
            end += 1
        out += clusters[at:end][::-1] or [clusters[at]]
        at = max(end, at + 1)
    return out


def _clusters(letters: str, levels: list[int]) -> list[tuple[str, int]]:
    """Keep marks behind their letter: turning the line around must not move them to the next one."""
    found: list[tuple[str, int]] = []
    for letter, level in zip(letters, levels, strict=True):
        if found and unicodedata.category(letter) == "Mn":
            found[-1] = (found[-1][0] + letter, found[-1][1])
        else:
            found.append((letter, level))
    return found
