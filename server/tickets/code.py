"""The ticket code, format T1: 24 bytes of facts and an Ed25519 signature, written as `T1.` and Base32.

    offset bytes field
         0     1 format (high nibble, 1) and kind (low nibble)
         1     1 kid, the index of the signing key in the event's key set
         2     4 event number
         6     8 ticket id, 63 random bits
        14     2 generation, one more on transfer, re-issue or seat move
        16     2 admission class
        18     2 zone bits, a hint
        20     4 valid from, valid to: two counts of hours from the event's epoch, 0 for no limit
        24    64 signature over CONTEXT, a zero byte and bytes 0-23

144 characters, all in the alphanumeric set of QR codes, so that they fit version 6 at level M with room for a rotating part.
The browser's twin is web/src/door/code.ts; both are held to tests/vectors/t1.json.
"""

import base64
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

CONTEXT = b"frontrow ticket T1"
FORMAT = 1
PREFIX = "T1."
PAYLOAD_BYTES = 24
SIGNATURE_BYTES = 64
BODY_CHARS = 141  # 88 bytes are 704 bits; 141 letters carry 705, and the spare bit must be zero
TICKET_ID_MAX = 2**63 - 1

_LAYOUT = struct.Struct(">BBIQHHHHH")
_SPACE = re.compile("[ \t\n\v\f\r\u00a0]+")  # spelled out, so that the browser's twin agrees
_VERSIONED = re.compile(r"T[0-9]{1,3}\.")
_BASE32 = re.compile(r"[A-Z2-7]+")
# To the digits Python counts by: the body is one number, read at once. base64.b32decode, and encoding again to see whether the spelling
# was canonical, took 23 us; this takes 2.
_DIGITS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghijklmnopqrstuv")

assert _LAYOUT.size == PAYLOAD_BYTES


class Kind(IntEnum):
    """What a code lets in. Values 8-15 are reserved for codes signed by the holder's device as well."""

    ADMISSION = 0
    ADD_ON = 1
    STAFF = 2
    VEHICLE = 3


_KINDS = frozenset(Kind)

CodeRefusal = Literal[
    "code_unreadable",  # not a ticket code of this platform at all
    "code_unknown_format",  # a newer format: update the scanner; never called invalid
    "code_damaged",  # starts like a T1 code, but letters are missing, foreign or not canonical
    "code_wrong_event",  # well formed, for another event; its signature was not looked at
    "code_unknown_key",  # signed under a key this key set does not list: fetch the key set again
    "code_key_retired",  # signed under a key that was given up: open the ticket again
    "code_forged",  # the signature does not belong to these facts
]


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """Why a text is not a ticket of this event."""

    code: CodeRefusal


@dataclass(frozen=True, slots=True)
class TicketCode:
    """The facts a code carries. Hours count from the event's epoch; 0 means no limit."""

    event: int
    ticket_id: int
    generation: int
    kid: int = 0
    kind: Kind = Kind.ADMISSION
    admission_class: int = 0
    zones: int = 0
    valid_from_h: int = 0
    valid_to_h: int = 0

    def payload(self) -> bytes:
        """Pack bytes 0-23. A value that does not fit its field is our own mistake and raises `struct.error`."""
        assert 0 <= self.ticket_id <= TICKET_ID_MAX
        return _LAYOUT.pack(
            FORMAT << 4 | self.kind,
            self.kid,
            self.event,
            self.ticket_id,
            self.generation,
            self.admission_class,
            self.zones,
            self.valid_from_h,
            self.valid_to_h,
        )


@dataclass(frozen=True, slots=True)
class ParsedCode:
    """A well-formed code whose signature nobody has checked yet."""

    facts: TicketCode
    payload: bytes
    signature: bytes


def sign(facts: TicketCode, key: Ed25519PrivateKey) -> str:
    """Write *facts* as a ticket code: 144 characters."""
    payload = facts.payload()
    body = base64.b32encode(payload + key.sign(_message(payload))).decode("ascii").rstrip("=")
    assert len(body) == BODY_CHARS
    return PREFIX + body


def parse(text: str) -> ParsedCode | CodeRefused:
    """Read a code as typed, pasted or scanned: lower case and white space are accepted.

    Refusals: code_unreadable, code_unknown_format, code_damaged.
    """
    # No code is longer than 200 letters; do not fold megabytes that somebody pasted.
    typed = _SPACE.sub("", text) if len(text) <= 1000 else ""
    compact = typed.upper()
    # Beyond ASCII, upper case makes foreign letters ours ("ſ" becomes "S"), so look at what was typed.
    if not _VERSIONED.match(compact) or not typed.isascii():
        return CodeRefused("code_unreadable")
    if not compact.startswith(PREFIX):
        return CodeRefused("code_unknown_format")
    raw = _unbase32(compact[len(PREFIX) :])
    if raw is None:
        return CodeRefused("code_damaged")
    payload, signature = raw[:PAYLOAD_BYTES], raw[PAYLOAD_BYTES:]
    first, kid, event, ticket_id, generation, admission_class, zones, valid_from_h, valid_to_h = _LAYOUT.unpack(payload)
    if first >> 4 != FORMAT or first & 15 not in _KINDS:
        return CodeRefused("code_unknown_format")
    if ticket_id > TICKET_ID_MAX:
        return CodeRefused("code_damaged")
    facts = TicketCode(
        event=event,
        ticket_id=ticket_id,
        generation=generation,
        kid=kid,
        kind=Kind(first & 15),
        admission_class=admission_class,
        zones=zones,
        valid_from_h=valid_from_h,
        valid_to_h=valid_to_h,
    )
    return ParsedCode(facts, payload, signature)


def verify(parsed: ParsedCode, event: int, keys: Mapping[int, Ed25519PublicKey | None]) -> TicketCode | CodeRefused:
    """Believe *parsed* as a ticket of *event*, or say why not.

    *keys* maps kid to public key, None for a key that was given up.
    Refusals: code_wrong_event, code_unknown_key, code_key_retired, code_forged.
    """
    if parsed.facts.event != event:
        return CodeRefused("code_wrong_event")
    if parsed.facts.kid not in keys:
        return CodeRefused("code_unknown_key")
    key = keys[parsed.facts.kid]
    if key is None:
        return CodeRefused("code_key_retired")
    try:
        key.verify(parsed.signature, _message(parsed.payload))
    except InvalidSignature:
        return CodeRefused("code_forged")
    return parsed.facts


def _message(payload: bytes) -> bytes:
    return CONTEXT + b"\0" + payload


def _unbase32(body: str) -> bytes | None:
    """Decode canonical unpadded Base32 of exactly 88 bytes, or nothing: one ticket has one spelling."""
    if len(body) != BODY_CHARS or not _BASE32.fullmatch(body):
        return None
    value = int(body.translate(_DIGITS), 32)
    return None if value & 1 else (value >> 1).to_bytes(PAYLOAD_BYTES + SIGNATURE_BYTES)
