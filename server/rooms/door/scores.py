"""The port of bot scores, and the guard that keeps the line going without them (T44)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final, Protocol

from server.faults import Fault
from server.logs import logger
from server.rooms.door.metrics import SCORES_MISSING
from waitingroom.challenges.coherence import Sent
from waitingroom.challenges.risk import NEUTRAL, Score

PATIENCE_S: Final = 0.05
LOG_EVERY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a scorer may look at: no address, no e-mail, no name. *session* and *network* are digests of this room."""

    room_id: int
    session: str
    network: str | None
    identity: bytes
    sent: Sent
    filled_ms: int | None
    solved_ms: int | None
    """Between handing out the challenge and seeing it solved."""


class Scores(Protocol):
    """Whoever scores attempts. Raises a fault when it can't."""

    async def score(self, sighting: Sighting) -> Score:
        """Return the score of one attempt."""
        ...


class NoScores:
    """An installation without a model: everybody is neutral."""

    async def score(self, _sighting: Sighting) -> Score:
        """Return the neutral score."""
        return NEUTRAL


class PatientScores:
    """Ask *inner* for 50 ms; what is late or broken is neutral, counted, and logged once a minute."""

    def __init__(self, inner: Scores) -> None:
        self._inner = inner
        self._logged_at = -LOG_EVERY_S

    async def score(self, sighting: Sighting) -> Score:
        """Return the score, or the neutral one."""
        try:
            return await asyncio.wait_for(self._inner.score(sighting), PATIENCE_S)
        except (Fault, OSError, TimeoutError) as error:
            SCORES_MISSING.inc()
            if time.monotonic() - self._logged_at >= LOG_EVERY_S:
                self._logged_at = time.monotonic()
                logger().warning("door.unscored", reason=type(error).__name__)
            return NEUTRAL
