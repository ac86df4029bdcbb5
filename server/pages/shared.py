"""What the public pages of one process share: the rendered pages, what is left, and under which address we are known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.requests import Request

from server.pages.availability import Availability
from server.pages.kept import KeptPages
from server.pages.listing import Listings

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9a-fA-F:]{2,39}\](:\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pages:
    """The memory of the public pages."""

    kept: KeptPages
    availability: Availability
    listings: Listings


def pages_of(request: Request) -> Pages:
    """Return the pages' memory of this process, made when first asked for."""
    state = request.app.state
    pages: Pages | None = getattr(state, "pages", None)
    if pages is None:
        services = state.services
        pages = state.pages = Pages(KeptPages(), Availability(services.inventory), Listings(services.database))
    return pages


def base_url(request: Request) -> str:
    """Return the address people reach us by: the operator's, else the request's own. A Host header no host has gets localhost."""
    configured: str = request.app.state.services.settings.public_url
    if configured:
        return configured.rstrip("/")
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"
