"""Valkey is killed in mid-sale and comes back without a memory: what is sold stays sold, what is being paid for is kept."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from loadtests.bench.installation import Installation
from loadtests.crowd.crowd import Crowd, Plan
from loadtests.crowd.picture import Seat
from loadtests.crowd.tally import Tally
from tests.faults.installation.stage import Stage, assert_audit_is_clean, await_true, kill, pid_of, unattended

pytestmark = pytest.mark.timeout(180)


def buyers(house: Stage, count: int) -> Plan:
    """Plan a crowd in a hurry."""
    return Plan(
        url=house.running.url, live_url=house.live_url, show=house.show, buyers=count, rate=5, at_once=20, seed=3,
        pace=0.05, watchers=3, until_sold_out=False, forever=False, faults=True,
    )  # fmt: skip


def forget_everything(running: Installation) -> None:
    """Take the files away from under the running store."""
    shutil.rmtree(running.var / "valkey" / "appendonlydir")


async def test_a_store_that_lost_everything_is_rebuilt(house: Stage) -> None:
    """Sold seats stay sold in a new epoch, open payments complete, holds are lost and say so, pictures heal, books agree."""
    viewers = await house.viewers(20)
    ada, bob, cleo, dora = [await house.customer(name) for name in ("ada", "bob", "cleo", "dora")]
    await ada.buys(0, 1)
    bobs = str((await (await bob.holds(2, 3)).order())["ref"])
    await cleo.holds(4)
    before = await house.picture()
    crowd, tally = asyncio.Event(), Tally()
    rush = asyncio.create_task(Crowd(buyers(house, 30), tally).play(crowd))
    await await_true(lambda: tally.counts["orders paid"] >= 3, "the crowd to buy")

    with unattended(house.running):
        forget_everything(house.running)
        kill(house.running, "valkey-server")
        answer = await dora.hold(0)
        assert (answer["t"], answer["code"]) == ("refused", "unavailable")
        assert (await dora.start()).code == "unavailable"
    after = await house.picture_after(before.epoch)

    assert [after.seats[k] for k in (0, 1)] == [Seat.SOLD] * 2
    assert [after.seats[k] for k in (2, 3)] == [Seat.HELD] * 2, "they are being paid for"
    assert after.seats[4] == Seat.FREE, "nothing survived: a hold that is not in payment is gone"
    assert (await dora.hold(0))["code"] == "seat_taken"
    assert (await dora.hold(2))["code"] == "seat_taken"
    await bob.pay(bobs)
    assert await bob.tickets(bobs) == [2, 3]
    await dora.buys(100, 101)

    assert await rush is True
    assert tally.violations == []
    await house.assert_pictures_are_true(viewers)
    await assert_audit_is_clean(house.running)


async def test_a_store_that_crashed_keeps_its_memory_and_starts_a_new_epoch(house: Stage) -> None:
    """Its file may lack the last moment, so positions of before must not go on counting: viewers begin again, holds stay."""
    viewers = await house.viewers(5)
    ada, bob = await house.customer("ada"), await house.customer("bob")
    await ada.buys(0)
    await bob.holds(1, 2)
    before = await house.picture()
    pid = kill(house.running, "valkey-server")
    after = await house.picture_after(before.epoch)
    assert pid_of(house.running, "valkey-server") != pid
    assert [after.seats[k] for k in (0, 1, 2)] == [Seat.SOLD, Seat.HELD, Seat.HELD]
    ref = str((await bob.order())["ref"])
    await bob.pay(ref)
    assert await bob.tickets(ref) == [1, 2]
    await house.assert_pictures_are_true(viewers)
    await assert_audit_is_clean(house.running)
