"""What the room page says without scripts: the names of what shows, and the lines that are one's own. Twin of web/src/room/telling.ts.

The markup is `web/templates/room.html`. Numbers are rounded as web/src/room/told.ts rounds them.
"""

from __future__ import annotations

import math

from server.rooms.facts import RoomFacts
from server.rooms.page_words import RoomWords
from server.rooms.stage import Stage
from server.rooms.views import Mine
from waitingroom.eta import Band, Unsaid, eta, people_ahead
from waitingroom.frame import LineFrame

MINUTE_MS = 60_000


def lines(
    t: RoomWords, facts: RoomFacts, zone: str, frame: LineFrame | None, mine: Mine | None, stage: Stage
) -> list[tuple[str, str]]:
    """Return what is one reader's own in *stage*, each with its style. There are no countdowns: they would stand still."""
    if stage == "called" and mine is not None and mine.claim_until_ms is not None:
        return [("mid", t("called.lead", time=t.clock(mine.claim_until_ms, zone)))]
    if stage == "claimed" and mine is not None and mine.visit_until_ms is not None:
        return [("mid", t("claimed.lead", time=t.clock(mine.visit_until_ms, zone)))]
    if frame is None:
        return []
    if stage == "lobby":
        return [("soft mid", t("lobby.people", n=frame.next))]
    if stage == "join":
        return [("big mid", shown(t, facts, frame.waiting)), ("soft mid", t("join.ahead", n=frame.waiting))]
    if stage in ("waiting", "sold_out") and mine is not None and mine.position is not None:
        return _own_place(t, facts, zone, frame, mine.position, stage)
    return []


def shows(frame: LineFrame | None, mine: Mine | None, stage: Stage) -> set[str]:
    """Return the names of what shows in *stage*, for everybody who stands alike."""
    draining = frame is not None and frame.phase == "draining"
    again = stage == "lapsed" and mine is not None and mine.reentry
    waits = stage == "lobby" or (mine is not None and stage in ("drawing", "waiting", "sold_out"))
    joins = stage in ("lobby_join", "join", "straight_in") or (
        stage in ("left", "lapsed", "done") and not again and not draining
    )
    named = {
        "message": frame is not None and frame.message is not None,
        "waits": waits,
        "paused": waits and frame is not None and frame.paused,
        "draining": waits and draining,
        "line": waits and stage != "lobby",
        _lead(frame, mine, stage): True,
        "lapsed_again": again,
        "lapsed_end": stage in ("lapsed", "done") and joins,
        "bought": mine is not None and mine.bought is not None,
        "claims": again or stage == "called",
        "joins": joins,
        "uncoded": True,
        "drawn": mine is not None and mine.drawn,
        "contestable": waits and mine is not None and mine.review is None,
        "no_script": True,
    }
    on = {stage, *(name for name, shown in named.items() if shown)}
    if (
        frame is not None
        and frame.left is not None
        and mine is not None
        and mine.position is not None
        and stage == "waiting"
    ):
        on.add(chances(frame.left, _ahead(frame, mine.position)))
    if mine is not None:
        on |= {"notified" if mine.notify else "not_notified", f"review_{mine.review}"}
    return on


def _lead(frame: LineFrame | None, mine: Mine | None, stage: Stage) -> str:
    if stage == "left":
        phase = "" if frame is None else frame.phase
        return {"lobby": "left_lobby", "draining": "full_house_lead"}.get(phase, "left_lead")
    if stage == "sold_out" and mine is None:
        return "sold_out_none"
    return "" if stage in ("called", "claimed") else f"{stage}_lead"  # their leads say a time of one's own


def _own_place(
    t: RoomWords, facts: RoomFacts, zone: str, frame: LineFrame, position: int, stage: Stage
) -> list[tuple[str, str]]:
    ahead = _ahead(frame, position)
    when, clock = _when(t, zone, frame, position)
    place = shown(t, facts, max(1, position - frame.served + 1))
    told = [("big mid", place), ("soft mid", t("waiting.place")), ("eta mid", when), ("soft mid", clock)]
    told.append(("mid", f"{shown(t, facts, ahead)} {t('ahead', n=ahead)}"))
    if frame.left is not None:
        told.append(("mid", f"{t.number(frame.left)} {t('fact.left', n=frame.left)}"))
    return [line for line in (told if stage == "waiting" else told[4:]) if line[1]]


def _ahead(frame: LineFrame, position: int) -> int:
    return min(max(0, position - frame.served), math.floor(people_ahead(frame, position) + 0.5))


def shown(t: RoomWords, facts: RoomFacts, n: int) -> str:
    """Write a number as the organiser's policy shows it."""
    return t.number(n) if facts.place == "exact" or n < 10 else t("about", n=banded(n))


def banded(n: int) -> int:
    """Round to two digits, to one below a hundred."""
    step = 10 if n < 100 else 10 ** (int(math.log10(n)) - 1)
    return max(step, math.floor(n / step + 0.5) * step)


def chances(left: int, ahead: int) -> str:
    """Say what the tickets left mean for somebody with *ahead* people before them; two tickets a person are usual."""
    return "good" if left >= 2 * ahead else "close" if left >= ahead else "slim"


def rounded(band: Band) -> tuple[int, int]:
    """Round a band outwards, in minutes: to 1 below a quarter of an hour, to 5 below an hour, to 30 beyond."""
    step = 1 if band.p90_ms <= 15 * MINUTE_MS else 5 if band.p90_ms <= 60 * MINUTE_MS else 30
    low = math.floor(band.p10_ms / MINUTE_MS / step) * step
    return low, max(low, math.ceil(band.p90_ms / MINUTE_MS / step) * step)


def _when(t: RoomWords, zone: str, frame: LineFrame, position: int) -> tuple[str, str]:
    band = eta(frame, position)
    if isinstance(band, Unsaid):
        return (t(f"eta.{band.why}") if t.has(f"eta.{band.why}") else ""), ""
    if not isinstance(band, Band):
        return "", ""
    low, high = rounded(band)
    if high <= 1:
        return t("eta.any"), ""
    clock = t(
        "eta.clock",
        **{
            "from": t.clock(frame.now_ms + band.p10_ms, zone),
            "to": t.clock(frame.now_ms + band.p90_ms + MINUTE_MS - 1, zone),
        },
    )
    if high >= 120:
        return t("eta.hours", low=t.number(low / 60), n=high / 60), clock
    return (t("eta.about", n=high) if low == high else t("eta.band", low=low, n=high)), clock
