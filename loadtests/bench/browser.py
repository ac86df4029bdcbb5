"""The buyer's map in a headless Chromium on a software rasteriser: bytes, time to the first picture, JavaScript a frame.

What it cannot tell: frames a second on a real graphics card, heat, and the memory of a phone.
"""

from __future__ import annotations

import asyncio

from loadtests.bench.figures import Figure
from loadtests.bench.hall import Hall
from server.templating import WEB
from tests.browser.chromium import chromium

ROUNDS = 3
FRAMES = 60
# The whole stadium, dots, seats with glyphs, seats with numbers: CSS pixels a seat, 0 is as it opens.
ZOOMS = (0, 6, 14, 30)


def measure() -> list[Figure]:
    """Measure the 60,000-seat stadium, half sold."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    ready: list[float] = []
    frames: list[list[float]] = []
    hall = Hall("stadium", 0.5)
    async with chromium() as browser:
        for _ in range(ROUNDS):
            hall.asked.clear()
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await hall.open(page, "?bench")
            ready.append(await page.evaluate("frontrowBench.readyMs()"))
            frames.append([ms for zoom in ZOOMS for ms in await page.evaluate(f"frontrowBench.pan({FRAMES}, {zoom})")])
            await page.close()
    # Every round draws the same frames: whatever else the machine did only ever adds, so each frame counts at its quietest.
    quietest = [min(same) for same in zip(*frames, strict=True)]
    scripts = {path for path in hall.asked if path.endswith(".js")}
    kilobytes = sum((WEB / "dist" / f"{path.removeprefix('/')}.br").stat().st_size for path in scripts) / 1000
    return [
        Figure("map_js_kb", kilobytes, "kB", 45, note=f"brotli, {len(scripts)} files: everything the seat page loads"),
        Figure(
            "map_ready_ms",
            min(ready),
            "ms",
            250,
            note="chart and state arrived → second frame after the first picture",
        ),
        Figure("map_pan_ms", _p95(quietest), "ms", 1, note="JavaScript a frame, p95 over four zooms"),
    ]


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
