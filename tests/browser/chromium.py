"""A headless Chromium that renders WebGL in software and talks to nobody but us."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, async_playwright

# Without these it looks up its maker's hosts at every start; the machine may have no network.
QUIET = (
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
)
# An explicit software rasteriser: the automatic fallback is being removed from Chromium.
SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def executable() -> str:
    """Return the system's Chromium; FRONTROW_CHROMIUM names another. Raises `RuntimeError` when there is none."""
    names = (os.environ.get("FRONTROW_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    for name in names:
        if name and (found := shutil.which(name)):
            return found
    raise RuntimeError("no Chromium: install the package chromium, or set FRONTROW_CHROMIUM to its path")


@asynccontextmanager
async def chromium(*flags: str, **options: Any) -> AsyncIterator[Browser]:
    """Run a browser with extra command-line *flags*."""
    arguments = [*QUIET, *SOFTWARE_GL, *flags]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox does not work for root
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable(), headless=True, args=arguments, **options
        )
        try:
            yield browser
        finally:
            await browser.close()
