"""What a show remembers of its last ticks."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.history import CHANGE_BYTES, TICK_BYTES, History


def test_a_gap_merges_to_the_last_state_per_seat() -> None:
    """Many ticks become one answer in which the latest state wins."""
    history = History(10)
    history.add(12, 0, ((1, 1), (2, 1)))
    history.add(15, 100, ((2, 2), (9, 1)))
    assert history.since(10) == (11, ((1, 1), (2, 2), (9, 1)))
    assert history.since(12) == (13, ((2, 2), (9, 1)))
    assert history.since(15) == (16, ())


def test_a_position_inside_a_tick_gets_the_whole_tick() -> None:
    """A snapshot taken in the middle of a tick is continued from the tick's beginning."""
    history = History(10)
    history.add(20, 0, ((1, 1),))
    assert history.since(14) == (11, ((1, 1),))
    assert history.tick_of(14) == history.tick_of(10) == 11


def test_what_is_too_old_is_gone() -> None:
    """Ticks past the age limit are forgotten, and nobody is given a gap with a hole."""
    history = History(0, keep_ms=1000)
    for seq in range(1, 30):
        history.add(seq, seq * 100, ((seq, 1),))
    assert history.oldest == 18
    assert history.since(17) is None
    assert history.since(18) == (19, tuple((seq, 1) for seq in range(19, 30)))


def test_memory_is_bounded_in_bytes() -> None:
    """However much happens inside the age limit, the bytes stay below the bound."""
    size = TICK_BYTES + 10 * CHANGE_BYTES
    history = History(0, bytes_max=5 * size)
    for seq in range(1, 100):
        history.add(seq, 0, tuple((k, 1) for k in range(10)))
    assert history.oldest == 99 - 5


@given(st.lists(st.dictionaries(st.integers(0, 9), st.integers(0, 3), max_size=5), max_size=12), st.integers(0, 12))
def test_a_gap_equals_replaying_the_ticks(ticks: list[dict[int, int]], start: int) -> None:
    """Merging is the same as applying one tick after another."""
    history = History(0)
    for number, tick in enumerate(ticks, 1):
        history.add(number, 0, tuple(sorted(tick.items())))
    start = min(start, len(ticks))
    replayed: dict[int, int] = {}
    for tick in ticks[start:]:
        replayed |= tick
    found = history.since(start)
    assert found == (start + 1, tuple(sorted(replayed.items())))
