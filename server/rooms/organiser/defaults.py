"""What a new room starts from: settings that are right for most sales, derived from the shows it stands before. Pure.

The numbers come from how people buy: a party takes 2.2 tickets, four of ten who are called do not come or do not buy, and whoever
comes is done after four minutes. A hall is offered once in about twenty minutes: fast enough for the crowd, slow enough to steer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.catalog.facts import Show

TICKETS_PER_PARTY = 2.2
BUYERS_OF_CALLED = 0.6
OFFERED_IN_MIN = 20
SHOPPING_MIN = 4
# A little room above the average: people who take their time must not stop the line.
CAP_MARGIN = 1.25
RATE_MIN, RATE_MAX = 30, 1_200
CAP_MIN = 50
LOBBY_BEFORE = timedelta(minutes=30)
CLAIM_WINDOW_S = 300
VISIT_S = 600


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings to begin with. Times are aware; *rate_per_min* counts people called in, *cap* people who shop at once."""

    lobby_opens_at: datetime
    draws_at: datetime
    closes_at: datetime
    rate_per_min: int
    cap: int
    claim_window_s: int = CLAIM_WINDOW_S
    visit_s: int = VISIT_S


def propose(shows: Sequence[Show], now: datetime) -> Proposal:
    """Propose settings for a room before *shows*.

    The draw is the second the first of them goes on sale. For a sale that has begun already it is soon: everybody who comes
    within the next five minutes gets the same chance.
    """
    assert shows, "a room stands before a show"
    sale = min(show.sale_opens_at for show in shows)
    draw = sale if sale > now else _next_minutes(now, 5)
    lobby = max(draw - LOBBY_BEFORE, now.replace(second=0, microsecond=0))
    rate, cap = pace_for(sum(show.capacity for show in shows))
    return Proposal(lobby, draw, max(show.sale_closes_at for show in shows), rate, cap)


def pace_for(places: int) -> tuple[int, int]:
    """Return the rate (people a minute) and the cap (people at once) that suit a house of *places*."""
    called = places / TICKETS_PER_PARTY / BUYERS_OF_CALLED
    rate = round(min(max(called / OFFERED_IN_MIN, RATE_MIN), RATE_MAX), -1)
    cap = max(rate * SHOPPING_MIN * CAP_MARGIN, CAP_MIN)
    return int(rate), int(round(cap, -1))


def _next_minutes(now: datetime, step: int) -> datetime:
    """Return the first full *step* minutes that are at least *step* minutes away."""
    whole = now.replace(second=0, microsecond=0)
    return whole + timedelta(minutes=2 * step - whole.minute % step)
