"""Proof of work in ALTCHA's second format. Challenges are bound to a room, a session and an expiry, and their keys are signed too:
checking a solution costs two HMACs and no key derivation. ALTCHA's own package says whether a solution is good.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

import altcha

from server.refusals import Refusal
from waitingroom.challenges.price import CHALLENGE_LIFE_S, Price, Work
from waitingroom.challenges.work import ALGORITHM, KEY_BYTES, PREFIX_BYTES, Kernel

PAYLOAD_CHARS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Solved:
    """A good solution: what it paid, its number (the challenge's signature), when it was handed out, when it expires (s)."""

    price: Price
    number: str
    asked_at_ms: int
    expires_at: int


class AltchaWork:
    """Make and check challenges of one installation."""

    def __init__(self, secret: str) -> None:
        self._challenge_key = hashlib.sha256(b"frontrow door challenge 1\0" + secret.encode()).digest()
        self._answer_key = hashlib.sha256(b"frontrow door answer 1\0" + secret.encode()).digest()

    def challenge(
        self, minted: Kernel, work: Work, price: Price, *, room_id: int, session: str, now_ms: int
    ) -> dict[str, Any]:
        """Bind *minted* to a room and a session and sign it. Costs no key derivation."""
        parameters = altcha.ChallengeParameters(
            algorithm=ALGORITHM,
            nonce=minted.nonce.hex(),
            salt=minted.salt.hex(),
            cost=minted.cost,
            key_length=KEY_BYTES,
            key_prefix=minted.key[:PREFIX_BYTES].hex(),
            key_signature=_mac(self._answer_key, minted.key),
            expires_at=now_ms // 1000 + CHALLENGE_LIFE_S,
            data={"room": room_id, "for": session, "price": int(price), "most": work.most, "at": now_ms},
        ).to_dict()
        return {"parameters": parameters, "signature": _mac(self._challenge_key, _canonical(parameters))}

    def check(self, payload: str, *, room_id: int, session: str) -> Solved | Refusal:
        """Check a solution's signatures, expiry, room and session; whether it was spent before is the store's to say.

        Refusals: `challenge_invalid`, `challenge_expired`.
        """
        if len(payload) > PAYLOAD_CHARS_MAX:
            return Refusal("challenge_invalid")
        try:
            solved = altcha.Payload.from_base64(payload)
            result = altcha.verify_solution(solved, self._challenge_key, hmac_key_secret=self._answer_key)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Refusal("challenge_invalid")
        if result.expired:
            return Refusal("challenge_expired")
        if not result.verified:
            return Refusal("challenge_invalid")
        # Signed by us, so whole; an unsigned key would have meant another maker.
        asked, data = solved.challenge.parameters, solved.challenge.parameters.data
        assert data is not None and asked.key_signature is not None and solved.challenge.signature is not None
        if data["room"] != room_id or not hmac.compare_digest(data["for"], session):
            return Refusal("challenge_invalid")
        assert asked.expires_at is not None
        return Solved(Price(data["price"]), solved.challenge.signature, data["at"], asked.expires_at)


def _canonical(parameters: dict[str, Any]) -> str:
    """Return the JSON that is signed: ALTCHA sorts keys. Ours are words and numbers, so the standard encoder writes the same."""
    return json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _mac(key: bytes, text: str | bytes) -> str:
    return hmac.new(key, text.encode() if isinstance(text, str) else text, hashlib.sha256).hexdigest()
