"""How often somebody in line is told."""

from __future__ import annotations

import msgspec
import pytest

from waitingroom.frame import FrameMessage, LineFrame
from waitingroom.telling import FRESH_S, LOAD_MAX, LOADED_SLOWEST_S, SLOWEST_S, eased, interval_s, is_called, urgent

FRAME = LineFrame(room=1, epoch=1, tick=1, now_ms=1, phase="open", served=1000, next=90_000, rate=(50.0, 60.0, 70.0))


@pytest.mark.parametrize(
    ("ahead", "seconds"),
    [(0, 0.0), (30, 0.0), (31, 1.0), (180, 1.0), (360, 2.0), (1800, SLOWEST_S), (80_000, SLOWEST_S)],
)
def test_the_pace_follows_the_time_to_the_turn(ahead: int, seconds: float) -> None:
    """At 60 people a minute: every tick for the last half minute, one a second for three, every ten at half an hour."""
    assert interval_s(FRAME, 1000 + ahead) == pytest.approx(seconds)


def test_nobody_waits_longer_than_the_bound() -> None:
    """Whatever the frame says, ten seconds is the longest silence; more people ahead never means more frames."""
    for frame in (FRAME, msgspec.structs.replace(FRAME, rate=None), msgspec.structs.replace(FRAME, paused=True)):
        paces = [interval_s(frame, position) for position in range(0, 100_000, 97)]
        assert max(paces) <= SLOWEST_S
        ahead = [interval_s(frame, position) for position in range(1000, 100_000, 97)]
        assert ahead == sorted(ahead)
    assert 0 < interval_s(FRAME, None) <= SLOWEST_S


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "draining"},
        {"paused": True},
        {"passthrough": True},
        {"sold_out": True},
        {"reason": "payments_down"},
        {"message": FrameMessage("m1", "Back in five minutes.")},
        {"epoch": 2},
        {"opens_ms": 5},
    ],
)
def test_news_is_urgent(change: dict[str, object]) -> None:
    """What changes anybody's plans is told at once."""
    assert urgent(FRAME, msgspec.structs.replace(FRAME, tick=2, **change))


def test_the_line_moving_is_not_urgent() -> None:
    """Numbers that change every tick wait for their time."""
    moved = msgspec.structs.replace(FRAME, tick=2, served=1100, next=90_100, rate=(1.0, 2.0, 3.0), waiting=5, left=7)
    assert not urgent(FRAME, moved)
    assert urgent(None, FRAME)


def test_positions_below_the_watermark_are_called() -> None:
    """Position 999 is called when 1000 are served, position 1000 is next."""
    assert [is_called(FRAME, position) for position in (999, 1000, None)] == [True, False, False]


def test_load_lengthens_the_pace_of_those_far_away() -> None:
    """The near ones hear at least every two seconds whatever the load, nobody is silent for 20 s, and nobody is told more often by it."""
    for load in (1.0, 1.5, 2.0, 4.0, LOAD_MAX):
        paces = [interval_s(FRAME, 1000 + ahead, load) for ahead in range(0, 5_000, 7)]
        assert paces == sorted(paces)
        assert all(
            pace >= interval_s(FRAME, 1000 + ahead) for pace, ahead in zip(paces, range(0, 5_000, 7), strict=True)
        )
        assert max(paces) <= LOADED_SLOWEST_S < 20
        assert all(interval_s(FRAME, 1000 + ahead, load) <= FRESH_S for ahead in range(181))
    assert interval_s(FRAME, 1000 + 400, 4.0) == pytest.approx(4 * interval_s(FRAME, 1000 + 400))
    assert interval_s(FRAME, None, 2.0) == 2 * interval_s(FRAME, None)


@pytest.mark.parametrize(
    ("load", "busy", "late_s", "after"),
    [
        (1.0, 0.0, 0.0, 1.0),
        (1.0, 0.3, 0.0, 2.0),
        (1.0, 0.0, 0.2, 2.0),
        (6.0, 0.9, 1.0, LOAD_MAX),
        (4.0, 0.2, 0.0, 4.0),
        (4.0, 0.0, 0.07, 4.0),
        (4.0, 0.05, 0.01, 3.6),
        (1.05, 0.0, 0.0, 1.0),
    ],
)
def test_the_load_doubles_at_once_and_goes_back_slowly(load: float, busy: float, late_s: float, after: float) -> None:
    """Telling that takes a quarter of the time, or a loop a tenth of a second late, is too much; in between nothing changes."""
    assert eased(load, busy, late_s) == pytest.approx(after)
