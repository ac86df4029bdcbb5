"""The key set document of an event: what a scanner needs to believe its codes, signed by the installation.

The root key is derived from the installation's secret, so it survives a lost database and is the same in every process. A device
that enrolled once knows its public half and believes no key set that another hand wrote.
"""

from __future__ import annotations

import base64

import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CONTEXT = b"frontrow ticket keys v1\0"


class PublishedKey(msgspec.Struct, frozen=True):
    """A public key in unpadded base64url. Codes under a key that was given up are not to be believed."""

    kid: int
    key: str
    status: str


class KeySet(msgspec.Struct, frozen=True):
    """*revision* grows with every change. *signature* is Ed25519 by *root* over the context and the JSON of the first three fields
    (`{"event":…,"keys":[{"key":…,"kid":…,"status":…}],"revision":…}`, names sorted, no spaces)."""

    event: int
    revision: int
    keys: tuple[PublishedKey, ...]
    root: str
    signature: str


def root_key(secret: str) -> Ed25519PrivateKey:
    """Derive the installation's root key."""
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"frontrow root key v1").derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)


def signed_key_set(event: int, revision: int, keys: tuple[PublishedKey, ...], root: Ed25519PrivateKey) -> KeySet:
    """Write and sign the key set of *event*."""
    said = {"event": event, "revision": revision, "keys": [msgspec.to_builtins(key) for key in keys]}
    message = CONTEXT + orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return KeySet(
        event, revision, keys, encoded(root.public_key().public_bytes_raw()), encoded(root.sign(message))
    )  # fmt: skip


def encoded(data: bytes) -> str:
    """Write bytes in unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
