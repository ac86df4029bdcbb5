"""Look at the seat page without a server: pictures of each chart, size and theme, step by step.

python -m web.harness.look stadium theatre --only phone-dark        (from the root; pictures go to var/look/)
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, ViewportSize

from loadtests.bench.hall import Hall
from tests.browser.chromium import chromium

Theme = Literal["dark", "light"]
THEMES: tuple[Theme, ...] = ("dark", "light")
SIZES = {"phone": (360, 780, 2), "desk": (1440, 900, 1)}


async def look(kinds: list[str], out: Path, only: str) -> None:
    """Take the pictures of *kinds* whose name contains *only*."""
    out.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        for kind in kinds:
            for size in SIZES:
                for theme in THEMES:
                    if only in f"{kind}-{size}-{theme}":
                        await walk(browser, kind, size, theme, out)
                        print(kind, size, theme)


async def walk(browser: Browser, kind: str, size: str, theme: Theme, out: Path) -> None:
    """Open the page, hold the best seats, look into the sheet, the list and a grid, and lose a seat."""
    width, height, ratio = SIZES[size]
    context = await browser.new_context(
        viewport=ViewportSize(width=width, height=height), device_scale_factor=ratio, color_scheme=theme,
        has_touch=size == "phone", locale="en-GB", timezone_id="Europe/Berlin",
    )  # fmt: skip
    page = await context.new_page()
    page.on(
        "console", lambda message: print("  console:", message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: print("  error:", error))
    hall = Hall(kind, 0.45)
    steps = iter(range(1, 100))

    async def shot(name: str) -> None:
        await page.wait_for_timeout(700)
        await page.screenshot(path=out / f"{kind}-{size}-{theme}-{next(steps)}-{name}.png")

    await hall.open(page)
    await shot("whole")
    await page.click(".best__go")
    await shot("held")
    if size == "phone":
        await page.click(".hold__toggle")
        await shot("sheet")
    await page.click("text=Choose from a list")
    await shot("list")
    await page.click(".list__section >> nth=-2")
    await shot("grid")
    hall.next_refusal = "seat_taken"
    await page.click(".cell--free >> nth=3")
    await shot("conflict")
    await context.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=["theatre", "stadium"])
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, default=Path("var/look"))
    arguments = parser.parse_args()
    asyncio.run(look(arguments.kinds, arguments.out, arguments.only))
