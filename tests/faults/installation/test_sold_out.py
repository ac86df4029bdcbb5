"""A house is sold to the last seat by the crowd, through holds and payments, and the books agree."""

from __future__ import annotations

import asyncio

import pytest

from loadtests.crowd.crowd import Crowd, Plan
from loadtests.crowd.picture import Seat
from loadtests.crowd.tally import Tally
from tests.faults.installation.stage import SEATS, STANDING, Stage, frontrow

pytestmark = pytest.mark.timeout(180)


async def test_the_crowd_buys_everything(house: Stage) -> None:
    """Wheelchair spaces and the standing area included: nothing left, nothing sold twice, three viewers saw it all, audit clean."""
    plan = Plan(
        url=house.running.url, live_url=house.live_url, show=house.show, buyers=1, rate=40, at_once=30, seed=7,
        pace=0.0, watchers=3, until_sold_out=True, forever=False,
    )  # fmt: skip
    tally = Tally()
    assert await Crowd(plan, tally).play(asyncio.Event()) is True
    assert tally.violations == []
    assert tally.counts["places sold"] == SEATS + STANDING
    assert sorted(k for _, k in tally.seats_paid) == list(range(SEATS))
    picture = await house.picture()
    assert (picture.count(Seat.SOLD), picture.areas) == (SEATS, [0])
    late = await house.customer("late")
    assert (await late.hold(0))["code"] == "seat_taken"
    frontrow(house.running, "audit")


async def test_a_seat_in_somebodys_hands_is_not_sold_out(house: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: one seat that is held and never bought, and the crowd says that it did not get there."""
    monkeypatch.setattr("loadtests.crowd.crowd.STUCK_S", 2.0)
    monkeypatch.setattr("loadtests.crowd.crowd.LAST_SALES_S", 0.5)
    await (await house.customer("hesitant")).holds(7)
    plan = Plan(
        url=house.running.url, live_url=house.live_url, show=house.show, buyers=1, rate=40, at_once=30, seed=8,
        pace=0.0, watchers=1, until_sold_out=True, forever=False,
    )  # fmt: skip
    assert await Crowd(plan, Tally()).play(asyncio.Event()) is False
