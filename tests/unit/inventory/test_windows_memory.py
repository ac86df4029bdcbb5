"""Picks from memory are the picks of the whole house, whatever changed in between."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatmap.inventory import windows_memory
from seatmap.inventory.best_available import best_available, pick_seed
from seatmap.inventory.windows import Mode, Party
from seatmap.inventory.windows_memory import WindowsMemory
from tests.unit.inventory.hall import free_but, hall


@given(
    rows=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=6),
    changes=st.lists(st.sets(st.integers(0, 80), max_size=6), min_size=1, max_size=8),
    size=st.integers(1, 6),
    mode=st.sampled_from(["priced", "hard"]),
)
@settings(max_examples=150, deadline=None)
def test_memory_changes_no_pick(rows: list[list[int]], changes: list[set[int]], size: int, mode: Mode) -> None:
    """After any seats were taken and given back, a pick with memory equals the one without, cost and runner-up included."""
    index = hall(rows, anchors=[0])
    memory, free = WindowsMemory(index), free_but(index)
    for turn, seats in enumerate(changes):
        turned = [k for k in seats if k < index.seat_count]
        free[turned] = ~free[turned]
        for party in (Party(size), Party(size, sections=frozenset({0}))):
            seed = pick_seed(b"secret", str(turn))
            remembered = best_available(index, free, party, seed=seed, mode=mode, memory=memory)
            assert remembered == best_available(index, free, party, seed=seed, mode=mode)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """More kinds of party than are kept push out the longest unused, and a house that changed everywhere is read whole."""
    monkeypatch.setattr(windows_memory, "KEPT", 2)
    monkeypatch.setattr(windows_memory, "CHANGED_MAX", 1)
    index = hall([[9, 9]] * 4)
    memory, free = WindowsMemory(index), free_but(index)
    for size in (1, 2, 3, 1):
        free[size * 5 : size * 5 + 4] = False
        (pick,) = best_available(index, free, Party(size), seed=b"s", memory=memory)
        assert pick == best_available(index, free, Party(size), seed=b"s")[0]
        assert np.isinf(memory.costs(free, Party(size))[: index.seat_count]).any()
    assert len(memory._kept) == 2
