"""The time that visitors are told: the store's clock, because that one ends holds."""

import time


class StoreClock:
    """This machine's clock, corrected by what the store said last."""

    def __init__(self) -> None:
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Tell the store's time in Unix milliseconds."""
        return round(time.time() * 1000) + self._offset_ms

    def heard(self, store_ms: int) -> None:
        """Learn the store's time."""
        self._offset_ms = store_ms - round(time.time() * 1000)
