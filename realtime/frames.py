"""Write and read the binary seat frames: changes (kind 1) and the state of some ranges (kind 3).

Layouts and worked examples in `docs/messages.md`. The snapshot (kind 2) is `server.live_state.snapshot`.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from seatmap.faults import Corrupt

States = NDArray[np.uint8]

KIND_DELTA = 1
KIND_STATE = 2
KIND_RANGES = 3

DELTA_HEADER = struct.Struct(">BBIII")
RANGES_HEADER = struct.Struct(">BBIIH")
RANGE_HEADER = struct.Struct(">II")
RUN_MAX = 8
SEAT_COUNT_MAX = 2**32


def encode_delta(epoch: int, from_seq: int, to_seq: int, changes: Iterable[tuple[int, int]]) -> bytes:
    """Write *changes*, pairs of seat k and state in ascending k, as one frame that covers *from_seq* to *to_seq* inclusive."""
    out = bytearray(DELTA_HEADER.pack(KIND_DELTA, 0, epoch, from_seq, to_seq))
    end = 0
    start = length = current = 0
    for k, state in changes:
        if length and k == start + length and state == current and length < RUN_MAX:
            length += 1
            continue
        if length:
            _put_varint(out, (start - end) << 5 | (length - 1) << 2 | current)
            end = start + length
        assert k >= end, "changes must ascend"
        start, length, current = k, 1, state
    if length:
        _put_varint(out, (start - end) << 5 | (length - 1) << 2 | current)
    return bytes(out)


def decode_delta(frame: bytes) -> tuple[int, int, int, list[tuple[int, int]]]:
    """Read a change frame as (epoch, from_seq, to_seq, [(k, state)]); raises Corrupt when it is not one."""
    if len(frame) < DELTA_HEADER.size or frame[0] != KIND_DELTA:
        raise Corrupt("not a change frame")
    _, _, epoch, from_seq, to_seq = DELTA_HEADER.unpack_from(frame)
    changes: list[tuple[int, int]] = []
    end = 0
    for value in _varints(frame, DELTA_HEADER.size):
        start = end + (value >> 5)
        end = start + (value >> 2 & 7) + 1
        changes.extend((k, value & 3) for k in range(start, end))
    return epoch, from_seq, to_seq, changes


def encode_ranges(epoch: int, seq: int, states: States, ranges: Sequence[tuple[int, int]]) -> bytes:
    """Write the state of the seats in *ranges* at one position; each range starts on a byte of its own."""
    parts = [RANGES_HEADER.pack(KIND_RANGES, 0, epoch, seq, len(ranges))]
    for k0, k1 in ranges:
        parts += (RANGE_HEADER.pack(k0, k1), pack_states(states[k0:k1]))
    return b"".join(parts)


def decode_ranges(frame: bytes) -> tuple[int, int, list[tuple[int, States]]]:
    """Read a range frame as (epoch, seq, [(k0, states)]); raises Corrupt when it is not one."""
    if len(frame) < RANGES_HEADER.size or frame[0] != KIND_RANGES:
        raise Corrupt("not a range frame")
    _, _, epoch, seq, count = RANGES_HEADER.unpack_from(frame)
    offset = RANGES_HEADER.size
    ranges: list[tuple[int, States]] = []
    for _ in range(count):
        k0, k1 = RANGE_HEADER.unpack_from(frame, offset)
        offset += RANGE_HEADER.size
        size = (k1 - k0 + 3) // 4
        if k1 < k0 or offset + size > len(frame):
            raise Corrupt("range frame shorter than it says")
        ranges.append((k0, unpack_states(frame[offset : offset + size], k1 - k0)))
        offset += size
    return epoch, seq, ranges


def pack_states(states: States) -> bytes:
    """Pack one state per byte into two bits per seat, the first seat in the highest bits."""
    padded = np.zeros(-(-len(states) // 4) * 4, dtype=np.uint8)
    padded[: len(states)] = states
    quads = padded.reshape(-1, 4)
    return (quads[:, 0] << 6 | quads[:, 1] << 4 | quads[:, 2] << 2 | quads[:, 3]).astype(np.uint8, copy=False).tobytes()


def unpack_states(packed: bytes, seat_count: int) -> States:
    """Unpack two bits per seat into one state per byte; bytes that the store never wrote count as free."""
    raw = np.frombuffer(packed, dtype=np.uint8)
    states = np.empty((len(raw), 4), dtype=np.uint8)
    for column, shift in enumerate((6, 4, 2, 0)):
        states[:, column] = raw >> shift & 3
    flat = states.reshape(-1)
    if len(flat) >= seat_count:
        return flat[:seat_count].copy()
    return np.concatenate([flat, np.zeros(seat_count - len(flat), dtype=np.uint8)])


def _put_varint(out: bytearray, value: int) -> None:
    """Append *value* as an unsigned little-endian base-128 number."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _varints(frame: bytes, offset: int) -> Iterator[int]:
    value = shift = 0
    for byte in frame[offset:]:
        value |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > 42:
                raise Corrupt("varint too long")
            continue
        yield value
        value = shift = 0
    if shift:
        raise Corrupt("change frame ends inside a number")
