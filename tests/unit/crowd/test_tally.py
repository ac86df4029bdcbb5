"""What the crowd must notice."""

import pytest

from loadtests.crowd.command import _plan
from loadtests.crowd.tally import Tally


def test_a_seat_sold_twice_is_noticed_and_a_retold_order_is_not() -> None:
    """Two orders for one seat are a violation, the same order heard twice is not, nor the same seat of another show."""
    tally = Tally()
    tally.paid(1, [5, 6], 2, "A")
    tally.paid(1, [5, 6], 2, "A")
    tally.paid(2, [5], 1, "B")
    assert tally.violations == []
    tally.paid(1, [6], 1, "C")
    assert tally.violations == ["seat 6 of show 1 was sold twice: orders A and C"]
    assert "THIS MUST NOT HAPPEN" in tally.table()


def test_a_step_that_fails_is_no_latency() -> None:
    """Only steps that came to an end are measured."""
    tally = Tally()
    with tally.timed("hold"):
        pass
    with pytest.raises(ValueError, match="broken"), tally.timed("hold"):
        raise ValueError("broken")
    assert len(tally.latencies_ms["hold"]) == 1
    assert "hold" in tally.table()


def test_the_gateway_is_on_the_shops_host() -> None:
    """`--live` follows `--url` unless it is given; a forever crowd is no larger than its buyers."""
    plan = _plan(["--url", "https://tickets.example", "--buyers", "7", "--forever"])
    assert plan.live_url == "wss://tickets.example:8001/live"
    assert plan.at_once == 7
    assert _plan(["--live", "ws://gate.example/live"]).live_url == "ws://gate.example/live"
    for wrong in (["--buyers", "0"], ["--rate", "0"], ["--pace", "-1"]):
        with pytest.raises(SystemExit):
            _plan(wrong)
