"""What an usher works with: the line, the board it writes on, and whom it asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from server.rooms.desk import Desk
from server.rooms.facts import RoomFacts
from waitingroom.port import Line
from workers.usher.board import Board
from workers.usher.checkup import Checkup
from workers.usher.stock import Stock

# Begin to send letters of a room; *near* says of an index whether its turn is near.
Post = Callable[[RoomFacts, Callable[[int], bool]], None]


@dataclass(frozen=True, slots=True)
class Hands:
    """Shared by all rooms of one process. *who* names the process as a leader; *close* ends a room that is over."""

    who: str
    line: Line
    desk: Desk
    board: Board
    checkup: Checkup
    stock: Stock
    post: Post
    close: Callable[[RoomFacts], Awaitable[None]]
