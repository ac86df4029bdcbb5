"""From the facts of a show to the plan its inventory works by."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from seatmap.chart.attributes import ACCESSIBLE, Attribute
from seatmap.inventory.model import AreaPlan, Limits, SalePhase, ShowPlan
from server.catalog.facts import Prices, Show, ShowFacts

# Seats that only somebody who asks for accessible places may hold: the spaces themselves and the seats beside them.
_KEPT = int(ACCESSIBLE | Attribute.COMPANION)
ACCESSIBLE_POOL = 1
# A hold is never older than this many times its ordinary life, extension and failed payments included.
LIFE_FACTOR = 2
RETRY_MS = 120_000


def show_plan(facts: ShowFacts, *, hold_s: int = 600, extension_s: int = 300) -> ShowPlan:
    """Return the plan of *facts*. The durations are the installation's, used where the show has none of its own."""
    chart, show = facts.chart, facts.show
    current = show.prices  # of types that are sold, archived ones are not among them
    return ShowPlan(
        categories=chart.category.tobytes(),
        prices={version: _same_pairs(prices, current) for version, prices in facts.prices.items()} or {0: {}},
        areas=tuple(AreaPlan(area.capacity, area.category) for area in chart.areas),
        pools=_pools(facts),
        quotas={quota.quota_id: quota.capacity for quota in show.quotas},
        quota_of={
            pair: counted
            for pair in sorted((category, type_id) for category, types in current.items() for type_id in types)
            if (counted := tuple(quota.quota_id for quota in show.quotas if quota.counts(*pair)))
        },
        limits=_limits(show, hold_s, extension_s),
        phase=sale_phase(show),
        pass_required=show.room,
    )


def sale_phase(show: Show) -> SalePhase:
    """Return when holds may be made: the window, shut while the show is paused, closed or cancelled."""
    closes_at = show.sale_opens_at if show.state in ("closed", "cancelled") else show.sale_closes_at
    return SalePhase(_ms(show.sale_opens_at), max(1, _ms(closes_at)), paused=show.state == "paused")


def removed_seats(facts: ShowFacts) -> dict[int, str]:
    """Name the seats an earlier revision had and this one hasn't: numbered for ever, never sold."""
    return {int(k): "removed" for k in np.flatnonzero(facts.chart.removed)}


def _same_pairs(prices: Prices, current: Prices) -> Prices:
    """Price in an older version exactly what is sold now: the inventory refuses versions that differ in more than amounts."""
    return {
        category: {type_id: prices.get(category, {}).get(type_id, amount) for type_id, amount in types.items()}
        for category, types in current.items()
    }


def _pools(facts: ShowFacts) -> bytes:
    kept = (facts.chart.attributes & np.uint16(_KEPT)) > 0
    return (kept * np.uint8(ACCESSIBLE_POOL)).astype(np.uint8).tobytes() if kept.any() else b""


def _limits(show: Show, hold_s: int, extension_s: int) -> Limits:
    ttl_ms = 1000 * (show.hold_s or hold_s)
    extension_ms = 1000 * (extension_s if show.extension_s is None else show.extension_s)
    return Limits(
        order_max=show.per_order_max,
        visitor_max=show.per_visitor_max,
        ttl_ms=ttl_ms,
        extension_ms=extension_ms,
        life_max_ms=LIFE_FACTOR * (ttl_ms + extension_ms),
        retry_ms=RETRY_MS,
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
