"""Who may use a place: the browser that holds its key, or, where browsers make none (plain http), the one that has its secret.

A holder is written as one letter and 43 of base64url: `k` and the RFC 7638 thumbprint of a P-256 public key, or `s` and the
SHA-256 of an HttpOnly cookie's secret. Whoever has a key signs a nonce of ours; the private key never leaves the browser.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

HOLDER: Final = re.compile(r"[ks][A-Za-z0-9_-]{43}", re.ASCII)
SECRET_BYTES: Final = 32
_COORDINATE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)
# A key is parsed when its owner joins, and again at the claim and the first hold.
_KEYS_MAX: Final = 4096


def key_holder(x: str, y: str) -> str | None:
    """Return the holder of the public key with these coordinates (base64url, as in a JWK); None when they are no point of P-256."""
    if _public_key(x, y) is None:
        return None
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    return "k" + _text(hashlib.sha256(canonical.encode("ascii")).digest())


def secret_holder(secret: str) -> str:
    """Return the holder of a cookie's *secret*."""
    return "s" + _text(hashlib.sha256(b"frontrow holder secret 1\0" + secret.encode()).digest())


def new_secret() -> str:
    """Return a secret for a browser that makes no keys."""
    return secrets.token_urlsafe(SECRET_BYTES)


def has_key(holder: str) -> bool:
    """Tell whether *holder* proves itself by a signature."""
    return holder.startswith("k")


def proves(x: str, y: str, message: bytes, signature: str | bytes) -> bool:
    """Tell whether *signature* over *message* was made with the private key: ECDSA, SHA-256, 64 bytes r‖s as WebCrypto gives it.

    A text is taken as base64url.
    """
    key = _public_key(x, y)
    if isinstance(signature, str):
        if _SIGNATURE.fullmatch(signature) is None:
            return False
        signature = _bytes(signature)
    if key is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def claim_message(room: int, nonce: str) -> bytes:
    """Return what the holder signs to claim a place."""
    return f"frontrow claim v1\n{room}\n{nonce}".encode("ascii")


@lru_cache(_KEYS_MAX)
def _public_key(x: str, y: str) -> ec.EllipticCurvePublicKey | None:
    if _COORDINATE.fullmatch(x) is None or _COORDINATE.fullmatch(y) is None:
        return None
    try:
        numbers = (int.from_bytes(_bytes(x), "big"), int.from_bytes(_bytes(y), "big"))
        # Two texts of one number would be two holders of one key, and with it two places.
        if _text(numbers[0].to_bytes(32, "big")) != x or _text(numbers[1].to_bytes(32, "big")) != y:
            return None
        return ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
    except (ValueError, OverflowError, binascii.Error):
        return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
