"""The forecaster tells a changed rate at once, learns who gives up, and is as unsure as it has been wrong."""

from math import exp

import pytest

from waitingroom.density import BLOCKS
from waitingroom.forecast import Forecaster, Tick

FULL = (1.0,) * BLOCKS


def serve(forecaster: Forecaster, seconds: int, *, rate: float, aim: float, start: Tick | None = None) -> Tick:
    """Serve *rate* people a minute for some time, aiming at *aim*."""
    tick = start or Tick(turn_ms=0, served=0, end=100_000, shares=FULL, rate_per_min=aim, level=1.0, waiting=50_000)
    base_ms, base = tick.turn_ms, tick.served
    for second in range(1, seconds + 1):
        tick = Tick(base_ms + 1000 * second, base + round(rate * second / 60), 100_000, FULL, aim, 1.0, 50_000)
        forecaster.observe(tick)
    return tick


def test_nothing_is_said_before_anything_is_known() -> None:
    """Ten seconds of service first."""
    forecaster = Forecaster()
    last = serve(forecaster, 8, rate=600, aim=600)
    assert forecaster.rate() is None
    serve(forecaster, 8, rate=600, aim=600, start=last)
    assert forecaster.rate() is not None


def test_the_rate_that_is_served_is_told() -> None:
    """The floor is full and only 400 of 600 are served: after some minutes 400 is what is promised."""
    forecaster = Forecaster()
    serve(forecaster, 600, rate=400, aim=600)
    rate = forecaster.rate()
    assert rate is not None and rate[1] == pytest.approx(400, rel=0.05)
    assert rate[0] <= rate[1] <= rate[2]


@pytest.mark.parametrize("new", [300, 1_200])
def test_t60_a_new_rate_is_told_with_the_next_tick(new: int) -> None:
    """The old rate was met, so the new one is believed, up or down."""
    forecaster = Forecaster()
    last = serve(forecaster, 300, rate=600, aim=600)
    before = forecaster.rate()
    forecaster.level = 1.0
    serve(forecaster, 2, rate=new, aim=new, start=last)
    after = forecaster.rate()
    assert before is not None and after is not None
    assert after[1] / before[1] == pytest.approx(new / 600, rel=0.05)


def test_a_higher_rate_is_not_believed_while_the_floor_is_full() -> None:
    """Only 300 of 600 were served: 1,200 asked for promises nothing more."""
    forecaster = Forecaster()
    last = serve(forecaster, 600, rate=300, aim=600)
    serve(forecaster, 2, rate=300, aim=1_200, start=last)
    rate = forecaster.rate()
    assert rate is not None and rate[1] == pytest.approx(300, rel=0.1)


def test_the_share_that_gives_up_is_measured() -> None:
    """Two in a hundred go every minute, nobody is served: within some minutes the hazard says 0.02."""
    forecaster = Forecaster()
    for second in range(900):
        shares = (exp(-0.02 * second / 60),) * BLOCKS
        forecaster.observe(Tick(1000 * (second + 1), 0, 50_000, shares, 600, 1.0, 50_000))
    assert forecaster.hazard == pytest.approx(0.02, rel=0.05)


def test_the_band_is_as_wide_as_the_errors_were() -> None:
    """A line that goes twice as fast and half as fast by turns is told with a wider band than a steady one."""
    steady, restless = Forecaster(), Forecaster()
    serve(steady, 1_800, rate=600, aim=600)
    last = None
    for turn in range(9):
        last = serve(restless, 200, rate=900 if turn % 2 else 300, aim=600, start=last)
    narrow, wide = steady.rate(), restless.rate()
    assert narrow is not None and wide is not None
    assert wide[2] / wide[0] > 1.3 * narrow[2] / narrow[0]
