"""Write tests/vectors/t1.json: codes and what every reader of them, in any language, must say.

`python -m tests.vectors.make_t1` rewrites the file; a test fails when it is not what this program writes. The expectations are
spelled out here, case by case, and not taken from the code under test.
"""

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.tickets.code import TicketCode, sign

PATH = Path(__file__).with_name("t1.json")
EVENT = 77
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
GIVEN_UP_KID, UNKNOWN_KID = 1, 9

# Ids are text: they have up to 63 bits, and JavaScript's numbers 53.
PLAIN = TicketCode(event=EVENT, ticket_id=0x1122334455667788, generation=3)
FULL = TicketCode(
    event=EVENT, ticket_id=2**63 - 1, generation=65535, admission_class=65535, zones=65535,
    valid_from_h=65534, valid_to_h=65535,
)  # fmt: skip


def document() -> dict[str, Any]:
    """Every case: a text, and the facts or the refusal it must lead to."""
    text = sign(PLAIN, SIGNING)
    cases = [
        admitted("plain", text, PLAIN),
        admitted("every field at its greatest", sign(FULL, SIGNING), FULL),
        admitted("lower case", text.lower(), PLAIN),
        admitted("white space of a careless paste", f"  {text[:40]}\r\n\t{text[40:]}\u00a0", PLAIN),
        refused("empty", "", "code_unreadable"),
        refused("an address", "https://example.org/t/1", "code_unreadable"),
        refused("no letters of ours: a long s upper-cases to S", text.replace("T1.", "T1.ſ"), "code_unreadable"),
        refused("very long", text + " " * 1000, "code_unreadable"),
        refused("a later version by its prefix", text.replace("T1.", "T2."), "code_unknown_format"),
        refused("a later version by its nibble", rewritten(text, 0, 0x20), "code_unknown_format"),
        refused("a kind nobody knows yet", rewritten(text, 0, 0x1F), "code_unknown_format"),
        refused("truncated by one letter", text[:-1], "code_damaged"),
        refused("one letter too many", text + "A", "code_damaged"),
        refused("a letter outside Base32", text[:50] + "1" + text[51:], "code_damaged"),
        refused("padded", text + "===", "code_damaged"),
        refused("the spare bit of the tail is set", uncanonical(text), "code_damaged"),
        refused("a ticket id of 64 bits", rewritten(text, 6, 0x91), "code_damaged"),
        refused("another event", sign(TicketCode(event=78, ticket_id=5, generation=0), SIGNING), "code_wrong_event"),
        refused("a key nobody published", sign(kid(UNKNOWN_KID), SIGNING), "code_unknown_key"),
        refused("a key that was given up", sign(kid(GIVEN_UP_KID), SIGNING), "code_key_retired"),
        refused("a stranger's signature", sign(PLAIN, STRANGER), "code_forged"),
        refused("another context", other_context(PLAIN), "code_forged"),
        refused("no context", bare(PLAIN), "code_forged"),
    ]
    cases += [refused(f"byte {at} flipped", flipped(text, at), flip_refusal(at)) for at in range(88)]
    return {
        "about": "Ticket codes, format T1. Written by tests/vectors/make_t1.py; read by Python and TypeScript tests.",
        "event": EVENT,
        "keys": {"0": SIGNING.public_key().public_bytes_raw().hex(), str(GIVEN_UP_KID): None},
        "cases": cases,
    }


def admitted(name: str, text: str, facts: TicketCode) -> dict[str, Any]:
    """A text that must be believed."""
    return {
        "name": name, "text": text,
        "facts": {
            "event": facts.event, "ticket_id": str(facts.ticket_id), "generation": facts.generation, "kid": facts.kid,
            "kind": int(facts.kind), "admission_class": facts.admission_class, "zones": facts.zones,
            "valid_from_h": facts.valid_from_h, "valid_to_h": facts.valid_to_h,
        },
    }  # fmt: skip


def refused(name: str, text: str, code: str) -> dict[str, Any]:
    """A text that must be refused."""
    return {"name": name, "text": text, "refused": code}


def flip_refusal(at: int) -> str:
    """The lowest bit of byte *at* is wrong: the kid turns into the given-up one, the event into another, the rest is forgery."""
    return "code_key_retired" if at == 1 else "code_wrong_event" if 2 <= at < 6 else "code_forged"


def raw(text: str) -> bytes:
    return base64.b32decode(text.removeprefix("T1.") + "===")


def written(data: bytes) -> str:
    return "T1." + base64.b32encode(data).decode().rstrip("=")


def rewritten(text: str, at: int, byte: int) -> str:
    data = bytearray(raw(text))
    data[at] = byte
    return written(bytes(data))


def flipped(text: str, at: int) -> str:
    return rewritten(text, at, raw(text)[at] ^ 1)


def uncanonical(text: str) -> str:
    """The same bytes, spelled with the spare bit of the last letter set."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    last = letters.index(text[-1])
    assert last % 2 == 0
    return text[:-1] + letters[last + 1]


def kid(number: int) -> TicketCode:
    return TicketCode(event=EVENT, ticket_id=PLAIN.ticket_id, generation=3, kid=number)


def other_context(facts: TicketCode) -> str:
    payload = facts.payload()
    return written(payload + SIGNING.sign(b"frontrow pass P1\0" + payload))


def bare(facts: TicketCode) -> str:
    payload = facts.payload()
    return written(payload + SIGNING.sign(payload))


def rendered() -> str:
    """The file's text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(rendered(), encoding="utf-8")
