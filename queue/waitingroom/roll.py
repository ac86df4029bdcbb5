"""The roll of a draw: everybody in the lobby, in the order of joining, as it is published, hashed and drawn.

One entry is 9 bytes: the tier, then the keyed digest of who it is. An index that nobody holds (they left) is tier 255 and zeros.
A million people are 9 MB. The Merkle tree over the roll is kept as the roots of blocks of 1,024: with them and one block, 9 KB of the
roll, any proof is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from waitingroom import draw, identity, merkle

ENTRY_BYTES: Final = 1 + identity.DIGEST_BYTES
# A power of two, so that a block's root is a node of the whole tree.
BLOCK: Final = 1024
NOBODY_TIER: Final = 255


def make_roll(tiers: npt.NDArray[np.uint8], identities: npt.NDArray[np.uint64]) -> bytes:
    """Return the roll of a lobby; *identities* are digests read as big-endian numbers."""
    assert len(tiers) == len(identities)
    entries = np.empty((len(tiers), ENTRY_BYTES), dtype=np.uint8)
    entries[:, 0] = tiers
    entries[:, 1:] = identities.astype(">u8").view(np.uint8).reshape(-1, identity.DIGEST_BYTES)
    return entries.tobytes()


def count(roll: bytes) -> int:
    """Count its entries."""
    assert len(roll) % ENTRY_BYTES == 0
    return len(roll) // ENTRY_BYTES


def tiers_of(roll: bytes) -> npt.NDArray[np.uint8]:
    """Return the tier of every index."""
    return np.frombuffer(roll, dtype=np.uint8).reshape(-1, ENTRY_BYTES)[:, 0].copy()


def leaves_of(entries: bytes, first: int = 0) -> Iterator[bytes]:
    """Return the leaves of *entries*, the first of which has index *first*."""
    for at in range(0, len(entries), ENTRY_BYTES):
        tier, digest = entries[at], entries[at + 1 : at + ENTRY_BYTES]
        yield merkle.leaf(first + at // ENTRY_BYTES, tier, identity.commitment(digest))


def block_roots(roll: bytes) -> bytes:
    """Return the Merkle roots of its blocks, 32 bytes each. A million people take about three seconds."""
    size = BLOCK * ENTRY_BYTES
    return b"".join(
        merkle.MerkleTree(leaves_of(roll[at : at + size], at // ENTRY_BYTES)).root for at in range(0, len(roll), size)
    )


def root_of(roots: bytes) -> bytes:
    """Return the root of the whole tree from those of its blocks."""
    return merkle.MerkleTree([roots]).root


def proof(block: bytes, roots: bytes, index: int) -> list[bytes]:
    """Return the path of *index* to the root. *block* holds the entries of its block of 1,024, *roots* those of all blocks."""
    within = merkle.MerkleTree(leaves_of(block, index - index % BLOCK)).proof(index % BLOCK)
    return within + merkle.MerkleTree([roots]).proof(index // BLOCK)


@dataclass(frozen=True, slots=True)
class DrawnRoll:
    """A roll with everything its draw came to. *positions* has the place of every index."""

    roll: bytes
    roots: bytes
    root: bytes
    seed: draw.Seed
    positions: draw.Positions

    @property
    def people(self) -> int:
        """Count the indices drawn."""
        return count(self.roll)


def conduct(roll: bytes, room: int, secret: bytes, beacon: bytes = b"") -> DrawnRoll:
    """Draw *roll* with *secret*: the same three always come to the same places."""
    roots = block_roots(roll)
    root = root_of(roots)
    seed = draw.seed_of(secret, root, beacon)
    return DrawnRoll(roll, roots, root, seed, draw.draw(seed, str(room), tiers_of(roll)))
