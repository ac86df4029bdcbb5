"""Write tests/contract/waitingroom/eta_cases.json: frames, positions, and the wait that Python and TypeScript must both compute.

`python -m tests.contract.waitingroom.make_eta_cases` rewrites the file; a test fails when it is not what this program writes. The
expectations are summed here place by place and integrated minute by minute, not taken from the code under test.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from waitingroom.density import encode
from waitingroom.frame import LineFrame

PATH = Path(__file__).with_name("eta_cases.json")
# Both languages round to whole milliseconds; logarithms of different libraries may fall on two sides of a half.
TOLERANCE_MS = 1


def frame(**changes: Any) -> LineFrame:
    """A line of a hundred thousand in which nobody gave up, served at 600 a minute."""
    given: dict[str, Any] = {
        "room": 7, "epoch": 1, "tick": 480, "now_ms": 1_790_000_000_000, "phase": "open", "lobby": 80_000,
        "next": 100_000, "served": 5_000, "rate": (480.0, 600.0, 750.0), "waiting": 95_000,
    }  # fmt: skip
    return LineFrame(**(given | changes))


def people(shares: list[float], distance: int) -> float:
    """Sum the shares of the places ahead as they come out of their byte: blocks 0-3 are 64 places, then widths double every four."""
    widths = [64] * 4 + [64 * 2**octave for octave in range(15) for _ in range(4)]
    widths[-1] = max(widths[-1], distance)
    levels = (round(share * 255) / 255 for share in shares)
    ahead = []
    for level, width in zip(levels, widths, strict=True):
        ahead.append(level * min(width, distance))
        distance -= min(width, distance)
    return math.fsum(ahead) + 1


def minutes(n: float, rate: float, hazard: float) -> float:
    """Return when the last of *n* people is gone, from the closed form or, without giving up, by division."""
    return n / rate if hazard == 0 else math.log(1 + hazard * n / rate) / hazard


def waits(name: str, where: LineFrame, position: int, shares: list[float]) -> dict[str, Any]:
    """A case with a band."""
    assert where.rate is not None
    n = people(shares, position - where.served)
    cautious, likely, hopeful = (minutes(n, rate, where.hazard) * 60_000 for rate in where.rate)
    return {
        "name": name, "frame": msgspec.to_builtins(where), "position": position, "ahead": n - 1,
        "says": {"kind": "band", "p10_ms": round(hopeful), "p50_ms": round(likely), "p90_ms": round(cautious)},
    }  # fmt: skip


def says(name: str, where: LineFrame, position: int | None, kind: str, **more: str) -> dict[str, Any]:
    """A case without a band."""
    return {"name": name, "frame": msgspec.to_builtins(where), "position": position, "says": {"kind": kind, **more}}


def document() -> dict[str, Any]:
    """Every case."""
    full, falling = [1.0] * 64, [max(0.2, 1 - block / 80) for block in range(64)]
    banded: list[tuple[str, LineFrame, int, list[float]]] = [
        ("the next one", frame(), 5_000, full),
        ("the last of the first block", frame(), 5_063, full),
        ("the first of the second block", frame(), 5_064, full),
        ("the far end, nobody gave up", frame(), 99_999, full),
        ("the far end, many gave up", frame(density=encode(falling)), 99_999, falling),
        ("inside a wide block", frame(density=encode(falling)), 47_111, falling),
        ("people go on giving up", frame(density=encode(falling), hazard=0.0175), 99_999, falling),
        ("a hazard too small to matter", frame(hazard=0.00000001), 6_000, full),
        ("everybody ahead is gone", frame(density=encode([0.0] * 64)), 9_000, [0.0] * 64),
        ("a slow line", frame(rate=(1.5, 2.25, 3.0)), 5_100, full),
        ("draining goes on serving", frame(phase="draining"), 6_000, full),
        ("a line that nobody has to stand in", frame(passthrough=True), 5_002, full),
        ("more than the vector is long", frame(next=9_000_000), 8_500_000, full),
    ]  # fmt: skip
    silent: list[Callable[[], dict[str, Any]]] = [
        lambda: says("called", frame(), 4_999, "called"),
        lambda: says("called, though the line stands still", frame(paused=True), 0, "called"),
        lambda: says("called, though everything is sold", frame(sold_out=True, left=0), 12, "called"),
        lambda: says("before the lobby", frame(phase="planned", served=0), None, "unsaid", why="not_drawn"),
        lambda: says("in the lobby", frame(phase="lobby", served=0), None, "unsaid", why="not_drawn"),
        lambda: says(
            "while drawing, the place already known", frame(phase="drawing"), 9_000, "unsaid", why="not_drawn"
        ),
        lambda: says("paused", frame(paused=True, reason="payments_down"), 9_000, "unsaid", why="paused"),
        lambda: says("sold out, and paused", frame(paused=True, sold_out=True), 9_000, "unsaid", why="sold_out"),
        lambda: says("no rate yet", frame(rate=None, reason="measuring"), 9_000, "unsaid", why="measuring"),
        lambda: says("closed, also for those called", frame(phase="closed"), 12, "unsaid", why="closed"),
    ]
    return {
        "about": "How long it takes, from a frame and a position. Written by tests/contract/waitingroom/make_eta_cases.py; "
        "read by Python and TypeScript tests. `ahead` is in people, to 1e-6; times in milliseconds.",
        "tolerance_ms": TOLERANCE_MS,
        "cases": [*(waits(*case) for case in banded), *(case() for case in silent)],
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
