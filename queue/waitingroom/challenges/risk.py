"""From evidence to action: a ladder that starts with a little work and never drops anybody.

observe → dearer work → a second step (a code by e-mail) → a lower tier in the draw → review at the claim, place kept. Rules
and load can do no more than raise the price; only a score that says so goes further, and every step is told, kept with its
reason and can be contested while waiting. No score at all is neutral.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from waitingroom.challenges.coherence import Finding
from waitingroom.challenges.price import Price

Reason = Literal["", "price_by_network", "price_by_browser", "trap_filled", "score"]
Proved = Literal["nothing", "email", "code"]

TRAP_WEIGHT: Final = 3.0
# A busy network is a stadium or a company far more often than a farm: it costs its people two seconds, never five.
BUSY_WEIGHT: Final = 1.5
BUSY_LOAD: Final = 0.5
FIRM_FROM: Final = 1.5
DEAR_FROM: Final = 3.0
SCORE_MOST: Final = 6.0
REASONS_KEPT: Final = 5
TIERS_DOWN_MOST: Final = 2


@dataclass(frozen=True, slots=True)
class Score:
    """What a model says of one attempt. *log_odds* > 0 speaks for a program. The flags are its requests, each contestable."""

    log_odds: float
    model: str
    reasons: tuple[str, ...] = ()
    second_step: bool = False
    tiers_down: int = 0
    hold: bool = False


NEUTRAL: Final = Score(0.0, "none")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What joining takes here. *reason* is the class people are told; *reasons* the five heaviest findings with weights."""

    price: Price
    second_step: bool
    tiers_down: int
    hold: bool
    reason: Reason
    reasons: tuple[str, ...]
    log_odds: float
    model: str


def assess(
    found: Sequence[Finding],
    *,
    score: Score = NEUTRAL,
    trapped: bool = False,
    load: float = 0.0,
    proved: Proved = "nothing",
    quiet: bool = False,
) -> Assessment:
    """Weigh one attempt.

    *load* is how much of its allowance the network has used (0 … 1). Who proved an address or has an invitation does no
    work: for an invitation because it cannot be made up, for an address because it is the way without a script. *quiet*:
    nobody is waiting, so nothing is asked of those without a finding.
    """
    browser = sum(finding.weight for finding in found)
    busy = BUSY_WEIGHT if load > BUSY_LOAD else 0.0
    trap = TRAP_WEIGHT if trapped else 0.0
    scored = max(-SCORE_MOST, min(SCORE_MOST, score.log_odds))
    total = browser + busy + trap + scored
    price = Price.DEAR if total - busy >= DEAR_FROM else Price.FIRM if total >= FIRM_FROM else Price.LIGHT
    if proved != "nothing" or (quiet and price is Price.LIGHT):
        price = Price.NONE
    weights = {"price_by_browser": browser, "price_by_network": busy, "trap_filled": trap, "score": scored}
    acted = price >= Price.FIRM or score.second_step or score.tiers_down or score.hold
    heaviest = max(weights, key=lambda name: weights[name])
    if score.second_step or score.tiers_down or score.hold:
        heaviest = "score"
    return Assessment(
        price=price,
        second_step=score.second_step and proved == "nothing",
        tiers_down=max(0, min(TIERS_DOWN_MOST, score.tiers_down)),
        hold=score.hold,
        reason=heaviest if acted else "",  # type: ignore[arg-type]  # the keys are reasons
        reasons=_heaviest(found, score, trapped=trapped, load=load),
        log_odds=round(total, 3),
        model=score.model,
    )


def _heaviest(found: Sequence[Finding], score: Score, *, trapped: bool, load: float) -> tuple[str, ...]:
    every = [(finding.weight, f"{finding.code}: {finding.seen}") for finding in found]
    every += [(score.log_odds / max(1, len(score.reasons)), text[:120]) for text in score.reasons]
    if trapped:
        every.append((TRAP_WEIGHT, "trap_filled: a field people do not see"))
    if load > BUSY_LOAD:
        every.append((BUSY_WEIGHT, f"network_busy: {load:.0%} of its allowance"))
    every.sort(key=lambda pair: -pair[0])
    return tuple(f"{text} ({weight:+.1f})" for weight, text in every[:REASONS_KEPT])
