"""The Lua functions and the rules agree after any sequence of steps, and the test can tell when they do not."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from seatmap.faults import Fault
from tests.model.waitingroom.machine import LineMachine
from tests.model.waitingroom.store import Store, small_gaps
from waitingroom.scripts import read_files

LONG = bool(os.environ.get("FRONTROW_LONG"))
SEQUENCES, STEPS = (2_600, 40) if LONG else (40, 25)  # the long mode takes 104,000 steps
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture
def store(valkey_url: str) -> Iterator[Store]:
    """The line as shipped, but for the number of indices a failover skips."""
    store = Store(valkey_url)
    yield store
    store.close()


@pytest.mark.longer
@pytest.mark.timeout(3600 if LONG else 120)
def test_t1_store_and_rule_agree(store: Store) -> None:
    """T1: after any sequence of verbs, waits, jumps and failovers, answers and contents are the rule's."""
    run_state_machine_as_test(
        lambda: LineMachine(store),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=CHECKS,
        ),
    )


# What goes wrong → (file, the line as it is, the line as it must not be).
MUTATIONS = {
    "an identity gets a second place": ("join_line", "if not is_over(position, now) then", "if false then"),
    "a place that is over is kept": ("join_line", "if not is_over(position, now) then", "if true then"),
    "indices are given out twice after a failover": (
        "shared/places",
        "  if lives[PLAN] then return end",
        "  if true then return end",
    ),
    "leavers count against the rate": ("move_line", "far - to - left_between(to, far)", "far - to"),
    "a late leader moves the line": ("move_line", "if line[FENCE] ~= tonumber(args[1]) then", "if false then"),
    "calls have no rate": ("move_line", "local may = max(0, ", "local may = max(99, "),
    "the turn clock runs through a pause": (
        "shared/room",
        "if plan.paused == 0 then line[TURN]",
        "if true then line[TURN]",
    ),
    "an outage makes turns lapse": ("shared/room", "min(now - line[SEEN], TURN_STEP_MAX_MS)", "now - line[SEEN]"),
    "a clock set back turns the turn clock back": (
        "shared/room",
        "max(0, min(now - line[SEEN]",
        "(min(now - line[SEEN]",
    ),
    "the cap is exceeded by one": ("claim_place", ">= plan.cap then return 'full'", "> plan.cap then return 'full'"),
    "the rate is exceeded by one": ("claim_place", ">= plan.rate_per_min then", "> plan.rate_per_min then"),
    "visits that ran out keep their slot": ("shared/visits", "call('ZREM', VISITS, unpack(over))", ""),
    "another browser shares the visit": (
        "claim_place",
        "if call('HGET', HOLDERS, position) ~= ",
        "if false and '' ~= ",
    ),
    "who is not called is let in": (
        "claim_place",
        "if position >= line[SERVED] then",
        "if position > line[SERVED] then",
    ),
    "who lapsed comes back for ever": (
        "shared/turns",
        "return plan.reentries > 0 and position >=",
        "return plan.reentries > 0 or position >=",
    ),
    "a window ends one millisecond early": (
        "shared/turns",
        "line[TURN] - windows * plan.claim_window_ms",
        "line[TURN] + 1 - windows * plan.claim_window_ms",
    ),
    "a minute has 59,999 ms": (
        "shared/room",
        "RATE_WINDOW_MS, SLOT_MS, TURN_STEP_MAX_MS = 60000",
        "RATE_WINDOW_MS, SLOT_MS, TURN_STEP_MAX_MS = 59999",
    ),
    "a lapsed place is counted twice": (
        "lapse_places",
        "if state_of(position) == WAITING then",
        "if state_of(position) ~= CLAIMED then",
    ),
    "a pass outlives its visit": (
        "shared/visits",
        "for _, show in ipairs(plan.shows) do call('DEL'",
        "for _, show in ipairs({}) do call('DEL'",
    ),
    "who left the lobby is drawn": (
        "publish_draw",
        "last_byte(lobby, call('GET', keys[12]))",
        "last_byte(lobby, string.rep('\\0', floor((lobby + 3) / 4)))",
    ),
    "a second draw replaces the first": ("publish_draw", "if plan.drawn ~= '' then", "if false then"),
    "the closing second is brought forward": ("open_room", "settings.draws_ms < plan.draws_ms", "false"),
    "passthrough goes past the cap": ("join_line", "line[PENDING] < plan.cap", "line[PENDING] <= plan.cap"),
    "passthrough never ends": ("join_line", "if plan.auto_passthrough == 1 then", "if false then"),
    "indices are given out twice after a store was lost": ("rebuild_line", "copy.next + LOST_JOINS_MAX", "copy.next"),
    "visits lose their passes with the store": (
        "rebuild_line",
        "write_passes(visitor, position, holder, ends - now)",
        "",
    ),
    "who led before a store was lost still leads": ("rebuild_line", "max(line[FENCE], second)", "line[FENCE]"),
    "a room rebuilt is no new epoch": ("rebuild_line", "max(plan.epoch + 1, second)", "plan.epoch"),
    "a draw on record is refused by a store that lost joins": ("publish_draw", "args[3] == '0' or", "true or"),
    "indices of a recorded lobby are given out again": (
        "publish_draw",
        "skip_indices(from, lobby)",
        "call('GET', NEXT)",
    ),
}


# Found within the first few dozen sequences; the long mode looks for the others too.
SOON = {
    "an identity gets a second place",
    "a place that is over is kept",
    "a late leader moves the line",
    "calls have no rate",
    "an outage makes turns lapse",
    "the cap is exceeded by one",
    "another browser shares the visit",
    "indices are given out twice after a store was lost",
}


@pytest.mark.timeout(1200 if LONG else 120)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name not in SOON)) for name in MUTATIONS]
)
def test_a_broken_function_is_noticed(name: str, valkey_url: str) -> None:
    """Negative control: with one condition changed in the Lua, the same machine fails."""
    file, right, wrong = MUTATIONS[name]
    files = read_files()
    assert files[file].count(right) == 1
    files[file] = files[file].replace(right, wrong)
    store = Store(valkey_url, small_gaps(files))
    hunt = settings(
        max_examples=1500,
        stateful_step_count=30,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=CHECKS,
        report_multiple_bugs=False,
        derandomize=True,
    )
    try:
        with pytest.raises((AssertionError, Fault)):
            run_state_machine_as_test(lambda: LineMachine(store), settings=hunt)  # type: ignore[arg-type]
    finally:
        store.close()
