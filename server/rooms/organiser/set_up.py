"""The set-up pages: choose an event, fill the form in (it is filled in already), make the room or change it, make invitation codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from server import problems
from server.accounts.guard import problem_page, staff_page
from server.accounts.pages import form_fields
from server.catalog.addresses import slug_of
from server.catalog.desk import desk_of as catalogue_of
from server.catalog.facts import EventFacts
from server.principal import Principal
from server.refusals import REFUSALS, Refusal
from server.rooms.desk import Desk, desk_of
from server.rooms.facts import RoomFacts
from server.rooms.inputs import NewRoom, RoomChange
from server.rooms.make import change_room, create_room
from server.rooms.organiser.checklist import sell_out_minutes
from server.rooms.organiser.defaults import pace_for, propose
from server.rooms.organiser.form import (
    Fields,
    FormError,
    FormErrors,
    fields_of,
    proposed_fields,
    read_form,
    sent_fields,
    untouched,
)
from server.rooms.organiser.pages import MAKE, fresh, own_room
from server.rooms.organiser.reading import SQL
from server.rooms.tiers import issue_codes
from server.services import Services
from server.templating import clock, day, locale_of, words, zone_name

# Which field a refusal of the deed belongs to.
_BLAME = {
    "room_show_taken": ("shows", "room_show_taken"),
    "room_show_foreign": ("shows", "shows"),
    "room_times_contradict": ("draws", "times_contradict"),
    "draw_announced": ("draws", "draw_announced"),
    "room_state": ("name", "room_state"),
}
SLUG_TRIES = 20


@dataclass(frozen=True, slots=True)
class ShowChoice:
    """A show that the room may stand before; *taken* says behind which room it is already."""

    show_id: int
    when: str
    label: str
    where: str
    taken: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class EventChoice:
    """An event that a room may stand before."""

    href: str
    title: str
    shows: str


async def new_room(request: Request) -> Response:
    """Answer `/organise/rooms/new`: the events to choose from, or with `?event=` the form, filled in."""
    who = await staff_page(request, MAKE)
    if isinstance(who, Response):
        return who
    wanted = request.query_params.get("event")
    if wanted is None:
        return await _choose(request, who)
    event = await _event(request, who, wanted)
    if isinstance(event, Response):
        return event
    taken = await _taken(request, who, event, 0)
    free = [show for show in _coming(event) if show.show_id not in taken]
    if not free:
        return await _form(request, who, event, {}, FormErrors({}), taken=taken, fallback=True)
    services: Services = request.app.state.services
    fields = proposed_fields(
        propose(free, datetime.now(UTC)),
        event.title,
        [show.show_id for show in free],
        free[0].venue.time_zone,
        mail=not services.settings.capture_mail,
    )
    return await _form(request, who, event, fields, FormErrors({}), taken=taken)


async def make_room(request: Request) -> Response:
    """Take the form: the room is made and opens its page, or the form comes back with what is wrong."""
    who = await staff_page(request, MAKE)
    if isinstance(who, Response):
        return who
    event = await _event(request, who, request.query_params.get("event", ""))
    if isinstance(event, Response):
        return event
    sent = await form_fields(request)
    if isinstance(sent, Refusal):
        return problems.response(sent)
    taken = await _taken(request, who, event, 0)
    read = read_form(sent, [show.show_id for show in event.shows], _zone(event))
    if not isinstance(read, FormErrors):
        made = await _made(desk_of(request), who, event, read)
        if not isinstance(made, Refusal):
            return RedirectResponse(f"/organise/rooms/{made.room_id}", 303)
        read = _blamed(made)
    return await _form(request, who, event, sent_fields(sent), read, taken=taken)


async def _made(desk: Desk, who: Principal, event: EventFacts, settings: dict[str, Any]) -> RoomFacts | Refusal:
    """Make the room under the first address that is free."""
    made: RoomFacts | Refusal = Refusal("room_slug_taken")
    for number in range(1, SLUG_TRIES + 1):
        slug = slug_of(settings["name"], number)
        made = await create_room(desk, who, who.org_id, NewRoom(event=event.event_id, slug=slug, **settings))
        if not (isinstance(made, Refusal) and made.code == "room_slug_taken"):
            return made
    return made


async def room_settings(request: Request) -> Response:
    """Answer `/organise/rooms/{room}/settings`: the form as the room is."""
    found = await own_room(request, MAKE)
    if isinstance(found, Response):
        return found
    who, facts = found
    event = await _event(request, who, str(facts.event_id))
    if isinstance(event, Response):
        return event
    taken = await _taken(request, who, event, facts.room_id)
    return await _form(request, who, event, fields_of(facts, _zone(event)), FormErrors({}), taken=taken, facts=facts)


async def save_settings(request: Request) -> Response:
    """Take the form of a room that exists. What the form does not show stays as it was."""
    found = await own_room(request, MAKE)
    if isinstance(found, Response):
        return found
    who, facts = found
    event = await _event(request, who, str(facts.event_id))
    if isinstance(event, Response):
        return event
    sent = await form_fields(request)
    if isinstance(sent, Refusal):
        return problems.response(sent)
    read = read_form(sent, [show.show_id for show in event.shows], _zone(event))
    if not isinstance(read, FormErrors):
        change = RoomChange(capacity_max=facts.capacity_max, **(read | untouched(sent, facts, _zone(event))))
        changed = await change_room(desk_of(request), who, who.org_id, facts.room_id, change)
        if not isinstance(changed, Refusal):
            return RedirectResponse(f"/organise/rooms/{facts.room_id}", 303)
        read = _blamed(changed)
    taken = await _taken(request, who, event, facts.room_id)
    return await _form(request, who, event, sent_fields(sent), read, taken=taken, facts=facts)


async def make_codes(request: Request) -> Response:
    """Make invitation codes and hand them over as a text file: they are kept nowhere."""
    found = await own_room(request, MAKE)
    if isinstance(found, Response):
        return found
    who, facts = found
    sent = await form_fields(request)
    if isinstance(sent, Refusal):
        return problems.response(sent)
    numbers = [text for text in (sent.get("tier", ""), sent.get("count", "")) if text.isascii() and text.isdigit()]
    if len(numbers) < 2 or max(map(len, numbers)) > 9:
        return problem_page(request, "field_invalid", 422)
    codes = await issue_codes(desk_of(request), who, who.org_id, facts.room_id, int(numbers[0]), int(numbers[1]))
    if isinstance(codes, Refusal):
        return problem_page(request, codes.code, REFUSALS[codes.code].status)
    name = f"{facts.slug}-{int(numbers[0]) + 1}.txt"
    file = PlainTextResponse("\n".join(codes) + "\n", headers={"Content-Disposition": f'attachment; filename="{name}"'})
    return fresh(file)


async def _choose(request: Request, who: Principal) -> Response:
    services: Services = request.app.state.services
    locale = locale_of(request)
    async with services.database.tenant(who.org_id) as connection:
        rows = await connection.fetch(SQL["coverable_events"])
    events = [
        EventChoice(
            f"/organise/rooms/new?event={row['event_id']}",
            row["title"],
            words(locale)(
                "rooms.choose_shows", n=row["shows"], when=day(row["first_at"], row["time_zone"], locale, "medium")
            ),
        )
        for row in rows
    ]
    return fresh(services.templates.page(request, "organiser/room_choose.html", nav="rooms", who=who, events=events))


async def _event(request: Request, who: Principal, number: str) -> EventFacts | Response:
    event_id = int(number) if number.isascii() and number.isdigit() and len(number) <= 9 else 0
    event = await catalogue_of(request).event_of(who.org_id, event_id)
    if isinstance(event, Refusal):
        return problem_page(request, event.code, 404)
    return event if event.shows else problem_page(request, "event_empty", 409)


async def _taken(request: Request, who: Principal, event: EventFacts, room_id: int) -> dict[int, str]:
    """Return the shows that another room stands before, and its name."""
    services: Services = request.app.state.services
    async with services.database.tenant(who.org_id) as connection:
        rows = await connection.fetch(SQL["covered_shows"], event.event_id)
    return {row["show_id"]: row["name"] for row in rows if row["room_id"] != room_id}


async def _form(
    request: Request,
    who: Principal,
    event: EventFacts,
    fields: Fields,
    errors: FormErrors,
    *,
    taken: dict[int, str],
    facts: RoomFacts | None = None,
    fallback: bool = False,
) -> Response:
    services: Services = request.app.state.services
    locale = locale_of(request)
    t, zone = words(locale), _zone(event)
    if fallback:  # every show is behind a room: the form says so, and has no shows to choose
        fields = proposed_fields(propose(event.shows, datetime.now(UTC)), event.title, (), zone, mail=False)
    shows = [
        ShowChoice(
            show.show_id,
            f"{day(show.starts_at, zone, locale, 'medium')}, {clock(show.starts_at, zone, locale)}",
            show.label,
            f"{show.venue.name}, {show.venue.city}",
            t("rooms.form.taken", name=taken[show.show_id]) if show.show_id in taken else "",
            bool(fields.get(f"show_{show.show_id}")) and show.show_id not in taken,
        )
        for show in event.shows
    ]
    places = sum(show.capacity for show, choice in zip(event.shows, shows, strict=True) if not choice.taken)
    rate = fields["rate_per_min"] if isinstance(fields["rate_per_min"], int) else pace_for(places)[0]
    here = "/organise/rooms" if facts is None else f"/organise/rooms/{facts.room_id}"
    page = services.templates.page(
        request,
        "organiser/room_form.html",
        status=422 if errors.fields else 200,
        nav="rooms",
        who=who,
        heading=t("rooms.new") if facts is None else facts.name,
        action=f"/organise/rooms/new?event={event.event_id}" if facts is None else f"{here}/settings",
        back=here,
        event=event,
        shows=shows,
        whole=not taken,
        fields=fields,
        errors=errors.described(t),
        zone=zone_name(event.shows[0].starts_at, zone, locale),
        advice=t("rooms.form.advice", places=f"{places:,}", minutes=max(1, round(sell_out_minutes(places, rate)))),
        changing=facts is not None,
        facts=facts,
    )
    return fresh(page)


def _blamed(refusal: Refusal) -> FormErrors:
    """Return the refusal of a deed beside the field it is about."""
    field, key = _BLAME.get(refusal.code, ("name", "other"))
    return FormErrors({field: FormError(key, {})})


def _coming(event: EventFacts) -> list[Any]:
    now = datetime.now(UTC)
    return [show for show in event.shows if show.state != "cancelled" and show.sale_closes_at > now]


def _zone(event: EventFacts) -> str:
    return event.shows[0].venue.time_zone


routes = [
    Route("/organise/rooms/new", new_room, methods=["GET"], name="rooms.organiser_new"),
    Route("/organise/rooms/new", make_room, methods=["POST"], name="rooms.organiser_make"),
    Route("/organise/rooms/{room:number}/settings", room_settings, methods=["GET"], name="rooms.organiser_settings"),
    Route("/organise/rooms/{room:number}/settings", save_settings, methods=["POST"], name="rooms.organiser_save"),
    Route("/organise/rooms/{room:number}/codes", make_codes, methods=["POST"], name="rooms.organiser_codes"),
]
