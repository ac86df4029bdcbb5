"""`/rooms/{slug}`: the room page, whole in one request, style and script within it.

It works without scripts: the server says where one stands, forms do the deeds (forms.py), and the page renews itself. With scripts
web/src/room takes over from the same markup. What all who stand alike share is rendered and compressed once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections import OrderedDict, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server import problems
from server.buyer_pages.theme import accent_css
from server.catalog.addresses import event_address
from server.faults import Misuse, Unavailable
from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from server.rooms.page_bytes import SharedPage
from server.rooms.page_texts import lines, shows
from server.rooms.page_words import LANGUAGES, RoomWords, room_locale, room_words
from server.rooms.places import place_of
from server.rooms.stage import Stage, stage_of
from server.rooms.standing import go_to, mine_of
from server.rooms.state_json import frame_of
from server.rooms.views import Mine
from server.security import content_security_policy, live_origins
from server.services import Services
from server.templating import WEB, Templates, asset, remember_language
from server.visitor_session import remember_visitor
from waitingroom.frame import LineFrame

INLINE = WEB / "dist" / "inline"
# Rooms, languages, stages: some twenty pages a room and language are in use at once, 60 KB each.
PAGES_MAX = 500
_HEX = re.compile(r"#?([0-9a-fA-F]{6})", re.ASCII)
# An organisation's own colour may be too dark for a dark page: there, its readable shade is the light on the stage.
_DARK_HOUSE = "@media(prefers-color-scheme:dark){.house{--accent:var(--accent-ink)}}"
# What the page shows renews itself by a refresh only where nothing is being typed.
_RENEWS = frozenset({"planned", "lobby", "drawing", "waiting", "sold_out"})
_GOOD_NEWS = frozenset({"", "left", "notify", "contested", "email_code"})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a room stands before."""

    title: str
    when: str
    zone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One reader's moment: all that the page says depends on it and on the room's facts. *said* is what a form was answered."""

    frame: LineFrame | None
    mine: Mine | None
    now_ms: int
    to: int | None = None
    said: str = ""

    @property
    def stage(self) -> Stage:
        """Where the reader stands."""
        stage = stage_of(self.frame, self.mine, self.now_ms)
        return "left" if self.said == "left" and self.mine is None and stage in ("join", "lobby_join") else stage


class RoomPages:
    """The shared pages of one process, by what they depend on; the least used leave first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, asyncio.Task[SharedPage]] = OrderedDict()

    async def get(self, key: Hashable, render: Any) -> SharedPage:
        """Return the page of *key*; a crowd that asks for a new one waits for the same thread."""
        task = self._kept.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._kept[key] = asyncio.create_task(asyncio.to_thread(lambda: SharedPage(render())))
            if len(self._kept) > PAGES_MAX:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return await asyncio.shield(task)


async def room_page(request: Request) -> Response:
    """Show the room as it stands for who asks. Costs the store nothing while they wait."""
    services: Services = request.app.state.services
    facts = await services.rooms.find(str(request.path_params["slug"]))
    if facts is None:
        return problems.answer(request, Refusal("room_unknown"))
    place = place_of(request, facts)
    mine = None if place is None else await mine_of(request, facts, place)
    standing = Standing(
        frame=(await frame_of(services, facts)).frame,
        mine=None if isinstance(mine, Refusal) else mine,
        now_ms=time.time_ns() // 1_000_000,
        to=_show(request, facts),
        said=request.query_params.get("said", "")[:40],
    )
    words = room_words(room_locale(request))
    scene = await scene_of(services, facts, words)
    live_url = services.settings.live_url or f":{services.settings.live_port}/live"
    page = await pages_of(request).get(
        shared_key(facts, scene, standing, words),
        lambda: shared_part(services.templates, facts, scene, standing, words, live_url),
    )
    own = own_part(services.templates, facts, scene, standing, words)
    response = whole(request, page, own, inline=hashes("room", facts.host.accent or ""))
    remember_visitor(request, response)
    remember_language(request, response)
    return response


def whole(request: Request, page: SharedPage, own: str, *, inline: tuple[str, str]) -> Response:
    """Return a page in both its parts, with the policy that allows its own script and style and no others."""
    settings = request.app.state.services.settings
    origins = live_origins(request.headers.get("host", ""), live_port=settings.live_port, live_url=settings.live_url)
    content, encoding = page.with_own(own, request.headers.get("accept-encoding", ""))
    headers = {
        "Cache-Control": "private, no-store",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
        "Content-Security-Policy": content_security_policy(origins, inline=inline),
        "Content-Type": "text/html; charset=utf-8",
        "Referrer-Policy": "same-origin",
        "X-Robots-Tag": "noindex",
    }
    return Response(content, headers=headers | ({"Content-Encoding": encoding} if encoding else {}))


def shared_key(facts: RoomFacts, scene: Scene, standing: Standing, words: RoomWords) -> Hashable:
    """Name everything that `shared_part` says."""
    message = None if standing.frame is None else standing.frame.message
    on = _on(facts, standing)
    return (
        facts.room_id,
        facts.version,
        words.locale,
        scene,
        standing.stage,
        on,
        standing.to,
        _refused(words, standing.said),
        message,
    )


def shared_part(
    templates: Templates, facts: RoomFacts, scene: Scene, standing: Standing, words: RoomWords, live_url: str
) -> str:
    """Return what everybody who stands alike gets: markup, style, script, words and the room's facts (web/src/room/facts.ts:RoomFacts)."""
    message = None if standing.frame is None else standing.frame.message
    style, script = inlined("room", facts.host.accent or "")
    return templates.text(
        "room.html",
        words.locale,
        t=words,
        words=block(words.for_script()),
        style=style,
        script=script,
        languages=LANGUAGES.items(),
        facts=facts,
        title=scene.title,
        when=scene.when,
        zone=scene.zone,
        page=f"/rooms/{facts.slug}",
        event_url=event_address(facts.event_slug),
        go=go_to(facts, standing.to),
        stages=get_args(Stage),
        on=_on(facts, standing),
        texts=defaultdict(str, message="" if message is None else message.text, refused=_refused(words, standing.said)),
        to=standing.to,
        refresh=standing.stage in _RENEWS,
        data=block(
            {
                "room": facts.room_id,
                "title": scene.title,
                "live_url": live_url,
                "work": asset("room-work.js"),
                "place": facts.place,
                "promise": facts.commitment,
                "lobby_ms": facts.opens_lobby_ms,
                "draws_ms": facts.draws_ms,
                "to": standing.to,
            }
        ),
    )


def own_part(templates: Templates, facts: RoomFacts, scene: Scene, standing: Standing, words: RoomWords) -> str:
    """Return what is one reader's own (web/src/room/facts.ts:Own)."""
    data = {
        "frame": _spare(standing.frame),
        "mine": _spare(standing.mine),
        "now_ms": standing.now_ms,
    }
    told = lines(words, facts, scene.zone, standing.frame, standing.mine, standing.stage)
    return templates.text("room_own.html", words.locale, lines=told, data=block(data))


def block(data: object) -> Markup:
    """Return *data* as a page carries it for its script: compact, and without the one character that could end the block."""
    return Markup(msgspec.json.encode(data).decode().replace("<", "\\u003c"))


def _spare(said: msgspec.Struct | None) -> dict[str, Any] | None:
    """Leave out what the script supplies itself: nothing, no, and not yet. A zero is something: the first place, a visit that is over."""
    if said is None:
        return None
    kept = msgspec.to_builtins(said).items()
    absent = ("t", "room", "tier")
    return {
        name: value for name, value in kept if name not in absent and value not in ("", None) and value is not False
    }


async def scene_of(services: Services, facts: RoomFacts, words: RoomWords) -> Scene:
    """Return what the room stands before. Without the stores the page still says whose it is and what for."""
    try:
        show = await services.shows.show(facts.shows[0]) if facts.shows else None
    except Unavailable:
        show = None
    if show is None:
        return Scene(facts.event_title, "", "UTC")
    zone = show.time_zone
    starts_ms = show.show.starts_at.timestamp() * 1000
    venue = f"{show.show.venue.name}, {show.show.venue.city}"
    when = (
        f"{words.day(starts_ms, zone)}, {words.clock(starts_ms, zone)}\u00a0· {venue}"
        if len(facts.shows) == 1
        else venue
    )
    return Scene(facts.event_title, when, zone)


@lru_cache
def inlined(page: str, accent: str) -> tuple[str, str]:
    """Return the style, in an organisation's colour, and the script of a page. Raises `Misuse` when they are not built."""
    paths = (INLINE / f"{page}.css", INLINE / f"{page}.js")
    if not all(path.exists() for path in paths):
        raise Misuse("the browser side is not built: run `make web`")
    style, script = (path.read_text(encoding="utf-8") for path in paths)
    colour = _HEX.fullmatch(accent)
    return style + (accent_css(colour[1].lower()) + _DARK_HOUSE if colour else ""), script


@lru_cache
def hashes(page: str, accent: str) -> tuple[str, str]:
    """Return the policy's names for the script and the style of a page."""
    style, script = inlined(page, accent)
    digests = (hashlib.sha256(text.encode()).digest() for text in (script, style))
    of_script, of_style = (f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return of_script, of_style


def _on(facts: RoomFacts, standing: Standing) -> frozenset[str]:
    on = shows(standing.frame, standing.mine, standing.stage)
    if standing.said.startswith("email_code"):
        on = on - {"uncoded"} | {"coded"}
    if "joins" in on and "email" not in facts.identities:
        on.add("join_device")  # work cannot be done without scripts; where a letter is a way in, it is the one to show
    return frozenset(on)


def _refused(words: RoomWords, said: str) -> str:
    """Say what a form was answered; what is good news shows by itself."""
    if said in _GOOD_NEWS:
        return ""
    return words(f"refused.{said}" if words.has(f"refused.{said}") else "refused")


def _show(request: Request, facts: RoomFacts) -> int | None:
    wanted = request.query_params.get("to", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and int(wanted) in facts.shows else None


def pages_of(request: Request) -> RoomPages:
    """Return the room pages of this process, made when first asked for."""
    state = request.app.state
    pages: RoomPages | None = getattr(state, "room_pages", None)
    if pages is None:
        pages = state.room_pages = RoomPages()
    return pages


routes: list[BaseRoute] = [Route("/rooms/{slug}", room_page, methods=["GET", "HEAD"], name="rooms.page")]
