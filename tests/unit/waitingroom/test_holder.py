"""Holders: a key signs, a secret is shown, and neither stands for the other."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from waitingroom.holder import HOLDER, claim_message, has_key, key_holder, new_secret, proves, secret_holder

KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def point(key: ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    numbers = key.public_key().public_numbers()
    return text(numbers.x.to_bytes(32, "big")), text(numbers.y.to_bytes(32, "big"))


def signed(message: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_a_key_is_named_by_its_rfc_7638_thumbprint() -> None:
    """The same key is the same holder, whatever else its JWK says; the form fits the token."""
    x, y = point(KEY)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":")).encode())
    assert key_holder(x, y) == "k" + text(digest.finalize())
    assert HOLDER.fullmatch(str(key_holder(x, y)))
    assert has_key(str(key_holder(x, y)))


def test_what_is_no_point_is_no_key() -> None:
    """Off the curve, zero, too large, too short or another spelling of the same number: none."""
    x, y = point(KEY)
    other = point(ec.derive_private_key(0xBEEF, ec.SECP256R1()))[1]
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    respelled = [
        x[:-1] + c
        for c in last
        if c != x[-1] and base64.urlsafe_b64decode(x[:-1] + c + "=") == base64.urlsafe_b64decode(x + "=")
    ]
    assert respelled
    for bad in (
        (x, other),
        (text(bytes(32)), text(bytes(32))),
        (text(b"\xff" * 32), y),
        (x[:-1], y),
        (x + "=", y),
        ("", ""),
        *((r, y) for r in respelled),
    ):
        assert key_holder(*bad) is None
        assert not proves(*bad, b"message", signed(b"message"))


def test_a_signature_proves_its_own_message_only() -> None:
    """Raw r‖s as browsers make it; another message, key, encoding or length proves nothing."""
    x, y = point(KEY)
    message = claim_message(12, "nonce")
    assert message == b"frontrow claim v1\n12\nnonce"
    signature = signed(message)
    assert proves(x, y, message, signature)
    assert proves(x, y, message, text(signature))
    assert not proves(x, y, claim_message(13, "nonce"), signature)
    assert not proves(x, y, message, signed(message, ec.derive_private_key(0xBEEF, ec.SECP256R1())))
    assert not proves(x, y, message, KEY.sign(message, ec.ECDSA(hashes.SHA256())))
    for bad in (b"", bytes(64), b"\xff" * 64, signature[:-1], "", text(signature) + "A", "é" * 86):
        assert not proves(x, y, message, bad)


@pytest.mark.parametrize("secret", ["", "a", "R0ylb8ok2ismLB4U5N6SmFHFLcl4t5JokruHAB3CRoY"])
def test_a_secret_is_named_by_its_hash(secret: str) -> None:
    """The holder of a secret can't be mistaken for a key's, and does not show the secret."""
    holder = secret_holder(secret)
    assert HOLDER.fullmatch(holder)
    assert not has_key(holder)
    assert not secret or secret not in holder[1:] or len(secret) == 1


def test_secrets_are_long_and_different() -> None:
    """256 bits each."""
    assert len({new_secret() for _ in range(50)}) == 50
    assert all(len(new_secret()) == 43 for _ in range(50))
