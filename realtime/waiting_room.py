"""One waiting room as this process's sockets see it: who stands how far from the front, and who is told what when.

Synchronous and without a clock, like the hub: the frame reader calls `take`, sockets call `enter`, `leave`, `pause` and `resume`. A frame
is encoded once, by the usher; the same bytes go to every socket. Nothing is queued for anybody: whoever reads slowly gets the newest frame
when they have read, which is all there is to know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from realtime import socket_frames
from realtime.hub import Sink
from realtime.messages import Turn
from waitingroom.frame import LineFrame
from waitingroom.model import PRESENCE_BLOCK, RoomKey
from waitingroom.telling import interval_s, is_called, urgent

# Positions that are told together; a whole number of these is a block of presence.
SPAN = 250
assert PRESENCE_BLOCK % SPAN == 0


class Viewer(Protocol):
    """Somebody who waits: where to write, and the place they have."""

    waiter: Waiter | None

    @property
    def sink(self) -> Sink:
        """Where to write."""
        ...

    def send(self, message: Any) -> None:
        """Send one record."""
        ...


@dataclass(slots=True, eq=False)
class Waiter:
    """One socket in the room. *group* is where its frames come from; None while its buffer is full."""

    room: WaitingRoom
    index: int | None
    position: int | None
    called: bool = False
    group: Group | None = None


@dataclass(slots=True, eq=False)
class Group:
    """Sockets that are told at the same pace: those of `SPAN` positions, or those without one."""

    position: int | None
    sinks: dict[Viewer, Sink] = field(default_factory=dict)
    due_s: float = 0.0
    told: LineFrame | None = None


class WaitingRoom:
    """The waiting sockets of one room in this process."""

    def __init__(self, key: RoomKey) -> None:
        self.key = key
        self.frame: LineFrame | None = None
        self.delivered = 0
        # How much less often than usual this process can tell people: 1 as usual (waitingroom/telling.py).
        self.load = 1.0
        self.lagging: set[Viewer] = set()
        self._framed = b""
        self._spans: dict[int, Group] = {}
        self._unplaced = Group(None)
        self._called = Group(None)
        self._paused: list[Viewer] | None = None

    def __len__(self) -> int:
        return len(self.lagging) + sum(len(group.sinks) for group in self._groups())

    def viewers(self) -> list[Viewer]:
        """List everybody here."""
        return [*self.lagging, *(viewer for group in self._groups() for viewer in group.sinks)]

    def unplaced(self) -> list[Viewer]:
        """List those who have an index but no position yet."""
        waiting = [*self._unplaced.sinks, *self.lagging]
        return [
            viewer
            for viewer in waiting
            if (waiter := viewer.waiter) is not None and waiter.index is not None and waiter.position is None
        ]

    def present(self) -> dict[int, int]:
        """Count the people who wait here, per block of `PRESENCE_BLOCK` positions; several tabs of one place are one person."""
        people: Counter[int] = Counter()
        for number, group in self._spans.items():
            people[number * SPAN // PRESENCE_BLOCK] += len({_waiter(viewer).index for viewer in group.sinks})
        return {block: count for block, count in people.items() if count}

    # Who is here.

    def enter(self, viewer: Viewer, index: int | None, position: int | None) -> bool:
        """Let *viewer* wait at *position*; says whether they are called already. They are given the newest frame by `greet`."""
        waiter = viewer.waiter = Waiter(self, index, position)
        waiter.called = self.frame is not None and is_called(self.frame, position)
        self._put(viewer, waiter)
        return waiter.called

    def greet(self, viewer: Viewer) -> None:
        """Write the newest frame."""
        if self._framed:
            viewer.sink.write(self._framed)

    def leave(self, viewer: Viewer) -> None:
        """Forget *viewer*."""
        waiter, viewer.waiter = viewer.waiter, None
        self.lagging.discard(viewer)
        if waiter is not None:
            self._take_out(viewer, waiter)

    def place(self, viewer: Viewer, position: int | None) -> None:
        """The draw gave *viewer* a position, or a new epoch took it away."""
        waiter = _waiter(viewer)
        waiter.position = position
        if waiter.group is not None:
            self._take_out(viewer, waiter)
            waiter.called = self.frame is not None and is_called(self.frame, position)
            self._put(viewer, waiter)

    def void(self) -> list[Viewer]:
        """A new epoch: nobody here has a place any more. Returns those who had one."""
        had = [viewer for viewer in self.viewers() if _waiter(viewer).index is not None]
        for viewer in had:
            waiter = _waiter(viewer)
            waiter.index, waiter.called = None, False
            self.place(viewer, None)
        return had

    def pause(self, viewer: Viewer) -> None:
        """*viewer* reads too slowly: leave frames out for them."""
        if self._paused is not None:
            self._paused.append(viewer)
        elif (waiter := viewer.waiter) is not None and waiter.group is not None:
            self._take_out(viewer, waiter)
            self.lagging.add(viewer)

    def resume(self, viewer: Viewer) -> None:
        """*viewer* has read everything: give them the newest frame, and their call if it came meanwhile."""
        if viewer not in self.lagging:
            return
        self.lagging.discard(viewer)
        waiter = _waiter(viewer)
        self.greet(viewer)
        if self.frame is not None and not waiter.called and is_called(self.frame, waiter.position):
            self._call(viewer, waiter, self.frame)
        else:
            self._put(viewer, waiter)

    # What the usher says.

    def take(self, frame: LineFrame, raw: bytes, now_s: float) -> None:
        """Tell everybody for whom it is time; all of them when it is urgent, and whoever is called by it."""
        before, self.frame = self.frame, frame
        self._framed = socket_frames.encoded_text(raw)
        everybody = urgent(before, frame)
        for group in list(self._groups()):
            if group.sinks and (everybody or now_s >= group.due_s):
                self._tell(group, now_s)
        self._call_up_to(frame)

    def _tell(self, group: Group, now_s: float) -> None:
        assert self.frame is not None
        nearest = None if group.position is None else max(group.position, self.frame.served)
        group.due_s, group.told = now_s + interval_s(self.frame, nearest, self.load), self.frame
        self._broadcast(group.sinks.values())
        self.delivered += len(group.sinks)

    def _call_up_to(self, frame: LineFrame) -> None:
        """Send their turn to all whose position the watermark has passed."""
        for number in [number for number in self._spans if number * SPAN < frame.served]:
            group = self._spans[number]
            called = [viewer for viewer in group.sinks if is_called(frame, _waiter(viewer).position)]
            if group.told is not frame:  # the frame that calls them comes first
                self._broadcast([viewer.sink for viewer in called])
                self.delivered += len(called)
            for viewer in called:
                waiter = _waiter(viewer)
                self._take_out(viewer, waiter)
                self._call(viewer, waiter, frame)

    def _call(self, viewer: Viewer, waiter: Waiter, frame: LineFrame) -> None:
        assert waiter.position is not None
        waiter.called = True
        self._put(viewer, waiter)
        viewer.send(Turn(room=self.key.room_id, position=waiter.position, now_ms=frame.now_ms))

    # Inside.

    def _groups(self) -> Iterator[Group]:
        yield self._unplaced
        yield self._called
        yield from self._spans.values()

    def _put(self, viewer: Viewer, waiter: Waiter) -> None:
        if waiter.position is None:
            group = self._unplaced
        elif waiter.called:
            group = self._called
        else:
            number = waiter.position // SPAN
            group = self._spans.get(number) or self._spans.setdefault(number, Group(number * SPAN))
        group.sinks[viewer] = viewer.sink
        waiter.group = group

    def _take_out(self, viewer: Viewer, waiter: Waiter) -> None:
        group, waiter.group = waiter.group, None
        if group is None:
            return
        group.sinks.pop(viewer, None)
        if not group.sinks and group.position is not None:
            self._spans.pop(group.position // SPAN, None)

    def _broadcast(self, sinks: Iterable[Sink]) -> None:
        """Write the same bytes to all. A transport may report a full buffer in the middle: that is dealt with afterwards."""
        self._paused = []
        framed = self._framed
        for sink in sinks:
            sink.write(framed)
        paused, self._paused = self._paused, None
        for viewer in paused:
            self.pause(viewer)


def _waiter(viewer: Viewer) -> Waiter:
    assert viewer.waiter is not None
    return viewer.waiter
