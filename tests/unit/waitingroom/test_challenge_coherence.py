"""The rules on what a browser sends unasked. Real browsers' headers leave no finding; the pairs a bot gets wrong leave one each."""

import pytest

from waitingroom.challenges.agent import Agent, claimed
from waitingroom.challenges.coherence import Sent, findings

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
)

# A script's POST as Chromium 156 sends it to a trustworthy origin, captured, headless renamed.
CHROMIUM_POST = (
    ("host", "tickets.example"),
    ("connection", "keep-alive"),
    ("content-length", "2"),
    ("sec-ch-ua-platform", '"Linux"'),
    ("user-agent", CHROME),
    ("sec-ch-ua", '"Not:A-Brand";v="8", "Chromium";v="156"'),
    ("content-type", "application/json"),
    ("sec-ch-ua-mobile", "?0"),
    ("accept", "*/*"),
    ("origin", "https://tickets.example"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("referer", "https://tickets.example/rooms/final"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-US,en;q=0.9"),
    ("cookie", "a=b"),
)
FIREFOX_POST = (
    ("host", "tickets.example"),
    ("user-agent", FIREFOX),
    ("accept", "*/*"),
    ("accept-language", "de,en-US;q=0.7,en;q=0.3"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://tickets.example/rooms/final"),
    ("content-type", "application/json"),
    ("content-length", "2"),
    ("origin", "https://tickets.example"),
    ("connection", "keep-alive"),
    ("cookie", "a=b"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
)


def sent(headers: tuple[tuple[str, str], ...], **changes: bool) -> Sent:
    return Sent(headers, **({"trustworthy": True, "relayed": False, "scripted": True} | changes))


def altered(headers: tuple[tuple[str, str], ...], **values: str | None) -> tuple[tuple[str, str], ...]:
    """Replace headers in place; None takes one away."""
    names = {name.replace("_", "-"): value for name, value in values.items()}
    return tuple((name, names.get(name, value) or "") for name, value in headers if names.get(name, value) is not None)


def codes(of: Sent) -> set[str]:
    return {finding.code for finding in findings(of)}


@pytest.mark.parametrize("headers", [CHROMIUM_POST, FIREFOX_POST])
def test_a_real_browser_leaves_no_finding(headers: tuple[tuple[str, str], ...]) -> None:
    """What Chromium and Firefox send contradicts itself nowhere."""
    assert codes(sent(headers)) == set()


@pytest.mark.parametrize("headers", [CHROMIUM_POST, FIREFOX_POST])
def test_plain_http_leaves_no_finding(headers: tuple[tuple[str, str], ...]) -> None:
    """On an address without TLS browsers send neither hints nor metadata, and that is right."""
    bare = tuple((name, value) for name, value in headers if not name.startswith("sec-"))
    assert codes(sent(bare, trustworthy=False)) == set()


@pytest.mark.parametrize(
    "languages", ["de", "ar-EG,ar;q=0.9", "zh-CN", "en-US,en;q=0.5", "sw,fr;q=0.8,ln;q=0.4", "tlh", "*"]
)
def test_no_language_is_held_against_anybody(languages: str) -> None:
    """T-F: which languages somebody reads says nothing about being a program."""
    assert codes(sent(altered(CHROMIUM_POST, accept_language=languages))) == set()


@pytest.mark.parametrize(
    "agent",
    [
        # Tor and Firefox with resisted fingerprinting; a screen reader and an old television add words of their own.
        "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
        FIREFOX + " NVDA/2024.1",
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) TV Safari/537.36",
        "Lynx/2.9.0 libwww-FM/2.14",
    ],
)
def test_privacy_and_assistive_software_leave_no_finding(agent: str) -> None:
    """T-F: unusual is not incoherent."""
    assert codes(sent(altered(FIREFOX_POST, user_agent=agent))) == set()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"user_agent": CHROME.replace("156", "149")}, "hints_version"),
        ({"user_agent": CHROME.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64")}, "hints_platform"),
        ({"user_agent": SAFARI}, "hints_foreign"),
        ({"user_agent": None}, "agent_missing"),
        ({"user_agent": "python-requests/2.32"}, "agent_program"),
        ({"user_agent": "python-requests/2.32"}, "metadata_foreign"),
        ({"user_agent": CHROME.replace("Chrome/", "HeadlessChrome/")}, "agent_headless"),
        ({"sec_ch_ua": None, "sec_ch_ua_platform": None}, "hints_missing"),
        ({"sec_ch_ua": '"HeadlessChrome";v="156", "Chromium";v="156"'}, "agent_headless"),
        ({"sec_fetch_site": None}, "metadata_missing"),
        ({"sec_fetch_dest": "document", "sec_fetch_mode": "navigate"}, "metadata_contradicts"),
        ({"accept_language": None}, "language_missing"),
        ({"accept_encoding": "identity"}, "encoding_missing"),
        ({"accept": None}, "accept_missing"),
    ],
)
def test_a_contradiction_is_found(values: dict[str, str | None], code: str) -> None:
    """One header of a real Chromium changed: the rule that knows it speaks."""
    assert code in codes(sent(altered(CHROMIUM_POST, **values)))


def test_another_browsers_order_of_headers_is_found() -> None:
    """A program that sends Firefox's order under Chrome's name."""
    swapped = (*CHROMIUM_POST[:-3], CHROMIUM_POST[-2], CHROMIUM_POST[-3], CHROMIUM_POST[-1])
    assert codes(sent(swapped)) == {"order_foreign"}
    assert codes(sent(swapped, relayed=True)) == set(), "a proxy may sort them"


def test_a_forms_post_is_not_a_scripts() -> None:
    """The page without a script posts as a navigation, and that is coherent there only."""
    form = altered(CHROMIUM_POST, sec_fetch_dest="document", sec_fetch_mode="navigate")
    assert codes(sent(form, scripted=False)) == set()
    assert codes(sent(CHROMIUM_POST, scripted=False)) == {"metadata_contradicts"}


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        (CHROME, Agent("chromium", 156, "linux")),
        (FIREFOX, Agent("firefox", 128, "windows")),
        (SAFARI, Agent("safari", 17, "macos")),
        (IPHONE, Agent("safari", 0, "ios", True)),
        (PHONE, Agent("chromium", 126, "android", True)),
        ("curl/8.5.0", Agent("program")),
        ("", Agent("unknown")),
    ],
)
def test_what_an_agent_claims_is_read(text: str, agent: Agent) -> None:
    """Chrome on an iPhone is Safari's engine; what nobody knows is unknown."""
    assert claimed(text) == agent


def test_a_long_agent_is_read_in_bounded_time() -> None:
    """A megabyte of User-Agent costs what a kilobyte costs."""
    assert claimed("Chrome/1" * 200_000).family == "chromium"
