"""Write tests/vectors/work.json: challenges of the bot door and their answers, found by ALTCHA's own package.

`python -m tests.vectors.make_work` rewrites the file; the browser's solver and ours must find the same.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import altcha

from server.rooms.door.altcha_work import AltchaWork
from waitingroom.challenges.price import Price, Work
from waitingroom.challenges.work import RANDOM_BYTES, kernel

PATH = Path(__file__).with_name("work.json")
NOW_MS = 1_800_000_000_000
WORKS = (Work(1, 40, 0), Work(2, 300, 0), Work(3, 5, 0), Work(100, 70, 0), Work(1_000, 9, 0))


def document() -> dict[str, Any]:
    """Return the cases."""
    cases = []
    for number, work in enumerate(WORKS):
        random = hashlib.shake_256(bytes([number])).digest(RANDOM_BYTES)
        challenge = AltchaWork("tests only").challenge(
            kernel(work, random), work, Price.LIGHT, room_id=7, session=f"{number:022x}", now_ms=NOW_MS
        )
        solution = altcha.solve_challenge(altcha.Challenge.from_dict(challenge))
        assert solution is not None
        cases.append({"challenge": challenge, "counter": solution.counter, "derivedKey": solution.derived_key})
    return {"cases": cases}


if __name__ == "__main__":
    PATH.write_text(json.dumps(document(), indent=1) + "\n")
