"""The room's deeds for browsers without scripts: a form is posted, the same deed is done, the page is shown again.

What was refused comes back as `?said=<code>`; the page says it in words. Nothing about a place is in any address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from server import problems
from server.endpoint import bounded_body
from server.refusals import Refusal
from server.rooms.addresses import room_address, show_wanted
from server.rooms.api import notify
from server.rooms.claiming import claim_place, nonce_for
from server.rooms.facts import RoomFacts
from server.rooms.joining import join_line
from server.rooms.leaving import leave_line
from server.rooms.places import give_place, note_notice, place_of, take_place
from server.rooms.views import ClaimPlace, JoinLine, Needs
from server.visitor_session import remember_visitor
from waitingroom.identity import masked

if TYPE_CHECKING:
    from server.services import Services

FORM_BYTES_MAX = 16 * 1024
FIELDS_MAX = 50
Form = Mapping[str, str]


async def post_join(request: Request) -> Response:
    """Join as the form says; an e-mail address without its six digits gets them sent."""
    facts, form = await _read(request)
    if isinstance(facts, Refusal):
        return problems.answer(request, facts)
    wish = JoinLine(
        method=_method(form),
        challenge=form.get("challenge") or None,
        hints={"trap": {name: form.get(name, "") for name in ("subject", "again")}},
        email=form.get("email", "")[:254] or None,
        email_code=form.get("email_code", "")[:12] or None,
        access_code=form.get("access_code", "")[:200] or None,
    )
    seated = await join_line(request, facts, wish)
    if isinstance(seated, Refusal):
        return _back(facts, form, said=seated.code)
    if isinstance(seated, Needs):
        return _back(facts, form, said=seated.needs)
    response = _back(facts, form)
    give_place(request, response, facts, seated.token, seated.secret)
    return response


async def post_claim(request: Request) -> Response:
    """Claim with the browser's secret, and go to the seats. A place that a key holds needs the script that has the key."""
    facts, form = await _read(request)
    if isinstance(facts, Refusal):
        return problems.answer(request, facts)
    nonce = nonce_for(request, facts)
    if isinstance(nonce, Refusal):
        return _back(facts, form, said=nonce.code)
    cookies = Response()
    visitor = remember_visitor(request, cookies)
    claimed = await claim_place(request, facts, ClaimPlace(nonce=nonce, to=show_wanted(form.get("to", ""))), visitor)
    if isinstance(claimed, Refusal):
        return _back(facts, form, said=claimed.code)
    response = RedirectResponse(claimed.go, 303)
    response.raw_headers += [header for header in cookies.raw_headers if header[0] == b"set-cookie"]
    return response


async def post_leave(request: Request) -> Response:
    """Give the place up."""
    facts, form = await _read(request)
    if isinstance(facts, Refusal):
        return problems.answer(request, facts)
    refusal = await leave_line(request, facts)
    response = _back(facts, form, said="left" if refusal is None else refusal.code)
    if refusal is None:
        take_place(request, response, facts)
    return response


async def post_notify(request: Request) -> Response:
    """Ask for a letter when the turn is near."""
    facts, form = await _read(request)
    if isinstance(facts, Refusal):
        return problems.answer(request, facts)
    email = await notify(request, facts, form.get("email", ""))
    if isinstance(email, Refusal):
        return _back(facts, form, said=email.code)
    response = _back(facts, form, said="notify")
    note_notice(request, response, facts, masked(email))
    return response


async def post_contest(request: Request) -> Response:
    """Contest what the bot door did, and keep waiting."""
    facts, form = await _read(request)
    if isinstance(facts, Refusal):
        return problems.answer(request, facts)
    services: Services = request.app.state.services
    place = place_of(request, facts)
    if place is None:
        return _back(facts, form, said="place_unknown")
    answer = await services.door.contest(facts, place, form.get("text", "")[:2000])
    return _back(facts, form, said=answer.code if isinstance(answer, Refusal) else "contested")


async def _read(request: Request) -> tuple[RoomFacts | Refusal, Form]:
    services: Services = request.app.state.services
    facts = await services.rooms.find(str(request.path_params["slug"]))
    body = await bounded_body(request, FORM_BYTES_MAX)
    if facts is None:
        return Refusal("room_unknown"), {}
    if isinstance(body, Refusal):
        return body, {}
    try:
        return facts, dict(parse_qsl(body.decode("utf-8", "replace").replace("\0", ""), max_num_fields=FIELDS_MAX))
    except ValueError:
        return Refusal("bad_request"), {}


def _method(form: Form) -> Any:
    method = form.get("method", "device")
    return method if method in ("device", "email", "code") else "device"


def _back(facts: RoomFacts, form: Form, **said: str) -> RedirectResponse:
    return RedirectResponse(room_address(facts, show_wanted(form.get("to", "")), **said), 303)


routes: list[BaseRoute] = [
    Route(f"/rooms/{{slug}}/{deed.__name__.removeprefix('post_')}", deed, methods=["POST"])
    for deed in (post_join, post_claim, post_leave, post_notify, post_contest)
]
