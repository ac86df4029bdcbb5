"""The draw's laws over thousands of seeds: every place is equally likely for everybody, and for every two together."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest

from waitingroom.draw import Seed, draw

SEEDS = 5_000
SIZES = (10, 16, 60)
# Seeds are fixed, so a test that passes passes always; the bound is the one of the acceptance suite.
Z_MAX = 4.0


def seed(number: int) -> Seed:
    return Seed(hashlib.sha256(b"statistics %d" % number).digest())


@lru_cache
def places(people: int) -> npt.NDArray[np.int64]:
    """Return the place of everybody (columns) under every seed (rows)."""
    tiers = np.zeros(people, dtype=np.uint8)
    return np.stack([draw(seed(number), "9", tiers) for number in range(SEEDS)]).astype(np.int64)


def z_of(counts: npt.NDArray[np.int64]) -> float:
    """Return by how many standard deviations the χ² of *counts*, which should all be equal, is off."""
    expected = counts.sum() / counts.size
    degrees = counts.size - 1
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    return (chi2 - degrees) / float(np.sqrt(2 * degrees))


@pytest.mark.parametrize("people", SIZES)
def test_t6_every_place_is_equally_likely_for_everybody(people: int) -> None:
    """The place of each index is uniform over 5,000 seeds."""
    drawn = places(people)
    worst = max(abs(z_of(np.bincount(drawn[:, index], minlength=people))) for index in range(people))
    # The most of *people* tries lies higher than one try: Bonferroni's bound of the same risk.
    assert worst < Z_MAX + 1


@pytest.mark.parametrize("people", SIZES)
def test_t6_two_people_are_drawn_as_if_they_did_not_know_each_other(people: int) -> None:
    """The places of any two indices, neighbours above all, are uniform over all pairs of different places."""
    drawn = places(people)
    for one, other in ((0, 1), (people - 2, people - 1), (0, people // 2), (people // 2, people // 2 + 1)):
        pairs = np.bincount(drawn[:, one] * people + drawn[:, other], minlength=people * people).reshape(people, people)
        assert not pairs.diagonal().any()
        assert abs(z_of(pairs[~np.eye(people, dtype=bool)])) < Z_MAX, (one, other)
        beside = int((np.abs(drawn[:, one] - drawn[:, other]) == 1).sum())
        chance = 2 / people
        assert abs(beside - SEEDS * chance) < Z_MAX * np.sqrt(SEEDS * chance * (1 - chance))


def test_t6_the_measure_finds_a_draw_that_is_not_uniform() -> None:
    """Negative control: friends who are drawn side by side a little too often are found."""
    drawn = places(16).copy()
    drawn[: SEEDS // 20, 1] = (drawn[: SEEDS // 20, 0] + 1) % 16
    pairs = np.bincount(drawn[:, 0] * 16 + drawn[:, 1], minlength=256).reshape(16, 16)
    assert z_of(pairs[~np.eye(16, dtype=bool)]) > Z_MAX


def test_t7_coming_early_says_nothing_about_the_place() -> None:
    """Over a million people the rank correlation of index and place is that of chance."""
    people = 1_000_000
    drawn = draw(seed(1), "9", np.zeros(people, dtype=np.uint8)).astype(np.float64)
    correlation = float(np.corrcoef(np.arange(people), drawn)[0, 1])
    assert abs(correlation) < Z_MAX / np.sqrt(people - 1)
