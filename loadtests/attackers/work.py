"""Proof of work replayed, shared, shortened and mass-produced."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from loadtests.attackers.report import Report
from loadtests.attackers.target import Target, told

FARM = 8


async def replay_work(target: Target) -> Report:
    """Spend one solution many times, in many ways."""
    report = Report("replayed proof of work")
    worker = await target.person()
    solution = await worker.solution()
    assert solution is not None, "the room asks for no work"
    farm = [await target.person() for _ in range(FARM)]
    for one in farm:
        one.session = worker.session
    answers = await asyncio.gather(*(one.join(challenge=solution) for one in (worker, *farm)))
    codes = sorted(told(answer) for answer in answers)
    report.add("one solution, nine keys, at once", f"{codes.count('')} joined", "1 joined", gained=codes.count("") > 1)
    for code in codes[1:]:
        report.add("the others", code, "challenge_spent", "rate_limited")

    stranger = await target.person()
    report.add("in another session", told(await stranger.join(challenge=solution)), "challenge_invalid")
    fresh = await stranger.solution()
    assert fresh is not None
    cases: dict[str, dict[str, Any]] = {
        "made cheaper": {"cost": 1},
        "any key will do": {"keyPrefix": ""},
        "its key's signature taken off": {"keySignature": None},
        "of a dearer price": {"data": {"price": 3}},
        "of another room": {"data": {"room": target.room_id + 1}},
    }
    for what, changes in cases.items():
        answer = await stranger.join(challenge=_changed(fresh, changes))
        report.add(what, told(answer), "challenge_invalid", gained=answer.is_success)
    report.add("none at all", told(await stranger.join(challenge=None)), "challenge_required")
    for one in (worker, *farm):
        if one.token is not None:
            await one.leave()
    return report


def _changed(solution: str, changes: dict[str, Any]) -> str:
    document = json.loads(base64.b64decode(solution))
    parameters = document["challenge"]["parameters"]
    for name, value in changes.items():
        parameters[name] = parameters["data"] | value if name == "data" else value
    return base64.b64encode(json.dumps(document).encode()).decode()
