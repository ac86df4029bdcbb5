"""Keep one show's live picture and give every viewer of it exactly what they lack.

Synchronous and without a clock: the feed reader calls `apply`, a timer calls `tick`, sockets call `attach`, `pause` and `resume`. Promise:
for every viewer, the state they began with plus all frames written to them equals the state at the last tick, in their scope.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from realtime import frames, socket_frames
from realtime.frames import States
from realtime.history import Changes, History
from realtime.layout import Layout, Range
from realtime.messages import Areas, Overview, Resync
from realtime.overview import NOT_SOLD, Row, overview_rows
from seatmap.inventory.model import Change, Position
from server.live_state.snapshot import StateSnapshot, encode_snapshot

OVERVIEW_EVERY_MS = 1000
# An idle scope's position is moved on this often, well inside what the history remembers.
NUDGE_EVERY_MS = 15_000
# A house of 50,000 viewers that all fetch the same snapshot at once: spread them over this time.
SPREAD_PER_VIEWER_MS = 0.2
SPREAD_MAX_MS = 10_000

ScopeKey = Literal["all", "overview"] | tuple[int, ...]
ResyncReason = Literal["rebuilt", "too_old", "too_slow"]


class Sink(Protocol):
    """Where framed bytes go: the transport itself, because one call more per viewer and frame is felt."""

    def write(self, data: bytes, /) -> object: ...


class Viewer(Protocol):
    """Somebody who watches: where to write, and the group they are in."""

    group: "Group | None"

    @property
    def sink(self) -> Sink:
        """Where to write."""
        ...


@dataclass(slots=True, eq=False)
class Group:
    """All viewers of one scope. Each frame is made once and continues from *sent_seq*.

    *lagging* are those whose buffer is full: they have everything up to the given sequence number and nothing after it.
    """

    key: ScopeKey
    ranges: tuple[Range, ...]
    sent_seq: int
    sent_ms: int
    sinks: dict[Viewer, Sink] = field(default_factory=dict)
    lagging: dict[Viewer, int] = field(default_factory=dict)


class Attached(NamedTuple):
    """The viewer's frames continue after *seq*; *frames* are to be written first."""

    epoch: int
    seq: int
    frames: list[bytes]


class Hub:
    """One show."""

    def __init__(
        self, layout: Layout, position: Position, states: States, remaining: Iterable[int], now_ms: int
    ) -> None:
        self.layout = layout
        self.viewers: dict[Viewer, Sink] = {}
        self.delivered = 0
        self.frames_made = 0
        self._groups: dict[ScopeKey, Group] = {}
        self._by_section: dict[int, set[Group]] = {}
        self._lowest: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._paused: list[Viewer] | None = None
        self._begin(position, states, remaining, now_ms)

    def _begin(self, position: Position, states: States, remaining: Iterable[int], now_ms: int) -> None:
        assert len(states) == self.layout.seat_count
        self.position = position
        self.states = states
        self.remaining = list(remaining)
        self.history = History(position.seq)
        self.flushed_seq = position.seq
        self._now_ms = now_ms
        self._pending: dict[int, int] = {}
        self._pending_areas: set[int] = set()
        self._overview_rows: list[Row] = []
        self._overview_due_ms = now_ms
        self._overview_dirty = True
        # Made once for all who ask between two ticks (gaps) or two changes (states).
        self._gaps: dict[tuple[ScopeKey, int], list[bytes]] = {}
        self._states: dict[ScopeKey, list[bytes]] = {}

    def recall(self, past: Sequence[Change]) -> None:
        """Know the changes that led to the state this hub began with: viewers of a gateway that died can continue here."""
        past = [change for change in past if change.position <= self.position]
        if not past or past[-1].position != self.position:
            return
        self.history = History(past[0].position.seq - 1)
        for change in past:
            self.history.add(change.position.seq, self._now_ms, tuple(sorted(change.seats)))

    # What happens to the show.

    def apply(self, change: Change) -> bool:
        """Take the next feed entry. False when it does not follow: then read the state again and `restart`."""
        if change.position.epoch != self.position.epoch or change.position.seq > self.position.seq + 1:
            return False
        if change.position.seq <= self.position.seq:
            return True
        self.position = change.position
        for k, state in change.seats:
            if k >= self.layout.seat_count:
                return False
            self.states[k] = state
            self._pending[k] = state
        for a, remaining in change.areas:
            if a < len(self.remaining):
                self.remaining[a] = remaining
                self._pending_areas.add(a)
        self._states.clear()
        return True

    def restart(
        self, layout: Layout, position: Position, states: States, remaining: Iterable[int], now_ms: int
    ) -> None:
        """Begin again from a fresh state; everybody is told to resynchronise."""
        self.layout = layout
        self._begin(position, states, remaining, now_ms)
        told = self._resync("rebuilt")
        for viewer in self.viewers:
            self._leave(viewer)
        self._broadcast(self.viewers, told)

    def price(self, lowest: NDArray[np.int64]) -> None:
        """Take the lowest amount per category, `NOT_SOLD` where there is none."""
        self._lowest = lowest
        self._overview_dirty = True

    @property
    def lowest(self) -> NDArray[np.int64]:
        """The lowest amount per category."""
        return self._lowest if len(self._lowest) else np.full(1, NOT_SOLD, dtype=np.int64)

    def snapshot(self) -> StateSnapshot:
        """Take the whole state at the present position."""
        packed = frames.pack_states(self.states)
        return StateSnapshot(*self.position, self.layout.seat_count, packed, tuple(self.remaining))

    # Who watches.

    def scope_key(self, scope: str | list[Range]) -> ScopeKey:
        """Widen ranges to sections; more than half of the house is all of it."""
        if isinstance(scope, str):
            return "overview" if scope == "overview" else "all"
        sections = self.layout.sections_in(scope)
        return "all" if 2 * self.layout.seats_in(sections) > self.layout.seat_count else sections

    def attach(self, viewer: Viewer, key: ScopeKey, position: tuple[int, int] | None) -> Attached | None:
        """Begin or change what *viewer* is told. None when *position* cannot be continued: they were told to resynchronise."""
        self._leave(viewer)
        self.viewers[viewer] = viewer.sink
        if key != "overview" and position is not None and not self._continuable(position):
            viewer.sink.write(self._resync("rebuilt" if position[0] != self.position.epoch else "too_old"))
            return None
        group = self._groups.get(key) or self._open_group(key)
        group.sinks[viewer] = viewer.sink
        viewer.group = group
        if key == "overview":
            return Attached(*self.position, [self._overview_full()])
        if position is None:
            return Attached(*self.position, self._state(group))
        return Attached(self.position.epoch, position[1], [*self._gap(group, position[1]), *self._areas_full()])

    def detach(self, viewer: Viewer) -> None:
        """Forget *viewer*."""
        self._leave(viewer)
        self.viewers.pop(viewer, None)

    def pause(self, viewer: Viewer) -> None:
        """*viewer* reads too slowly: leave frames out for them from now on."""
        if self._paused is not None:
            self._paused.append(viewer)
        elif (group := viewer.group) is not None and group.sinks.pop(viewer, None) is not None:
            group.lagging[viewer] = group.sent_seq

    def resume(self, viewer: Viewer) -> None:
        """*viewer* has read everything: give them what was left out, as one frame, or let them resynchronise."""
        group = viewer.group
        if group is None or (seq := group.lagging.pop(viewer, None)) is None:
            return
        if group.key != "overview" and not self._continuable((self.position.epoch, seq)):
            self._leave(viewer)
            viewer.sink.write(self._resync("too_slow"))
            return
        group.sinks[viewer] = viewer.sink
        catch_up = [self._overview_full()] if group.key == "overview" else [*self._gap(group, seq), *self._areas_full()]
        viewer.sink.write(b"".join(catch_up))

    # What the timer does.

    @property
    def due(self) -> bool:
        """Whether a tick has anything to do now."""
        return self.position.seq != self.flushed_seq

    def tick(self, now_ms: int) -> None:
        """Make the frames of everything that changed since the last tick and write them to those concerned."""
        self._now_ms = now_ms
        if self.due:
            changes = tuple(sorted(self._pending.items()))
            self.history.add(self.position.seq, now_ms, changes)
            self.flushed_seq = self.position.seq
            self._gaps.clear()
            self._pending = {}
            if changes:
                self._overview_dirty = True
                self._send_changes(changes, now_ms)
            self._send_areas()

    def pulse(self, now_ms: int) -> None:
        """Do what is due once a second: the overview, and positions of scopes where nothing happens."""
        self._now_ms = now_ms
        self._send_overview(now_ms)
        for group in self._groups.values():
            if (
                group.key != "overview"
                and group.sent_seq < self.flushed_seq
                and group.sent_ms <= now_ms - NUDGE_EVERY_MS
            ):
                self._send(group, (), now_ms)

    def say(self, message: bytes) -> None:
        """Write one framed message to every viewer of the show."""
        self._broadcast(self.viewers, message)

    # Groups.

    def _open_group(self, key: ScopeKey) -> Group:
        ranges: tuple[Range, ...] = ()
        if isinstance(key, tuple):
            ranges = tuple(sorted(found for section in key for found in self.layout.ranges[section]))
        group = self._groups[key] = Group(key, ranges, self.flushed_seq, self._now_ms)
        if isinstance(key, tuple):
            for section in key:
                self._by_section.setdefault(section, set()).add(group)
        return group

    def _leave(self, viewer: Viewer) -> None:
        group, viewer.group = viewer.group, None
        if group is None:
            return
        group.sinks.pop(viewer, None)
        group.lagging.pop(viewer, None)
        if not group.sinks and not group.lagging and self._groups.get(group.key) is group:
            del self._groups[group.key]
            if isinstance(group.key, tuple):
                for section in group.key:
                    self._by_section[section].discard(group)

    def _continuable(self, position: tuple[int, int]) -> bool:
        return position[0] == self.position.epoch and position[1] >= self.history.oldest

    # Frames.

    def _send_changes(self, changes: Changes, now_ms: int) -> None:
        whole = self._groups.get("all")
        if whole is not None:
            self._send(whole, changes, now_ms)
        if not self._by_section:
            return
        by_section: dict[int, list[tuple[int, int]]] = {}
        section_of = self.layout.section
        for change in changes:
            by_section.setdefault(int(section_of[change[0]]), []).append(change)
        concerned = {group for section in by_section for group in self._by_section.get(section, ())}
        for group in concerned:
            assert isinstance(group.key, tuple)
            parts = [by_section[section] for section in group.key if section in by_section]
            merged = parts[0] if len(parts) == 1 else sorted(change for part in parts for change in part)
            self._send(group, merged, now_ms)

    def _send(self, group: Group, changes: Iterable[tuple[int, int]], now_ms: int) -> None:
        payload = frames.encode_delta(self.position.epoch, group.sent_seq + 1, self.flushed_seq, changes)
        # Before the writes: who is found to be slow while writing has this frame in their buffer and lacks what follows it.
        group.sent_seq = self.flushed_seq
        group.sent_ms = now_ms
        self._broadcast(group.sinks, socket_frames.binary(payload))

    def _send_areas(self) -> None:
        if not self._pending_areas:
            return
        changed = [(a, self.remaining[a]) for a in sorted(self._pending_areas)]
        self._pending_areas = set()
        message = socket_frames.text(Areas(epoch=self.position.epoch, seq=self.flushed_seq, areas=changed))
        for group in self._groups.values():
            self._broadcast(group.sinks, message)

    def _send_overview(self, now_ms: int) -> None:
        group = self._groups.get("overview")
        if group is None or not self._overview_dirty or now_ms < self._overview_due_ms:
            return
        self._overview_due_ms = now_ms + OVERVIEW_EVERY_MS
        before = set(self._overview_rows)
        self._refresh_overview()
        changed = [row for row in self._overview_rows if row not in before]
        if changed:
            self._broadcast(group.sinks, self._overview_message(changed, full=False))

    def _overview_full(self) -> bytes:
        # The rows last sent to the group: what follows are differences to them.
        if not self._overview_rows or len(self._groups["overview"].sinks) <= 1:
            self._refresh_overview()
        return self._overview_message(self._overview_rows, full=True)

    def _refresh_overview(self) -> None:
        self._overview_rows = overview_rows(self.layout, self.states, self.lowest)
        self._overview_dirty = False

    def _overview_message(self, rows: list[Row], *, full: bool) -> bytes:
        epoch, seq = self.position
        return socket_frames.text(Overview(epoch=epoch, seq=seq, full=full, sections=rows))

    def _gap(self, group: Group, seq: int) -> list[bytes]:
        """Make the frame of what is after *seq*, the same bytes for all who were cut off in the same tick."""
        covered = self.history.tick_of(seq)
        if covered > self.flushed_seq:
            return []
        cached = self._gaps.get((group.key, covered))
        if cached is None:
            merged = self.history.since(seq)
            assert merged is not None and merged[0] == covered
            changes = merged[1] if group.key == "all" else self._within(group, merged[1])
            payload = frames.encode_delta(self.position.epoch, covered, self.flushed_seq, changes)
            cached = self._gaps[group.key, covered] = [socket_frames.binary(payload)]
        return cached

    def _within(self, group: Group, changes: Changes) -> list[tuple[int, int]]:
        sections = set(group.key)
        section_of = self.layout.section
        return [change for change in changes if int(section_of[change[0]]) in sections]

    def _state(self, group: Group) -> list[bytes]:
        cached = self._states.get(group.key)
        if cached is None:
            epoch, seq = self.position
            if group.key == "all":
                cached = [socket_frames.binary(encode_snapshot(self.snapshot()))]
            else:
                cached = [
                    socket_frames.binary(frames.encode_ranges(epoch, seq, self.states, group.ranges)),
                    *self._areas_full(),
                ]
            self._states[group.key] = cached
        return cached

    def _areas_full(self) -> list[bytes]:
        if not self.remaining:
            return []
        epoch, seq = self.position
        return [socket_frames.text(Areas(epoch=epoch, seq=seq, areas=list(enumerate(self.remaining))))]

    def _resync(self, reason: ResyncReason) -> bytes:
        spread = min(SPREAD_MAX_MS, int(len(self.viewers) * SPREAD_PER_VIEWER_MS))
        epoch, seq = self.position
        return socket_frames.text(Resync(epoch=epoch, seq=seq, spread_ms=spread, reason=reason))

    def _broadcast(self, sinks: dict[Viewer, Sink], data: bytes) -> None:
        """Write the same bytes to all. A transport may report a full buffer in the middle: that is dealt with afterwards."""
        self._paused = []
        # Not bound methods: those are one more object per viewer to fetch from memory (measured: 10 % of a frame's cost).
        for sink in sinks.values():
            sink.write(data)
        paused, self._paused = self._paused, None
        self.delivered += len(sinks)
        self.frames_made += 1
        for viewer in paused:
            self.pause(viewer)
