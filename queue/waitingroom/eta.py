"""How long it still takes: an honest band from the shared frame and one's own position. Twin: `web/src/room/eta.ts`.

Distance is counted in people, not in places: the density vector leaves out those who gave up. Those still ahead go on giving up while
one waits, at the hazard h, beside being served at the rate r; so the people ahead n fall by n' = -r - h·n, and reach none after
ln(1 + h·n / r) / h. Without the two corrections a line where 35 % give up shows a fifth too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p
from typing import Literal

from waitingroom.density import decode, people_within
from waitingroom.frame import LineFrame

MINUTE_MS = 60_000
# Below one in ten million a minute nobody can tell; the straight line then differs by less than a second in two weeks.
HAZARD_MIN = 1e-7


@dataclass(frozen=True, slots=True)
class Band:
    """With probability 0.8 the turn comes between p10 and p90, in milliseconds from the frame's `now_ms`; p50 is the even guess."""

    p10_ms: int
    p50_ms: int
    p90_ms: int


@dataclass(frozen=True, slots=True)
class Called:
    """The turn has come."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """There is no honest number now, and why."""

    why: Literal["not_drawn", "paused", "measuring", "sold_out", "closed"]


def eta(frame: LineFrame, position: int | None) -> Band | Called | Unsaid:
    """Return when *position* is called. None is a place that the draw has not given yet."""
    if frame.phase == "closed":
        return Unsaid("closed")
    if position is None or frame.phase in ("planned", "lobby", "drawing"):
        return Unsaid("not_drawn")
    if position < frame.served:
        return Called()
    if frame.sold_out:
        return Unsaid("sold_out")
    if frame.paused:
        return Unsaid("paused")
    if frame.rate is None:
        return Unsaid("measuring")
    cautious, likely, hopeful = frame.rate
    people = people_ahead(frame, position) + 1
    return Band(*(wait_ms(people, rate, frame.hazard) for rate in (hopeful, likely, cautious)))


def people_ahead(frame: LineFrame, position: int) -> float:
    """Return how many people are between the watermark and *position*."""
    return people_within(decode(frame.density), max(0, position - frame.served))


def wait_ms(people: float, rate: float, hazard: float) -> int:
    """Return how long *people* take at *rate* people a minute while a share *hazard* a minute gives up."""
    assert people >= 0 and rate > 0 and hazard >= 0
    minutes = log1p(hazard * people / rate) / hazard if hazard > HAZARD_MIN else people / rate
    return int(minutes * MINUTE_MS + 0.5)
