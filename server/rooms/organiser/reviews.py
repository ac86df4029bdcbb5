"""The reviewer's queue: objections of people in line, shown blind, judged with one press."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from server import problems
from server.accounts.guard import problem_page
from server.accounts.pages import form_fields
from server.endpoint import endpoint
from server.principal import Principal
from server.refusals import Refusal
from server.rooms.desk import desk_of
from server.rooms.door import reviews as door
from server.rooms.organiser.pages import SEE, STEER, fresh, own_room
from server.rooms.reading import room_of
from server.services import Services
from server.templating import locale_of, words

CASES_MAX = 50
NOTE_MAX = 280


@dataclass(frozen=True, slots=True)
class SeenAction:
    """One thing that was done to the person, ready to print."""

    action: str
    reason: str
    findings: list[str]
    times: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """One objection. *minutes* is how long the person has been waiting for an answer."""

    number: int
    text: str
    minutes: int
    actions: list[SeenAction]


class Cases(Struct, frozen=True):
    """The objections that wait, oldest first; neither who it is nor where they stand is in them."""

    contests: list[door.Case]


class Verdict(Struct, frozen=True, forbid_unknown_fields=True):
    """*overturn*: it was a mistake, and what was done is taken back."""

    overturn: bool
    note: str = ""


async def review_list(request: Request) -> Response:
    """Answer `/organise/rooms/{room}/reviews`: the objections, the longest waiting first."""
    found = await own_room(request, SEE)
    if isinstance(found, Response):
        return found
    who, facts = found
    services: Services = request.app.state.services
    t = words(locale_of(request))
    cases = await door.open_contests(services, who.org_id, facts.room_id, CASES_MAX)
    said = request.query_params.get("said")
    return fresh(
        services.templates.page(
            request,
            "organiser/room_reviews.html",
            nav="rooms",
            who=who,
            facts=facts,
            cases=[_view(case, t, time.time_ns() // 1_000_000) for case in cases],
            may_decide=who.may(STEER),
            said=t("rooms.review.decided") if said == "decided" else "",
        )
    )


def _view(case: door.Case, t: Callable[..., str], now_ms: int) -> CaseView:
    actions = [
        SeenAction(
            t(f"rooms.review.action.{one.action}"), t(f"rooms.review.reason.{one.reason}"), one.reasons, one.times
        )
        for one in case.actions
    ]
    return CaseView(case.contest_id, case.text, max(0, now_ms - case.opened_ms) // 60_000, actions)


async def decide(request: Request) -> Response:
    """Take a verdict. Somebody else having been faster is no mistake: the page says so."""
    found = await own_room(request, STEER)
    if isinstance(found, Response):
        return found
    who, facts = found
    fields = await form_fields(request)
    if isinstance(fields, Refusal):
        return problems.response(fields)
    verdict, number = fields.get("verdict"), fields.get("contest", "")
    if verdict not in ("uphold", "overturn") or not (number.isascii() and number.isdigit() and len(number) < 19):
        return problem_page(request, "bad_request", 400)
    done = await _decided(request, who, facts.room_id, int(number), verdict == "overturn", fields.get("note", ""))
    said = "?said=decided" if isinstance(done, Refusal) else ""
    return RedirectResponse(f"/organise/rooms/{facts.room_id}/reviews{said}", 303)


async def _decided(
    request: Request, who: Principal, room_id: int, contest_id: int, overturn: bool, note: str
) -> door.Decided | Refusal:
    services: Services = request.app.state.services
    deed = door.overturn if overturn else door.uphold
    return await deed(services, who, who.org_id, contest_id, note[:NOTE_MAX])


@endpoint(
    "GET", "/api/v1/rooms/{room}/reviews", summary="List the objections of people in line, without saying whose they are", reply=Cases,
    scope="stock:write", refusals=("room_unknown",),
)  # fmt: skip
async def list_cases(request: Request) -> Cases | Refusal:
    who: Principal = request.state.principal
    facts = await room_of(desk_of(request), who.org_id, _number(request, "room"))
    if isinstance(facts, Refusal):
        return facts
    return Cases(await door.open_contests(request.app.state.services, who.org_id, facts.room_id, CASES_MAX))


@endpoint(
    "POST", "/api/v1/rooms/{room}/reviews/{contest}", summary="Judge an objection", body=Verdict, reply=door.Decided, scope="stock:write",
    refusals=("room_unknown", "contest_unknown", "contest_decided"),
)  # fmt: skip
async def judge_case(request: Request, body: Verdict) -> door.Decided | Refusal:
    who: Principal = request.state.principal
    facts = await room_of(desk_of(request), who.org_id, _number(request, "room"))
    if isinstance(facts, Refusal):
        return facts
    return await _decided(request, who, facts.room_id, _number(request, "contest"), body.overturn, body.note)


def _number(request: Request, name: str) -> int:
    """Return the number in the path; 0, which nothing has, for a text that cannot be one."""
    text = str(request.path_params[name])
    return int(text) if text.isascii() and text.isdigit() and len(text) <= (9 if name == "room" else 18) else 0


routes: list[BaseRoute] = [
    Route("/organise/rooms/{room:number}/reviews", review_list, methods=["GET"], name="rooms.organiser_reviews"),
    Route("/organise/rooms/{room:number}/reviews", decide, methods=["POST"], name="rooms.organiser_decide"),
    list_cases,
    judge_case,
]
