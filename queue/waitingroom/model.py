"""The words of the line: what a room is told, what visitors hold, what comes back. Plain immutable values, no behaviour.

An **index** says when somebody joined (0 is first), a **position** when they are served. Who joined the lobby gets a position
in the draw; who joins later has position = index, behind the whole lobby. Positions below **served** are called.

Times are Unix milliseconds of the store's own clock. Durations of turns (claim window, rate) are measured on the room's
**turn clock** instead: it stands still while the room is paused and while nobody moves the line, and never runs backwards, so
that neither a pause, nor an outage, nor a wrong clock makes anybody lose their turn.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

IDENTITY_BYTES = 8
TIER_MAX = 7  # 0 goes first; index and tier share one small number in the store
PLACES_MAX = 10_000_000  # of one room
RATE_WINDOW_MS = 60_000
# Nobody can call more than twice the rate: what the usher may add to make up for those who do not come.
CALLS_PER_ADMISSION_MAX = 2
# Ledgers of calls and admissions keep one row per slot: at most 240 for the window of a minute.
SLOT_MS = 250
# The turn clock moves by no more than this at once: the usher moves it every 250 ms, what is longer was an outage.
TURN_STEP_MAX_MS = 5_000
# After a failover the last second of joins may be forgotten. So many indices are skipped; tokens bring their owners back.
LOST_JOINS_MAX = 20_000
# Positions per block in which gateways report how many of the waiting are connected.
PRESENCE_BLOCK = 1_000


class RoomKey(NamedTuple):
    """One waiting room of one event. All keys of an event share the hash tag `{e:<event_id>}`."""

    event_id: int
    room_id: int


class Phase(StrEnum):
    """Where a room is in its life. `planned` → `lobby` → `drawing` → `open` ⇄ `draining` → `closed`; any → `closed`."""

    PLANNED = "planned"  # nobody may join yet
    LOBBY = "lobby"  # joining, order of arrival does not matter
    DRAWING = "drawing"  # the lobby is closed, its draw is being made; who joins now stands behind it
    OPEN = "open"  # the line moves
    DRAINING = "draining"  # nobody joins any more, who waits is still served
    CLOSED = "closed"


class PlaceState(IntEnum):
    """The two bits of a position. A called place is `waiting` until it is claimed, lapses or is left."""

    WAITING = 0
    CLAIMED = 1
    LAPSED = 2
    LEFT = 3


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What an organiser sets. May change while the room runs; the line itself never does by it.

    The lobby opens at *opens_lobby_ms* and closes for its draw at *draws_ms*; equal times mean no lobby. At *closes_ms* (0:
    never) an open room starts draining. At most *cap* visits at any instant and *rate_per_min* admissions in any 60 s.
    Who is called may claim for *claim_window_ms*, and with *reentries* 1 once more for as long again. A visit lasts
    *visit_ms*. *fail_open* is for those who guard the door when the store is down; the line only keeps it. With
    *auto_passthrough* passthrough ends by itself when somebody would have to wait. *shows* (ids) are what a visit may buy.
    """

    opens_lobby_ms: int
    draws_ms: int
    cap: int
    rate_per_min: int
    shows: tuple[int, ...]
    closes_ms: int = 0
    claim_window_ms: int = 180_000
    visit_ms: int = 900_000
    reentries: int = 1
    fail_open: bool = False
    auto_passthrough: bool = True
    capacity_max: int = PLACES_MAX


@dataclass(frozen=True, slots=True)
class RoomSettled:
    """The room as it now stands after a change of settings, phase or flags. *changed* False: it was so already."""

    phase: Phase
    paused: bool
    passthrough: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """A place in the line. *fresh* False: the identity had it already (any number of tabs and devices share it).

    *position* is None until the draw for a place of the lobby. *called*: it may claim at once.
    """

    index: int
    tier: int
    fresh: bool
    phase: Phase
    position: int | None
    called: bool = False


class Lobby(NamedTuple):
    """Everybody in a closed lobby, by index. An index nobody holds (left, or lost in a failover) has identity 0.

    *tiers* of such indices are 255: the draw puts them last, and publishing it strikes them out.
    """

    identities: npt.NDArray[np.uint64]
    tiers: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The draw is in force and the room open. *repeated*: it was before."""

    lobby: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """The line after a move: positions below *served* are called. *called* people were called by this move.

    *calls_left* more could be called within the rate's 60 s; *turn_ms* is the turn clock.
    """

    served: int
    called: int
    calls_left: int
    turn_ms: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A visit: its visitor may hold seats of the room's shows until *expires_at_ms*.

    *repeated*: the same holder had claimed it before, the answer is the first one's. *reentered*: the place had lapsed once.
    """

    position: int
    expires_at_ms: int
    repeated: bool
    reentered: bool


@dataclass(frozen=True, slots=True)
class Left:
    """The place is given up. *repeated*: it was before; *ended_visit*: its visit ended with it."""

    repeated: bool
    ended_visit: bool


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What one bounded sweep found: *lapsed* called places whose window passed; *more*: it stopped at its limit."""

    lapsed: int
    more: bool


@dataclass(frozen=True, slots=True)
class PlaceStanding:
    """One place at one instant. *claim_until_ms* is the end of the window as a Unix time while called and waiting.

    *visit_until_ms* is the end of its visit while that goes on: None for a claimed place says that it is over.
    """

    position: int | None
    state: PlaceState
    called: bool
    claim_until_ms: int | None
    reentry: bool
    visit_until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LineState:
    """Every number of a room at one instant.

    People: *waiting* are not called yet (leavers taken out); *pending* are called and may still claim; *visits* are inside.
    Since the room opened: *called*, *claimed*, *lapsed* (re-entries taken out), *left* (before claiming), *reentered*,
    *ended* (visits that ended early). In the last 60 s of the turn clock: *called_min*, *claimed_min*.
    *next* is the index the next one gets; *lobby* how many indices the draw placed; *fence* the present leader's, *leader*
    its name or "" ; *drawn* the seed name of the draw in force or "".
    """

    plan: RoomPlan
    phase: Phase
    paused: bool
    passthrough: bool
    now_ms: int
    turn_ms: int
    epoch: int
    lobby: int
    next: int
    served: int
    waiting: int
    pending: int
    visits: int
    called: int
    claimed: int
    lapsed: int
    left: int
    reentered: int
    ended: int
    called_min: int
    claimed_min: int
    fence: int
    leader: str
    drawn: str


@dataclass(frozen=True, slots=True)
class LineCopy:
    """What must outlive a store that loses everything: all of a room at one instant but who has which place (a `Lobby`).

    *next* indices were given out; *drawn* is the seed name of the draw in force or "". *record* is for the store alone.
    """

    next: int
    drawn: str
    record: bytes


@dataclass(frozen=True, slots=True)
class LineRefused:
    """Nothing was done. *code* is stable (see `refusals.py`); *retry_after_ms* when trying again may help."""

    code: str
    retry_after_ms: int | None = None
