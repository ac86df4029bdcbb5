"""How often to tick: often when it is cheap, seldom when telling everybody takes most of the time."""

TICK_MS = 100
TICK_MAX_MS = 1000
# The first change after a quiet moment is not kept waiting for a whole tick, only long enough for its acknowledgement to go first.
FIRST_MS = 10


def next_tick_ms(tick_ms: int, busy_ms: float) -> int:
    """Choose the next interval from the time the last tick took: at most half of it may be spent on frames."""
    if busy_ms > tick_ms / 2:
        return min(TICK_MAX_MS, tick_ms * 2)
    if busy_ms < tick_ms / 8:
        return max(TICK_MS, tick_ms // 2)
    return tick_ms
