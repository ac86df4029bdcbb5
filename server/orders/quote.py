"""What a hold costs before it is bought."""

from __future__ import annotations

from typing import Literal

from server.faults import Misuse
from server.orders.desk import Desk
from server.orders.lines import lines_of, totals_of
from server.orders.tariff import ShowTariff
from server.orders.views import Quote, view_lines
from server.refusals import Refusal


async def quote_hold(desk: Desk, show_id: int, visitor: str) -> Quote | Refusal:
    """Price the hold of *visitor* by the very rule an order is priced by. Refusals: show_unknown, hold_gone."""
    facts = await desk.shows.show(show_id)
    if facts is None or not facts.show.listed:
        return Refusal("show_unknown")
    hold = await desk.inventory.read_hold(facts.key, visitor)
    if hold is None:
        return Refusal("hold_gone")
    lines = lines_of(hold, ShowTariff(facts))
    if isinstance(lines, Refusal):
        raise Misuse("a hold without attendees was refused")
    totals = totals_of(lines)
    state: Literal["active", "paying"] = "active" if hold.state.value == "active" else "paying"
    return Quote(
        show=show_id,
        lines=view_lines(lines),
        subtotal=totals.subtotal,
        fees=totals.buyer_fees,
        total=totals.total,
        currency=facts.currency,
        expires_at_ms=hold.expires_at_ms,
        state=state,
    )
