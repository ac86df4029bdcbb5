"""What a request carries that lets somebody see an order: the visitor's session, the order's key, a staff sign-in."""

from __future__ import annotations

from starlette.requests import Request

from server.orders.reading import Reader
from server.principal import Principal
from server.visitor_session import token_of, visitor_of


async def reader_of(request: Request, scope: str, *, key: str | None = None) -> Reader:
    """Collect every proof of *request*; a wrong one is no proof, not an error. *key* counts where the address has none."""
    visitor = visitor_of(request) if token_of(request) else None
    principal = await request.app.state.services.principals.principal(request)
    return Reader(
        visitor=visitor if isinstance(visitor, str) else None,
        key=request.query_params.get("key") or key,
        org_id=principal.org_id if isinstance(principal, Principal) and principal.may(scope) else None,
    )
