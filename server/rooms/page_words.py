"""The room page's own words, in more languages than the rest of the house: `web/messages/room/<language>.json`.

They are apart from the big catalogue because they travel inside the page, which has 14 KB for everything.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_time
from babel.numbers import format_decimal
from markupsafe import Markup
from starlette.requests import Request

from server.faults import Misuse
from server.templating import BRITISH, PSEUDO_RTL, WEB

LANGUAGES = {"en": "English", "de": "Deutsch", "ar": "العربية"}
_RTL = frozenset({"ar", PSEUDO_RTL})
# What the script says by itself; everything else is in the markup already.
_SCRIPT = (
    "title", "about", "eta.", "grew.", "ahead.", "fact.", "refused", "lobby.left", "lobby.people", "planned.left", "called.left", "claimed.left",
    "join.ahead", "waiting.place", "near.notice",
)  # fmt: skip
_WHOLE = ("n", "called")
_PROOF_SCRIPT = (
    "proof.promise.", "proof.seed.", "proof.listed.", "proof.list.", "proof.place.", "proof.all.", "proof.state.", "proof.verdict.",
    "proof.differs",
)  # fmt: skip


class RoomWords:
    """The words of one locale, with its numbers, dates and plural forms."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.language = locale.partition("-")[0]
        self.direction = "rtl" if locale in _RTL else "ltr"
        self._format = "en_GB" if locale == BRITISH else self.language
        self._texts = _catalogue(self.language)
        self._plural = Locale.parse(self.language).plural_form

    def __call__(self, key: str, **holes: Any) -> str:
        """Return the words for *key*; numbers among *holes* are written as the language writes them. Raises `Misuse` for an unknown key."""
        text = self._texts.get(key)
        if "n" in holes:
            counted = f"{key}.{self._plural(abs(holes['n']))}"
            text = self._texts.get(counted) or self._texts.get(f"{key}.other") or text
        if text is None:
            raise Misuse(f"the room page has no words for {key}")
        filled = {name: self.number(one) if isinstance(one, int | float) else one for name, one in holes.items()}
        if any(isinstance(one, Markup) for one in filled.values()):
            return Markup(text).format(**filled)  # what surrounds the markup is escaped, and it is not
        return text.format(**filled)

    def has(self, key: str) -> bool:
        """Tell whether *key* has words."""
        return key in self._texts

    def number(self, value: float) -> str:
        """Write a number."""
        return str(format_decimal(value, locale=self._format))

    def clock(self, at_ms: float, zone: str) -> str:
        """Write the time of day at the venue."""
        return str(format_time(_moment(at_ms), "short", tzinfo=ZoneInfo(zone), locale=self._format))

    def day(self, at_ms: float, zone: str) -> str:
        """Write the day at the venue, without its year."""
        return str(format_skeleton("MMMMEEEEd", _moment(at_ms).astimezone(ZoneInfo(zone)), locale=self._format))

    def for_script(self, page: str = "room") -> dict[str, str]:
        """Return the words that travel with a page for its script."""
        prefixes, whole = (_SCRIPT, _WHOLE) if page == "room" else (_PROOF_SCRIPT, ())
        return {key: text for key, text in self._texts.items() if key.startswith(prefixes) or key in whole}


@lru_cache
def room_words(locale: str) -> RoomWords:
    """Return the words of *locale*."""
    return RoomWords(locale)


def room_locale(request: Request) -> str:
    """Return the locale of this reader: `?lang=`, the cookie, Accept-Language, English. *en-XB* is English drawn right to left."""
    choices = (*LANGUAGES, BRITISH, PSEUDO_RTL)
    for asked in (request.query_params.get("lang"), request.cookies.get("fr_lang")):
        if asked in choices:
            return str(asked)
    for part in request.headers.get("accept-language", "")[:200].split(","):
        locale = part.partition(";")[0].strip()
        if locale.lower() == BRITISH.lower():
            return BRITISH
        if (language := locale.partition("-")[0].lower()) in LANGUAGES:
            return language
    return "en"


def _moment(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


@lru_cache
def _catalogue(language: str) -> dict[str, str]:
    path = WEB / "messages" / "room" / f"{language}.json"
    texts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return texts
