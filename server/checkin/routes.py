"""The door over HTTP: scans, undo, counters, lookup, gates, devices, and the page."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.accounts.guard import staff_page
from server.checkin import postgres_checkin
from server.checkin.door import Door
from server.checkin.door_news import DoorNews
from server.checkin.live_counters import LiveCounters
from server.checkin.scan import ScanAnswer, ScanRefused
from server.checkin.views import (
    CheckinCounters,
    DeviceView,
    DoorShows,
    FoundTickets,
    GateView,
    NewDevice,
    NewGate,
    ScanBatch,
    ScanResults,
    Search,
    Undo,
)
from server.endpoint import endpoint, query
from server.event_stream import EventStream
from server.principal import Principal
from server.refusals import Refusal
from server.services import Services
from server.tickets.keyring import Keyring


@endpoint(
    "POST",
    "/api/v1/scans",
    body=ScanBatch,
    reply=ScanResults,
    summary="Scan tickets at the door",
    scope="scans:write",
    tag="door",
)
async def scan_tickets(request: Request, body: ScanBatch) -> ScanResults:
    """Judge each scan in a transaction of its own: a bad one does not hold up the next."""
    who: Principal = request.state.principal
    door, news = door_of(request), news_of(request)
    answers: list[ScanAnswer] = []
    refused: list[ScanRefused] = []
    for scan in body.scans:
        answer = await door.scan(who.org_id, scan, who.user_id)
        if isinstance(answer, ScanAnswer):
            answers.append(answer)
        else:
            refused.append(answer)
    for show in {scan.show for scan in body.scans} if answers else ():
        news.tell(who.org_id, show)
    return ScanResults(tuple(answers), tuple(refused))


@endpoint(
    "POST",
    "/api/v1/scans/{scan:serial}/undo",
    body=Undo,
    reply=ScanAnswer,
    summary="Take back a ticket's last admission or exit",
    scope="scans:write",
    refusals=("scan_unknown", "scan_not_undoable", "scan_key_reused", "device_unknown", "device_revoked"),
    tag="door",
)
async def undo_scan(request: Request, body: Undo) -> ScanAnswer | Refusal:
    """Record an undo; the scan itself stays on record."""
    who: Principal = request.state.principal
    answer = await door_of(request).undo(who.org_id, request.path_params["scan"], body.device, body.seq, who.user_id)
    if isinstance(answer, ScanAnswer) and answer.ticket is not None:
        news_of(request).tell(who.org_id, answer.ticket.show)
    return answer


@endpoint(
    "GET",
    "/api/v1/shows/{show:number}/checkin",
    reply=CheckinCounters,
    summary="Count who came in, by gate",
    scope="scans:read",
    refusals=("show_unknown",),
    tag="door",
)
async def count_checkin(request: Request) -> CheckinCounters | Refusal:
    """Read the counters as they are now."""
    services, who = _caller(request)
    show = await _own_show(request)
    return (
        show if isinstance(show, Refusal) else await postgres_checkin.read_counters(services.database, who.org_id, show)
    )


@endpoint(
    "GET",
    "/api/v1/shows/{show:number}/checkin/live",
    summary="Follow the counters as server-sent events",
    scope="scans:read",
    refusals=("show_unknown",),
    tag="door",
)
async def follow_checkin(request: Request) -> Response | Refusal:
    """Send the counters now and after every scan, one `data:` line of JSON each."""
    _, who = _caller(request)
    show = await _own_show(request)
    if isinstance(show, Refusal):
        return show
    counters = live_counters_of(request).follow(who.org_id, show)

    async def lines() -> AsyncGenerator[bytes, None]:
        async with aclosing(counters):
            async for now in counters:
                yield b"data: " + msgspec.json.encode(now) + b"\n\n"

    return EventStream(request, lines())


@endpoint(
    "GET",
    "/api/v1/shows/{show:number}/checkin/tickets",
    query=Search,
    reply=FoundTickets,
    summary="Find a ticket by name, order or seat",
    scope="tickets:read",
    refusals=("show_unknown",),
    tag="door",
)
async def find_ticket(request: Request) -> FoundTickets | Refusal:
    """Look somebody up who has no code at hand."""
    search = query(request, Search)
    if isinstance(search, Refusal):
        return search
    services, who = _caller(request)
    show = await _own_show(request)
    if isinstance(show, Refusal):
        return show
    return await postgres_checkin.find_tickets(services.database, who.org_id, show, search.q)


@endpoint(
    "GET", "/api/v1/door/shows", reply=DoorShows, summary="List shows whose doors may open soon", scope="scans:read"
)
async def list_door_shows(request: Request) -> DoorShows:
    """What the door's page offers to choose from."""
    services, who = _caller(request)
    async with services.database.tenant(who.org_id) as connection:
        return DoorShows(await postgres_checkin.door_shows(connection))


@endpoint(
    "POST",
    "/api/v1/door/gates",
    body=NewGate,
    reply=GateView,
    status=201,
    summary="Add a gate to a venue",
    scope="scans:write",
    refusals=("venue_unknown", "gate_name_taken"),
)
async def add_gate(request: Request, body: NewGate) -> GateView | Refusal:
    """A venue needs one gate before anybody can scan there."""
    services, who = _caller(request)
    async with services.database.tenant(who.org_id) as connection:
        return await postgres_checkin.add_gate(connection, body)


@endpoint(
    "POST",
    "/api/v1/door/devices",
    body=NewDevice,
    reply=DeviceView,
    status=201,
    summary="Enrol a device that scans",
    scope="scans:write",
)
async def enrol_device(request: Request, body: NewDevice) -> DeviceView:
    """Done once per browser or machine."""
    services, who = _caller(request)
    async with services.database.tenant(who.org_id) as connection:
        return DeviceView(await postgres_checkin.enrol_device(connection, body.name, who.user_id))


async def door_page(request: Request) -> Response:
    """The scanner. Whoever is not signed in for the door is sent to sign in, and comes back here."""
    who = await staff_page(request, "scans:write")
    if isinstance(who, Response):
        return who
    services: Services = request.app.state.services
    return services.templates.page(request, "door.html", who=who)


def door_of(request: Request) -> Door:
    """Return the process's door, made with the first scan."""
    state = request.app.state
    if not hasattr(state, "door"):
        database = state.services.database
        state.door = Door(database, Keyring(database))
    door: Door = state.door
    return door


def news_of(request: Request) -> DoorNews:
    """Return who tells dashboards of this process's scans, made with the first of them."""
    state = request.app.state
    if not hasattr(state, "door_news"):
        state.door_news = DoorNews(state.services.redis)
    news: DoorNews = state.door_news
    return news


def live_counters_of(request: Request) -> LiveCounters:
    """Return the process's followers of counters, made with the first of them."""
    state = request.app.state
    if not hasattr(state, "live_counters"):
        state.live_counters = LiveCounters(state.services.database, state.services.redis)
    counters: LiveCounters = state.live_counters
    return counters


def _caller(request: Request) -> tuple[Services, Principal]:
    return request.app.state.services, request.state.principal


async def _own_show(request: Request) -> int | Refusal:
    """Return the show in the path, if it is one of the caller's organisation: a counter of nothing would count for ever."""
    services, who = _caller(request)
    facts = await services.shows.show(request.path_params["show"])
    return facts.show_id if facts is not None and facts.org_id == who.org_id else Refusal("show_unknown")


routes: list[BaseRoute] = [
    scan_tickets,
    undo_scan,
    count_checkin,
    follow_checkin,
    find_ticket,
    list_door_shows,
    add_gate,
    enrol_device,
    Route("/door", door_page),
]
