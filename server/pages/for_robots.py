"""robots.txt and the sitemap."""

from __future__ import annotations

from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.catalog.inputs import EventFilter
from server.catalog.published import published_page
from server.pages.shared import base_url
from server.refusals import Refusal

# The protocol's limit is 50,000 addresses; a crawler's patience is shorter.
ADDRESSES_MAX = 5_000


async def robots(request: Request) -> Response:
    """Let crawlers read what is public and spare them the rest."""
    closed = (
        "/api/",
        "/organise",
        "/account",
        "/sign-in",
        "/door",
        "/mailbox",
        "/tickets",
        "/shows/",
        "/demo-provider",
    )
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        "",
        f"Sitemap: {base_url(request)}/sitemap.xml",
        "",
    ]
    return PlainTextResponse("\n".join(lines), headers={"Cache-Control": "public, max-age=3600"})


async def sitemap(request: Request) -> Response:
    """List the list and every published event."""
    base, cursor = base_url(request), None
    addresses = [f"{base}/"]
    while len(addresses) < ADDRESSES_MAX:
        found = await published_page(request.app.state.services.database, EventFilter(limit=100, cursor=cursor))
        assert not isinstance(found, Refusal), "the cursor is our own"
        items, cursor = found
        addresses += [base + item.page for item in items]
        if cursor is None:
            break
    body = "".join(f"<url><loc>{escape(address)}</loc></url>" for address in addresses)
    xml = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</urlset>'
    return Response(xml, media_type="application/xml", headers={"Cache-Control": "public, max-age=600"})


routes = [
    Route("/robots.txt", robots, methods=["GET", "HEAD"], name="pages.robots"),
    Route("/sitemap.xml", sitemap, methods=["GET", "HEAD"], name="pages.sitemap"),
]
