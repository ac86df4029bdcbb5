"""Signing keys, one set per event: made when first needed, wrapped at rest, published without their private half.

The wrapping key is derived from the installation's secret, so a stolen database alone mints no tickets. AES-GCM binds each
wrapped key to its event and kid: a row copied onto another event does not unwrap.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.faults import Corrupt

KeyStatus = Literal["signing", "verifying", "given_up"]

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it rests in the database."""

    event: int
    kid: int
    public: bytes
    wrapped: bytes
    status: KeyStatus = "signing"


class KeyWrapper:
    """Wrap and unwrap signing keys under a key derived from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"frontrow ticket signing keys v1").derive(secret)
        self._cipher = AESGCM(derived)
        self._unwrapped: dict[bytes, Ed25519PrivateKey] = {}

    def new_key(self, event: int, kid: int) -> WrappedKey:
        """Make a signing key for *event* and wrap it."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, private.private_bytes_raw(), _bound_to(event, kid, public))
        return WrappedKey(event, kid, public, nonce + sealed)

    def unwrap(self, key: WrappedKey) -> Ed25519PrivateKey:
        """Open *key* for signing, once per process. A key wrapped under another secret is Corrupt."""
        private = self._unwrapped.get(key.wrapped)
        if private is None:
            nonce, sealed = key.wrapped[:_NONCE_BYTES], key.wrapped[_NONCE_BYTES:]
            try:
                raw = self._cipher.decrypt(nonce, sealed, _bound_to(key.event, key.kid, key.public))
            except (InvalidTag, ValueError) as cause:
                raise Corrupt(
                    f"ticket key {key.kid} of event {key.event} does not unwrap; was the secret of this installation changed?"
                ) from cause
            private = self._unwrapped[key.wrapped] = Ed25519PrivateKey.from_private_bytes(raw)
        return private


def public_keys(keys: Mapping[int, tuple[bytes, KeyStatus]]) -> dict[int, Ed25519PublicKey | None]:
    """Make the key set `code.verify` wants from kid → (public bytes, status)."""
    return {
        kid: None if status == "given_up" else Ed25519PublicKey.from_public_bytes(public)
        for kid, (public, status) in keys.items()
    }


def _bound_to(event: int, kid: int, public: bytes) -> bytes:
    return b"%d:%d:%s" % (event, kid, public)
