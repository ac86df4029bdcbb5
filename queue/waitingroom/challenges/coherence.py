"""Does what a browser sends unasked agree with itself? Rules on contradictions, not on fingerprints.

Paid bot services evade fingerprint checks about every second time; checks for contradictions between attributes catch half of
what evaded (FP-Inconsistent, 2024). A rule here may say that two headers cannot come from one browser, or that something
every browser sends is missing. None of them looks at *which* language, country, fonts or privacy settings a person has, nor
at anything assistive technology changes: a screen reader, Tor and a VPN leave no finding (tests hold us to it).

Weights are log-odds, set by hand; alone none of them does more than make joining dearer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from waitingroom.challenges.agent import Agent, claimed

# From these major versions on every browser of the family sends fetch metadata to trustworthy origins.
_FETCH_METADATA_SINCE: Final = {"chromium": 80, "firefox": 90, "safari": 17}
_HINTS_SINCE: Final = 90
_BRAND = re.compile(r'"((?:[^"\\]|\\.)*)"\s*;\s*v="(\d{1,4})"')
_HINT_PLATFORMS: Final = {
    "Windows": "windows",
    "macOS": "macos",
    "Linux": "linux",
    "Android": "android",
    "Chrome OS": "chromeos",
    "Chromium OS": "chromeos",
    "iOS": "ios",
}


@dataclass(frozen=True)
class Sent:
    """The headers of one request in the order they came, names in lower case.

    *trustworthy*: the origin is https or loopback, where browsers send client hints and fetch metadata. *relayed*: a proxy
    handed the request on and may have reordered it. *scripted*: it came from our page's script, not from a link or a form.
    """

    headers: tuple[tuple[str, str], ...]
    trustworthy: bool
    relayed: bool
    scripted: bool

    @cached_property
    def by_name(self) -> dict[str, str]:
        """The last value of each header."""
        return dict(self.headers)

    @cached_property
    def agent(self) -> Agent:
        """What the User-Agent header claims."""
        return claimed(self.by_name.get("user-agent", ""))

    def get(self, name: str) -> str:
        """Return one header, "" when it was not sent."""
        return self.by_name.get(name, "")

    def before(self, first: str, second: str) -> bool | None:
        """Tell whether *first* came before *second*; None when one of them is missing."""
        order = [name for name, _ in self.headers if name in (first, second)]
        return order[0] == first if first in order and second in order else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: a stable code, its log-odds, and what was seen (header names and versions, nothing personal)."""

    code: str
    weight: float
    seen: str


def findings(sent: Sent) -> tuple[Finding, ...]:
    """Return every contradiction of a request, in the order of the rules."""
    return tuple(found for rule in _RULES for found in rule(sent))


def _agent_rules(sent: Sent) -> Iterator[Finding]:
    if not sent.get("user-agent"):
        yield Finding("agent_missing", 2.0, "no User-Agent")
    elif sent.agent.family == "program":
        yield Finding("agent_program", 1.5, "a program by its own account")
    elif sent.agent.headless:
        yield Finding("agent_headless", 2.0, "a browser without a window, by its own account")


def _always_sent(sent: Sent) -> Iterator[Finding]:
    if not _is_browser(sent):
        return
    if not sent.get("accept-language"):
        yield Finding("language_missing", 1.0, "no Accept-Language")
    if "gzip" not in sent.get("accept-encoding") and not sent.relayed:  # proxies take it away to look inside
        yield Finding("encoding_missing", 1.0, "no gzip in Accept-Encoding")
    if not sent.get("accept"):
        yield Finding("accept_missing", 1.0, "no Accept")


def _hints(sent: Sent) -> Iterator[Finding]:
    agent, brands = sent.agent, sent.get("sec-ch-ua")
    if not brands:
        since = agent.family == "chromium" and agent.major >= _HINTS_SINCE
        if since and sent.trustworthy and not agent.headless:
            yield Finding("hints_missing", 0.4, f"Chromium {agent.major} without Sec-CH-UA")
        return
    if agent.family in ("firefox", "safari"):
        yield Finding("hints_foreign", 2.5, f"Sec-CH-UA from {agent.family}")
        return
    versions = {int(version) for name, version in _BRAND.findall(brands) if name in ("Chromium", "Google Chrome")}
    if agent.family == "chromium" and versions and agent.major not in versions:
        yield Finding("hints_version", 2.5, f"Chrome/{agent.major} and Sec-CH-UA {min(versions)}")
    if "HeadlessChrome" in brands and not agent.headless:
        yield Finding("agent_headless", 2.0, "HeadlessChrome in Sec-CH-UA")
    platform = _HINT_PLATFORMS.get(sent.get("sec-ch-ua-platform").strip('"'))
    if platform and agent.platform and platform != agent.platform and not _desktop_site(sent):
        yield Finding("hints_platform", 2.5, f"{agent.platform} and Sec-CH-UA-Platform {platform}")
    if agent.platform in ("windows", "macos") and sent.get("sec-ch-ua-mobile") == "?1" and not agent.mobile:
        yield Finding("hints_mobile", 2.0, f"{agent.platform} and Sec-CH-UA-Mobile ?1")


def _fetch_metadata(sent: Sent) -> Iterator[Finding]:
    agent, site = sent.agent, sent.get("sec-fetch-site")
    if not site:
        since = _FETCH_METADATA_SINCE.get(agent.family, 10_000)
        if sent.trustworthy and agent.major >= since:
            yield Finding("metadata_missing", 1.0, f"{agent.family} {agent.major} without Sec-Fetch-Site")
        return
    if agent.family == "program":
        yield Finding("metadata_foreign", 2.0, "Sec-Fetch-Site from a program")
    dest, mode = sent.get("sec-fetch-dest"), sent.get("sec-fetch-mode")
    if sent.scripted and (dest == "document" or mode == "navigate"):
        yield Finding("metadata_contradicts", 2.0, f"a script's request as {mode or '?'}/{dest or '?'}")
    if not sent.scripted and (dest == "empty" or mode == "cors"):
        yield Finding("metadata_contradicts", 2.0, f"a form's request as {mode or '?'}/{dest or '?'}")


def _header_order(sent: Sent) -> Iterator[Finding]:
    """Chromium names the encodings before the languages, Firefox the languages first; both name themselves before Accept."""
    if sent.relayed:
        return
    encoding_first = sent.before("accept-encoding", "accept-language")
    expected = {"chromium": True, "firefox": False}.get(sent.agent.family)
    if encoding_first is not None and expected is not None and encoding_first != expected:
        yield Finding("order_foreign", 1.5, f"{sent.agent.family}, Accept-Encoding and -Language in another's order")
    elif expected is not None and sent.before("user-agent", "accept") is False:
        yield Finding("order_foreign", 1.5, f"{sent.agent.family}, Accept before User-Agent")


def _is_browser(sent: Sent) -> bool:
    return sent.agent.family in ("chromium", "firefox", "safari")


def _desktop_site(sent: Sent) -> bool:
    """Tell whether a phone asked for the desktop's page: it then claims Linux and hints at nothing else."""
    return sent.agent.platform == "linux" and sent.get("sec-ch-ua-platform").strip('"') == "Android"


_RULES: Final[tuple[Callable[[Sent], Iterator[Finding]], ...]] = (
    _agent_rules,
    _always_sent,
    _hints,
    _fetch_metadata,
    _header_order,
)
