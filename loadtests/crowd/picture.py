"""The picture of a show as a client keeps it: snapshot plus changes, written from docs/messages.md, not from our server."""

import struct
from enum import IntEnum

_SNAPSHOT = struct.Struct(">BBIIII")
_CHANGES = struct.Struct(">BBIII")


class Seat(IntEnum):
    """What everybody may know of a seat."""

    FREE = 0
    HELD = 1
    SOLD = 2
    OFF_SALE = 3


class NotAPicture(Exception):
    """Bytes that are not what the protocol promises."""


class Gap(Exception):
    """Changes are missing between what we have and what came."""


class Picture:
    """The state of every seat (one byte each) at a position, and what is left in each area."""

    def __init__(self, snapshot: bytes) -> None:
        self.load(snapshot)

    def load(self, snapshot: bytes) -> None:
        """Begin again from a whole state (kind 2)."""
        try:
            kind, bits, self.epoch, self.seq, seats, areas = _SNAPSHOT.unpack_from(snapshot)
        except struct.error as error:
            raise NotAPicture(str(error)) from error
        packed_end = _SNAPSHOT.size + (seats + 3) // 4
        if (kind, bits) != (2, 2) or len(snapshot) != packed_end + 4 * areas:
            raise NotAPicture(f"kind {kind}, {bits} bits, {len(snapshot)} bytes")
        unpacked = bytearray()
        for byte in snapshot[_SNAPSHOT.size : packed_end]:
            unpacked += _FOUR[byte]
        self.seats = unpacked[:seats]
        self.areas: list[int] = list(struct.unpack_from(f">{areas}I", snapshot, packed_end))

    @property
    def position(self) -> tuple[int, int]:
        """Epoch and number of the last change."""
        return self.epoch, self.seq

    def apply(self, frame: bytes) -> None:
        """Apply changes (kind 1); drop what is older or of another life, raise `Gap` when something is missing."""
        kind, _, epoch, from_seq, to_seq = _CHANGES.unpack_from(frame)
        if kind != 1:
            return
        if epoch != self.epoch or to_seq <= self.seq:
            return
        if from_seq > self.seq + 1:
            raise Gap
        offset, k, end = _CHANGES.size, 0, len(frame)
        while offset < end:
            value, shift = 0, 0
            while True:
                if offset >= end:
                    raise NotAPicture("a record ends in the middle")
                byte = frame[offset]
                offset += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
            k += value >> 5
            run, state = ((value >> 2) & 7) + 1, value & 3
            if k + run > len(self.seats):
                raise NotAPicture(f"a record names seat {k + run - 1} of {len(self.seats)}")
            for seat in range(k, k + run):
                self.seats[seat] = state
            k += run
        self.seq = to_seq

    def count(self, state: Seat) -> int:
        """Count the seats in one state."""
        return self.seats.count(state)


_FOUR = [bytes((byte >> 6, byte >> 4 & 3, byte >> 2 & 3, byte & 3)) for byte in range(256)]
