"""The draw is uniform, ordered by tier, fixed by its seed, and nobody can choose that."""

import os
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitingroom.draw import (
    SECRET_BYTES,
    Seed,
    commitment,
    draw,
    draw_number,
    draw_numbers,
    keeps_commitment,
    seed_of,
)

ROOT = bytes(range(32))


def seed(number: int) -> Seed:
    return seed_of(number.to_bytes(SECRET_BYTES, "big"), ROOT, b"")


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(0, 2**64))
def test_everybody_gets_one_place_and_lower_tiers_go_first(tiers: list[int], number: int) -> None:
    """The places are a permutation, and no tier overtakes a better one."""
    positions = draw(seed(number), "room", np.array(tiers, dtype=np.uint8))
    assert sorted(positions.tolist()) == list(range(len(tiers)))
    in_order = [tiers[index] for index in np.argsort(positions)]
    assert in_order == sorted(tiers)


def test_every_order_of_four_is_equally_likely() -> None:
    """Over 24,000 seeds each of the 24 orders appears about 1,000 times: chi-squared below its 1e-6 quantile."""
    seen = dict.fromkeys(permutations(range(4)), 0)
    tiers = np.zeros(4, dtype=np.uint8)
    for number in range(24_000):
        seen[tuple(draw(seed(number), "room", tiers).tolist())] += 1
    assert sum((count - 1_000) ** 2 / 1_000 for count in seen.values()) < 68


def test_friends_who_joined_together_are_not_drawn_together() -> None:
    """The joint law, which a bijection alone does not give: neighbours by index are neighbours by place one time in eight."""
    tiers = np.zeros(16, dtype=np.uint8)
    adjacent = sum(
        abs(int(places[0]) - int(places[1])) == 1
        for places in (draw(seed(number), "room", tiers) for number in range(12_000))
    )
    assert abs(adjacent / 12_000 - 0.125) < 0.013  # four standard deviations


def test_a_visitor_recomputes_the_own_number_alone() -> None:
    """Three lines are enough to check one's own draw number."""
    numbers = draw_numbers(seed(7), "room", 50)
    assert [draw_number(seed(7), "room", index) for index in range(50)] == numbers.tolist()


def test_rooms_and_seeds_draw_differently() -> None:
    """A place in one room says nothing about another."""
    tiers = np.zeros(30, dtype=np.uint8)
    assert draw(seed(1), "a", tiers).tolist() != draw(seed(1), "b", tiers).tolist()
    assert draw(seed(1), "a", tiers).tolist() != draw(seed(2), "a", tiers).tolist()


@pytest.mark.parametrize("part", ["secret", "root", "beacon"])
def test_each_part_of_the_seed_matters(part: str) -> None:
    """The operator, the lobby and the beacon each change the draw; none of them decides it."""
    parts = {"secret": b"s" * 32, "root": ROOT, "beacon": b"round 1"}
    changed = parts | {part: parts[part][:-1] + b"\xff"}
    assert seed_of(**parts) != seed_of(**changed)


def test_a_secret_keeps_only_its_own_commitment() -> None:
    """What was published before the lobby opened binds the operator."""
    secret = os.urandom(SECRET_BYTES)
    assert keeps_commitment(commitment(secret), secret)
    assert not keeps_commitment(commitment(secret), os.urandom(SECRET_BYTES))
    assert not keeps_commitment(commitment(secret), b"short")
