"""A proof shows that a visitor is in the lobby, and nothing else is a proof."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from waitingroom.merkle import EMPTY_ROOT, MerkleTree, leaf, proves


def leaves(count: int) -> list[bytes]:
    return [leaf(index, 0, hashlib.sha256(b"%d" % index).digest()) for index in range(count)]


@given(st.integers(1, 70), st.data())
def test_every_visitor_has_a_proof(count: int, data: st.DataObject) -> None:
    """Each leaf's proof leads to the root, whatever the size of the lobby."""
    index = data.draw(st.integers(0, count - 1))
    every = leaves(count)
    tree = MerkleTree(every)
    assert proves(tree.root, count, index, every[index], tree.proof(index))


@given(st.integers(2, 70), st.data())
def test_no_other_leaf_index_or_path_is_a_proof(count: int, data: st.DataObject) -> None:
    """Another visitor's leaf, another index, a changed, shorter or longer path: all refused."""
    index = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(0, count - 1).filter(lambda at: at != index))
    every = leaves(count)
    tree = MerkleTree(every)
    path = tree.proof(index)
    assert not proves(tree.root, count, index, every[other], path)
    assert not proves(tree.root, count, other, every[index], path)
    assert not proves(tree.root, count, index, every[index], path[:-1])
    assert not proves(tree.root, count, index, every[index], [*path, path[-1]])
    assert not proves(tree.root, count, index, every[index], [bytes(32), *path[1:]])
    assert not proves(tree.root, count, count, every[index], path)


def test_an_inner_node_does_not_pass_for_a_leaf() -> None:
    """Leaves and nodes are hashed apart: a tree of the parents has another root."""
    four = leaves(4)
    parents = [hashlib.sha256(b"\1" + four[0] + four[1]).digest(), hashlib.sha256(b"\1" + four[2] + four[3]).digest()]
    tree = MerkleTree(four)
    assert tree.root == hashlib.sha256(b"\1" + parents[0] + parents[1]).digest()
    assert not proves(tree.root, 4, 0, parents[0], [parents[1]])


def test_an_empty_lobby_has_the_standard_root() -> None:
    """RFC 6962: the hash of nothing."""
    assert MerkleTree([]).root == EMPTY_ROOT
