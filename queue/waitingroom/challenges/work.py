"""Make and solve proof of work in ALTCHA's second format, deterministic mode: whoever makes a challenge knows its answer.

A **kernel** is the dear part (one key derivation) and knows nothing of its future holder, so a pool of them is minted before
the sale; binding one to a room, a session and an expiry, and signing it, takes microseconds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Any, Final

from waitingroom.challenges.price import Work

ALGORITHM: Final = "PBKDF2/SHA-256"
KEY_BYTES: Final = 32
PREFIX_BYTES: Final = 16
RANDOM_BYTES: Final = 40


@dataclass(frozen=True, slots=True)
class Kernel:
    """A challenge nobody holds yet, with its answer."""

    nonce: bytes
    salt: bytes
    cost: int
    key: bytes


def kernel(work: Work, random: bytes) -> Kernel:
    """Mint a kernel of *work* from 40 random bytes. Costs one key derivation."""
    assert len(random) == RANDOM_BYTES
    nonce, salt = random[:16], random[16:32]
    # 64 random bits over a range of thousands: the bias is below 2⁻⁴⁸.
    counter = int.from_bytes(random[32:], "big") % work.most
    return Kernel(nonce, salt, work.cost, derived(nonce, salt, work.cost, counter))


def derived(nonce: bytes, salt: bytes, cost: int, counter: int) -> bytes:
    """Derive the key of one counter."""
    return hashlib.pbkdf2_hmac("sha256", nonce + struct.pack(">I", counter), salt, cost, KEY_BYTES)


def solve(challenge: dict[str, Any], *, counters_max: int = 1_000_000) -> str:
    """Solve a challenge as a browser does and return what the join sends. For crowds, attackers and tests.

    Raises `ValueError` when no counter below *counters_max* fits.
    """
    asked = challenge["parameters"]
    nonce, salt = bytes.fromhex(asked["nonce"]), bytes.fromhex(asked["salt"])
    prefix = bytes.fromhex(asked["keyPrefix"])
    for counter in range(counters_max):
        key = derived(nonce, salt, asked["cost"], counter)
        if key.startswith(prefix):
            solution = {"counter": counter, "derivedKey": key.hex()}
            return base64.b64encode(json.dumps({"challenge": challenge, "solution": solution}).encode()).decode()
    raise ValueError(f"no counter below {counters_max} solves it")
