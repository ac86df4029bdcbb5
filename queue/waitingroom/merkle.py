"""A Merkle tree over the lobby, after RFC 6962 §2.1: one root to publish, and a short proof for each visitor that they are in it.

Leaves and inner nodes are hashed under different prefixes, so that no inner node passes for a leaf. An odd last node is carried
up unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf(index: int, tier: int, identity: bytes) -> bytes:
    """Return the leaf of one visitor. *identity* is a 32-byte commitment: it shows nothing of who the visitor is."""
    assert len(identity) == HASH_BYTES and 0 <= tier < 256
    return hashlib.sha256(b"\0" + index.to_bytes(4, "big") + bytes([tier]) + identity).digest()


class MerkleTree:
    """The tree over *leaves*, kept level by level (64 bytes a visitor), so that any proof is a walk and no computation."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = b"".join(leaves)
        assert len(level) % HASH_BYTES == 0
        self.count = len(level) // HASH_BYTES
        self._levels = [level]
        while len(level) > HASH_BYTES:
            level = _parents(level)
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """The hash that stands for the whole lobby."""
        return self._levels[-1] or EMPTY_ROOT

    def proof(self, index: int) -> list[bytes]:
        """Return the neighbours on the way from leaf *index* to the root: at most 20 hashes for a million visitors."""
        assert 0 <= index < self.count
        path = []
        for level in self._levels[:-1]:
            neighbour = (index ^ 1) * HASH_BYTES
            if neighbour < len(level):
                path.append(level[neighbour : neighbour + HASH_BYTES])
            index >>= 1
        return path


def proves(root: bytes, count: int, index: int, own: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether *path* leads from leaf *own* at *index* of *count* to *root*."""
    if not 0 <= index < count:
        return False
    steps, node, last = iter(path), own, count - 1
    while last:
        if index ^ 1 <= last:
            neighbour = next(steps, None)
            if neighbour is None or len(neighbour) != HASH_BYTES:
                return False
            node = _parent(neighbour, node) if index & 1 else _parent(node, neighbour)
        index, last = index >> 1, last >> 1
    return next(steps, None) is None and node == root


def _parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _parents(level: bytes) -> bytes:
    pair, sha256 = 2 * HASH_BYTES, hashlib.sha256
    whole = len(level) - len(level) % pair
    parents = [sha256(b"\1" + level[at : at + pair]).digest() for at in range(0, whole, pair)]
    return b"".join(parents) + level[whole:]
