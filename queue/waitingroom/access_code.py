"""Access codes and invitations: who may stand in a presale tier, checked by a signature alone.

A code names its room, its tier and a serial number, and is signed with the tier's Ed25519 key. Checking one asks nobody: no list of
codes exists that a flood of guesses could bring down. One code is one place, however often it is shown.

`c1.<9 bytes><64 bytes signature>` in base64url. It travels in a letter or in the fragment of a link, never in a query.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SEED_BYTES: Final = 32
_DOMAIN: Final = b"frontrow access code 1\0"
_LAYOUT: Final = struct.Struct(">IBI")
_CODE: Final = re.compile(r"c1\.([A-Za-z0-9_-]{98})", re.ASCII)


@dataclass(frozen=True, slots=True)
class AccessCode:
    """Number *serial* of the codes of *tier* in *room*."""

    room: int
    tier: int
    serial: int

    @property
    def identity(self) -> str:
        """What makes it one person in its room."""
        return f"{self.tier}:{self.serial}"


def sign_code(seed: bytes, code: AccessCode) -> str:
    """Return the text of *code*, signed with the key of *seed* (32 bytes)."""
    body = _LAYOUT.pack(code.room, code.tier, code.serial)
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(_DOMAIN + body)
    return f"c1.{base64.urlsafe_b64encode(body + signature).rstrip(b'=').decode('ascii')}"


def public_key(seed: bytes) -> bytes:
    """Return the 32 bytes that check the codes of *seed*."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def read_code(text: str, room: int, keys: Mapping[int, bytes]) -> AccessCode | None:
    """Return the code of *text* if one of *keys* (tier → public key) signed it for *room*; None otherwise, whatever is wrong."""
    match = _CODE.fullmatch(text.strip())
    if match is None:
        return None
    raw = base64.urlsafe_b64decode(match[1] + "==")
    body, signature = raw[: _LAYOUT.size], raw[_LAYOUT.size :]
    code = AccessCode(*_LAYOUT.unpack(body))
    key = keys.get(code.tier)
    if code.room != room or key is None:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _DOMAIN + body)
    except (InvalidSignature, ValueError):
        return None
    return code
