"""A viewer without a socket: takes the hub's bytes apart as a browser would, and keeps a picture."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from websockets.frames import Opcode
from websockets.protocol import CLIENT, Protocol

from realtime.hub import Group, Hub
from realtime.layout import Layout
from realtime.picture import Picture
from seatmap.inventory.model import Cause, Change, Position


class Watcher:
    """Holds what it was sent until `read`, so that a test can let it be slow."""

    def __init__(self, hub: Hub) -> None:
        self.group: Group | None = None
        self.hub = hub
        self.unread: list[bytes] = []
        self.picture = Picture.empty(hub.layout.seat_count)
        self.said: list[dict[str, Any]] = []
        self.gaps = 0
        self.buffer_max: int | None = None

    @property
    def sink(self) -> Watcher:
        return self

    def write(self, data: bytes) -> None:
        self.unread.append(data)
        if self.buffer_max is not None and len(self.unread) > self.buffer_max:
            self.hub.pause(self)

    def attach(self, key: Any = "all", position: tuple[int, int] | None = None) -> bool:
        attached = self.hub.attach(self, key, position)
        if attached is None:
            return False
        for frame in attached.frames:
            self.write(frame)
        return True

    def read(self) -> None:
        """Take everything that was written."""
        parser = Protocol(CLIENT)
        for data in self.unread:
            parser.receive_data(data)
        self.unread.clear()
        for frame in parser.events_received():
            if frame.opcode is Opcode.BINARY:  # type: ignore[union-attr]
                self.gaps += self.picture.take(bytes(frame.data)) == "gap"  # type: ignore[union-attr]
            else:
                message = msgspec.json.decode(frame.data)  # type: ignore[union-attr]
                self.said.append(message)
                if message["t"] == "resync":
                    self.picture.forget()

    @property
    def lagging(self) -> bool:
        """Whether the hub leaves frames out for this viewer."""
        return self.group is not None and self in self.group.lagging

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """List the messages of one kind."""
        return [message for message in self.said if message["t"] == kind]


def layout(sections: int = 4, seats: int = 10, areas: int = 0) -> Layout:
    """Make a house of *sections* with *seats* each, all in category 0."""
    section = np.repeat(np.arange(sections, dtype=np.int32), seats)
    return Layout(section, np.zeros(len(section), dtype=np.uint8), sections, areas)


def open_hub(house: Layout, epoch: int = 100, seq: int = 0) -> Hub:
    """Open a hub with every seat free."""
    return Hub(house, Position(epoch, seq), np.zeros(house.seat_count, dtype=np.uint8), [50] * house.area_count, 0)


def change(hub: Hub, *seats: tuple[int, int], areas: tuple[tuple[int, int], ...] = ()) -> Change:
    """Make the feed entry that follows in *hub*."""
    position = Position(hub.position.epoch, hub.position.seq + 1)
    return Change(position, Cause.HELD, seats, areas, None, None, None, None)
