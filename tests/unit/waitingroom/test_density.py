"""Density: blocks cover the line without gap, survive their encoding, and follow the watermark."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitingroom.density import (
    BLOCKS,
    EDGES,
    UNIT,
    Coverage,
    Crowd,
    crowd,
    decode,
    edges_from,
    encode,
    people_within,
    shares_of,
    shifted,
)  # fmt: skip

SHARES = st.lists(st.floats(0, 1), min_size=BLOCKS, max_size=BLOCKS)


def test_blocks_widen_by_octaves_and_reach_eight_million() -> None:
    """64 places each at the front, then twice as wide every four blocks."""
    widths = [high - low for low, high in itertools.pairwise(EDGES)]
    assert len(widths) == BLOCKS and widths[:8] == [UNIT] * 8 and widths[8:12] == [2 * UNIT] * 4
    assert EDGES[-1] == 8_388_608


@given(SHARES)
def test_an_encoded_vector_is_off_by_half_a_level_at_most(shares: list[float]) -> None:
    """64 bytes, 86 characters, and no share further off than 1/510."""
    text = encode(shares)
    assert len(text) == 86
    assert decode(text) == pytest.approx(shares, abs=0.5 / 255 + 1e-9)


@given(SHARES, st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_people_never_grow_fewer_with_distance(shares: list[float], one: int, other: int) -> None:
    """Whoever stands further back has at least as many ahead, and never more than places."""
    near, far = sorted((one, other))
    assert people_within(shares, near) <= people_within(shares, far) + 1e-6
    assert people_within(shares, far) <= far + 1e-6


@given(SHARES, st.integers(0, 500_000), st.integers(0, 3_000_000))
def test_a_moved_watermark_sees_the_same_people(shares: list[float], places: int, distance: int) -> None:
    """At block edges the moved vector counts exactly who stood behind the places passed."""
    edge = max(edge for edge in EDGES if edge <= distance)
    expected = people_within(shares, places + edge) - people_within(shares, places)
    assert people_within(shifted(shares, places), edge) == pytest.approx(expected, abs=1e-3)


def test_presence_is_spread_over_the_rest_of_its_block_only() -> None:
    """The watermark stands at 1,500: the 200 connected of block 1 stand in its last 500 places."""
    bounds = edges_from(1_500, 3_000)
    standing = [high - low for low, high in itertools.pairwise(bounds)]
    now = crowd(1_500, 3_000, standing, {0: 999, 1: 200, 2: 600}, 1_000)
    assert sum(now.connected) == pytest.approx(800)
    assert now.connected[0] == pytest.approx(64 * 200 / 500)


def test_without_presence_the_share_who_come_stands_for_the_line() -> None:
    """Nobody is seen: seven in ten of the called came, so seven in ten are taken to stand in every block."""
    bounds = edges_from(0, 1_000)
    standing = [high - low for low, high in itertools.pairwise(bounds)]
    shares = shares_of(crowd(0, 1_000, standing, {}, 1_000), 0, 1_000, coverage=0.0, without=0.7)
    assert people_within(shares, 1_000) == pytest.approx(700)


def test_coverage_is_learned_at_the_front() -> None:
    """60 % of the places at the front are seen and 80 % of the called come: gateways see three quarters of those who wait."""
    front = Crowd((64.0,) * BLOCKS, (0.6 * 64,) * BLOCKS)
    assert Coverage().observed(front, 1.0).of(0.8) == pytest.approx(0.75)
    assert Coverage().observed(Crowd((1.0,) * BLOCKS, (1.0,) * BLOCKS), 1.0) == Coverage(), (
        "too few people to learn from"
    )
    assert Coverage(0.01).of(0.8) == 0.0, "too few are seen to judge the line by them"
