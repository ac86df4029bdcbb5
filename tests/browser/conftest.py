"""One whole installation for all journeys, and a browser for each."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from loadtests.bench.installation import Installation, installation
from tests.browser.chromium import chromium

# A page is awaited as long as a click is: the machine may have other things to do.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="package")
def running() -> Iterator[Installation]:
    """`frontrow run`, seeded, without a crowd."""
    with installation() as running:
        yield running


@dataclass(frozen=True)
class SignIn:
    """What the start printed for one member of staff."""

    role: str
    email: str
    password: str


@pytest.fixture(scope="package")
def sign_ins(running: Installation) -> list[SignIn]:
    """The sign-ins that the start printed, as a newcomer reads them."""
    printed = (running.var / "run.log").read_text()
    return [SignIn(*found) for found in re.findall(r"^ {4}(.+?) {2,}(\S+@\S+) +(\S+)$", printed, re.MULTILINE)]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


class Visit:
    """A person at a screen. Whatever the console complains about, or the server fails at, fails the test."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.on("response", lambda answer: self._answered(answer.status, answer.url))

    def _heard(self, kind: str, text: str) -> None:
        # Chromium repeats every refusal as a console error of its own; refusals are judged by the journeys.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {text}")

    def _answered(self, status: int, url: str) -> None:
        if status >= 500 or status == 404:
            self.complaints.append(f"{status} {url}")


class Visits:
    """Opens screens on the installation."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.all: list[Visit] = []

    async def open(self, *, width: int = 1440, height: int = 900, dark: bool = False, script: bool = True) -> Visit:
        """Open a fresh browser profile; addresses are relative to the installation."""
        context = await self._browser.new_context(
            base_url=self._url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        visit = Visit(context, await context.new_page())
        self.all.append(visit)
        return visit


@pytest.fixture
async def visits(browser: Browser, running: Installation) -> AsyncIterator[Visits]:
    visits = Visits(browser, running.url)
    yield visits
    complaints = [complaint for visit in visits.all for complaint in visit.complaints]
    assert complaints == []
