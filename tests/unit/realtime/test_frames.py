"""The binary seat frames say what they were given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.frames import decode_delta, decode_ranges, encode_delta, encode_ranges, pack_states, unpack_states
from seatmap.faults import Corrupt
from server.live_state.snapshot import StateSnapshot, decode_snapshot, encode_snapshot

STATES = st.lists(st.integers(0, 3), max_size=200)


@given(st.dictionaries(st.integers(0, 2**32 - 1) | st.integers(0, 60), st.integers(0, 3), max_size=60))
def test_changes_survive_the_wire(changes: dict[int, int]) -> None:
    """Any set of changes is read back as it was written."""
    ordered = sorted(changes.items())
    assert decode_delta(encode_delta(7, 1, 9, ordered)) == (7, 1, 9, ordered)


def test_a_run_of_eight_is_one_byte_pair() -> None:
    """Eight neighbours of one state cost one record; the ninth begins another."""
    one = encode_delta(1, 1, 1, [(k, 1) for k in range(8)])
    two = encode_delta(1, 1, 1, [(k, 1) for k in range(9)])
    assert (len(one), len(two)) == (14 + 1, 14 + 2)


def test_changes_must_ascend() -> None:
    """Descending seats are our bug and stop at once."""
    with pytest.raises(AssertionError):
        encode_delta(1, 1, 1, [(5, 1), (4, 1), (9, 0)])


@pytest.mark.parametrize(
    "frame", [b"", b"\x01", bytes([9]) * 20, encode_delta(1, 1, 1, [(99, 1)])[:-1], b"\x01" + b"\xff" * 30]
)
def test_a_broken_change_frame_is_corrupt(frame: bytes) -> None:
    """Too short, another kind, cut inside a number, endless number: all are Corrupt."""
    with pytest.raises(Corrupt):
        decode_delta(frame)


@given(STATES)
def test_packing_is_reversible(states: list[int]) -> None:
    """Two bits per seat hold every state."""
    array = np.array(states, dtype=np.uint8)
    assert unpack_states(pack_states(array), len(states)).tolist() == states


def test_bytes_the_store_never_wrote_are_free() -> None:
    """A string shorter than the house means that its tail was never touched."""
    assert unpack_states(b"\x40", 9).tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0]


@given(STATES, st.data())
def test_ranges_survive_the_wire(states: list[int], data: st.DataObject) -> None:
    """Any ranges are read back with their states."""
    array = np.array(states, dtype=np.uint8)
    bound = st.integers(0, len(states))
    pairs = data.draw(st.lists(st.tuples(bound, bound), max_size=4))
    ranges = [(min(pair), max(pair)) for pair in pairs]
    epoch, seq, parts = decode_ranges(encode_ranges(3, 4, array, ranges))
    assert (epoch, seq) == (3, 4)
    assert [(k0, part.tolist()) for k0, part in parts] == [(k0, states[k0:k1]) for k0, k1 in ranges]


@given(STATES, st.lists(st.integers(0, 2**32 - 1), max_size=5))
def test_snapshots_survive_the_wire(states: list[int], remaining: list[int]) -> None:
    """The HTTP snapshot is read back as it was written."""
    snapshot = StateSnapshot(1, 2, len(states), pack_states(np.array(states, dtype=np.uint8)), tuple(remaining))
    assert decode_snapshot(encode_snapshot(snapshot)) == snapshot


@pytest.mark.parametrize("cut", [0, 5, 18, -1])
def test_a_cut_snapshot_is_corrupt(cut: int) -> None:
    """A body that lost bytes is never half believed."""
    body = encode_snapshot(StateSnapshot(1, 2, 9, b"\x00\x00\x00", (5,)))
    with pytest.raises(Corrupt):
        decode_snapshot(body[:cut])
