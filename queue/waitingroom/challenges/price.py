"""What joining costs: proof of work priced by risk. It prices volume and proves nothing about being human.

Work is counted in PBKDF2-HMAC-SHA-256 iterations: a challenge is found after trying *counter* keys of *cost* iterations each.
One key of 1,000 iterations takes 0.25-0.30 ms natively, in Python and in a browser's own cryptography alike, and about ten
times as long in plain JavaScript, which is all a browser has on http:// addresses other than loopback. The counter is drawn
from a range, not geometrically: nobody waits more than twice the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Price(IntEnum):
    """Dearer is greater. `none`: trusted, or nobody is waiting anyway."""

    NONE = 0
    LIGHT = 1
    FIRM = 2
    DEAR = 3

    @property
    def word(self) -> str:
        """The name browsers and journals see."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Work:
    """Keys of *cost* iterations, the right one among the first *most*. *expected_ms* is the mean on the browsers it is for."""

    cost: int
    most: int
    expected_ms: int


# Where the browser has native cryptography: https and loopback.
NATIVE: Final = {
    Price.LIGHT: Work(1_000, 1_400, 200),
    Price.FIRM: Work(1_000, 14_000, 2_000),
    Price.DEAR: Work(1_000, 32_000, 4_800),
}
# Where it computes in plain JavaScript: the same wait, a tenth of the work.
PLAIN: Final = {
    Price.LIGHT: Work(100, 1_400, 200),
    Price.FIRM: Work(100, 14_000, 2_000),
    Price.DEAR: Work(100, 32_000, 4_800),
}
# Long enough for ten times the mean of the dearest on a slow phone, short enough that nobody hoards solutions.
CHALLENGE_LIFE_S: Final = 300


def work_of(price: Price, *, native: bool) -> Work:
    """Return the work *price* asks for."""
    return (NATIVE if native else PLAIN)[price]
