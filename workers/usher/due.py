"""When something is to be done again, by a clock that the caller reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Due:
    """Something that is done every so often. A clock that was set back makes it due, not late."""

    every_ms: int
    done_ms: int | None = None

    def now(self, now_ms: int) -> bool:
        """Tell whether it is time; then the time counts from now."""
        if self.done_ms is not None and 0 <= now_ms - self.done_ms < self.every_ms:
            return False
        self.done_ms = now_ms
        return True
