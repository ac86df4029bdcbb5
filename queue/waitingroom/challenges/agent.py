"""What a User-Agent header claims to be. It is a claim only: the rules of `coherence.py` hold the other headers against it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Family = Literal["chromium", "firefox", "safari", "program", "unknown"]
Platform = Literal["windows", "macos", "linux", "android", "ios", "chromeos", ""]

AGENT_CHARS_MAX: Final = 1024
# Libraries and tools that name themselves. They may join: honest about it, they pay a little more work.
_PROGRAM = re.compile(
    r"^(curl|wget|python|aiohttp|httpx|go-http-client|java|okhttp|axios|node|undici|ruby|libwww|php|guzzle|apache-http"
    r"|scrapy|postman|insomnia|dart|reqwest|hyper)\b|headless(?!chrome)|phantomjs|selenium|puppeteer|playwright",
    re.IGNORECASE,
)
_CHROMIUM = re.compile(r"\b(?:Headless)?Chrom(?:e|ium)/(\d{1,4})")
_FIREFOX = re.compile(r"\bFirefox/(\d{1,4})")
_SAFARI = re.compile(r"\bVersion/(\d{1,3})\S* (?:Mobile/\S+ )?Safari/")
_PLATFORMS: Final[tuple[tuple[str, Platform], ...]] = (
    # Android and ChromeOS name Linux too, and an iPad may name Mac OS X: the more particular first.
    ("Android", "android"),
    ("CrOS", "chromeos"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("Windows", "windows"),
    ("Mac OS X", "macos"),
    ("Linux", "linux"),
)


@dataclass(frozen=True, slots=True)
class Agent:
    """The claim: engine family, its major version (0 when not told), platform ("" when not told)."""

    family: Family
    major: int = 0
    platform: Platform = ""
    mobile: bool = False
    headless: bool = False


def claimed(user_agent: str) -> Agent:
    """Read a User-Agent header. What is not known is `unknown` and never held against anybody."""
    text = user_agent[:AGENT_CHARS_MAX]
    if _PROGRAM.search(text):
        return Agent("program")
    platform: Platform = next((name for mark, name in _PLATFORMS if mark in text), "")
    mobile = "Mobile" in text
    if platform == "ios":  # every browser there is Safari's engine, whatever it is called
        version = _SAFARI.search(text)
        return Agent("safari", int(version[1]) if version else 0, platform, mobile)
    if found := _CHROMIUM.search(text):
        return Agent("chromium", int(found[1]), platform, mobile, "HeadlessChrome" in text)
    if found := _FIREFOX.search(text):
        return Agent("firefox", int(found[1]), platform, mobile)
    if found := _SAFARI.search(text):
        return Agent("safari", int(found[1]), platform, mobile)
    return Agent("unknown", 0, platform, mobile)
