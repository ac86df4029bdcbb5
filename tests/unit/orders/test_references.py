"""References read as people write them; keys are compared whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.orders.references import ALPHABET, new_key, new_ref, opens, read_ref


def test_a_reference_survives_the_telephone() -> None:
    """Any case, hyphens, spaces, O for 0 and I or L for 1."""
    assert read_ref("o1ab-cdef-il") == "01ABCDEF11"
    assert read_ref("UUUUUUUUUU") is None
    assert read_ref("") is None
    assert read_ref("A" * 5000) is None


@given(st.text(max_size=60))
def test_reading_never_fails(text: str) -> None:
    """Whatever is typed is a reference or none."""
    read = read_ref(text)
    assert read is None or (len(read) == 10 and set(read) <= set(ALPHABET))


def test_made_references_read_as_themselves() -> None:
    """What is made can be read."""
    refs = {new_ref() for _ in range(200)}
    assert len(refs) == 200
    assert {read_ref(ref) for ref in refs} == refs


def test_a_key_opens_only_as_a_whole() -> None:
    """A beginning, another case, a letter outside ASCII and nothing at all stay shut."""
    key = new_key()
    assert opens(key, key)
    for wrong in (None, "", key[:-1], key + "x", key.swapcase(), "é" * 22):
        assert not opens(key, wrong)
