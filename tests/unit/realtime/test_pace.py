"""Ticks grow longer under pressure and short again afterwards."""

from realtime.pace import TICK_MAX_MS, TICK_MS, next_tick_ms


def test_pressure_doubles_the_tick_up_to_a_second() -> None:
    """A process that has no time to spare tells everybody less often, but never less than once a second."""
    ticks = [TICK_MS]
    while ticks[-1] != (longer := next_tick_ms(ticks[-1], 0.95)):
        ticks.append(longer)
    assert ticks == [100, 200, 400, 800, TICK_MAX_MS]


def test_the_tick_recovers() -> None:
    """With time to spare again the tick returns to a tenth of a second; in between it stays."""
    assert [next_tick_ms(400, share) for share in (0.1, 0.5, 0.9)] == [200, 400, 800]
    assert next_tick_ms(TICK_MS, 0.0) == TICK_MS
