"""Make the door of a process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from server.database import Database
from server.rooms.door.altcha_work import AltchaWork
from server.rooms.door.contests import Contests
from server.rooms.door.door import Door, Parts
from server.rooms.door.journal import Journal
from server.rooms.door.marks import Marks
from server.rooms.door.pool import Pool
from server.rooms.door.scores import NoScores, PatientScores, Scores
from server.rooms.door.seen import Eyes
from server.rooms.facts import RoomFacts
from server.settings import Settings
from waitingroom.challenges.valkey_attempts import Store, ValkeyAttempts
from waitingroom.challenges.valkey_tiers import ValkeyTiers

if TYPE_CHECKING:
    from server.rooms.frames import Frames
    from server.rooms.memory import Rooms
    from waitingroom.port import Line

# Challenges are minted from so long before a lobby opens.
NEAR_MS: Final = 30 * 60_000


def make_door(
    settings: Settings,
    database: Database,
    store: Store,
    line: Line,
    rooms: Rooms,
    frames: Frames,
    scores: Scores | None = None,
) -> Door:
    """Return a door that asks *scores*; without any everybody is neutral. `start` it where visitors are answered."""

    def quiet(facts: RoomFacts) -> bool:
        heard = frames.latest(facts.room_id)
        return facts.passthrough if heard is None else heard.frame.passthrough

    def near() -> bool:
        now_ms = time.time_ns() // 1_000_000
        return any(room.opens_lobby_ms - NEAR_MS <= now_ms for room in rooms.open_rooms())

    journal, marks = Journal(database), Marks(store)
    return Door(
        Parts(
            eyes=Eyes(settings),
            work=AltchaWork(settings.secret),
            pool=Pool(near),
            attempts=ValkeyAttempts(store),
            marks=marks,
            scores=PatientScores(scores or NoScores()),
            journal=journal,
            contests=Contests(journal, marks, line, ValkeyTiers(store)),
            quiet=quiet,
        )
    )
