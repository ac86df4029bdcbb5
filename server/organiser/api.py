"""The figures of a sale for programs: what the war room shows, read once."""

from __future__ import annotations

import time

from msgspec import Struct
from starlette.requests import Request

from server.catalog.desk import desk_of
from server.endpoint import endpoint
from server.organiser.dashboard import GateFigures, LastOrder, read_figures
from server.pages.availability import count_places
from server.principal import Principal
from server.refusals import Refusal


class SaleView(Struct, frozen=True):
    """The sale of a show now. *free* and *held* are null when the show is not open in the inventory.

    *revenue* is what buyers paid less refunds, in minor units; *per_minute* counts tickets, the last entry is the running minute.
    """

    show: int
    now_ms: int
    capacity: int
    free: int | None
    held_seats: int | None
    revenue: int
    currency: str
    orders: int
    per_minute: tuple[int, ...]
    last_orders: tuple[LastOrder, ...]
    admitted: int
    gates: tuple[GateFigures, ...]


@endpoint(
    "GET",
    "/api/v1/shows/{show}/sales",
    summary="Read the figures of a sale; to follow them, use `watch` on the live socket",
    reply=SaleView,
    scope="sales:read",
    refusals=("show_unknown",),
)
async def read_sale(request: Request) -> SaleView | Refusal:
    who: Principal = request.state.principal
    text = str(request.path_params["show"])
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    desk = desk_of(request)
    facts = await desk.show_of(who.org_id, number)
    if isinstance(facts, Refusal):
        return facts
    now_ms = time.time_ns() // 1_000_000
    figures = await read_figures(desk.database, who.org_id, number, now_ms)
    snapshot = await desk.inventory.read(facts.key)
    free, held = (None, None) if snapshot is None else count_places(snapshot)
    return SaleView(
        show=number,
        now_ms=now_ms,
        capacity=facts.show.capacity,
        free=free,
        held_seats=held,
        revenue=figures.revenue,
        currency=facts.currency,
        orders=figures.orders,
        per_minute=figures.per_minute,
        last_orders=figures.last_orders,
        admitted=figures.admitted,
        gates=figures.gates,
    )


routes = [read_sale]
