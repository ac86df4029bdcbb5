"""The waiting sockets of one room, without sockets: who is told what when."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from realtime.messages import Turn
from realtime.waiting_room import Waiter, WaitingRoom
from waitingroom.frame import LineFrame, encode_frame
from waitingroom.model import RoomKey
from waitingroom.telling import LOAD_MAX

FRAME = LineFrame(room=4, epoch=1, tick=1, now_ms=1, phase="open", served=100, next=50_000, rate=(50.0, 60.0, 70.0))


class Person:
    """Somebody who waits, and what they were sent."""

    def __init__(self, room: WaitingRoom) -> None:
        self.room = room
        self.waiter: Waiter | None = None
        self.frames: list[LineFrame] = []
        self.raw: list[bytes] = []
        self.turns: list[int] = []
        self.slow = False

    @property
    def sink(self) -> Person:
        return self

    def write(self, framed: bytes) -> None:
        self.raw.append(framed)
        self.frames.append(msgspec.json.decode(framed[framed.index(b"{") :], type=LineFrame))
        if self.slow:
            self.room.pause(self)

    def send(self, message: Any) -> None:
        assert isinstance(message, Turn)
        self.turns.append(message.position)


class Scene:
    """A room whose usher is the test."""

    def __init__(self) -> None:
        self.room = WaitingRoom(RoomKey(1, 4))
        self.frame = FRAME
        self.now_s = 1000.0
        self.room.take(self.frame, encode_frame(self.frame), self.now_s)

    def person(self, position: int | None, index: int | None = 7) -> Person:
        person = Person(self.room)
        self.room.enter(person, index, position)
        return person

    def tick(self, after_s: float = 0.25, **change: Any) -> None:
        self.now_s += after_s
        self.frame = msgspec.structs.replace(self.frame, tick=self.frame.tick + 1, **change)
        self.room.take(self.frame, encode_frame(self.frame), self.now_s)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_frames_come_as_often_as_the_distance_asks(scene: Scene) -> None:
    """In a minute of ticks the front hears all of them, a minute's distance one a second, the far end one in ten seconds."""
    near, soon, far, lobby = scene.person(110), scene.person(600), scene.person(40_000), scene.person(None)
    for _ in range(240):
        scene.tick()
    assert len(near.frames) == 240
    assert len(far.frames) == pytest.approx(6, abs=1)
    assert len(lobby.frames) == pytest.approx(12, abs=1)
    assert 12 <= len(soon.frames) <= 61


def test_everybody_is_written_the_same_bytes(scene: Scene) -> None:
    """A frame is framed once; nobody has a copy of their own."""
    people = [scene.person(110 + n) for n in range(10)]
    scene.tick()
    assert len({id(person.raw[0]) for person in people}) == 1


def test_t23_news_reaches_everybody_in_the_same_tick(scene: Scene) -> None:
    """T23: sold out is told at once to the front, the far end, the called and those without a place."""
    people = [scene.person(position) for position in (50, 110, 30_000, None)]
    scene.tick()
    for person in people:
        person.frames.clear()
    scene.tick(sold_out=True)
    assert [[frame.sold_out for frame in person.frames] for person in people] == [[True]] * 4


def test_the_called_hear_it_once_and_in_order(scene: Scene) -> None:
    """The frame that calls somebody far away comes at once, then their turn; nobody is called twice or too early."""
    people = [scene.person(position) for position in (100, 149, 150, 5000)]
    scene.tick()
    seen = [len(person.frames) for person in people]
    scene.tick(served=150)
    scene.tick(served=150)
    assert [person.turns for person in people] == [[100], [149], [], []]
    assert people[0].frames[seen[0]].served == 150
    scene.tick(served=6000)
    assert people[3].turns == [5000]
    assert people[3].frames[-1].served == 6000
    assert [len(person.turns) for person in people] == [1, 1, 1, 1]


def test_who_is_called_already_is_not_called_again(scene: Scene) -> None:
    """Whoever comes back after their call is told so by `enter`, not by another turn."""
    late = Person(scene.room)
    assert scene.room.enter(late, 7, 50)
    scene.tick(served=200)
    assert late.turns == []


def test_a_slow_reader_misses_frames_but_not_the_call(scene: Scene) -> None:
    """Nothing piles up for a reader that has stopped; on the first read they get the newest frame, and their turn."""
    slow, other = scene.person(110), scene.person(111)
    slow.slow = True
    scene.tick()
    written = len(slow.raw)
    for _ in range(50):
        scene.tick(served=120)
    assert len(slow.raw) == written
    assert len(other.frames) > written
    slow.slow = False
    scene.room.resume(slow)
    assert (slow.frames[-1].tick, slow.turns) == (scene.frame.tick, [110])
    assert len(scene.room) == 2


def test_the_draw_gives_positions(scene: Scene) -> None:
    """Who waited without a position is told at the pace of the place they drew, or called at once."""
    scene = Scene()
    first, last, guest = scene.person(None, 1), scene.person(None, 2), scene.person(None, None)
    assert scene.room.unplaced() == [first, last]
    scene.room.place(first, 5)
    scene.room.place(last, 40_000)
    assert first.waiter is not None
    assert first.waiter.called
    assert scene.room.unplaced() == []
    assert scene.room.present() == {40: 1}
    scene.room.leave(guest)
    assert len(scene.room) == 2


def test_t47_a_new_epoch_voids_every_place(scene: Scene) -> None:
    """T47: after a reset nobody keeps a position of the old line, and nobody is called by it."""
    people = [scene.person(position) for position in (50, 110, 30_000)]
    guest = scene.person(None, None)
    assert set(scene.room.void()) == set(people)
    assert [person.waiter and (person.waiter.index, person.waiter.position) for person in people] == [(None, None)] * 3
    scene.tick(epoch=2, served=40_000)
    assert [person.turns for person in [*people, guest]] == [[], [], [], []]
    assert scene.room.present() == {}


def test_presence_counts_people_not_tabs(scene: Scene) -> None:
    """Twenty tabs of one place are one person; a block is a thousand positions."""
    for _ in range(20):
        scene.person(1500, 9)
    for n in range(30):
        scene.person(2000 + n, 100 + n)
    scene.person(50, 1)
    assert scene.room.present() == {1: 1, 2: 30}


def test_leaving_empties_the_room(scene: Scene) -> None:
    """Sockets that go leave nothing behind, also when they go while being written to."""
    people = [scene.person(110 + n * 300) for n in range(20)]
    for person in people:
        scene.room.leave(person)
    assert len(scene.room) == 0
    scene.tick(served=50_000)
    assert all(not person.turns for person in people)


def test_t57_a_million_waiting_cost_no_more_per_tick_than_ten_thousand() -> None:
    """T57: the work of a tick goes by the sockets of this process, not by the length of the line."""

    def tick_s(length: int) -> float:
        scene = Scene()
        scene.tick(next=length)
        for n in range(2000):
            scene.person(110 + n * (length - 200) // 2000, n)
        scene.tick()
        best = []
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(5):
                scene.tick(after_s=0.01)
            best.append(time.perf_counter() - began)
        return min(best)

    short, long = tick_s(10_000), tick_s(1_000_000)
    assert long < max(4 * short, 0.02)


def test_under_load_those_far_away_are_told_less_often() -> None:
    """Over a minute at the heaviest load: near the front a frame every two seconds, far away a quarter of the usual ones, news at once."""
    calm, loaded = Scene(), Scene()
    loaded.room.load = LOAD_MAX
    people = [[scene.person(100 + ahead) for ahead in (10, 150, 600)] for scene in (calm, loaded)]
    for scene in (calm, loaded):
        for _ in range(240):
            scene.tick()
    usual, eased = [[len(person.frames) for person in those] for those in people]
    assert usual[:2] == [240, 60]
    assert eased[0] >= 30 and eased[1] >= 30, "every two seconds"
    assert eased[2] * 4 <= usual[2]
    before = len(people[1][2].frames)
    loaded.tick(sold_out=True)
    assert len(people[1][2].frames) == before + 1
