"""The organiser's pages: all shows with their totals, and the live sale of one (figures pushed by the gateway's `watch`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server import problems
from server.accounts.guard import problem_page, staff_page
from server.accounts.pages import form_fields
from server.catalog import sale
from server.catalog.addresses import event_address
from server.catalog.desk import desk_of
from server.catalog.facts import ShowFacts
from server.principal import Principal
from server.refusals import Refusal
from server.services import Services
from server.sql_blocks import load_blocks
from server.templating import clock, day, locale_of, money, words

_SQL = load_blocks(__package__, "dashboard.sql")
ACTIONS = ("open", "pause", "resume", "close")
WORDS = ("organiser.", "common.")
_TONES = {"on_sale": "ok", "paused": "warn", "cancelled": "danger", "draft": "", "closed": "", "before": "info"}


@dataclass(frozen=True, slots=True)
class ShowLine:
    """One show of the list; every text is ready to print."""

    href: str
    when: str
    where: str
    label: str
    state: str
    tone: str
    sold: str
    share: int
    revenue: str
    watchable: bool


@dataclass(frozen=True, slots=True)
class EventBlock:
    """One event with its shows."""

    title: str
    href: str
    status: str
    shows: list[ShowLine] = field(default_factory=list)


async def overview(request: Request) -> Response:
    """Answer `/organise`: the organisation's events, newest first, with what was sold."""
    who = await staff_page(request, "sales:read")
    if isinstance(who, Response):
        return who
    services: Services = request.app.state.services
    async with services.database.tenant(who.org_id) as connection:
        rows = await connection.fetch(_SQL["overview"])
        organisation = await connection.fetchval("select name from organisations where id = $1", who.org_id)
    locale = locale_of(request)
    blocks = _blocks(rows, locale, datetime.now(UTC))
    page = services.templates.page(
        request, "organiser.html", nav="organise", who=who, organisation=organisation, blocks=blocks
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _blocks(rows: Sequence[Any], locale: str, now: datetime) -> list[EventBlock]:
    blocks: dict[int, EventBlock] = {}
    for row in rows:
        block = blocks.setdefault(row["event_id"], EventBlock(row["title"], event_address(row["slug"]), row["status"]))
        if row["show_id"] is not None:
            block.shows.append(_line(row, locale, now))
    return list(blocks.values())


def _line(row: Any, locale: str, now: datetime) -> ShowLine:
    t, zone = words(locale), row["time_zone"]
    state, text = row["state"], t(f"organiser.state.{row['state']}")
    if state == "on_sale" and row["sale_opens_at"] > now:
        opens = row["sale_opens_at"]
        state, text = "before", t(
            "organiser.state.before", when=f"{day(opens, zone, locale, 'medium')}, {clock(opens, zone, locale)}"
        )  # fmt: skip
    elif state in ("on_sale", "paused") and row["sale_closes_at"] <= now:
        state, text = "closed", t("organiser.state.closed")
    capacity = row["capacity"]
    return ShowLine(
        href=f"/organise/shows/{row['show_id']}",
        when=f"{day(row['starts_at'], zone, locale, 'medium')}, {clock(row['starts_at'], zone, locale)}",
        where=f"{row['venue']}, {row['city']}",
        label=row["label"],
        state=text,
        tone=_TONES[state],
        sold=t("organiser.sold_of", sold=f"{row['sold']:,}", capacity=f"{capacity:,}"),
        share=round(100 * row["sold"] / capacity) if capacity else 0,
        revenue=money(row["revenue"], row["currency"], locale),
        watchable=row["state"] != "draft",
    )


async def live_sale(request: Request) -> Response:
    """Answer `/organise/shows/{show}`: the frame of the war room; its figures come over the socket."""
    who = await staff_page(request, "sales:read")
    if isinstance(who, Response):
        return who
    services: Services = request.app.state.services
    facts = await desk_of(request).show_of(who.org_id, _number(request))
    if isinstance(facts, Refusal):
        return problem_page(request, facts.code, 404)
    locale = locale_of(request)
    show, zone = facts.show, facts.time_zone
    page = services.templates.page(
        request,
        "organiser_show.html",
        nav="organise",
        who=who,
        facts=facts,
        when=f"{day(show.starts_at, zone, locale)}, {clock(show.starts_at, zone, locale)}",
        actions=_actions(facts, who),
        show=_data_block(facts, services, locale),
        words=words(locale).chosen(*WORDS),
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _actions(facts: ShowFacts, who: Principal) -> list[str]:
    """Return what may be done with the sale now, the most likely first."""
    if not who.may("stock:write"):
        return []
    return {
        "draft": ["open"],
        "on_sale": ["pause", "close"],
        "paused": ["resume", "close"],
        "closed": ["open"],
        "cancelled": [],
    }[facts.show.state]


def _data_block(facts: ShowFacts, services: Services, locale: str) -> dict[str, Any]:
    opens = facts.show.sale_opens_at
    return {
        "show": facts.show_id,
        "live_url": services.settings.live_url or f":{services.settings.live_port}/live",
        "chart_url": f"/api/v1/charts/{facts.chart_id}/{facts.chart_rev}",
        "currency": facts.currency,
        "time_zone": facts.time_zone,
        "capacity": facts.show.capacity,
        "opens": f"{day(opens, facts.time_zone, locale)}, {clock(opens, facts.time_zone, locale)}",
    }


async def steer(request: Request) -> Response:
    """Take the form that opens, pauses, resumes or closes the sale, and show the page again."""
    who = await staff_page(request, "stock:write")
    if isinstance(who, Response):
        return who
    fields = await form_fields(request)
    if isinstance(fields, Refusal):
        return problems.response(fields)
    number, action = _number(request), fields.get("action", "")
    if action not in ACTIONS:
        return problem_page(request, "bad_request", 400)
    done = await sale.change_sale(desk_of(request), who, who.org_id, number, action)
    if isinstance(done, Refusal):
        return problem_page(request, done.code, 409)
    return RedirectResponse(f"/organise/shows/{number}", 303)


def _number(request: Request) -> int:
    text = str(request.path_params["show"])
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


routes = [
    Route("/organise", overview, methods=["GET"], name="organiser.overview"),
    Route("/organise/shows/{show}", live_sale, methods=["GET"], name="organiser.live"),
    Route("/organise/shows/{show}/sale", steer, methods=["POST"], name="organiser.steer"),
]
