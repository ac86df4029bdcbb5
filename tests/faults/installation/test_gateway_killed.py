"""The gateway is killed with viewers connected: they come back where they were, and nobody misses a change."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from tests.faults.installation.stage import Customer, Stage, await_true, kill

pytestmark = pytest.mark.timeout(180)
VIEWERS = 200


async def fidget(customer: Customer, stop: asyncio.Event, seats: range) -> None:
    """Hold and give back one seat after the other until told to stop: there is always a change to miss."""
    for turn in count():
        if stop.is_set():
            return
        await customer.hold(seats[turn % len(seats)])
        await customer.socket.command("release", all=True)
        await asyncio.sleep(0.02)


async def test_viewers_resume_without_a_gap(house: Stage) -> None:
    """Two hundred viewers, seats changing all the while: after kill -9 every picture equals a fresh read."""
    viewers = await house.viewers(VIEWERS)
    ada, bob = await house.customer("ada"), await house.customer("bob")
    await ada.holds(0, 1)
    stop = asyncio.Event()
    fidgeting = asyncio.create_task(fidget(bob, stop, range(20, 40)))
    seen = viewers[0].picture.seq
    await await_true(lambda: viewers[0].picture.seq > seen, "changes to arrive")
    begun = house.tally.counts["pictures begun"]
    kill(house.running, "-m realtime$")
    await await_true(lambda: house.tally.counts["pictures continued"] >= VIEWERS * 0.9, "the viewers to come back")
    await ada.buys(60, 61)
    stop.set()
    await fidgeting
    await house.assert_pictures_are_true(viewers)
    assert all(viewer.picture.seats[k] == 2 for viewer in viewers for k in (0, 1, 60, 61))
    # From their positions, that is: hardly anybody had to fetch the whole state again.
    assert house.tally.counts["pictures begun"] - begun <= VIEWERS * 0.1


async def test_a_viewer_who_misses_a_frame_is_seen(house: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a picture that skips one frame and goes on is found to be wrong, so the comparison means something."""
    (viewer,) = await house.viewers(1)
    ada, bob = await house.customer("ada"), await house.customer("bob")
    monkeypatch.setattr(viewer.picture, "apply", lambda frame: setattr(viewer.picture, "seq", _to_seq(frame)))
    await ada.holds(0)
    await await_true(lambda: viewer.picture.seq > 0, "the frame that is dropped")
    monkeypatch.undo()
    await bob.holds(1)
    await viewer.check()
    assert [violation.split(" is ")[1] for violation in house.tally.violations] == ["wrong at 1 seats, first [0]"]


async def test_a_viewer_notices_a_gap_and_begins_again(house: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that never arrives is noticed by the next one's number, and the picture heals."""
    (viewer,) = await house.viewers(1)
    ada, bob = await house.customer("ada"), await house.customer("bob")
    lost: list[bytes] = []
    monkeypatch.setattr(viewer.picture, "apply", lost.append)
    await ada.holds(0)
    await await_true(lambda: bool(lost), "the frame that is lost")
    monkeypatch.undo()
    begun = house.tally.counts["pictures begun"]
    await bob.holds(1)
    await await_true(lambda: house.tally.counts["pictures begun"] > begun, "the viewer to begin again")
    await house.assert_pictures_are_true([viewer])


def _to_seq(frame: bytes) -> int:
    return int.from_bytes(frame[10:14], "big")
