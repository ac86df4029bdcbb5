"""The organiser's pages of waiting rooms: the list, the live room and its controls. They work without a script, but for the figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import problems
from server.accounts.guard import problem_page, staff_page
from server.accounts.pages import form_fields
from server.event_stream import EventStream
from server.principal import Principal
from server.refusals import REFUSALS, Refusal
from server.rooms.desk import desk_of
from server.rooms.facts import RoomFacts
from server.rooms.organiser.checks import points_of
from server.rooms.organiser.figures import actions_of, next_moment, phase_of
from server.rooms.organiser.reading import RoomReader
from server.rooms.organiser.rehearsal import end_rehearsal, start_rehearsal
from server.rooms.organiser.watch import Watches
from server.rooms.plan import room_key
from server.rooms.reading import room_of, rooms_of
from server.rooms.steer import Action, steer
from server.services import Services
from server.templating import clock, day, locale_of, words
from waitingroom.model import LineState

WORDS = ("rooms.",)
SEE, STEER, MAKE = "sales:read", "stock:write", "events:write"
TONES = {
    "open": "ok", "passthrough": "ok", "lobby": "info", "drawing": "info",
    "paused": "warn", "held": "warn", "draining": "warn", "sold_out": "danger",
}  # fmt: skip
ACTIONS: tuple[Action, ...] = get_args(Action)
# Whoever signed out or lost the role is not told any more after this time.
ASK_AGAIN_S = 60.0
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class RoomLine:
    """One room of the list; every text is ready to print."""

    href: str
    name: str
    before: str
    state: str
    tone: str
    when: str
    waiting: str
    admitted: str
    rehearsal: bool


async def room_list(request: Request) -> Response:
    """Answer `/organise/rooms`: every room, latest draw first."""
    who = await staff_page(request, SEE)
    if isinstance(who, Response):
        return who
    services: Services = request.app.state.services
    facts = await rooms_of(desk_of(request), who.org_id)
    states = await asyncio.gather(*(services.line.read(room_key(one)) for one in facts if not one.closed))
    known = {one.room_id: state for one, state in zip((f for f in facts if not f.closed), states, strict=True)}
    async with services.database.tenant(who.org_id) as connection:
        organisation = await connection.fetchval("select name from organisations where id = $1", who.org_id)
    lines = [await _line(services, one, known.get(one.room_id), locale_of(request)) for one in facts]
    return fresh(
        services.templates.page(
            request,
            "organiser/room_list.html",
            nav="rooms",
            who=who,
            organisation=organisation,
            lines=lines,
            may_make=who.may(MAKE),
        )
    )


async def _line(services: Services, facts: RoomFacts, state: LineState | None, locale: str) -> RoomLine:
    t, now = words(locale), condition_of(facts, state)
    return RoomLine(
        href=f"/organise/rooms/{facts.room_id}",
        name=facts.name,
        before=before_of(facts, t),
        state=t(f"rooms.condition.{now}"),
        tone=TONES.get(now, ""),
        when=await when_of(services, facts, state, locale),
        waiting="–" if state is None else f"{state.waiting:,}",
        admitted="–" if state is None else f"{state.claimed:,}",
        rehearsal=facts.rehearsal_of is not None,
    )


async def live_room(request: Request) -> Response:
    """Answer `/organise/rooms/{room}`: the frame of the live room; its figures come over the event stream."""
    found = await own_room(request, SEE)
    if isinstance(found, Response):
        return found
    who, facts = found
    services: Services = request.app.state.services
    locale = locale_of(request)
    state = await services.line.read(room_key(facts))
    now = condition_of(facts, state)
    phase = phase_of_now(facts, state)
    actions = actions_of(
        phase,
        paused=facts.paused,
        passthrough=facts.passthrough if state is None else state.passthrough,
        over=facts.closes_ms <= time.time() * 1000,
    )
    points = await points_of(services, facts, words(locale)) if phase in ("planned", "lobby") and facts.shows else []
    return fresh(
        services.templates.page(
            request,
            "organiser/room_live.html",
            nav="rooms",
            who=who,
            facts=facts,
            before=before_of(facts, words(locale)),
            when=await when_of(services, facts, state, locale),
            condition=now,
            tone=TONES.get(now, ""),
            actions=actions,
            points=points,
            may_steer=who.may(STEER),
            may_change=who.may(MAKE) and facts.rehearsal_of is None and not facts.closed,
            can_review=who.may(STEER),
            room={
                "events_url": f"/organise/rooms/{facts.room_id}/events",
                "time_zone": await zone_of(services, facts.event_id),
                "draws_ms": facts.draws_ms,
            },
            words=words(locale).chosen(*WORDS),
        )
    )


async def room_events(request: Request) -> Response:
    """Answer `/organise/rooms/{room}/events`: the figures, pushed once a second."""
    found = await own_room(request, SEE)
    if isinstance(found, Response):
        # An event stream that meets a redirect asks again for ever; a refusal it can read ends it.
        return problems.response(Refusal("sign_in_required" if found.status_code == 303 else "room_unknown"))
    who, facts = found
    return EventStream(request, _events(request, who, facts.room_id))


async def _events(request: Request, who: Principal, room_id: int) -> AsyncGenerator[bytes, None]:
    services: Services = request.app.state.services
    loop = asyncio.get_running_loop()
    ask_at = loop.time() + ASK_AGAIN_S
    async for figures in watches_of(request).follow(room_id, RoomReader(services, room_id)):
        if loop.time() >= ask_at:
            again = await services.principals.principal(request)
            if not isinstance(again, Principal) or again.org_id != who.org_id or not again.may(SEE):
                yield b"event: refused\ndata: {}\n\n"
                return
            ask_at = loop.time() + ASK_AGAIN_S
        yield b"event: figures\ndata: " + _encode(figures) + b"\n\n"
    yield b"event: over\ndata: {}\n\n"


async def steer_room(request: Request) -> Response:
    """Take one of the controls' forms: done, and back to the page; a script gets the bare answer instead."""
    found = await own_room(request, STEER)
    if isinstance(found, Response):
        return found
    who, facts = found
    fields = await form_fields(request)
    if isinstance(fields, Refusal):
        return problems.response(fields)
    action = next((one for one in ACTIONS if one == fields.get("action")), None)
    if action is None:
        return problem_page(request, "bad_request", 400)
    rate, cap = _whole(fields.get("rate_per_min")), _whole(fields.get("cap"))
    if fields.get("share") == "half":
        rate, cap = max(1, facts.rate_per_min // 2), facts.cap
    done = await steer(
        desk_of(request), who, who.org_id, facts.room_id, action,
        rate_per_min=rate, cap=cap, text=fields.get("text", "").strip(),
    )  # fmt: skip
    if "application/json" in request.headers.get("accept", ""):
        return problems.response(done) if isinstance(done, Refusal) else Response(status_code=204)
    if isinstance(done, Refusal):
        return problem_page(request, done.code, REFUSALS[done.code].status)
    return RedirectResponse(f"/organise/rooms/{facts.room_id}", 303)


async def rehearse(request: Request) -> Response:
    """Open a rehearsal and go there."""
    found = await own_room(request, STEER)
    if isinstance(found, Response):
        return found
    who, facts = found
    services: Services = request.app.state.services
    name = words(locale_of(request))("rooms.rehearsal_name", name=facts.name)
    made = await start_rehearsal(desk_of(request), services.redis, who, who.org_id, facts.room_id, name)
    if isinstance(made, Refusal):
        return problem_page(request, made.code, REFUSALS[made.code].status)
    return RedirectResponse(f"/organise/rooms/{made.room_id}", 303)


async def stop_rehearsing(request: Request) -> Response:
    """Clear the rehearsals of a room away and go back to it; one that is over already is no mistake."""
    found = await own_room(request, STEER)
    if isinstance(found, Response):
        return found
    who, facts = found
    services: Services = request.app.state.services
    await end_rehearsal(desk_of(request), services.redis, who, who.org_id, facts.room_id)
    return RedirectResponse(f"/organise/rooms/{facts.room_id}", 303)


# What the pages share.


async def own_room(request: Request, scope: str) -> tuple[Principal, RoomFacts] | Response:
    """Return who asks and the room of the address, or the answer to give instead. Another organisation's room is unknown."""
    who = await staff_page(request, scope)
    if isinstance(who, Response):
        return who
    facts = await room_of(desk_of(request), who.org_id, room_number(request))
    return problem_page(request, facts.code, 404) if isinstance(facts, Refusal) else (who, facts)


def room_number(request: Request) -> int:
    """Return the room's number in the path; 0, which no room has, for a text that cannot be one."""
    return _whole(str(request.path_params["room"])) or 0


def watches_of(request: Request) -> Watches:
    """Return the watched rooms of this process."""
    state = request.app.state
    if not hasattr(state, "room_watches"):
        state.room_watches = Watches()
    watches: Watches = state.room_watches
    return watches


def phase_of_now(facts: RoomFacts, state: LineState | None) -> str:
    """Return the phase, from the line if it knows the room."""
    return phase_of(facts, _now_ms()) if state is None or facts.closed else str(state.phase)


def condition_of(facts: RoomFacts, state: LineState | None) -> str:
    """Return one word for a room: the flag that rules, else the phase."""
    phase = phase_of_now(facts, state)
    if phase == "closed":
        return "closed"
    if facts.paused:
        return "paused"
    if state is not None and state.paused:
        return "held"
    passing = facts.passthrough if state is None else state.passthrough
    return "passthrough" if passing and phase == "open" else phase


def before_of(facts: RoomFacts, t: Callable[..., str]) -> str:
    """Say what the room stands before."""
    if facts.whole_event:
        return t("rooms.before_event", event=facts.event_title)
    return t("rooms.before_shows", n=len(facts.shows), event=facts.event_title) if facts.shows else facts.event_title


async def when_of(services: Services, facts: RoomFacts, state: LineState | None, locale: str) -> str:
    """Say when what comes next comes, in the venue's zone."""
    phase = phase_of_now(facts, state)
    moment = facts.draws_ms if phase == "open" else next_moment(facts, phase)
    zone = await zone_of(services, facts.event_id)
    when = ""
    if moment is not None:
        at = datetime.fromtimestamp(moment / 1000, UTC)
        when = f"{day(at, zone, locale, 'medium')}, {clock(at, zone, locale)}"
    return words(locale)(f"rooms.when.{phase}", when=when)


async def zone_of(services: Services, event_id: int) -> str:
    """Return the time zone of an event's first venue."""
    event = await services.shows.event(event_id=event_id)
    return event.shows[0].venue.time_zone if event is not None and event.shows else "UTC"


def fresh(page: Response) -> Response:
    """Let nobody keep *page*: it says how things are now."""
    page.headers["Cache-Control"] = "no-store"
    return page


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 9 else None


def _now_ms() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)


routes = [
    Route("/organise/rooms", room_list, methods=["GET"], name="rooms.organiser_list"),
    Route("/organise/rooms/{room:number}", live_room, methods=["GET"], name="rooms.organiser_live"),
    Route("/organise/rooms/{room:number}/events", room_events, methods=["GET"], name="rooms.organiser_events"),
    Route("/organise/rooms/{room:number}/steer", steer_room, methods=["POST"], name="rooms.organiser_steer"),
    Route("/organise/rooms/{room:number}/rehearsal", rehearse, methods=["POST"], name="rooms.organiser_rehearse"),
    Route(
        "/organise/rooms/{room:number}/rehearsal/end",
        stop_rehearsing,
        methods=["POST"],
        name="rooms.organiser_rehearsed",
    ),
]
