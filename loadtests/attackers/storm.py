"""Everybody who was called claims at once, several times over: the cap holds, and who finds it full keeps their place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from loadtests.attackers.report import Report
from loadtests.attackers.target import Person, Target, told

TIMES = 3


async def storm_claims(target: Target, cap: int, people: int, *, called: Sequence[Person] = ()) -> Report:
    """Let *people* more than *called* claim *TIMES* over, all at once, at a room that takes *cap* of them."""
    report = Report("claim storm")
    crowd = [*called, *await target.people(people)]
    proofs = [(one, one.proof(await one.nonce())) for one in crowd for _ in range(TIMES)]
    answers = await asyncio.gather(*(one.post("claim", proof) for one, proof in proofs))
    inside = {one.session for (one, _), answer in zip(proofs, answers, strict=True) if answer.is_success}
    report.add("visits of a storm", f"{len(inside)} inside", gained=len(inside) > cap)
    for (one, _), answer in zip(proofs, answers, strict=True):
        if one.session in inside and answer.is_success:
            continue
        report.add("a claim of the storm", told(answer), "visits_full", "visits_busy", "not_called")
        if told(answer) in ("visits_full", "visits_busy"):
            report.add("told when to come back", str(int(answer.headers["retry-after"]) > 0), "True")
    for one in crowd:
        mine = await one.mine()
        report.add("the place afterwards", "", gained=mine["index"] != one.index or mine["state"] in ("lapsed", "left"))
    for one in crowd:
        await one.leave()
    return report
