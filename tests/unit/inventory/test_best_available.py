"""Best available is exact, fair, frugal with rows, and never silent about splitting."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatmap.inventory.best_available import best_available, pick_seed
from seatmap.inventory.equivalents import equivalents
from seatmap.inventory.seat_index import PARTY_MIX, SeatIndex, run_losses, unpack_states
from seatmap.inventory.split_party import partitions
from seatmap.inventory.stranded import stranded_single, strands
from seatmap.inventory.windows import FRAGMENTATION, Mode, Party, find_windows
from tests.unit.inventory.hall import free_but, hall

SEED = pick_seed(b"secret", "request 1")
THEATRE = [[12, 26, 12]] * 25


def windows_of(index: SeatIndex, free: np.ndarray, size: int) -> dict[tuple[int, ...], float]:
    """List all windows and their priced cost, the slow and obvious way."""
    found = {}
    n = len(index.k_of)
    loss = run_losses(n)
    for at in range(n - size + 1):
        line = range(at, at + size)
        if not all(free[index.k_of[i]] for i in line) or any(index.starts[i] for i in line[1:]):
            continue
        left, right = at, at + size - 1
        while left > 0 and not index.starts[left] and free[index.k_of[left - 1]]:
            left -= 1
        while right < n - 1 and not index.starts[right + 1] and free[index.k_of[right + 1]]:
            right += 1
        before, after = at - left, right - (at + size - 1)
        price = FRAGMENTATION * (loss[before] + loss[after] - loss[right - left + 1])
        found[tuple(int(index.k_of[i]) for i in line)] = float(np.mean([index.cost[i] for i in line]) + price)
    return found


@given(
    rows=st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=3), min_size=1, max_size=4),
    holes=st.sets(st.integers(0, 30)),
    size=st.integers(1, 6),
)
@settings(max_examples=150, deadline=None)
def test_the_pick_is_the_cheapest_window(rows: list[list[int]], holes: set[int], size: int) -> None:
    """No window is cheaper by more than the hair within which the draw is free."""
    index = hall(rows)
    free = free_but(index, [k for k in holes if k < index.seat_count])
    windows = windows_of(index, free, size)
    picks = best_available(index, free, Party(size), seed=SEED)
    if windows:
        assert picks[0].pieces[0] in windows
        assert windows[picks[0].pieces[0]] <= min(windows.values()) + 0.003
        assert picks[0].cost == pytest.approx(windows[picks[0].pieces[0]], abs=1e-4)
    else:
        assert all(pick.split for pick in picks)


def singles(index: SeatIndex, free: np.ndarray) -> int:
    """Count free seats with no free neighbour."""
    lines = index.lines(free)
    left = np.append(False, lines[:-1]) & ~index.starts
    right = np.append(lines[1:] & ~index.starts[1:], False)
    return int((lines & ~left & ~right).sum())


def sell_out(index: SeatIndex, mode: Mode, seed: int) -> tuple[float, int, int]:
    """Sell to random parties until a party of demand 125 % is through: fill at first refusal, singles left, needless."""
    rng = np.random.default_rng(seed)
    sizes, shares = list(PARTY_MIX), np.array(list(PARTY_MIX.values()))
    free, asked, refused_at, needless = free_but(index), 0, None, 0
    while asked < index.seat_count * 1.25 and free.any():
        size = int(rng.choice(sizes, p=shares / shares.sum()))
        asked += size
        picks = best_available(index, free, Party(size), seed=pick_seed(b"s", str(asked)), mode=mode)
        if not picks:
            refused_at = refused_at or 1 - free.mean()
            continue
        before = singles(index, free)
        after = free.copy()
        after[list(picks[0].seats)] = False
        if mode == "hard" and not picks[0].split and size > 1 and singles(index, after) > before:
            needless += _has_better(index, free, size, before)
        free = after
    return refused_at or 1.0, singles(index, free), needless


def _has_better(index: SeatIndex, free: np.ndarray, size: int, before: int) -> bool:
    for window in windows_of(index, free, size):
        after = free.copy()
        after[list(window)] = False
        if singles(index, after) <= before:
            return True
    return False


@pytest.mark.parametrize("mode", ["hard", "priced"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_theatre_fills_before_anybody_is_refused(mode: Mode, seed: int) -> None:
    """At the first refusal 99 % of a 1,250-seat theatre is sold, and hard mode never strands a seat needlessly."""
    fill, _, needless = sell_out(hall(THEATRE), mode, seed)
    assert fill >= 0.99
    assert needless == 0


def test_free_picking_strands_seats() -> None:
    """Negative control: people who pick at random strand many singles and are refused early; the simulation notices."""
    index = hall(THEATRE)
    rng = np.random.default_rng(3)
    free = free_but(index)
    while True:
        size = int(rng.choice([2, 3, 4]))
        windows = list(windows_of(index, free, size))
        if not windows:
            break
        free[list(windows[rng.integers(len(windows))])] = False
    assert singles(index, free) > 30
    assert 1 - free.mean() < 0.97


def test_the_same_seed_replays_the_pick() -> None:
    """Seed and mask decide the pick alone; another request draws another of the equals."""
    index = hall([[2, 2]])  # two equal pairs left and right of the middle
    picks = {best_available(index, free_but(index), Party(2), seed=pick_seed(b"s", str(i)))[0].seats for i in range(40)}
    again = best_available(index, free_but(index), Party(2), seed=pick_seed(b"s", "0"))
    assert picks == {(0, 1), (2, 3)}
    assert again == best_available(index, free_but(index), Party(2), seed=pick_seed(b"s", "0"))
    assert again[0].mask != best_available(index, free_but(index, [0]), Party(2), seed=SEED)[0].mask


def test_several_picks_share_no_seat() -> None:
    """Alternatives are real alternatives."""
    index = hall([[10]] * 2)
    picks = best_available(index, free_but(index), Party(4), seed=SEED, count=4)
    seats = [k for pick in picks for k in pick.seats]
    assert len(picks) == 4
    assert len(set(seats)) == 16


def test_filters_are_obeyed() -> None:
    """Categories and sections limit the pick; nothing fitting means no pick."""
    index = hall([[10]] * 4, categories=[0] * 20 + [1] * 20, per_section=2)
    (pick,) = best_available(index, free_but(index), Party(3, categories=frozenset({1})), seed=SEED)
    assert all(20 <= k < 40 for k in pick.seats)
    (pick,) = best_available(index, free_but(index), Party(3, sections=frozenset({1})), seed=SEED)
    assert all(20 <= k < 40 for k in pick.seats)
    nowhere = Party(3, categories=frozenset({0}), sections=frozenset({1, 99}))
    assert best_available(index, free_but(index), nowhere, seed=SEED) == ()


def test_a_party_is_split_only_when_no_run_fits() -> None:
    """Six into runs of three: two threes in neighbouring rows, said to be split."""
    index = hall([[3], [3], [3]])
    (pick,) = best_available(index, free_but(index), Party(6), seed=SEED)
    assert pick.split
    assert [len(piece) for piece in pick.pieces] == [3, 3]
    rows = sorted({k // 3 for k in pick.seats})
    assert rows[1] - rows[0] == 1


def test_nobody_is_seated_alone() -> None:
    """Three people and only pairs and singles left: no pick rather than one person alone."""
    index = hall([[2, 1], [2, 1]])
    assert best_available(index, free_but(index), Party(3), seed=SEED) == ()
    (pick,) = best_available(index, free_but(index), Party(4), seed=SEED)
    assert [len(piece) for piece in pick.pieces] == [2, 2]


def test_partitions_are_even_first() -> None:
    """Three and three beat four and two; nobody is alone."""
    assert list(partitions(6, 2)) == [(3, 3), (4, 2)]
    assert list(partitions(8, 3)) == [(3, 3, 2), (4, 2, 2)]
    assert list(partitions(3, 2)) == []
    spreads = [sizes[0] - sizes[-1] for sizes in partitions(12, 3)]
    assert all(a <= b for a, b in pairwise(spreads))


def test_accessible_seats_go_only_to_those_who_ask() -> None:
    """A general party never gets a space or its companion seats, however empty the house."""
    index = hall([[6]], anchors=[2], companions={2: (1, 3)})
    assert all(set(p.seats) <= {0, 4, 5} for p in best_available(index, free_but(index), Party(1), seed=SEED, count=9))
    assert best_available(index, free_but(index), Party(3), seed=SEED) == ()


def test_companions_sit_beside_the_space() -> None:
    """Space and companions come as one piece; more company sits as near as possible."""
    index = hall([[6], [6]], anchors=[2], companions={2: (1, 3)})
    (pick,) = best_available(index, free_but(index), Party(3, accessible=1), seed=SEED)
    assert pick.pieces == ((1, 2, 3),)
    (pick,) = best_available(index, free_but(index), Party(4, accessible=1), seed=SEED)
    assert {1, 2, 3} < set(pick.seats)
    assert best_available(index, free_but(index, [2]), Party(2, accessible=1), seed=SEED) == ()


def test_a_refused_hold_gets_its_nearest_equivalents() -> None:
    """Three windows of the same size and category, nearest first, none of the taken seats in them."""
    index = hall([[10]] * 5, categories=[0] * 40 + [1] * 10)
    wanted = (14, 15)
    offers = equivalents(index, free_but(index, wanted), wanted)
    assert len(offers) == 3
    assert all(len(offer) == 2 and not set(offer) & set(wanted) and max(offer) < 40 for offer in offers)
    assert len({k for offer in offers for k in offer}) == 6
    assert equivalents(index, free_but(index), [99, -1]) == ()
    assert equivalents(index, np.zeros(50, dtype=bool), wanted) == ()


def test_who_needs_a_space_is_offered_spaces_again() -> None:
    """The nearest free spaces with company beside, spaces first; without the need, nothing that is kept."""
    beside = {2: (1, 3), 12: (11, 13), 22: (21, 23)}
    index = hall([[10]] * 3, anchors=[2, 12, 22], companions=beside)
    wanted = (3, 2)
    offers = equivalents(index, free_but(index, wanted), wanted, accessible=True)
    assert offers[0][0] == 12
    assert offers[1][0] == 22
    assert all(set(offer[1:]) <= set(beside[offer[0]]) for offer in offers)
    kept = {*beside, *(k for seats in beside.values() for k in seats)}
    assert not kept & {k for offer in equivalents(index, free_but(index), wanted) for k in offer}


def test_company_that_would_sit_apart_is_offered_last() -> None:
    """A space whose companion seat is gone is offered only when no other has one."""
    index = hall([[10]] * 2, anchors=[2, 12], companions={2: (1,), 12: (11,)})
    wanted = (2, 1)
    assert equivalents(index, free_but(index, [1]), wanted, accessible=True) == ((12, 11),)
    (only,) = equivalents(index, free_but(index, [1, 12]), wanted, accessible=True)
    assert only[0] == 2


def test_a_pick_that_strands_a_single_is_shifted() -> None:
    """Leaving one seat at the row's end is refused with a pick one seat aside."""
    index = hall([[6]])
    stranding = stranded_single(index, free_but(index), (1, 2))
    assert stranding is not None
    assert stranding.singles == (0,)
    assert stranding.shifted == (0, 1)
    assert stranded_single(index, free_but(index), (0, 1)) is None
    assert stranded_single(index, free_but(index), (2, 3)) is None


def test_many_windows_are_judged_as_each_of_them_is() -> None:
    """In random houses the vectorised rule says of every window what the rule for one pick says; and offers obey it."""
    index, random = hall(THEATRE[:6]), np.random.default_rng(5)
    judged: set[bool] = set()
    for _ in range(40):
        free = random.random(index.seat_count) < random.choice([0.3, 0.6, 0.9])
        for size in (1, 2, 3, 5):
            windows = find_windows(index, index.lines(free), Party(size), size, "priced")
            one_by_one = [stranded_single(index, free, index.seats(int(at), size)) is not None for at in windows.at]
            assert strands(index, index.lines(free), windows.at, size).tolist() == one_by_one
            judged |= set(one_by_one)
        for wanted in ((100,), (100, 101)):
            for offer in equivalents(index, free, wanted, 30):
                assert stranded_single(index, free, offer) is None
    assert judged == {True, False}


def test_the_last_seats_of_a_row_are_never_refused() -> None:
    """Where every window of the size strands a single, the pick is allowed."""
    index = hall([[3]])
    assert stranded_single(index, free_but(index), (0, 1)) is None
    assert stranded_single(index, free_but(index), (1,)) is not None


def test_a_pick_in_two_rows_is_judged_piece_by_piece() -> None:
    """Each stretch must be fine by itself."""
    index = hall([[6], [6]])
    assert stranded_single(index, free_but(index), (0, 1, 10, 11)) is None
    assert stranded_single(index, free_but(index), (0, 1, 9, 10)) is not None


def test_snapshot_bytes_unpack_to_states() -> None:
    """Seat k is in bits 6-2*(k&3) of byte k>>2."""
    assert unpack_states(bytes([0b00011011, 0b10000000]), 5).tolist() == [0, 1, 2, 3, 2]
