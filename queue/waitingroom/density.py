"""Density: how many of those ahead are still there, in 64 blocks that grow with the distance from the watermark.

Four blocks to an octave (the layout of an HDR histogram): blocks 0-3 are 64 places each, and every four blocks the width doubles. Sixty-four
blocks reach 8,388,608 places; the last one stands for everything beyond. Near the front, where a minute counts, a block is 64 places;
far away it is a seventh of the distance, and an error inside it averages out.
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

BLOCKS: Final = 64
UNIT: Final = 64
PER_OCTAVE: Final = 4
FULL: Final = 255
# The front, where coverage is learned: the first 1,024 places. With fewer people there it stays as it was.
FRONT_BLOCKS: Final = 12
FRONT_PEOPLE_MIN: Final = 50
SEEN_MIN: Final = 0.05


def _edges() -> tuple[int, ...]:
    edges = [0]
    for block in range(BLOCKS):
        octave = max(0, block // PER_OCTAVE - 1)
        edges.append(edges[-1] + (UNIT << octave))
    return tuple(edges)


EDGES: Final = _edges()
"""Block b holds the distances EDGES[b] ≤ d < EDGES[b + 1]."""


def people_within(shares: Sequence[float], distance: float) -> float:
    """Return how many people stand in the first *distance* places after the watermark. *shares* are 64 numbers of 0-1."""
    people = 0.0
    for block in range(BLOCKS):
        low, high = EDGES[block], EDGES[block + 1]
        if distance <= low:
            return people
        people += shares[block] * (min(distance, high) - low)
    return people + shares[BLOCKS - 1] * max(0.0, distance - EDGES[BLOCKS])


def shifted(shares: Sequence[float], places: int) -> tuple[float, ...]:
    """Return the shares as seen from a watermark that has moved on by *places*."""
    if places == 0:
        return tuple(shares)
    sums = [people_within(shares, places + edge) for edge in EDGES]
    return tuple((sums[block + 1] - sums[block]) / (EDGES[block + 1] - EDGES[block]) for block in range(BLOCKS))


def encode(shares: Sequence[float]) -> str:
    """Return *shares* as they are written in a frame: 64 bytes, base64url without padding."""
    assert len(shares) == BLOCKS
    levels = bytes(min(FULL, max(0, round(share * FULL))) for share in shares)
    return base64.urlsafe_b64encode(levels).rstrip(b"=").decode()


def decode(text: str) -> tuple[float, ...]:
    """Return the shares of a frame. An empty text means that everybody is still there."""
    if not text:
        return (1.0,) * BLOCKS
    levels = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert len(levels) == BLOCKS
    return tuple(level / FULL for level in levels)


@dataclass(frozen=True, slots=True)
class Crowd:
    """What is known of those who wait: per block *standing* places nobody left, *connected* of them with an open page."""

    standing: tuple[float, ...]
    connected: tuple[float, ...]

    @property
    def people(self) -> float:
        """Places that nobody left."""
        return sum(self.standing)


def crowd(served: int, end: int, standing: Sequence[int], presence: Mapping[int, int], presence_block: int) -> Crowd:
    """Put together what the line counted between `edges_from(served, end)` and what gateways reported per block of positions.

    Inside a reported block the connected are taken to stand evenly; of the block the watermark is in, only the rest counts.
    """
    bounds = edges_from(served, end)
    connected = [0.0] * BLOCKS
    for number, people in presence.items():
        low, high = max(number * presence_block, served), min((number + 1) * presence_block, end)
        if high <= low:
            continue
        first = max(0, bisect_right(bounds, low) - 1)
        for block in range(first, BLOCKS):
            overlap = min(high, bounds[block + 1]) - max(low, bounds[block])
            if overlap <= 0:
                break
            connected[block] += people * overlap / (high - low)
    return Crowd(tuple(map(float, standing)), tuple(connected))


def edges_from(served: int, end: int) -> tuple[int, ...]:
    """Return the 65 positions between which the blocks lie, no further than *end*, the place after the last."""
    return (*(min(end, served + edge) for edge in EDGES[:BLOCKS]), end)


def shares_of(now: Crowd, served: int, end: int, *, coverage: float, without: float) -> tuple[float, ...]:
    """Return the share of each block's places where somebody still waits.

    *coverage* is the share of those who wait that gateways can see (others poll), as measured at the front. Where it is 0 nothing is
    seen, and *without*, the share of the called who come, is taken for the whole line: they have waited about as long.
    """
    bounds = edges_from(served, end)
    shares: list[float] = []
    for block in range(BLOCKS):
        width = bounds[block + 1] - bounds[block]
        if width == 0:
            shares.append(shares[-1] if shares else 1.0)
            continue
        seen = now.connected[block] / coverage if coverage > 0 else now.standing[block] * without
        shares.append(min(seen, now.standing[block]) / width)
    return tuple(shares)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which share of those who wait the gateways see, learned at the front: there it is known soon after who really was there."""

    seen: float = 0.0

    def observed(self, now: Crowd, weight: float) -> Coverage:
        """Take in the connected share of the next thousand places, with *weight* (0-1) against what was known."""
        standing, connected = sum(now.standing[:FRONT_BLOCKS]), sum(now.connected[:FRONT_BLOCKS])
        if standing < FRONT_PEOPLE_MIN:
            return self
        share = min(1.0, connected / standing)
        return Coverage(share if self.seen == 0 else self.seen + weight * (share - self.seen))

    def of(self, show_share: float) -> float:
        """Return the coverage when *show_share* of the called come; 0 when too few are seen to judge the line by them."""
        return 0.0 if self.seen < SEEN_MIN else min(1.0, self.seen / max(0.05, show_share))
