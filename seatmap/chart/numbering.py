"""Seat labels as schemes: write them, read them back, find the scheme behind a list."""

from collections.abc import Sequence
from itertools import pairwise

from seatmap.chart.model import Numbering

WireScheme = list[str | int | list[str]]


def letters(number: int) -> str:
    """Write 1 as A, 26 as Z, 27 as AA; what is below 1 stays a number."""
    if number < 1:
        return str(number)
    text = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def letters_value(text: str) -> int | None:
    """Read A as 1, AA as 27; None when *text* is not such a label."""
    if not text or len(text) > 3 or not (text.isascii() and text.isalpha() and text.isupper()):
        return None
    value = 0
    for letter in text:
        value = value * 26 + ord(letter) - 64
    return value


def to_wire(numbering: Numbering) -> WireScheme:
    """Reduce a scheme to its wire form: int, letters or list."""
    if numbering.scheme == "list":
        return ["list", list(numbering.labels)]
    step = 2 if numbering.scheme in ("odd", "even") else numbering.step
    kind = "letters" if numbering.scheme == "letters" else "int"
    scheme: WireScheme = [kind, numbering.from_, step]
    if numbering.reverse:
        scheme.append(1)
    return scheme


def label_at(scheme: WireScheme, position: int, n: int) -> str:
    """Give the label of the seat at *position* in a row of *n*."""
    if scheme[0] == "list":
        labels = scheme[1]
        assert isinstance(labels, list)
        return labels[position] if position < len(labels) else ""
    start, step = scheme[1], scheme[2]
    assert isinstance(start, int)
    assert isinstance(step, int)
    number = start + step * (n - 1 - position if len(scheme) > 3 else position)
    return letters(number) if scheme[0] == "letters" else str(number)


def labels_of(numbering: Numbering, n: int) -> list[str]:
    """Write out the labels of a row of *n* seats."""
    scheme = to_wire(numbering)
    return [label_at(scheme, position, n) for position in range(n)]


def detect(labels: Sequence[str]) -> Numbering:
    """Find the scheme that writes exactly *labels*; the list itself when there is none."""
    for kind, values in (
        ("int", [_int_value(text) for text in labels]),
        ("letters", [letters_value(t) for t in labels]),
    ):
        numbers = [value for value in values if value is not None]
        if len(numbers) != len(labels) or not numbers:
            continue
        step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
        if step == 0 or any(b - a != step for a, b in pairwise(numbers)):
            continue
        scheme = "letters" if kind == "letters" else "int"
        if step < 0:
            return Numbering(scheme=scheme, from_=numbers[-1], step=-step, reverse=True)  # type: ignore[arg-type]
        return Numbering(scheme=scheme, from_=numbers[0], step=step)  # type: ignore[arg-type]
    return Numbering(scheme="list", labels=list(labels))


def _int_value(text: str) -> int | None:
    # "01" must stay a text: as a number it would come back as "1".
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and len(text) > 1) or len(text) > 9:
        return None
    return int(text)
