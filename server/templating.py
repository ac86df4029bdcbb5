"""Pages: Jinja templates from `web/templates`, words from `web/messages`, hashed assets from `web/dist`.

Words have plain placeholders (`{name}`) and plurals by key suffix: `t("seats.left", n=1)` looks for `seats.left.one`, then
`seats.left.other`, then `seats.left`. A word missing in a language falls back to English; missing there too, it is a defect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from server.faults import Misuse

WEB = Path(__file__).resolve().parent.parent / "web"
LOCALES = ("en", "de")
# English with the day before the month and a clock of 24 hours; its words are those of "en".
BRITISH = "en-GB"
# A left-to-right language drawn right to left: shows where a layout assumes a direction, before there is an Arabic text.
PSEUDO_RTL = "en-XB"
_CHOICES = (*LOCALES, BRITISH, PSEUDO_RTL)
# Amounts and times kept as text: babel takes 30 to 60 µs for each, and a sale repeats a few of them for hours.
WRITTEN_MAX = 2048
_RTL = frozenset({"ar", "fa", "he", "ur", PSEUDO_RTL})


class Words:
    """The message catalogue of one language."""

    def __init__(self, locale: str, words: Mapping[str, str], fallback: Mapping[str, str]) -> None:
        self.locale = locale
        self._words, self._fallback = words, fallback
        self._plural = Locale.parse(language_of(locale)).plural_form

    def __call__(self, key: str, **values: Any) -> str:
        """Return the words for *key* with *values* filled in. Raises `Misuse` for a key no catalogue has."""
        candidates = [key]
        if "n" in values:
            candidates = [f"{key}.{self._plural(abs(int(values['n'])))}", f"{key}.other", key]
        for words in (self._words, self._fallback):
            for candidate in candidates:
                if candidate in words:
                    return words[candidate].format(**values) if values else words[candidate]
        raise Misuse(f"no catalogue has the words for {key}")

    def has(self, key: str) -> bool:
        """Tell whether *key* has words."""
        return key in self._words or key in self._fallback

    def chosen(self, *prefixes: str) -> dict[str, str]:
        """Return all words under *prefixes*, for a page's JSON data block."""
        merged = {**self._fallback, **self._words}
        return {key: text for key, text in merged.items() if key.startswith(prefixes)}


@lru_cache
def language_of(locale: str) -> str:
    """Return the language of *locale* that we speak: English for an order that a program placed in any other."""
    language = locale.partition("-")[0].lower()
    return language if language in LOCALES else LOCALES[0]


@lru_cache
def words(locale: str) -> Words:
    """Return the catalogue of *locale* (the file `web/messages/<language>.json`)."""
    return Words(locale, _catalogue(language_of(locale)), _catalogue(LOCALES[0]))


@lru_cache
def _catalogue(language: str) -> dict[str, str]:
    catalogue: dict[str, str] = json.loads((WEB / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    return catalogue


def locale_of(request: Request) -> str:
    """Return the language for this request: `?lang=`, then the cookie, then Accept-Language, then English.

    Which English it is, Accept-Language says in any case: the switch on our pages knows languages, not countries.
    """
    asked = request.query_params.get("lang") or request.cookies.get("fr_lang")
    accepted = _accepted(request.headers.get("accept-language", "")[:200])
    chosen = asked if asked in _CHOICES else next(iter(accepted), LOCALES[0])
    return accepted.get(chosen, chosen)


@lru_cache(maxsize=1024)
def _accepted(header: str) -> dict[str, str]:
    """Return the languages we speak in the order of an Accept-Language *header*, each with its first locale there."""
    found: dict[str, str] = {}
    for part in header.split(","):
        locale = part.partition(";")[0].strip()
        language = locale.partition("-")[0].lower()
        if language in LOCALES:
            found.setdefault(language, BRITISH if locale.lower() == BRITISH.lower() else language)
    return found


def remember_language(request: Request, response: Response) -> Response:
    """Keep a language that was chosen with `?lang=` for the next pages."""
    asked = request.query_params.get("lang")
    if asked in _CHOICES:
        response.set_cookie("fr_lang", str(asked), max_age=365 * 24 * 3600, samesite="lax", path="/")
    return response


@lru_cache
def _format(locale: str) -> str:
    """Return Babel's name for how *locale* writes dates, times and money."""
    return BRITISH.replace("-", "_") if locale.lower() == BRITISH.lower() else language_of(locale)


@lru_cache(WRITTEN_MAX)
def money(amount: int, currency: str, locale: str = "en") -> str:
    """Format *amount* minor units: `money(8400, "eur")` is €84.00."""
    code = currency.upper()
    return str(format_currency(amount / 10 ** get_currency_precision(code), code, locale=_format(locale)))


@lru_cache(WRITTEN_MAX)
def day(at: datetime, zone: str, locale: str = "en", length: str = "full") -> str:
    """Format the date of *at* in the venue's time zone."""
    return str(format_date(at.astimezone(ZoneInfo(zone)), length, locale=_format(locale)))


@lru_cache(WRITTEN_MAX)
def clock(at: datetime, zone: str, locale: str = "en") -> str:
    """Format the time of *at* in the venue's time zone, without seconds."""
    return str(format_time(at, "short", tzinfo=ZoneInfo(zone), locale=_format(locale)))


@lru_cache(WRITTEN_MAX)
def zone_name(at: datetime, zone: str, locale: str = "en") -> str:
    """Name the venue's time zone as people there call it at *at*."""
    return str(get_timezone_name(at.astimezone(ZoneInfo(zone)), "long", locale=_format(locale)))


class Templates:
    """Render pages. One per process; templates are compiled once, and reread when *debug*."""

    def __init__(self, *, debug: bool = False) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(WEB / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            auto_reload=debug,
            trim_blocks=True,
            lstrip_blocks=True,
            cache_size=400,
        )
        self._environment.globals.update(asset=asset, preloads=preloads)
        self._environment.filters.update(money=money, day=day, clock=clock, zone_name=zone_name)
        self._environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "ensure_ascii": False}

    def text(self, name: str, locale: str, **context: Any) -> str:
        """Return template *name* as text, with `t`, `locale` and `dir` of *locale*."""
        template = self._environment.get_template(name)
        direction = "rtl" if locale in _RTL else "ltr"
        defaults: dict[str, Any] = {"org": None, "nav": "", "theme": "", "t": words(locale)}
        return template.render(defaults | {"locale": locale, "dir": direction} | context)

    def page(self, request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Return template *name* as an HTML page in the reader's language; a `?lang=` choice is remembered."""
        response = HTMLResponse(self.text(name, locale_of(request), request=request, **context), status)
        remember_language(request, response)
        return response


@lru_cache
def _manifest() -> dict[str, Any]:
    path = WEB / "dist" / "manifest.json"
    if not path.exists():
        raise Misuse("the browser side is not built: run `make web`")
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


def asset(name: str) -> str:
    """Return the address of a built file: `asset("site.css")` is /assets/site-1a2b.css. Raises `Misuse` when unknown."""
    try:
        return str(_manifest()["files"][name])
    except KeyError:
        raise Misuse(f"the build has no file called {name}") from None


def preloads(name: str) -> list[str]:
    """Return the addresses of all that the script *name* imports, to be fetched beside it and not after it."""
    return list(_manifest()["preload"].get(name, ()))
