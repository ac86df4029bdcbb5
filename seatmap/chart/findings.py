"""What a check or an import has to say to the person who made the chart."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Severity = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sentence a person can act on; *code* is stable, *where* names seats, rows or lines.

    An error keeps a chart from being published; a warning and a note do not. *count* is how many places have the same
    trouble when *where* lists only the first of them.
    """

    code: str
    severity: Severity
    message: str
    where: tuple[str, ...] = ()
    count: int = 0


# Enough to name every seat of the worst file we know, and little enough to send.
WHERE_MAX = 1_000


def error(code: str, message: str, where: Iterable[str] = ()) -> Finding:
    """Report what must be repaired before the chart can be used."""
    return _finding(code, "error", message, where)


def warning(code: str, message: str, where: Iterable[str] = ()) -> Finding:
    """Report what is probably wrong."""
    return _finding(code, "warning", message, where)


def note(code: str, message: str, where: Iterable[str] = ()) -> Finding:
    """Report what was assumed or may be improved."""
    return _finding(code, "note", message, where)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding keeps the chart from being used."""
    return any(finding.severity == "error" for finding in findings)


def _finding(code: str, severity: Severity, message: str, where: Iterable[str]) -> Finding:
    places = tuple(where)
    return Finding(code, severity, message, places[:WHERE_MAX], len(places) if len(places) > WHERE_MAX else 0)
