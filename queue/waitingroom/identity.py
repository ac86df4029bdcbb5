"""Who stands in line, without saying who: a keyed digest of what makes a visitor one person in one room.

The digest is 64 bits of HMAC-SHA256 under a key that no store holds, so that neither Valkey nor the published list of a draw can be
turned back into addresses by trying them. It differs from room to room: two lists can't be compared. Two of a million people share
one by chance in 1 of 37 million rooms.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final, Literal, NewType

DIGEST_BYTES: Final = 8
# `device` is the browser's key or, without one, its secret; `email` a verified address; `code` the number of an invitation.
Kind = Literal["device", "email", "code"]
Digest = NewType("Digest", bytes)
EMAIL_MAX: Final = 254
# What a mail server may be asked to deliver to. Whether anybody lives there, the letter tells.
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@(?=.{1,253}$)([\w-]{1,63}\.)+[\w-]{2,63}")
# Here a dot in the name makes no difference.
_DOTLESS: Final = frozenset({"gmail.com", "googlemail.com"})


class Identities:
    """Digests of one installation. *secret* must stay the same while any room is open: it is what makes two visits one person."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"frontrow line identity 1\0" + secret.encode()).digest()

    def digest(self, room: int, kind: Kind, value: str) -> Digest:
        """Return the digest of *value* in *room*. Mailboxes are compared by `mailbox`."""
        named = b"\0".join((str(room).encode(), kind.encode(), value.encode()))
        return Digest(hmac.new(self._key, named, hashlib.sha256).digest()[:DIGEST_BYTES])


def commitment(digest: bytes) -> bytes:
    """Return what stands for *digest* in the Merkle tree of a draw (32 bytes)."""
    assert len(digest) == DIGEST_BYTES
    return hashlib.sha256(b"frontrow line identity commitment 1\0" + digest).digest()


def email_of(text: str) -> str | None:
    """Return *text* as an address mail can be sent to; None when it is none."""
    text = text.strip()
    return text if len(text) <= EMAIL_MAX and _EMAIL.fullmatch(text) else None


def mailbox(email: str) -> str:
    """Name the mailbox behind *email*: one person's many spellings of it are one place in line."""
    name, _, domain = email.casefold().rpartition("@")
    name = name.partition("+")[0] or name
    if domain in _DOTLESS:
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def masked(email: str) -> str:
    """Return *email* as its owner recognises it and nobody else can use it: `a…@e…`."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}…@{domain[:1]}…"
