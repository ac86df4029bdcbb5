"""The attack scripts on a real installation: each meets a stable refusal at every try, and gains nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from loadtests.attackers import clocks, faults, gateway, headers, storm, tabs, tokens, work
from loadtests.attackers.__main__ import client, target_of
from loadtests.attackers.report import Attempt, Report
from loadtests.attackers.target import Target
from loadtests.bench.installation import Installation, installation
from server.app import open_services
from server.catalog.command import seller
from server.refusals import Refusal
from server.rooms.desk import Desk, desk_for
from server.rooms.facts import RoomFacts
from server.rooms.inputs import NewRoom
from server.rooms.make import create_room
from server.rooms.plan import room_key
from server.rooms.steer import Action, steer
from server.settings import read
from server.supervisor.attach import attached
from tests.faults.installation.stage import sell_house
from waitingroom.model import Lapsed
from waitingroom.valkey_line import ValkeyLine

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000
CAP = 4


@pytest.fixture(scope="module")
def shop() -> Iterator[Installation]:
    """An empty installation."""
    with installation("--no-seed") as running:
        yield running


@dataclass(frozen=True)
class Siege:
    """An open room before a show of one's own, and the organiser's hand on it."""

    target: Target
    shop: Installation
    desk: Desk
    facts: RoomFacts

    async def steer(self, action: Action, **values: Any) -> None:
        done = await steer(self.desk, None, self.facts.org_id, self.facts.room_id, action, **values)
        assert not isinstance(done, Refusal), done


@pytest.fixture
async def siege(shop: Installation, request: pytest.FixtureRequest) -> AsyncIterator[Siege]:
    show = await sell_house(shop, request.node.name.replace("_", " "))
    now_ms = time.time_ns() // 1_000_000
    async with open_services(attached(read(shop.settings)), "test") as services:
        desk = desk_for(services)
        who = await seller(desk.catalogue, "test-house")
        event = await services.shows.show(show)
        assert event is not None
        made = await create_room(
            desk, who, who.org_id,
            NewRoom(
                event=event.event.event_id, slug=f"siege-{show}", name="The siege", shows=(show,),
                opens_lobby_ms=now_ms - 2_000, draws_ms=now_ms - 1_000, closes_ms=now_ms + HOUR_MS,
                cap=CAP, rate_per_min=6_000, identities=("device", "email"), auto_passthrough=False,
            ),
        )  # fmt: skip
        assert not isinstance(made, Refusal), made
        live_url = f"ws://127.0.0.1:{shop.live_port}/live"
        async with client(shop.url) as http:
            yield Siege(await target_of(shop.url, live_url, show, http), shop, desk, made)
        await steer(desk, None, who.org_id, made.room_id, "close")


def assert_repelled(report: Report) -> None:
    assert report.attempts, "nothing was tried"
    assert report.broken == [], "\n".join(report.lines())


async def test_t25_tokens_replayed_and_shared(siege: Siege) -> None:
    """T25, T31: a copied token, a replayed proof, a friend's proof and a stolen session each meet their own refusal."""
    assert_repelled(await tokens.replay_and_share(siege.target))


async def test_t29_tokens_forged(siege: Siege) -> None:
    """T26, T29, T32: whatever is wrong with a token, nothing says what."""
    assert_repelled(await tokens.forge(siege.target))


async def test_t13_a_farm_of_tabs(siege: Siege) -> None:
    """T13, T15: one key in eight sessions at once is one place, and haste is told when to come back."""
    assert_repelled(await tabs.farm_tabs(siege.target))


async def test_t49_clocks_of_browsers(siege: Siege) -> None:
    """T49: no date a client sends brings its turn nearer."""
    await siege.steer("pause")
    assert_repelled(await clocks.turn_clocks(siege.target))


async def test_t50_headers_made_up(siege: Siege) -> None:
    """T48, T50: addresses, paths, methods and passes in headers change nothing."""
    assert_repelled(await headers.spoof_headers(siege.target))


async def test_t51_the_gateway_addressed_directly(siege: Siege) -> None:
    """T51: without a pass and its holder's key no seat is held, whatever page was skipped."""
    assert_repelled(await gateway.go_around(siege.target))


async def test_work_replayed(siege: Siege) -> None:
    """One solution is one place; changed, moved or missing ones are none."""
    assert_repelled(await work.replay_work(siege.target))


async def test_t17_a_storm_of_claims(siege: Siege) -> None:
    """T17: everybody called claims three times at once while the organiser lowers the cap: never more inside than the cap."""
    people = await siege.target.called(CAP)
    await siege.steer("pace", cap=2)
    report = await storm.storm_claims(siege.target, 2, 5, called=people)
    assert_repelled(report)
    assert "visits_full" in {attempt.told for attempt in report.attempts}


async def test_t39_the_leader_killed(siege: Siege) -> None:
    """T39, T40: the next leader goes on where the line stood; nobody is let in twice, early or not at all."""
    assert_repelled(await faults.kill_usher(siege.target, siege.shop, CAP))


async def test_t41_the_clock_moved(siege: Siege) -> None:
    """T41: an hour ahead nobody called lapses, ten seconds back nobody is called again."""
    line = siege.desk.line
    assert isinstance(line, ValkeyLine)
    key = room_key(siege.facts)

    async def turn(at_ms: int) -> int:
        await line.stop_clock(key, at_ms)
        swept = await line.lapse(key)
        assert isinstance(swept, Lapsed)
        return swept.lapsed

    assert_repelled(await faults.turn_rooms_clock(siege.target, turn, CAP))


async def test_t38_the_store_killed(siege: Siege) -> None:
    """T38: while it is away nothing is given out; afterwards places, turns, spent work and spent proofs are what they were."""
    assert_repelled(await faults.kill_store(siege.target, siege.shop))


def test_a_report_knows_what_was_not_repelled() -> None:
    """The wrong refusal, or none where one is due, or a gain: each counts."""
    good = Attempt("a", "pass_required", ("pass_required",))
    for bad in (replace(good, told=""), replace(good, told="internal"), replace(good, gained=True)):
        assert Report("x", [good, bad]).broken == [bad]
