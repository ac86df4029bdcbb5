"""The whole installation: first page, memory at rest, and what pages, purchases and scans cost."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import uvloop

from loadtests.bench import processes
from loadtests.bench.checkin import scans
from loadtests.bench.figures import Figure
from loadtests.bench.installation import Installation, installation
from loadtests.bench.purchase import Buyers, Stage, largest_show

PAGES = 600
PURCHASES = 120
TOGETHER = 4
ROUNDS = 3
WARM_UP = 40
RUSH_S = 12.0
RUSH_BUYERS = 24
REST_S = 8.0
PROVIDER = "server.payments.demo"


def measure() -> list[Figure]:
    """Start an installation, measure it, and stop it."""
    with installation() as running:
        return uvloop.run(_measure(running))


async def _measure(running: Installation) -> list[Figure]:
    await asyncio.sleep(REST_S)  # the seed's work is over, connections are idle
    figures = [
        Figure("first_page_s", running.first_page_s, "s", 15),
        Figure("idle_mib", processes.pss_mib(running.pids()), "MiB PSS", 500),
    ]
    # As with Stripe, the card form speaks to the provider: our proxy to the demo provider is a part of it, and counted apart with it.
    buyers = Buyers(running.url, running.live_port, provider=running.provider_url)
    try:
        stage = await largest_show(buyers.shop)
        figures.append(await _pages(running, buyers, stage))
        # As many at once as are measured: pools are open, statements planned, templates compiled, the signing key unwrapped.
        await _buy(buyers, stage, WARM_UP)
        await _handed_over(running.var / "mail", WARM_UP)
        figure, codes = await _purchases(running, buyers, stage)
        figures.append(figure)
        figures += await scans(running, stage.show, codes)
        figures += await _rush(running, buyers, stage)
    finally:
        await buyers.close()
    if buyers.tally.violations:
        raise RuntimeError(f"the sale broke a promise: {buyers.tally.violations[:5]}")
    return figures


async def _pages(running: Installation, buyers: Buyers, stage: Stage) -> Figure:
    pids = running.pids()
    await buyers.shop.page(stage.page)
    before = processes.cpu_s(pids)
    for _ in range(PAGES):
        await buyers.shop.page(stage.page)
    spent = processes.cpu_s(pids) - before
    return Figure("page_cpu_ms", spent / PAGES * 1000, "ms CPU", 1.5)


async def _purchases(running: Installation, buyers: Buyers, stage: Stage) -> tuple[Figure, list[str]]:
    """Measure some rounds of purchases; the middle one counts, and in each the letters' hand-over is waited for and counted."""
    letters, codes, rounds = running.var / "mail", list[str](), list[tuple[float, float]]()
    for _ in range(ROUNDS):
        pids, everybody, sent = running.pids(without=PROVIDER), running.pids(), _count(letters)
        before, all_before = processes.cpu_s(pids), processes.cpu_s(everybody)
        codes += await _buy(buyers, stage, PURCHASES)
        await _handed_over(letters, sent + PURCHASES)
        spent, together = processes.cpu_s(pids) - before, processes.cpu_s(everybody) - all_before
        rounds.append((spent / PURCHASES * 1000, (together - spent) / PURCHASES * 1000))
    figure, provider = sorted(rounds)[ROUNDS // 2]
    note = f"the demo provider apart: {provider:.1f} ms; lowest round {min(rounds)[0]:.1f}"
    return Figure("purchase_cpu_ms", figure, "ms CPU", 15, note=note), codes


async def _buy(buyers: Buyers, stage: Stage, purchases: int) -> list[str]:
    """Buy `TOGETHER` at a time; the codes of all tickets."""
    codes: list[str] = []

    async def some() -> None:
        for _ in range(purchases // TOGETHER):
            codes.extend(await buyers.buy(stage))

    await asyncio.gather(*(some() for _ in range(TOGETHER)))
    return codes


async def _handed_over(letters: Path, wanted: int) -> None:
    """Wait until so many letters were handed over."""
    deadline = time.monotonic() + 20
    while (handed := _count(letters)) < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {handed} of {wanted} letters were handed over")
        await asyncio.sleep(0.05)


def _count(letters: Path) -> int:
    return sum(1 for _ in letters.glob("*.eml"))


async def _rush(running: Installation, buyers: Buyers, stage: Stage) -> list[Figure]:
    """Let buyers buy as fast as they can on the machine they share with the shop."""
    until = time.monotonic() + RUSH_S
    done = 0

    async def keep_buying() -> None:
        nonlocal done
        while time.monotonic() < until:
            await buyers.buy(stage)
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(keep_buying() for _ in range(RUSH_BUYERS)))
    note = f"{buyers.refused} times somebody else was faster"
    return [Figure("purchases_per_s", done / (time.monotonic() - began), "1/s", 60, "at least", note)]
