"""The hub gives every viewer exactly what they lack."""

from __future__ import annotations

import random

import numpy as np
import pytest

from realtime.hub import NUDGE_EVERY_MS, Hub
from realtime.layout import Layout
from seatmap.inventory.model import Cause, Change, Position
from tests.unit.realtime.watching import Watcher, change, layout, open_hub


def test_one_tick_is_one_frame_for_all() -> None:
    """Many changes inside a tick become one frame, the same bytes for everybody."""
    hub = open_hub(layout())
    first, second = Watcher(hub), Watcher(hub)
    for watcher in (first, second):
        watcher.attach(position=(100, 0))
    for _ in range(3):
        hub.apply(change(hub, (5, 1)))
    hub.apply(change(hub, (5, 2), (6, 1)))
    hub.tick(100)
    assert len(first.unread) == 1
    assert first.unread[0] is second.unread[0]
    first.read()
    assert (first.picture.seq, first.picture.states[5], first.picture.states[6]) == (0, 0, 0), "nothing was known yet"


def test_a_state_and_frames_make_the_present() -> None:
    """Whoever joins without a state gets one, and every later change."""
    hub = open_hub(layout())
    hub.apply(change(hub, (3, 2)))
    watcher = Watcher(hub)
    watcher.attach()
    hub.apply(change(hub, (4, 1)))
    hub.tick(100)
    watcher.read()
    assert watcher.picture.states.tolist() == hub.states.tolist()
    assert watcher.picture.position == (100, 2)


def test_ranges_hear_of_their_sections_only() -> None:
    """A change elsewhere sends nothing, and the next frame reaches back over it."""
    hub = open_hub(layout())
    watcher = Watcher(hub)
    key = hub.scope_key([(12, 13)])
    assert key == (1,)
    watcher.attach(key)
    watcher.read()
    hub.apply(change(hub, (0, 1)))
    hub.tick(100)
    assert watcher.unread == []
    hub.apply(change(hub, (15, 1)))
    hub.tick(200)
    watcher.read()
    assert watcher.gaps == 0
    assert watcher.picture.position == (100, 2)
    assert watcher.picture.states[15] == 1


def test_half_a_house_is_the_house() -> None:
    """Ranges over most of the seats become the scope of all, so that frames are shared."""
    hub = open_hub(layout())
    assert hub.scope_key([(0, 40)]) == "all"
    assert hub.scope_key([(0, 1), (10, 11)]) == (0, 1)
    assert hub.scope_key([(-5, -1), (900, 999)]) == ()


def test_a_returning_viewer_gets_one_frame() -> None:
    """Ten missed ticks arrive as one frame from the remembered position."""
    hub = open_hub(layout())
    watcher = Watcher(hub)
    watcher.attach()
    watcher.read()
    hub.detach(watcher)
    for number in range(10):
        hub.apply(change(hub, (number, 1)))
        hub.tick(number * 100)
    watcher.attach(position=watcher.picture.position)
    assert len(watcher.unread) == 1
    watcher.read()
    assert watcher.picture.states.tolist() == hub.states.tolist()


@pytest.mark.parametrize(("position", "reason"), [((99, 5), "rebuilt"), ((101, 5), "rebuilt"), ((100, 2), "too_old")])
def test_what_cannot_be_continued_is_resynchronised(position: tuple[int, int], reason: str) -> None:
    """Another epoch or a forgotten position ends in `resync`, and no frames follow."""
    hub = open_hub(layout(), seq=9)
    watcher = Watcher(hub)
    assert not watcher.attach(position=position)
    hub.apply(change(hub, (1, 1)))
    hub.tick(100)
    watcher.read()
    assert [message["reason"] for message in watcher.heard("resync")] == [reason]
    assert watcher.picture.position is None


def test_a_viewer_ahead_of_the_gateway_waits() -> None:
    """A snapshot newer than this process is continued as soon as the process has caught up."""
    hub = open_hub(layout())
    watcher = Watcher(hub)
    watcher.picture.epoch, watcher.picture.seq = 100, 2
    assert watcher.attach(position=(100, 2))
    for k in (1, 2, 3):
        hub.apply(change(hub, (k, 1)))
        hub.tick(k * 100)
    watcher.read()
    assert (watcher.gaps, watcher.picture.position) == (0, (100, 3))


def test_a_slow_viewer_is_left_out_and_then_caught_up() -> None:
    """While the buffer is full nothing is added to it; afterwards one frame brings everything."""
    hub = open_hub(layout())
    slow = Watcher(hub)
    slow.attach()
    slow.read()
    slow.buffer_max = 1
    for number in range(20):
        hub.apply(change(hub, (number, 1)))
        hub.tick(number * 100)
    assert len(slow.unread) == 2
    slow.buffer_max = None
    slow.read()
    hub.resume(slow)
    assert len(slow.unread) == 1
    hub.apply(change(hub, (30, 1)))
    hub.tick(3000)
    slow.read()
    assert slow.gaps == 0
    assert slow.picture.states.tolist() == hub.states.tolist()


def test_a_viewer_slow_for_longer_than_memory_is_resynchronised() -> None:
    """When the history no longer reaches back, catching up becomes `resync`."""
    hub = open_hub(layout())
    slow = Watcher(hub)
    slow.attach()
    hub.pause(slow)
    assert slow.lagging
    for number in range(1, 4):
        hub.apply(change(hub, (number, 1)))
        hub.tick(number * 80_000)
    hub.resume(slow)
    slow.read()
    assert slow.heard("resync")[0]["reason"] == "too_slow"
    assert slow.group is None


def test_leaving_while_the_broadcast_runs_does_no_harm() -> None:
    """A transport that reports a full buffer in the middle of a broadcast does not disturb the others."""
    hub = open_hub(layout())
    watchers = [Watcher(hub) for _ in range(5)]
    for watcher in watchers:
        watcher.attach(position=(100, 0))
        watcher.buffer_max = 0
    hub.apply(change(hub, (1, 1)))
    hub.tick(100)
    assert [len(watcher.unread) for watcher in watchers] == [1] * 5
    assert all(watcher.lagging for watcher in watchers)


def test_a_rebuilt_show_resynchronises_everybody() -> None:
    """After a new epoch all are told, and may join again."""
    hub = open_hub(layout())
    watchers = [Watcher(hub) for _ in range(3)]
    for watcher, key in zip(watchers, ["all", (0,), "overview"], strict=True):
        watcher.attach(key)
    hub.restart(hub.layout, Position(200, 0), np.full(40, 2, dtype=np.uint8), [], 0)
    for watcher in watchers:
        watcher.read()
        assert [message["epoch"] for message in watcher.heard("resync")] == [200]
    watchers[0].attach()
    watchers[0].read()
    assert watchers[0].picture.states.tolist() == [2] * 40


@pytest.mark.parametrize("position", [Position(100, 3), Position(101, 1)])
def test_a_feed_that_does_not_follow_is_not_believed(position: Position) -> None:
    """A skipped number or another epoch asks for a fresh read instead of a wrong picture."""
    hub = open_hub(layout(), seq=1)
    assert not hub.apply(Change(position, Cause.HELD, ((1, 1),), (), None, None, None, None))
    assert hub.states[1] == 0


def test_a_repeated_entry_changes_nothing() -> None:
    """What the reader delivers twice is applied once."""
    hub = open_hub(layout(), seq=5)
    assert hub.apply(Change(Position(100, 5), Cause.HELD, ((1, 1),), (), None, None, None, None))
    assert (hub.states[1], hub.due) == (0, False)


def test_quiet_scopes_keep_a_young_position() -> None:
    """Where nothing happens an empty frame moves the position on, so that a reconnect stays cheap."""
    hub = open_hub(layout())
    watcher = Watcher(hub)
    watcher.attach((0,))
    watcher.read()
    hub.apply(change(hub, (39, 1)))
    hub.tick(100)
    hub.pulse(200)
    assert watcher.unread == []
    hub.pulse(NUDGE_EVERY_MS + 100)
    watcher.read()
    assert watcher.picture.position == (100, 1)


def test_areas_are_told_when_joining_and_when_they_change() -> None:
    """Standing places come as absolute figures with a position."""
    hub = open_hub(layout(areas=2))
    watcher = Watcher(hub)
    watcher.attach(position=(100, 0))
    hub.apply(change(hub, areas=((1, 44),)))
    hub.tick(100)
    watcher.read()
    assert [message["areas"] for message in watcher.heard("areas")] == [[[0, 50], [1, 50]], [[1, 44]]]


def test_the_overview_counts_free_seats_and_prices() -> None:
    """First all sections, then at most once a second those that changed."""
    hub = open_hub(layout(sections=3))
    hub.price(np.array([4500], dtype=np.int64))
    watcher = Watcher(hub)
    watcher.attach("overview")
    hub.apply(change(hub, (0, 1), (1, 1)))
    hub.tick(100)
    hub.pulse(1000)
    hub.apply(change(hub, (2, 1)))
    hub.tick(1100)
    hub.pulse(1200)
    watcher.read()
    told = [(message["full"], message["sections"]) for message in watcher.heard("overview")]
    assert told == [(True, [[0, 10, 4500], [1, 10, 4500], [2, 10, 4500]]), (False, [[0, 8, 4500]])]
    hub.pulse(2000)
    watcher.read()
    assert watcher.heard("overview")[-1]["sections"] == [[0, 7, 4500]]


def test_sections_of_appended_seats_are_several_ranges() -> None:
    """A section that got seats later is found at both places."""
    section = np.array([0, 0, 1, 1, 0, -1, 1], dtype=np.int32)
    house = Layout(section, np.zeros(7, dtype=np.uint8), 2)
    assert house.ranges == (((0, 2), (4, 5)), ((2, 4), (6, 7)))
    assert house.sections_in([(4, 6)]) == (0,)


def churn(seed: int, *, lose: bool = False) -> tuple[Hub, list[Watcher]]:
    """Let viewers of all kinds come, go, lag and return under random changes; with *lose*, one of them loses a frame."""
    chance = random.Random(seed)
    hub = open_hub(layout(sections=5, seats=8))
    watchers = [Watcher(hub) for _ in range(6)]
    scopes = ["all", (0,), (1, 2), (0, 4), "all", (3,)]
    for watcher, scope in zip(watchers, scopes, strict=True):
        watcher.attach(scope)
    now = 0
    for step in range(300):
        now += chance.randrange(20, 3000 if chance.random() < 0.02 else 200)
        for _ in range(chance.randrange(6)):
            hub.apply(
                change(hub, *((chance.randrange(40), chance.randrange(4)) for _ in range(chance.randrange(1, 5))))
            )
        if chance.random() < 0.7:
            hub.tick(now)
        if chance.random() < 0.1:
            hub.pulse(now)
        who = chance.randrange(6)
        watcher, scope = watchers[who], scopes[who]
        match chance.randrange(5):
            case 0:
                hub.pause(watcher)
            case 1:
                watcher.read()
                hub.resume(watcher)
            case 2:
                watcher.read()
                hub.detach(watcher)
                watcher.attach(scope, watcher.picture.position)
            case 3 if step % 60 == 59:
                hub.restart(hub.layout, Position(hub.position.epoch + 1, 0), hub.states.copy(), [], now)
            case _:
                watcher.read()
        if lose and step == 200:
            hub.apply(change(hub, (20, 1 if hub.states[20] != 1 else 2)))
            hub.tick(now)
            del watchers[0].unread[-1:]
            return hub, watchers
    hub.tick(now)
    return hub, watchers


def settle(hub: Hub, watchers: list[Watcher]) -> list[bool]:
    """Let everybody read to the end; tell for each whether the picture equals the truth in their scope."""
    scopes = [range(40), range(8), range(8, 24), [*range(8), *range(32, 40)], range(40), range(24, 32)]
    keys = ["all", (0,), (1, 2), (0, 4), "all", (3,)]
    for watcher, key in zip(watchers, keys, strict=True):
        watcher.read()
        hub.resume(watcher)
        watcher.read()
        if watcher.group is None:
            watcher.attach(key, watcher.picture.position)
            watcher.read()
    return [
        all(watcher.picture.states[k] == hub.states[k] for k in scope)
        for watcher, scope in zip(watchers, scopes, strict=True)
    ]


@pytest.mark.parametrize("seed", range(30))
def test_every_picture_equals_the_truth(seed: int) -> None:
    """Snapshot plus frames equals the state, for every viewer, under churn, lag, reconnects and rebuilds."""
    hub, watchers = churn(seed)
    assert settle(hub, watchers) == [True] * 6
    assert [watcher.gaps for watcher in watchers] == [0] * 6


def test_a_lost_frame_is_seen() -> None:
    """Negative control: one dropped frame makes the comparison fail, or the next frame shows a gap."""
    detected = []
    for seed in range(10):
        hub, watchers = churn(seed, lose=True)
        if watchers[0].group is None or watchers[0].lagging:
            continue
        differs = not settle(hub, watchers)[0]
        hub.apply(change(hub, (0, 1 - min(1, int(hub.states[0])))))
        hub.tick(10**7)
        watchers[0].read()
        detected.append(differs and watchers[0].gaps == 1)
    assert len(detected) >= 3
    assert all(detected)


def test_viewers_of_a_gateway_that_died_continue() -> None:
    """A hub that was told of the past gives whoever comes back what they missed; one that was not tells them to begin again."""
    before = open_hub(layout())
    watcher = Watcher(before)
    watcher.attach()
    past = []
    for k in range(4):
        past.append(change(before, (k, 1)))
        before.apply(past[-1])
        if k == 1:
            before.tick(100)
            watcher.read()
    assert watcher.picture.position == (100, 2)
    for known, continued in ((past, True), (past[-2:], True), (past[-1:], False), (past[:3], False), ([], False)):
        after = Hub(layout(), before.position, before.states.copy(), before.remaining, 0)
        after.recall(known)
        later = Watcher(after)
        later.picture.states[:2] = 1
        later.picture.epoch, later.picture.seq = 100, 2
        assert later.attach(position=(100, 2)) is continued
        later.read()
        assert (later.picture.position == (100, 4)) is continued
        assert (later.picture.states.tolist() == before.states.tolist()) is continued
