"""The port of the line: what servers, gateways and workers may ask of it. `ValkeyLine` is the adapter.

Every verb answers with a value or with `LineRefused(code)`, or raises the store's `Unavailable`. After `Unavailable` a change may
or may not have happened; every verb here can simply be repeated. Every verb may answer `room_unknown`. A room whose time
has come changes its phase inside whatever verb touches it first, by the store's clock.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from waitingroom.draw import Positions
from waitingroom.model import (
    Claimed,
    Drawn,
    Joined,
    Lapsed,
    Left,
    LineCopy,
    LineRefused,
    LineState,
    Lobby,
    Moved,
    Phase,
    PlaceStanding,
    RoomKey,
    RoomPlan,
    RoomSettled,
)


class Line(Protocol):
    """Decide who has which place and who may come in."""

    # ── for organisers ──

    async def open_room(self, key: RoomKey, plan: RoomPlan, *, new: bool = True) -> RoomSettled | LineRefused:
        """Create the room, or change its settings; the line is never reset. Not *new*: the store should know it.

        A store that lost a room must not make it anew: its places would be given out again (`rebuild`).
        Refusals: draw_announced.
        """
        ...

    async def set_phase(
        self,
        key: RoomKey,
        phase: Phase | None = None,
        *,
        paused: bool | None = None,
        passthrough: bool | None = None,
    ) -> RoomSettled | LineRefused:
        """Move the room on and set its flags; None leaves them. Saying what is so already changes nothing.

        `drawing` comes by time alone and `open` by the draw (or from `draining`). Refusals: phase_not_reachable.
        """
        ...

    async def close_room(self, key: RoomKey) -> None:
        """Forget the room entirely, everybody's place with it; passes run out by themselves."""
        ...

    async def open_rooms(self, event_id: int | None = None) -> tuple[RoomKey, ...]:
        """List the rooms the store knows, of one event or of all."""
        ...

    # ── for visitors ──

    async def join(self, key: RoomKey, identity: bytes, tier: int = 0) -> Joined | LineRefused:
        """Give the identity (8 bytes, keyed digest) a place, or the one it has.

        An identity whose place is over (left, lapsed for good, visit ended) gets a new one at the end. The tier (0 first)
        counts in the draw only and stays as it was first given. Refusals: room_not_open room_draining room_closed
        room_full.
        """
        ...

    async def restore(self, key: RoomKey, index: int, identity: bytes, tier: int = 0) -> Joined | LineRefused:
        """Put a place back that its signed token proves and the store may have forgotten in a failover.

        Answers like `join` for a place that is known.
        Refusals: place_unknown place_superseded left lapsed visit_over room_closed.
        """
        ...

    async def claim(
        self, key: RoomKey, index: int, identity: bytes, visitor: str, holder: str
    ) -> Claimed | LineRefused:
        """Turn a called place into a visit and write its passes, all in one step.

        *holder* is the thumbprint of what proves the browser (no `:` needed in it; it is kept in the pass). The cap and the
        rate are enforced here, so that neither is ever exceeded. Repeating it with the same visitor and holder answers
        the same and writes the passes again; anybody else is refused. Refusals: place_unknown place_superseded not_called
        lapsed left visit_over holder_differs room_paused full busy room_closed.
        """
        ...

    async def leave(self, key: RoomKey, index: int, identity: bytes) -> Left | LineRefused:
        """Give the place up, and the visit with it if there is one. Refusals: place_unknown place_superseded room_closed."""
        ...

    async def end_visit(self, key: RoomKey, visitor: str) -> bool:
        """End the visitor's visit early (bought, or done): its passes go and its slot under the cap is free at once.

        Says whether there was one. A visit to another room of the event goes on.
        """
        ...

    async def standing(self, key: RoomKey, index: int) -> PlaceStanding | LineRefused:
        """Read one place: one command, for those who are near or called; everybody else reads frames.

        Refusals: place_unknown.
        """
        ...

    async def position_of(self, key: RoomKey, index: int, epoch: int | None = None) -> int | None:
        """Say when the index is served; None before the draw.

        Costs no command once the process has read the draw, and at most one a second before. *epoch* is the one of the
        frame the caller goes by: a room made anew under the same number is noticed by it.
        """
        ...

    # ── for the usher ──

    async def lead(self, key: RoomKey, who: str, ttl_ms: int) -> int | None:
        """Become, or stay, the one who moves this line for *ttl_ms*; returns the fence, None while another leads.

        Every change of leader raises the fence, so that a late one is refused.
        """
        ...

    async def resign(self, key: RoomKey, fence: int) -> None:
        """Stop leading at once, so that another need not wait for the time to run out."""
        ...

    async def move(self, key: RoomKey, fence: int, served: int) -> Moved | LineRefused:
        """Call everybody below *served*, counted as if nobody had left: the line goes on past leavers by itself.

        Never goes back, never past the last place, and never calls more than twice the rate (to make up for those who do
        not come) in any 60 s of the turn clock: a wish for more moves as far as it may. Repeating it moves no further.
        Call it every tick, also without a wish (served=0): it moves the turn clock. Refusals: fenced room_paused
        (the clock stands still), room_not_open room_closed.
        """
        ...

    async def lapse(self, key: RoomKey, limit: int = 2_000) -> Lapsed | LineRefused:
        """Let called places lapse whose window passed, looking at up to *limit* positions; forget visits that ended."""
        ...

    async def read(self, key: RoomKey) -> LineState | None:
        """Read every number of the room at one instant; None for an unknown room. Cheap enough for every tick."""
        ...

    async def count_waiting(self, key: RoomKey, edges: Sequence[int]) -> tuple[int, ...]:
        """Count the places not left between each two neighbouring *edges* (positions, ascending, not below served).

        One command for any number of edges; () for an unknown room. Before the draw, edges are indices.
        """
        ...

    async def read_lobby(self, key: RoomKey) -> Lobby | LineRefused:
        """Read everybody in the closed lobby. A million take about two seconds. Refusals: lobby_open."""
        ...

    async def publish_draw(
        self, key: RoomKey, seed_name: str, positions: Positions, *, recorded: bool = False
    ) -> Drawn | LineRefused:
        """Put the draw in force and open the room: the array first, then one flip.

        A draw that is on record is the truth about who was in the lobby, whatever a store that lost some of it believes.

        *seed_name* names the draw (hex of the seed, or its beginning). Dying in between leaves the room closed and the
        call repeatable; repeating it after the flip changes nothing. Refusals: lobby_open lobby_differs already_drawn
        room_closed.
        """
        ...

    async def read_draw(self, key: RoomKey) -> Positions | None:
        """Read the position of every lobby index; None before the draw."""
        ...

    # ── for a store that lost everything ──

    async def copy(self, key: RoomKey) -> LineCopy | None:
        """Copy the room but for who has which place; None for an unknown one. Cheap: two bits a place, and the visits."""
        ...

    async def read_places(self, key: RoomKey) -> Lobby | None:
        """Read who has which place, of all given out when the reading began. A million take about two seconds."""
        ...

    async def rebuild(
        self,
        key: RoomKey,
        plan: RoomPlan,
        copy: LineCopy | None,
        places: Lobby | None = None,
        positions: Positions | None = None,
        *,
        paused: bool = False,
        passthrough: bool = False,
    ) -> RoomSettled | LineRefused:
        """Make a room again that the store lost, from its last *copy*; one that the store knows stays as it is.

        *places* may be older than the copy. *positions* is the draw named in the copy, if there is one. No index is ever given
        twice: those that may have been given out since are skipped, and whoever has a token of one gets it back by `restore`.
        Visits go on, with their passes. It is a new epoch.
        """
        ...

    # ── who is connected ──

    async def report_presence(
        self, key: RoomKey, process: str, blocks: Mapping[int, int], ttl_ms: int = 15_000
    ) -> None:
        """Say how many waiting visitors *process* is connected to, per block of `PRESENCE_BLOCK` positions.

        Each report replaces the process's last one and is forgotten after *ttl_ms*.
        """
        ...

    async def presence(self, key: RoomKey) -> Mapping[int, int]:
        """Add up what every process reported: block → connected waiting visitors."""
        ...
