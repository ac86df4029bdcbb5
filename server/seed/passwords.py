"""Passwords of the seeded staff: easy to type, different on every installation, the same at every start."""

from __future__ import annotations

import hashlib
import hmac

_WORDS = (
    "amber", "apron", "attic", "balcony", "ballet", "banner", "basil", "beacon", "brass", "bridge", "candle", "canvas", "carpet",
    "cello", "chorus", "cinder", "copper", "corner", "cotton", "curtain", "dancer", "ember", "fabric", "fiddle", "flute", "footlight",
    "forest", "gallery", "garden", "ginger", "harbour", "hazel", "ivory", "jacket", "juniper", "lantern", "lemon", "linen", "maple",
    "marble", "meadow", "melody", "mirror", "nutmeg", "orchard", "organ", "paper", "parlour", "pepper", "piano", "pillar", "prompter",
    "quartet", "ribbon", "river", "saffron", "scarlet", "silver", "spotlight", "stage", "tambour", "velvet", "violet", "walnut",
)  # fmt: skip


def seeded_password(secret: str, email: str) -> str:
    """Return the first password of *email*: three words and four digits, some 31 bits, drawn from the installation's *secret*."""
    drawn = hmac.new(secret.encode(), b"seeded password\0" + email.encode(), hashlib.sha256).digest()
    words = "-".join(_WORDS[byte % len(_WORDS)] for byte in drawn[:3])
    return f"{words}-{int.from_bytes(drawn[3:7]) % 10_000:04d}"
