"""A viewer's side of the protocol: keep a picture true from a snapshot and frames, by the rule of docs/messages.md.

Used by what watches the gateway from outside (tests, benchmarks, audit); the browser has the same rule in TypeScript.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from realtime import frames
from realtime.frames import States
from server.live_state.snapshot import decode_snapshot

Outcome = Literal["applied", "old", "gap"]


@dataclass(slots=True)
class Picture:
    """Seat states as one viewer knows them. `epoch` 0 means that nothing is known."""

    states: States
    epoch: int = 0
    seq: int = 0
    frames_applied: int = 0

    @classmethod
    def empty(cls, seat_count: int) -> "Picture":
        """Make a picture that knows nothing yet."""
        return cls(np.zeros(seat_count, dtype=np.uint8))

    @property
    def position(self) -> tuple[int, int] | None:
        """What to send as `from`."""
        return (self.epoch, self.seq) if self.epoch else None

    def take(self, frame: bytes) -> Outcome:
        """Take any binary frame or the HTTP snapshot; "gap" means that something is missing: ask again from `position`."""
        match frame[0]:
            case frames.KIND_DELTA:
                return self._take_changes(frame)
            case frames.KIND_STATE:
                return self._take_snapshot(frame)
            case frames.KIND_RANGES:
                return self._take_ranges(frame)
            case _:
                return "old"

    def forget(self) -> None:
        """Obey a `resync`."""
        self.epoch = self.seq = 0

    def _take_changes(self, frame: bytes) -> Outcome:
        epoch, from_seq, to_seq, changes = frames.decode_delta(frame)
        if epoch != self.epoch or to_seq <= self.seq:
            return "old"
        if from_seq > self.seq + 1:
            return "gap"
        for k, state in changes:
            self.states[k] = state
        self.seq = to_seq
        self.frames_applied += 1
        return "applied"

    def _take_snapshot(self, frame: bytes) -> Outcome:
        snapshot = decode_snapshot(frame)
        self.states = frames.unpack_states(snapshot.packed, snapshot.seat_count)
        self.epoch, self.seq = snapshot.epoch, snapshot.seq
        return "applied"

    def _take_ranges(self, frame: bytes) -> Outcome:
        epoch, seq, ranges = frames.decode_ranges(frame)
        for k0, states in ranges:
            self.states[k0 : k0 + len(states)] = states
        self.epoch, self.seq = epoch, seq
        return "applied"
