"""Access codes: believed for their signature alone, in their own room and tier."""

from __future__ import annotations

import base64

from waitingroom.access_code import AccessCode, public_key, read_code, sign_code

SEED, OTHER = b"1" * 32, b"2" * 32
KEYS = {0: public_key(SEED), 1: public_key(OTHER)}
CODE = AccessCode(room=7, tier=0, serial=123)


def test_a_signed_code_is_read_back() -> None:
    """Room, tier and serial; blanks from copying don't matter; the serial makes it one identity."""
    text = sign_code(SEED, CODE)
    assert read_code(f" {text}\n", 7, KEYS) == CODE
    assert CODE.identity == "0:123"


def test_a_code_is_worth_nothing_elsewhere() -> None:
    """Another room, another tier's key, a tier nobody has, a key of somebody else: no code."""
    assert read_code(sign_code(SEED, CODE), 8, KEYS) is None
    assert read_code(sign_code(OTHER, CODE), 7, KEYS) is None
    assert read_code(sign_code(SEED, AccessCode(7, 1, 123)), 7, KEYS) is None
    assert read_code(sign_code(SEED, AccessCode(7, 2, 123)), 7, KEYS) is None
    assert read_code(sign_code(SEED, CODE), 7, {}) is None


def test_every_flipped_bit_is_refused() -> None:
    """Nobody moves themselves to an earlier tier or another serial."""
    raw = base64.urlsafe_b64decode(sign_code(SEED, CODE)[3:] + "==")
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert read_code("c1." + base64.urlsafe_b64encode(changed).decode().rstrip("="), 7, KEYS) is None


def test_what_is_no_code() -> None:
    """Any other text is no code, and raises nothing."""
    for text in ("", "c1.", "c1." + "A" * 98, "SUMMER24", "é" * 101, sign_code(SEED, CODE) + "A", "c1." + "!" * 98):
        assert read_code(text, 7, KEYS) is None
