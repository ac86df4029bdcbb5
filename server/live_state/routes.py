"""`GET /api/v1/shows/{show}/state`: where a live picture starts from. Any cache may keep it for a second."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seatmap.inventory.port import Inventory
from server.endpoint import endpoint
from server.faults import Unavailable
from server.live_state.kept_states import KeptStates
from server.refusals import Refusal
from server.services import Services

MEDIA_TYPE = "application/vnd.frontrow.state"
SHOW_MAX = 2**31 - 1
_kept: WeakKeyDictionary[Inventory, KeptStates] = WeakKeyDictionary()


@endpoint(
    "GET",
    "/api/v1/shows/{show}/state",
    summary="Read the state of all seats and areas as one small binary (docs/messages.md, kind 2)",
    refusals=("show_unknown",),
    tag="shows",
)
async def read_state(request: Request) -> Response | Refusal:
    """Answer in the form of docs/messages.md, compressed when the client takes brotli. The ETag is the position."""
    services: Services = request.app.state.services
    wanted = str(request.path_params["show"])
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) <= 10) or int(wanted) > SHOW_MAX:
        return Refusal("show_unknown")
    facts = await services.shows.show(int(wanted))
    if facts is None or not facts.show.listed or facts.event.status == "draft":
        return Refusal("show_unknown")
    state = await _states(services.inventory).state(facts.key)
    if state is None:
        if facts.show.state in ("on_sale", "paused"):
            raise Unavailable(f"the seat state of show {facts.show_id} is being rebuilt")
        return Refusal("show_unknown")
    headers = {"Cache-Control": "public, max-age=1", "ETag": state.etag, "Vary": "Accept-Encoding"}
    if state.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if _takes_brotli(request.headers.get("accept-encoding", "")):
        return Response(state.compressed, headers={**headers, "Content-Encoding": "br"}, media_type=MEDIA_TYPE)
    return Response(state.plain, headers=headers, media_type=MEDIA_TYPE)


def _states(inventory: Inventory) -> KeptStates:
    """Return what this process remembers of *inventory*."""
    if inventory not in _kept:
        _kept[inventory] = KeptStates(inventory)
    return _kept[inventory]


def _takes_brotli(accepted: str) -> bool:
    """Tell whether `br` is among the encodings and not refused by a weight of zero."""
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() == "br":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


routes: list[Route] = [read_state]
