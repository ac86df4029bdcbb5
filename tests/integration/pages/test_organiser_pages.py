"""The organiser's pages: totals for staff, the frame of the live sale, and the sale steered by a form."""

from __future__ import annotations

import json
import re

import pytest

from server.seed.planting import seed
from tests.integration.installation import Installation


@pytest.fixture
async def show_id(server: Installation) -> int:
    await seed(server.services)
    event = await server.services.shows.event(slug="the-glass-orchard")
    assert event is not None
    return event.shows[0].show_id


async def test_staff_see_their_own_shows_with_totals(server: Installation, show_id: int) -> None:
    """The list has every own show with capacity and state, and nothing of another organisation."""
    owner = await server.signed_in(await server.organisation("riverside"), "owner")
    html = (await owner.get("/organise", headers={"accept-language": "en"})).text
    assert html.count("0 of 1,239") == 3
    assert "Meadow Lights" not in html
    assert f'href="/organise/shows/{show_id}"' in html
    assert "Opens " in html


async def test_the_live_page_names_its_socket_and_chart(server: Installation, show_id: int) -> None:
    """The frame carries what the script needs, and says what it is without one."""
    owner = await server.signed_in(await server.organisation("riverside"), "owner")
    html = (await owner.get(f"/organise/shows/{show_id}", headers={"accept-language": "en"})).text
    found = re.search(r'<script type="application/json" id="show">(.*?)</script>', html)
    assert found
    data = json.loads(found[1])
    assert (data["show"], data["live_url"], data["capacity"]) == (show_id, ":8001/live", 1239)
    assert data["chart_url"].startswith("/api/v1/charts/")
    assert "<noscript>" in html


async def test_the_sale_is_steered_by_a_form(server: Installation, show_id: int) -> None:
    """Pause, resume and close work without a script; a step that is not possible is told, an unknown one refused."""
    owner = await server.signed_in(await server.organisation("riverside"), "owner")
    url = f"/organise/shows/{show_id}/sale"

    async def step(action: str) -> tuple[int, str]:
        answer = await owner.post(url, data={"action": action})
        show = (await owner.get(f"/api/v1/shows/{show_id}")).json()
        return answer.status_code, show["state"]

    assert await step("pause") == (303, "paused")
    assert await step("resume") == (303, "on_sale")
    assert await step("explode") == (400, "on_sale")
    assert await step("close") == (303, "closed")
    assert await step("pause") == (409, "closed")


async def test_other_organisations_and_other_roles_stay_outside(server: Installation, show_id: int) -> None:
    """Another organisation's show is unknown; a viewer may look and not steer; door staff may not look."""
    stranger = await server.signed_in(await server.organisation("northfield"), "owner")
    assert (await stranger.get(f"/organise/shows/{show_id}")).status_code == 404
    assert (await stranger.post(f"/organise/shows/{show_id}/sale", data={"action": "close"})).status_code == 409
    org_id = await server.organisation("riverside")
    viewer = await server.signed_in(org_id, "viewer")
    page = await viewer.get(f"/organise/shows/{show_id}")
    assert page.status_code == 200
    assert 'name="action"' not in page.text
    assert (await viewer.post(f"/organise/shows/{show_id}/sale", data={"action": "close"})).status_code == 403
    door = await server.signed_in(org_id, "door")
    assert (await door.get("/organise")).status_code == 403


async def test_the_figures_can_be_read_by_a_program(server: Installation, show_id: int) -> None:
    """What the war room shows is one request for a program."""
    owner = await server.signed_in(await server.organisation("riverside"), "owner")
    figures = (await owner.get(f"/api/v1/shows/{show_id}/sales")).json()
    assert (figures["capacity"], figures["free"], figures["revenue"], figures["orders"]) == (1239, 1239, 0, 0)
    assert len(figures["per_minute"]) == 60
    assert {gate["gate"] for gate in figures["gates"]} == {"Main foyer", "River entrance"}
