"""Clocks turned: the page's countdown, the browser's time, dates in headers and in what we sign. None of them is asked."""

from __future__ import annotations

import base64
import json
import time

from loadtests.attackers.report import Report
from loadtests.attackers.target import Target, held, told

HOUR_S = 3600


async def turn_clocks(target: Target) -> Report:
    """Claim before the turn, from the future and from the past; make a challenge last.

    Where nobody waits everybody's turn comes at once: pause the room, or half of this is left out.
    """
    report = Report("clock tricks")
    (early,) = await target.people(1)
    due = ("not_called", "room_paused")
    waits = (await early.mine())["state"] == "waiting"
    if not waits:
        report.add("claiming early: left out, nobody waits here", "")
    for what, offset_s in {"now": 0, "an hour ahead": HOUR_S, "an hour behind": -HOUR_S}.items() if waits else ():
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset_s))
        body = early.proof(await early.nonce())
        answer = await early.post("claim", body, date=date, **{"if-modified-since": date, "x-timestamp": date})
        report.add(f"claiming early by a clock {what}", told(answer), *due, gained=answer.is_success)
    report.add("the seats without claiming", held(await early.hold(0)), "pass_required")

    late = await target.person()
    solution = await late.solution()
    assert solution is not None, "the room asks for no work"
    document = json.loads(base64.b64decode(solution))
    document["challenge"]["parameters"]["expiresAt"] += HOUR_S
    longer = base64.b64encode(json.dumps(document).encode()).decode()
    report.add("a challenge made to last", told(await late.join(challenge=longer)), "challenge_invalid")
    document["challenge"]["parameters"]["expiresAt"] -= 2 * HOUR_S
    older = base64.b64encode(json.dumps(document).encode()).decode()
    answer = await late.join(challenge=older)
    report.add("a challenge made to have expired", told(answer), "challenge_expired", "challenge_invalid")

    nonce = await early.nonce()
    raw = bytearray(base64.urlsafe_b64decode(nonce + "="))
    raw[:4] = int(time.time() + HOUR_S).to_bytes(4, "big")
    dated = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    report.add("a nonce dated ahead", told(await early.post("claim", early.proof(dated))), "nonce_invalid")
    await early.leave()
    return report
