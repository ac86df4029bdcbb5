"""The place token: the signed truth about a place in line, kept by whoever has it.

The store may lose a second of joins in a failover; a token presented later puts its place back. It says which place it is, in which
room and epoch, whose (a keyed digest) and which holder may use it. It is not a visitor's session, not a nonce and not a pass, and
none of these verifies as one: each purpose has its own key, derived from the installation's secret.

`p1.<58 bytes><16 bytes HMAC-SHA256>` in base64url. The layout and the algorithm are fixed by the prefix; nothing in a token chooses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import struct
from dataclasses import dataclass
from typing import Final

from waitingroom.identity import DIGEST_BYTES, Digest

COOKIE_PREFIX: Final = "fr_place_"
# Clocks of our machines differ; a token from further in the future was not made by us.
CLOCK_SKEW_S: Final = 30
LIFETIME_S: Final = 7 * 24 * 3600
_MAC_BYTES: Final = 16
# room, epoch, index, tier, issued (s), identity, holder's kind, holder's hash
_LAYOUT: Final = struct.Struct(f">IIIBI{DIGEST_BYTES}sc32s")
_TOKEN: Final = re.compile(r"p1\.([A-Za-z0-9_-]{99})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """What a token says: index *index* of *room* belongs to *identity*, and *holder* may use it."""

    room: int
    epoch: int
    index: int
    tier: int
    identity: Digest
    holder: str
    issued_s: int


class PlaceTokens:
    """Sign and read place tokens. The first of *secrets* signs; all of them are believed, so that a secret can be replaced."""

    def __init__(self, *secrets: str) -> None:
        assert secrets
        self._keys = _derived(b"frontrow place token 1\0", secrets)

    def issue(self, place: Place) -> str:
        """Return the token of *place*."""
        body = _LAYOUT.pack(
            place.room, place.epoch, place.index, place.tier, place.issued_s, place.identity,
            place.holder[:1].encode("ascii"), _bytes(place.holder[1:]),
        )  # fmt: skip
        return f"p1.{_text(body + _mac(self._keys[0], body))}"

    def read(self, token: str, *, room: int, epoch: int, now_s: int) -> Place | None:
        """Return the place of a token of this room and epoch; None for every other text, and nothing says why.

        A token is good from 30 s before its second of issue until `LIFETIME_S` after it. Takes the same time whether it is forged
        or belongs elsewhere.
        """
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        raw = _bytes(match[1])
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        genuine = _genuine(self._keys, body, mac)
        found_room, found_epoch, index, tier, issued_s, identity, kind, hashed = _LAYOUT.unpack(body)
        ours = (found_room, found_epoch) == (room, epoch)
        in_time = -CLOCK_SKEW_S <= now_s - issued_s < LIFETIME_S
        if not (genuine and ours and in_time) or kind not in (b"k", b"s"):
            return None
        return Place(room, epoch, index, tier, Digest(identity), kind.decode("ascii") + _text(hashed), issued_s)


class Nonces:
    """Nonces nobody has to remember until they are spent: made by us, for one place, a moment ago.

    Whoever accepts one has to remember it for `LIFETIME_S`, so that it is accepted once.
    """

    LIFETIME_S: Final = 120

    def __init__(self, *secrets: str) -> None:
        self._keys = _derived(b"frontrow claim nonce 1\0", secrets)

    def issue(self, place: Place, now_s: int) -> str:
        """Return a nonce for *place*."""
        head = now_s.to_bytes(4, "big") + os.urandom(12)
        return _text(head + _mac(self._keys[0], head + _subject(place)))

    def good(self, nonce: str, place: Place, now_s: int) -> bool:
        """Tell whether *nonce* was made for *place* within its lifetime."""
        if re.fullmatch(r"[A-Za-z0-9_-]{43}", nonce, re.ASCII) is None:
            return False
        raw = _bytes(nonce)
        if _text(raw) != nonce:
            return False  # another spelling of a nonce must not count as another nonce
        head, mac = raw[:16], raw[16:]
        age_s = now_s - int.from_bytes(head[:4], "big")
        return _genuine(self._keys, head + _subject(place), mac) and -CLOCK_SKEW_S <= age_s < self.LIFETIME_S


def place_cookie(room: int) -> str:
    """Name the cookie that carries the place token of *room*."""
    return f"{COOKIE_PREFIX}{room}"


def _subject(place: Place) -> bytes:
    return struct.pack(">III", place.room, place.epoch, place.index) + place.identity


def _derived(purpose: bytes, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(hashlib.sha256(purpose + secret.encode()).digest() for secret in secrets)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()[:_MAC_BYTES]


def _genuine(keys: tuple[bytes, ...], body: bytes, mac: bytes) -> bool:
    """Compare with every live key, always all of them: the time must not tell which one it was."""
    return sum([hmac.compare_digest(_mac(key, body), mac) for key in keys]) > 0


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
