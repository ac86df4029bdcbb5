"""Write and read the snapshot of a show: two bits per seat, then what is left in each area.

Layout in `docs/messages.md`: `u8 kind=2, u8 bits=2, u32 epoch, u32 seq, u32 n, u32 areas`, big endian, then ⌈n/4⌉ bytes of states (seat k in
bits 6-2·(k mod 4) of byte k div 4), then u32 remaining per area. A 60,000-seat show is 15 KB, at most 9 KB after brotli.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from server.faults import Corrupt

KIND = 2
BITS = 2
HEADER = struct.Struct(">BBIIII")


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """The public state of all seats and areas at one position."""

    epoch: int
    seq: int
    seat_count: int
    packed: bytes
    remaining: tuple[int, ...]


def encode_snapshot(snapshot: StateSnapshot) -> bytes:
    """Write *snapshot* in its wire form."""
    assert len(snapshot.packed) == packed_size(snapshot.seat_count)
    remaining = snapshot.remaining
    head = HEADER.pack(KIND, BITS, snapshot.epoch, snapshot.seq, snapshot.seat_count, len(remaining))
    return head + snapshot.packed + struct.pack(f">{len(remaining)}I", *remaining)


def decode_snapshot(body: bytes) -> StateSnapshot:
    """Read the wire form; raises Corrupt when *body* is not exactly one snapshot."""
    if len(body) < HEADER.size:
        raise Corrupt("snapshot shorter than its header")
    kind, bits, epoch, seq, seat_count, areas = HEADER.unpack_from(body)
    packed_end = HEADER.size + packed_size(seat_count)
    if (kind, bits) != (KIND, BITS) or len(body) != packed_end + 4 * areas:
        raise Corrupt(f"not a snapshot: kind {kind}, {bits} bits, {len(body)} bytes")
    remaining: Sequence[int] = struct.unpack_from(f">{areas}I", body, packed_end)
    return StateSnapshot(epoch, seq, seat_count, body[HEADER.size : packed_end], tuple(remaining))


def packed_size(seat_count: int) -> int:
    """Tell how many bytes hold *seat_count* states of two bits."""
    return (seat_count + 3) // 4
