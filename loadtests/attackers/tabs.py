"""Many tabs, many sessions, many joins: one key is one place."""

from __future__ import annotations

import asyncio

from loadtests.attackers.report import Report
from loadtests.attackers.target import Target, told

TABS = 8
HASTE = 14


async def farm_tabs(target: Target) -> Report:
    """Join with one key from many sessions at once, and again and again from one."""
    report = Report("tab farm")
    first = await target.person()
    tabs = [await target.person() for _ in range(TABS)]
    for tab in tabs:
        tab.key = first.key
    work = [await tab.solution() for tab in tabs]
    answers = await asyncio.gather(*(tab.join(challenge=solved) for tab, solved in zip(tabs, work, strict=True)))
    indices = {tab.index for tab in tabs if tab.index is not None}
    for number, answer in enumerate(answers):
        report.add(f"tab {number}", told(answer))
    report.add("places of one key", f"{len(indices)} places", "1 places", gained=len(indices) != 1)

    hasty = await target.person()
    codes = [told(await hasty.join(challenge=None)) for _ in range(HASTE)]
    report.add("joining without work, in haste", codes[-1], "rate_limited")
    refused = await hasty.join(challenge=None)
    wait_s = int(refused.headers.get("retry-after", "0"))
    report.add("told when to come back", f"{wait_s > 0}", "True")
    mine = await tabs[0].mine()
    report.add("the place meanwhile", "", gained=mine["index"] not in indices)
    await tabs[0].leave()
    return report
