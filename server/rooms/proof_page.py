"""`/rooms/{slug}/proof`: the page that checks a draw, in the visitor's own browser (web/src/room/proof_page.ts).

Before the draw it says what is promised, and the browser notes it. After the draw it makes everything again. Without scripts it says
how to do the same elsewhere, and offers the files.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server import problems
from server.refusals import Refusal
from server.rooms.draw_record import DrawView, record_of
from server.rooms.facts import RoomFacts
from server.rooms.page_words import LANGUAGES, RoomWords, room_locale, room_words
from server.rooms.pages import Scene, block, hashes, inlined, pages_of, scene_of, whole
from server.rooms.places import place_of
from server.rooms.plan import room_key
from server.rooms.verify_draw import FILES
from server.templating import Templates, remember_language
from server.visitor_session import remember_visitor
from waitingroom.roll import ENTRY_BYTES

if TYPE_CHECKING:
    from server.services import Services

# As web/src/room/proof_checks.ts makes them.
STEPS: Final = ("promise", "seed", "listed", "list", "place", "all")
_PLACE_BYTES: Final = 4
_INDEX_DIGITS_MAX: Final = 10


async def proof_page(request: Request) -> Response:
    """Show what is promised of the draw, or check it."""
    services: Services = request.app.state.services
    facts = await services.rooms.find(str(request.path_params["slug"]))
    if facts is None:
        return problems.answer(request, Refusal("room_unknown"))
    view = (await record_of(request, facts)).view
    words = room_words(room_locale(request))
    scene = await scene_of(services, facts, words)
    late = view.drawn is None and time.time_ns() // 1_000_000 >= facts.draws_ms
    nobody = late and await _nobody_came(services, facts)
    origin = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    place = place_of(request, facts)
    mine = None if place is None else place.index
    page = await pages_of(request).get(
        ("proof", facts.room_id, facts.version, view.drawn is None, late, nobody, words.locale, scene),
        lambda: shared_part(services.templates, facts, view, scene, words, late=late, nobody=nobody),
    )
    asked = _index(request.query_params.get("index", ""))
    text = own_part(services.templates, facts, view, words, origin, asked if asked is not None else mine, mine=mine)
    response = whole(request, page, text, inline=hashes("room-proof", facts.host.accent or ""))
    remember_visitor(request, response)
    remember_language(request, response)
    return response


def shared_part(
    templates: Templates, facts: RoomFacts, view: DrawView, scene: Scene, words: RoomWords, *, late: bool,
    nobody: bool = False,
) -> str:  # fmt: skip
    """Return what everybody gets. *late*: the moment of the draw has come, and its record has not; *nobody* was there to draw for."""
    style, script = inlined("room-proof", facts.host.accent or "")
    drawn = view.drawn
    values = [] if drawn is None else [
        ("commitment", view.commitment), ("secret", drawn.secret), ("root", drawn.root), ("beacon", drawn.beacon),
        ("seed", drawn.seed),
    ]  # fmt: skip
    people = None if drawn is None else drawn.people
    return templates.text(
        "room_proof.html",
        words.locale,
        t=words,
        words=block(words.for_script("proof")),
        style=style,
        script=script,
        languages=LANGUAGES.items(),
        facts=facts,
        title=scene.title,
        when=scene.when,
        zone=scene.zone,
        page=f"/rooms/{facts.slug}",
        drawn=drawn,
        late=late,
        nobody=nobody,
        promised_ms=view.committed_at_ms,
        steps=STEPS,
        values=values,
        megabytes=math.ceil((people or 0) * (ENTRY_BYTES + _PLACE_BYTES) / 1e6),
        data=block({"room": facts.room_id, "commitment": facts.commitment, "people": people}),
    )


def own_part(
    templates: Templates, facts: RoomFacts, view: DrawView, words: RoomWords, origin: str, index: int | None, *,
    mine: int | None,
) -> str:  # fmt: skip
    """Return how to check *index*, or the whole, elsewhere; *mine* is the reader's own. *origin* is the address people use."""
    base = f"/api/v1/rooms/{facts.room_id}"
    inside = index is not None and view.drawn is not None and index < view.drawn.people
    files = [(name, f"{base}/{part}") for part, name in FILES.items()]
    if inside:
        files[-1] = (files[-1][0], f"{files[-1][1]}?index={index}")
    return templates.text(
        "room_proof_own.html",
        words.locale,
        t=words,
        page=f"/rooms/{facts.slug}",
        drawn=view.drawn,
        files=files if inside else files[:-1],
        command=f"frontrow verify-draw {origin}{base}",
        index=index,
        inside=inside,
        data=block({"index": index, "own": index is not None and index == mine}),
    )


async def _nobody_came(services: Services, facts: RoomFacts) -> bool:
    """Tell whether the line opened without a draw: its lobby was empty."""
    kept = await services.frames.find(room_key(facts))
    return kept is not None and kept.frame.lobby == 0 and kept.frame.phase not in ("planned", "lobby", "drawing")


def _index(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _INDEX_DIGITS_MAX else None


routes: list[BaseRoute] = [Route("/rooms/{slug}/proof", proof_page, methods=["GET", "HEAD"], name="rooms.proof")]
