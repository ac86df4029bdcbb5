"""The addresses of what is sold."""

from __future__ import annotations

import re
import unicodedata

SLUG_MAX = 80
# What decomposition does not turn into the letters people write instead.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "þ": "th",
        "ð": "d",
        "ı": "i",
    }
)


def event_address(slug: str) -> str:
    """Return the path of an event's page."""
    return f"/events/{slug}"


def show_address(show_id: int) -> str:
    """Return the path of the page where a show's seats are chosen."""
    return f"/shows/{show_id}"


def slug_of(title: str, number: int = 1) -> str:
    """Return the *number*-th address to try for *title*: `nacht-der-oper`, `nacht-der-oper-2`, …"""
    plain = unicodedata.normalize("NFKD", title.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "event"
    ending = "" if number == 1 else f"-{number}"
    return words[: SLUG_MAX - len(ending)].rstrip("-") + ending
