"""The visitor's session: an anonymous buyer, known by a signed token that no store has to remember.

`v1.<visitor>.<issued>.<signature>`: 96 random bits, the second of issue in base 36, and a truncated HMAC-SHA256 over both.
The token is the only proof that a hold is yours, so the cookie that carries it is HttpOnly.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from typing import NewType

VisitorId = NewType("VisitorId", str)

COOKIE = "fr_visitor"
LIFETIME_S = 24 * 3600
# A stamp may lie this far in the future: two of our machines' clocks never agree to the second.
CLOCK_SKEW_S = 60
_TOKEN = re.compile(r"v1\.([A-Za-z0-9_-]{16})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{22})", re.ASCII)


class VisitorTokens:
    """Issue and read the tokens of one installation, signed with a key derived from its *secret*."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"frontrow visitor\0" + secret.encode()).digest()

    def issue(self, now_s: int, visitor: VisitorId | None = None) -> str:
        """Return a token for a new visitor, or a fresh one for *visitor*."""
        visitor = visitor or VisitorId(base64.urlsafe_b64encode(os.urandom(12)).decode())
        return self._signed(f"v1.{visitor}.{_base36(now_s)}")

    def read(self, token: str, now_s: int) -> VisitorId | None:
        """Return the visitor of *token*; None when it is forged, malformed, from the future or older than 24 h."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        body = token[: token.rindex(".")]
        if not hmac.compare_digest(self._signed(body), token):
            return None
        age_s = now_s - int(match[2], 36)
        return VisitorId(match[1]) if -CLOCK_SKEW_S <= age_s < LIFETIME_S else None

    def stale(self, token: str, now_s: int) -> bool:
        """Tell whether a valid *token* has lived half its life, so that the next answer should renew it."""
        match = _TOKEN.fullmatch(token)
        return match is not None and now_s - int(match[2], 36) > LIFETIME_S // 2

    def _signed(self, body: str) -> str:
        digest = hmac.new(self._key, body.encode(), hashlib.sha256).digest()[:16]
        return f"{body}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
