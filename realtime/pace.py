"""How often to tick: often while there is processor time to spare, seldom when telling everybody takes most of it."""

TICK_MS = 100
TICK_MAX_MS = 1000
# The first change after a quiet moment is not kept waiting for a whole tick, only long enough for its acknowledgement to go first.
FIRST_MS = 10
BUSY_SHARE = 0.7
IDLE_SHARE = 0.3


def next_tick_ms(tick_ms: int, busy_share: float) -> int:
    """Choose the next interval from the share of processor time that this process used since the last tick.

    Processor time and not the clock: a process that others keep from running would only fall further behind with longer ticks.
    """
    if busy_share > BUSY_SHARE:
        return min(TICK_MAX_MS, tick_ms * 2)
    if busy_share < IDLE_SHARE:
        return max(TICK_MS, tick_ms // 2)
    return tick_ms
