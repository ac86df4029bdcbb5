"""The simulation's line of arrays does what the rules of the waiting room say, place by place."""

import random
from dataclasses import replace

import numpy as np
import pytest

from loadtests.simulation.line import MemoryLine
from waitingroom.model import Claimed, Joined, Moved, PlaceState, RoomPlan
from waitingroom.rules import calling, claiming, joining, leaving, phases
from waitingroom.rules.reading import line_state
from waitingroom.rules.state import RoomState, state_of

PLAN = RoomPlan(
    opens_lobby_ms=0, draws_ms=0, cap=12, rate_per_min=30, shows=(), claim_window_ms=5_000, visit_ms=10**9,
    auto_passthrough=False,
)  # fmt: skip
PLACES, STEPS = 120, 400


@pytest.mark.parametrize("seed", range(8))
def test_arrays_follow_the_rules(seed: int) -> None:
    """Any sequence of joining, leaving, calling, claiming, ending and lapsing leaves the same states and the same counts."""
    chance, now_ms, visitors = random.Random(seed), 1_000, {}
    opened = phases.open_room(None, PLAN, now_ms=now_ms).state
    ruled: RoomState = replace(calling.lead(opened, "test", 10**9, now_ms=now_ms).state, settled=True)
    arrays = MemoryLine(PLACES, cap=PLAN.cap, rate_per_min=PLAN.rate_per_min, window_ms=PLAN.claim_window_ms)
    for _ in range(STEPS):
        now_ms += 250
        moved = calling.move(ruled, ruled.fence, 0, now_ms=now_ms)  # the clock moves in both
        ruled, arrays.turn_ms = moved.state, moved.state.turn_ms
        if ruled.next < PLACES and chance.random() < 0.5:
            joined = joining.join(ruled, ruled.next.to_bytes(8, "big"), 0, now_ms=now_ms)
            assert isinstance(joined.answer, Joined)
            ruled = joined.state
            arrays.join_until(ruled.next)
        if ruled.next and chance.random() < 0.15:
            index = chance.randrange(ruled.next)
            if state_of(ruled, index) is PlaceState.WAITING and not index < ruled.lapsed_to:
                ruled = leaving.leave(ruled, index, index.to_bytes(8, "big"), now_ms=now_ms).state
                arrays.leave(np.array([index]))
        if chance.random() < 0.3:
            people = chance.randrange(4)
            moved = calling.move(ruled, ruled.fence, ruled.served + people, now_ms=now_ms)
            assert isinstance(moved.answer, Moved)
            ruled = moved.state
            assert len(arrays.move(people)) == moved.answer.called
        if ruled.served and chance.random() < 0.5:
            index = chance.randrange(ruled.served)
            if state_of(ruled, index) is not PlaceState.CLAIMED:
                claimed = claiming.claim(ruled, index, index.to_bytes(8, "big"), f"v{index}", "h", now_ms=now_ms)
                ruled = claimed.state
                inside, _ = arrays.claim(np.array([index]))
                assert bool(len(inside)) == isinstance(claimed.answer, Claimed), (index, claimed.answer)
                if len(inside):
                    visitors[index] = f"v{index}"
        if visitors and chance.random() < 0.2:
            ruled = leaving.end_visit(ruled, visitors.pop(chance.choice(sorted(visitors)))).state
            arrays.end_visits(1)
        if chance.random() < 0.2:
            ruled = leaving.lapse(ruled, 10_000, now_ms=now_ms).state
            arrays.lapse()
        _agree(ruled, arrays, now_ms)
    assert arrays.claimed and arrays.lapsed and arrays.left, "the steps reached every end"


def _agree(ruled: RoomState, arrays: MemoryLine, now_ms: int) -> None:
    said = line_state(ruled, now_ms)
    assert [state_of(ruled, place) for place in range(ruled.next)] == arrays.state[: arrays.next].tolist()
    assert (said.served, said.next, said.visits) == (arrays.served, arrays.next, arrays.visits)
    assert (said.called, said.claimed, said.waiting) == (arrays.called, arrays.claimed, arrays.waiting)
