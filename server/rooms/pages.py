"""`/rooms/{slug}`: the room page, whole in one request. What is the same for everybody is compressed once; the rest is a few hundred bytes.

It works without scripts: the server says where one stands, forms do the deeds (forms.py), and the page renews itself. With scripts
web/src/room takes over from the same facts.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from server import problems
from server.buyer_pages.theme import accent_css
from server.catalog.addresses import event_address
from server.faults import Misuse, Unavailable
from server.refusals import Refusal
from server.rooms.facts import RoomFacts
from server.rooms.page_texts import fillings, shows
from server.rooms.page_words import LANGUAGES, RoomWords, room_locale, room_words
from server.rooms.places import place_of
from server.rooms.stage import Stage, stage_of
from server.rooms.standing import mine_of
from server.rooms.state_json import frame_of
from server.rooms.views import Mine
from server.security import content_security_policy, live_origins
from server.services import Services
from server.templating import WEB, Templates, remember_language
from server.visitor_session import remember_visitor
from waitingroom.frame import LineFrame

INLINE = WEB / "dist" / "inline"
HEADS_MAX = 200
_HEX = re.compile(r"#?([0-9a-fA-F]{6})", re.ASCII)
_GZIP = 16 + zlib.MAX_WBITS
# What the page shows renews itself by a refresh only where nothing is being typed.
_RENEWS = frozenset({"planned", "lobby", "drawing", "waiting", "sold_out"})
_GOOD_NEWS = frozenset({"", "left", "notify", "contested", "email_code"})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a room stands before: said once on the page, and kept with the room's version."""

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


class Head:
    """The part of the page that everybody of one language gets: compressed once, with the hashes that allow its style and script."""

    def __init__(self, text: str, style: str, script: str) -> None:
        self.text = text
        self.hashes = (_hash(script), _hash(style))
        self._packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        self._packed = self._packer.compress(text.encode())

    def packed(self, rest: str) -> bytes:
        """Return the whole page compressed; only *rest* costs anything."""
        packer = self._packer.copy()
        return self._packed + packer.compress(rest.encode()) + packer.flush()


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
    locale = room_locale(request)
    scene = await _scene(services, facts, locale)
    live_url = services.settings.live_url or f":{services.settings.live_port}/live"
    head = room_head(services.templates, facts.host.accent or "", locale)
    rest = room_rest(services.templates, facts, scene, standing, room_words(locale), live_url)
    response = page_response(request, head, rest)
    remember_visitor(request, response)
    remember_language(request, response)
    return response


def page_response(request: Request, head: Head, rest: str) -> Response:
    """Return the page, compressed for whoever takes it, with the policy that allows its own script and nothing else."""
    settings = request.app.state.services.settings
    origins = live_origins(request.headers.get("host", ""), live_port=settings.live_port, live_url=settings.live_url)
    headers = {
        "Cache-Control": "private, no-store",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
        "Content-Security-Policy": content_security_policy(origins, inline=head.hashes),
        "Referrer-Policy": "same-origin",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(head.text + rest, headers=headers)
    headers |= {"Content-Encoding": "gzip", "Content-Type": "text/html; charset=utf-8"}
    return Response(head.packed(rest), headers=headers)


@lru_cache(HEADS_MAX)
def room_head(templates: Templates, accent: str, locale: str, page: str = "room") -> Head:
    """Return the fixed part of a page for one language and one organisation's colour."""
    script, style = _built(f"{page}.js"), _built(f"{page}.css")
    if match := _HEX.fullmatch(accent):
        style += accent_css(match[1].lower())
    words = room_words(locale)
    mark = quote((WEB / "src" / "assets" / "mark.svg").read_text(encoding="utf-8").strip(), safe=" =:/'")
    text = templates.text(
        "room_head.html", locale, words=words, texts=words.for_script(page), style=style, script=script, mark=mark
    )
    return Head(text, style, script)


def room_rest(
    templates: Templates, facts: RoomFacts, scene: Scene, standing: Standing, words: RoomWords, live_url: str
) -> str:
    """Return the part of the page that is one reader's own."""
    frame, mine = standing.frame, standing.mine
    stage = stage_of(frame, mine, standing.now_ms)
    if standing.said == "left" and mine is None and stage in ("join", "lobby_join"):
        stage = "left"
    texts = fillings(words, facts, scene.zone, frame, mine, stage)
    on = shows(frame, mine, stage, texts)
    if standing.said not in _GOOD_NEWS:
        key = f"refused.{standing.said}"
        texts["refused"] = words(key if words.has(key) else "refused")
    if standing.said.startswith("email_code"):
        on = on - {"uncoded"} | {"coded"}
    if "email" not in facts.identities and "joins" in on:
        on.add("join_device")  # work cannot be done without scripts; where a letter is a way in, it is the one to show
    return templates.text(
        "room.html",
        words.locale,
        t=words,
        languages=LANGUAGES.items(),
        facts=facts,
        title=scene.title,
        when=scene.when,
        zone=scene.zone,
        page=f"/rooms/{facts.slug}",
        event_url=event_address(facts.event_slug),
        stages=get_args(Stage),
        on=on,
        texts=texts,
        mine=mine,
        to=standing.to,
        refresh=stage in _RENEWS,
        data=_for_script(facts, scene, standing, live_url),
    )


def _for_script(facts: RoomFacts, scene: Scene, standing: Standing, live_url: str) -> dict[str, Any]:
    """Return the data block `room` of the page (web/src/room/facts.ts:RoomFacts)."""
    page = f"/rooms/{facts.slug}"
    return {
        "room": facts.room_id,
        "api": f"/api/v1/rooms/{facts.room_id}",
        "page": page,
        "title": scene.title,
        "event_url": event_address(facts.event_slug),
        "live_url": live_url,
        "identities": list(facts.identities),
        "tiers": bool(facts.tiers),
        "place": facts.place,
        "lobby_ms": facts.opens_lobby_ms,
        "draws_ms": facts.draws_ms,
        "closes_ms": facts.closes_ms,
        "to": standing.to,
        "frame": msgspec.to_builtins(standing.frame),
        "mine": msgspec.to_builtins(standing.mine),
        "now_ms": standing.now_ms,
    }


async def _scene(services: Services, facts: RoomFacts, locale: str) -> Scene:
    """Return what the room stands before. Without the stores the page still says whose it is and what for."""
    try:
        show = await services.shows.show(facts.shows[0]) if facts.shows else None
    except Unavailable:
        show = None
    if show is None:
        return Scene(facts.event_title, "", "UTC")
    words, zone = room_words(locale), show.time_zone
    starts_ms = show.show.starts_at.timestamp() * 1000
    venue = f"{show.show.venue.name}, {show.show.venue.city}"
    when = f"{words.day(starts_ms, zone)}, {words.clock(starts_ms, zone)} · {venue}" if len(facts.shows) == 1 else venue
    return Scene(facts.event_title, when, zone)


def _show(request: Request, facts: RoomFacts) -> int | None:
    wanted = request.query_params.get("to", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and int(wanted) in facts.shows else None


@lru_cache
def _built(name: str) -> str:
    path: Path = INLINE / name
    if not path.exists():
        raise Misuse("the browser side is not built: run `make web`")
    return path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


routes: list[BaseRoute] = [Route("/rooms/{slug}", room_page, methods=["GET", "HEAD"], name="rooms.page")]
