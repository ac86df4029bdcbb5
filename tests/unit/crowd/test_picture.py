"""The crowd's picture of a show, written from docs/messages.md, agrees with the documents' examples and with the gateway's frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.crowd.picture import Gap, NotAPicture, Picture, Seat
from realtime.frames import encode_delta
from server.live_state.snapshot import StateSnapshot, encode_snapshot

# The examples of docs/messages.md, byte for byte.
SNAPSHOT = bytes.fromhex("02 02 69201c00 0000002b 0000000a 00000001 00 16 30 00000384")
CHANGES = bytes.fromhex("01 00 69201c00 00000029 0000002b a501 02 8049")
EPOCH = 0x69201C00


def frame(from_seq: int, to_seq: int, records: bytes, epoch: int = EPOCH) -> bytes:
    """Make a frame of changes."""
    return b"\x01\x00" + b"".join(n.to_bytes(4) for n in (epoch, from_seq, to_seq)) + records


def house(seats: int, seq: int = 40) -> Picture:
    """Make an empty house."""
    return Picture(encode_snapshot(StateSnapshot(EPOCH, seq, seats, bytes((seats + 3) // 4), ())))


def test_the_documents_snapshot_is_read() -> None:
    """Ten seats, four states, one area."""
    picture = Picture(SNAPSHOT)
    assert picture.position == (EPOCH, 43)
    assert list(picture.seats) == [0, 0, 0, 0, 0, 1, 1, 2, 0, 3]
    assert picture.areas == [900]
    assert [picture.count(state) for state in Seat] == [6, 2, 1, 1]


def test_the_documents_changes_are_read() -> None:
    """Seats 5 and 6 held, 7 sold, 300 free; everything else as before."""
    picture = house(468)
    picture.apply(CHANGES)
    assert picture.position == (EPOCH, 43)
    assert {k: state for k, state in enumerate(picture.seats) if state} == {5: 1, 6: 1, 7: 2}


def test_old_foreign_and_unknown_frames_are_dropped() -> None:
    """What is from before, from another life, or of a kind we do not know changes nothing."""
    picture = house(20)
    picture.apply(frame(38, 40, b"\x02"))
    picture.apply(frame(41, 41, b"\x02", epoch=EPOCH + 1))
    picture.apply(b"\x07" + frame(41, 41, b"\x02")[1:])
    assert picture.position == (EPOCH, 40)
    assert not any(picture.seats)


def test_an_overlap_does_no_harm_and_a_gap_is_told() -> None:
    """States are absolute, so overlapping frames apply; a missing change is never skipped."""
    picture = house(20)
    picture.apply(frame(39, 41, b"\x02"))
    assert (picture.seq, picture.seats[0]) == (41, Seat.SOLD)
    with pytest.raises(Gap):
        picture.apply(frame(43, 44, b"\x01"))
    assert picture.seq == 41


@pytest.mark.parametrize("bad", [b"", SNAPSHOT[:10], SNAPSHOT[:-1], SNAPSHOT + b"\0", b"\x03" + SNAPSHOT[1:]])
def test_no_snapshot_is_no_picture(bad: bytes) -> None:
    """Cut, padded or of another kind."""
    with pytest.raises(NotAPicture):
        Picture(bad)


@pytest.mark.parametrize("records", [b"\x80", bytes([20 << 1 & 0x7F | 0x80, 10]), b"\x1c\x1c\x1c"])
def test_records_beyond_the_house_are_told(records: bytes) -> None:
    """A record that ends in the middle, or names a seat that is not there."""
    with pytest.raises(NotAPicture):
        house(20).apply(frame(41, 41, records))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=70), st.lists(st.integers(0, 2**32 - 1), max_size=3))
def test_what_the_server_encodes_is_read(states: list[int], areas: list[int]) -> None:
    """Any state of any house, through the server's own encoder."""
    packed = bytearray((len(states) + 3) // 4)
    for k, state in enumerate(states):
        packed[k >> 2] |= state << (6 - 2 * (k & 3))
    picture = Picture(encode_snapshot(StateSnapshot(7, 9, len(states), bytes(packed), tuple(areas))))
    assert (list(picture.seats), picture.areas, picture.position) == (states, areas, (7, 9))


@given(st.dictionaries(st.integers(0, 299), st.integers(0, 3), max_size=80))
def test_what_the_gateway_encodes_is_read(changes: dict[int, int]) -> None:
    """Any set of changes, through the gateway's own encoder."""
    picture = house(300)
    picture.apply(encode_delta(EPOCH, 41, 45, sorted(changes.items())))
    assert {k: picture.seats[k] for k in changes} == changes
    assert sum(map(bool, picture.seats)) == sum(map(bool, changes.values()))
    assert picture.seq == 45
