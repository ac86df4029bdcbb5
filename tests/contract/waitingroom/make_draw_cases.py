"""Write tests/contract/waitingroom/draw_cases.json: lists, secrets, and the draws that Python and TypeScript must both make of them.

`python -m tests.contract.waitingroom.make_draw_cases` rewrites the file; a test fails when it is not what this program writes. The
sizes are those where a tree or a stream goes wrong: nobody, one, odd numbers at several levels, one beyond a block of 1,024.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from waitingroom import draw, identity, merkle, roll

PATH = Path(__file__).with_name("draw_cases.json")
ROOM = 4711
LEFT = bytes([roll.NOBODY_TIER]) + bytes(identity.DIGEST_BYTES)


def listed(people: int, tiers: int) -> bytes:
    """Return a list of *people*, every seventh of whom left, the rest in *tiers* tiers."""
    entries = []
    for index in range(people):
        digest = hashlib.sha256(f"draw case {people} {index}".encode()).digest()
        entries.append(LEFT if index % 7 == 5 else bytes([digest[9] % tiers]) + digest[:8])
    return b"".join(entries)


def case(name: str, people: int, *, tiers: int = 1, beacon: bytes = b"") -> dict[str, Any]:
    """Draw one list and write down everything on the way."""
    secret = hashlib.sha256(f"secret of {name}".encode()).digest()
    entries = listed(people, tiers)
    drawn = roll.conduct(entries, ROOM, secret, beacon)
    tree = merkle.MerkleTree(roll.leaves_of(entries))
    assert tree.root == drawn.root
    some = sorted({0, 1, people // 2, people - 2, people - 1} & set(range(people)))
    return {
        "name": name,
        "room": str(ROOM),
        "people": people,
        "secret": secret.hex(),
        "commitment": draw.commitment(secret).hex(),
        "beacon": beacon.hex(),
        "list": base64.b64encode(entries).decode(),
        "root": drawn.root.hex(),
        "seed": bytes(drawn.seed).hex(),
        "places": base64.b64encode(drawn.positions.astype(">u4").tobytes()).decode(),
        "some": [
            {
                "index": index,
                "leaf": merkle.leaf(
                    index,
                    entries[9 * index],
                    identity.commitment(entries[9 * index + 1 : 9 * index + 9]),
                ).hex(),
                "path": [step.hex() for step in tree.proof(index)],
                "number": str(draw.draw_number(drawn.seed, str(ROOM), index)),
                "place": int(drawn.positions[index]),
            }
            for index in some
        ],
    }


def cases() -> list[dict[str, Any]]:
    """Return every case."""
    return [
        case("nobody", 0),
        case("one person", 1),
        case("two people", 2),
        case("eleven people, odd on two levels", 11),
        case("invited people first", 40, tiers=4),
        case("with a beacon", 5, beacon=b"round 1234567"),
        case("one beyond a block", 1025, tiers=2),
    ]


def text() -> str:
    """Return the file."""
    about = "Draws made again. Written by tests/contract/waitingroom/make_draw_cases.py; read by its test and web/test/room."
    return json.dumps({"about": about, "cases": cases()}, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
