"""`/tickets`: the orders this browser knows, newest show first. Without an account; the mail has the same links."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.buyer_pages.frame import PRIVATE, services_of
from server.buyer_pages.remembered_orders import remembered
from server.orders.addresses import order_address
from server.orders.reading import Reader, view_order
from server.orders.references import read_ref
from server.orders.routes import desk_for
from server.orders.views import OrderView


async def my_tickets(request: Request) -> Response:
    """List the remembered orders; `?ref=` opens one that its visitor may see."""
    if wanted := read_ref(request.query_params.get("ref", "")):
        return RedirectResponse(order_address(wanted), 303, headers=PRIVATE)
    desk = desk_for(request)
    seen = [await view_order(desk, ref, Reader(key=key)) for ref, key in remembered(request).items()]
    orders = [order for order in seen if order is not None]
    now_ms = desk.now_ms()
    page = services_of(request).templates.page(
        request,
        "tickets.html",
        nav="tickets",
        coming=sorted((o for o in orders if not _over(o, now_ms)), key=lambda o: o.show.starts_at_ms),
        past=sorted((o for o in orders if _over(o, now_ms)), key=lambda o: -o.show.starts_at_ms),
        moment=lambda ms: datetime.fromtimestamp(ms / 1000, UTC),
        address=order_address,
    )
    page.headers.update(PRIVATE)
    return page


def _over(order: OrderView, now_ms: int) -> bool:
    """A day after it began a show is past, and so is an order that never was paid."""
    return order.show.starts_at_ms + 86_400_000 < now_ms or order.state in ("expired", "cancelled")
