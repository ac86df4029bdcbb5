"""Density: how many of those ahead are still there, in 64 blocks that grow with the distance from the watermark.

Four blocks to an octave (the layout of an HDR histogram): blocks 0-3 are 64 places each, and every four blocks the width doubles. Sixty-four
blocks reach 8,388,608 places; the last one stands for everything beyond. Near the front, where a minute counts, a block is 64 places;
far away it is a seventh of the distance, and an error inside it averages out.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

BLOCKS: Final = 64
UNIT: Final = 64
PER_OCTAVE: Final = 4
FULL: Final = 255


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
