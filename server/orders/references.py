"""The public name of an order, and the secret that opens it."""

from __future__ import annotations

import hmac
import secrets

# Crockford's Base32: no I, L, O, U, so that a reference can be read out over the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REF_CHARS = 10
_READ_AS = str.maketrans("OIL", "011")


def new_ref() -> str:
    """Make a reference: 50 random bits, so that sales volume does not leak."""
    bits = secrets.randbits(5 * REF_CHARS)
    return "".join(ALPHABET[bits >> shift & 31] for shift in range(0, 5 * REF_CHARS, 5))


def new_key() -> str:
    """Make the secret half of a buyer's link: 128 bits."""
    return secrets.token_urlsafe(16)


def read_ref(text: str) -> str | None:
    """Read a reference as typed: any case, hyphens and spaces anywhere, O for 0; None when it is none."""
    letters = text[:40].upper().replace("-", "").replace(" ", "").translate(_READ_AS)
    return letters if len(letters) == REF_CHARS and all(letter in ALPHABET for letter in letters) else None


def opens(key: str, presented: str | None) -> bool:
    """Tell whether *presented* is the order's *key*, in constant time."""
    return presented is not None and presented.isascii() and hmac.compare_digest(key, presented)
