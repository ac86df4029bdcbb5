"""Words and figures in the reader's language; in English for whoever speaks one we don't."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from starlette.requests import Request
from starlette.responses import Response

from server.templating import clock, day, locale_of, money, remember_language, words

EVENING = datetime(2027, 3, 5, 19, 30, tzinfo=UTC)


def request(accept: str = "", query: str = "", cookie: str = "") -> Request:
    """Ask for a page as a browser does."""
    headers = [(b"accept-language", accept.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("accept", "locale"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9", "en-GB"),
        ("EN-gb", "en-GB"),
        ("en-US,en-GB;q=0.9", "en"),
        ("fr,en-GB;q=0.5", "en-GB"),
        ("zz, *;q=0.1, ;;,-", "en"),
    ],
)
def test_the_browser_says_which_language(accept: str, locale: str) -> None:
    """The first language that we speak counts, British English as such."""
    assert locale_of(request(accept)) == locale


def test_a_choice_on_our_pages_comes_first() -> None:
    """The switch knows languages; which English it is the browser still says. Only what we speak is remembered."""
    assert locale_of(request("en-GB", query="lang=de")) == "de"
    assert locale_of(request("de,en-GB", cookie="fr_lang=en")) == "en-GB"
    assert locale_of(request("de", cookie="fr_lang=en")) == "en"
    assert locale_of(request("de", query="lang=../x")) == "de"
    assert "fr_lang=en;" in remember_language(request("en-GB", "lang=en"), Response()).headers["set-cookie"]
    assert "set-cookie" not in remember_language(request("", "lang=xx"), Response()).headers


def test_dates_are_written_as_the_reader_writes_them() -> None:
    """Americans read a clock of twelve hours, Britons one of twenty-four and the day first."""
    assert (day(EVENING, "Europe/London", "en"), clock(EVENING, "Europe/London", "en")) == (
        "Friday, March 5, 2027",
        "7:30\u202fPM",
    )
    assert clock(EVENING, "Europe/London", "en-GB") == "19:30"
    assert day(EVENING, "Europe/London", "en-GB").endswith("5 March 2027")
    assert clock(EVENING, "Europe/Vienna", "de") == "20:30"


@pytest.mark.parametrize("locale", ["fr", "zz-ZZ", "DE-at", "en-GB", "en-XB", "xyz"])
def test_no_locale_is_too_strange(locale: str) -> None:
    """An order names any locale; its letter, its tickets and its page are written all the same."""
    assert words(locale)("checkout.total")
    assert day(EVENING, "Europe/Vienna", locale)
    assert money(8400, "eur", locale)
    german = locale == "DE-at"
    assert (money(8400, "eur", locale) == "84,00\xa0€") is german
