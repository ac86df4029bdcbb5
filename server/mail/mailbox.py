"""The mailbox page: letters that were captured because no mail server is set up. Mounted only then.

Anybody who reaches the page can read it, so it is meant for trying things out; a real installation sets FRONTROW_SMTP_URL.
"""

from __future__ import annotations

import asyncio
import re
from email.message import EmailMessage

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.mail.captured_mail import CapturedMail
from server.services import Services

# The letter's page is somebody else's HTML: no scripts, no network, its own origin; only its inline styles and pictures.
_LETTER_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
_CID = re.compile(r'src="cid:([A-Za-z0-9._-]+)"')


async def mailbox_page(request: Request) -> Response:
    """The newest letters."""
    services: Services = request.app.state.services
    letters = await asyncio.to_thread(_box(services).newest)
    return services.templates.page(request, "mailbox.html", letters=letters, letter=None)


async def letter_page(request: Request) -> Response:
    """One letter, as a mail program would show it, and its plain text."""
    services: Services = request.app.state.services
    message = await _letter(request)
    if message is None:
        return services.templates.page(request, "problem.html", status=404, code="not_found")
    plain = message.get_body(("plain",))
    letter = {
        "name": request.path_params["name"],
        "from": str(message["from"]),
        "to": str(message["to"]),
        "subject": str(message["subject"]),
        "text": "" if plain is None else plain.get_content(),
        "files": [part.get_filename() for part in message.iter_attachments()],
    }
    return services.templates.page(request, "mailbox.html", letters=[], letter=letter)


async def letter_body(request: Request) -> Response:
    """The HTML of a letter, for the frame inside its page."""
    message = await _letter(request)
    page = None if message is None else message.get_body(("html",))
    if page is None:
        return Response(status_code=404)
    name = request.path_params["name"]
    html = _CID.sub(rf'src="/mailbox/{name}/\1.png"', str(page.get_content()))
    # Links lead out of the frame, or a click would open the ticket page inside the letter.
    html = html.replace("<head>", '<head><base target="_blank">', 1)
    return Response(html, headers={"Content-Security-Policy": _LETTER_POLICY}, media_type="text/html; charset=utf-8")


async def letter_picture(request: Request) -> Response:
    """A picture of a letter."""
    message = await _letter(request)
    for part in () if message is None else message.walk():
        if part.get("Content-ID") == f"<{request.path_params['picture']}>":
            content = part.get_content()
            if part.get_content_type() == "image/png" and isinstance(content, bytes):
                # Inside the sandboxed frame the reader's origin is nobody's, so the picture must allow that.
                return Response(
                    content, media_type="image/png", headers={"Cross-Origin-Resource-Policy": "cross-origin"}
                )
    return Response(status_code=404)


async def letter_file(request: Request) -> Response:
    """The whole letter, to be opened in a mail program."""
    message = await _letter(request)
    if message is None:
        return Response(status_code=404)
    name = request.path_params["name"]
    return Response(
        message.as_bytes(), media_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{name}.eml"'},
    )  # fmt: skip


def _box(services: Services) -> CapturedMail:
    assert isinstance(services.mailer, CapturedMail)
    return services.mailer


async def _letter(request: Request) -> EmailMessage | None:
    return await asyncio.to_thread(_box(request.app.state.services).read, request.path_params["name"])


routes: list[BaseRoute] = [
    Route("/mailbox", mailbox_page),
    Route("/mailbox/{name}", letter_page),
    Route("/mailbox/{name}/body.html", letter_body),
    Route("/mailbox/{name}/letter.eml", letter_file),
    Route("/mailbox/{name}/{picture}.png", letter_picture),
]
