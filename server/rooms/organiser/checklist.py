"""What to look at before the doors open: each point is fine, worth a thought, or must be mended. Pure: facts in, points out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from server.rooms.organiser.defaults import BUYERS_OF_CALLED, SHOPPING_MIN, TICKETS_PER_PARTY

Verdict = Literal["ok", "look", "mend"]
# Later than this, people have no time to find the page before the draw.
LOBBY_LEAST = timedelta(minutes=5)
# A rate that empties the house faster than this leaves nobody time to steer; slower than the other, the evening is over.
SELL_OUT_LEAST_MIN, SELL_OUT_MOST_MIN = 3, 180
# Bytes of the store for one who waits, with the room for growth that a resize of its tables needs.
WAITING_BYTES = 50
HEARD_MS = 5_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What the points are judged by. *usher_seen_ms* is how long ago the usher moved; *store_free_bytes* None means no limit is set."""

    now: datetime
    lobby_opens_at: datetime
    draws_at: datetime
    closes_at: datetime
    sale_opens_at: tuple[datetime, ...]
    shows_on_sale: int
    shows_priced: int
    shows: int
    places: int
    rate_per_min: int
    cap: int
    identity: str
    mail_is_real: bool
    capacity_max: int
    usher_seen_ms: int | None
    store_evicts: bool
    store_free_bytes: int | None
    health_heard: bool
    seed_committed: bool
    rehearsed_at: datetime | None
    stewards: int


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the list; its words are `rooms.check.<key>.<verdict>`, with *facts* filled in."""

    key: str
    verdict: Verdict
    facts: dict[str, Any]


def checklist(facts: Facts) -> list[Point]:
    """Judge every point, what must be mended first."""
    order = {"mend": 0, "look": 1, "ok": 2}
    return sorted(_points(facts), key=lambda point: order[point.verdict])


def _points(facts: Facts) -> Iterator[Point]:
    def point(key: str, good: bool, otherwise: Verdict, **values: Any) -> Point:
        return Point(key, "ok" if good else otherwise, values)

    yield point("on_sale", facts.shows_on_sale == facts.shows, "mend", n=facts.shows - facts.shows_on_sale)
    yield point("prices", facts.shows_priced == facts.shows, "mend", n=facts.shows - facts.shows_priced)
    first_sale = min(facts.sale_opens_at, default=facts.draws_at)
    # Before its sale opens a show sells nothing: people would be called in to a locked shop.
    yield point("sale_time", facts.draws_at >= first_sale, "mend")
    yield point("lobby_time", facts.draws_at - facts.lobby_opens_at >= LOBBY_LEAST, "look", n=_minutes(LOBBY_LEAST))
    minutes = sell_out_minutes(facts.places, facts.rate_per_min)
    yield point("rate", SELL_OUT_LEAST_MIN <= minutes <= SELL_OUT_MOST_MIN, "look", n=round(minutes))
    yield point("cap", facts.cap >= facts.rate_per_min * SHOPPING_MIN * BUYERS_OF_CALLED, "look", n=_through(facts.cap))
    yield point("mail", facts.identity != "email" or facts.mail_is_real, "mend")
    seen = facts.usher_seen_ms is not None and facts.usher_seen_ms <= HEARD_MS
    yield point("usher", seen, "mend")
    needed = facts.capacity_max * WAITING_BYTES
    fits = not facts.store_evicts and (facts.store_free_bytes is None or facts.store_free_bytes >= needed)
    yield point("store", fits, "mend", n=facts.capacity_max)
    yield point("health", facts.health_heard, "look")
    yield point("seed", facts.seed_committed, "mend")
    yield point("rehearsal", facts.rehearsed_at is not None, "look")
    yield point("stewards", facts.stewards >= 2, "look", n=facts.stewards)


def sell_out_minutes(places: int, rate_per_min: int) -> float:
    """Return how long the house lasts when *rate_per_min* people are called and buy as people do."""
    return places / (rate_per_min * BUYERS_OF_CALLED * TICKETS_PER_PARTY)


def _through(cap: int) -> int:
    """Return how many shoppers a minute pass a floor of *cap*."""
    return cap // SHOPPING_MIN


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)
