"""The roll of a draw: small parts of it prove the whole, and the whole is drawn the same by everybody."""

from __future__ import annotations

import numpy as np
import pytest

from waitingroom import draw, merkle, roll
from waitingroom.identity import commitment

SECRET = bytes(range(32))


def lobby(people: int, seed: int = 1) -> bytes:
    random = np.random.default_rng(seed)
    tiers = random.choice(np.array([0, 4, 4, 4, 255], dtype=np.uint8), people)
    identities = random.integers(1, 2**63, people, dtype=np.uint64)
    identities[tiers == roll.NOBODY_TIER] = 0
    return roll.make_roll(tiers, identities)


def test_an_entry_is_tier_and_digest() -> None:
    """The digest's bytes come out as they were, whatever the machine's byte order."""
    entries = roll.make_roll(np.array([4], dtype=np.uint8), np.array([0x0102030405060708], dtype=np.uint64))
    assert entries == bytes([4, 1, 2, 3, 4, 5, 6, 7, 8])


@pytest.mark.parametrize("people", [0, 1, 2, 1023, 1024, 1025, 2048, 3000])
def test_blocks_come_to_the_root_of_the_whole_tree(people: int) -> None:
    """The root from blocks is the plain Merkle root of all leaves, and a proof from one block verifies against it."""
    entries = lobby(people)
    leaves = list(roll.leaves_of(entries))
    tree = merkle.MerkleTree(leaves)
    roots = roll.block_roots(entries)
    assert roll.root_of(roots) == tree.root
    for index in {0, 1, people // 2, people - 1, 1023, 1024} & set(range(people)):
        first = index - index % roll.BLOCK
        block = entries[first * roll.ENTRY_BYTES : (first + roll.BLOCK) * roll.ENTRY_BYTES]
        path = roll.proof(block, roots, index)
        assert path == tree.proof(index)
        assert merkle.proves(tree.root, people, index, leaves[index], path)


def test_t9_whoever_draws_again_gets_the_same_places() -> None:
    """From the published list and secret alone, step by step, without our code for conducting a draw."""
    entries = lobby(500)
    drawn = roll.conduct(entries, 7, SECRET)
    leaves = [merkle.leaf(i, entries[9 * i], commitment(entries[9 * i + 1 : 9 * i + 9])) for i in range(500)]
    root = merkle.MerkleTree(leaves).root
    seed = draw.seed_of(SECRET, root, b"")
    order = sorted(range(500), key=lambda i: (entries[9 * i], draw.draw_number(seed, "7", i), i))
    assert drawn.root == root
    assert [order.index(i) for i in range(500)] == drawn.positions.tolist()
    assert {int(drawn.positions[i]) for i in range(500) if entries[9 * i] == 255} == set(
        range(500 - entries[::9].count(255), 500)
    )


def test_t10_whoever_changes_the_list_changes_the_draw() -> None:
    """One swapped tier, one digest, one person more or two who change places: another root, another seed."""
    entries = lobby(1500)
    before = roll.conduct(entries, 7, SECRET)
    promoted = bytes([entries[0] ^ 4]) + entries[1:]
    stranger = entries[:-1] + bytes([entries[-1] ^ 1])
    swapped = entries[9:18] + entries[:9] + entries[18:]
    for changed in (promoted, stranger, swapped, entries + entries[:9], entries[9:]):
        after = roll.conduct(changed, 7, SECRET)
        assert after.root != before.root
        assert after.seed != before.seed
