"""The Lua functions and the rules agree after any sequence of steps, and the test can tell when they do not."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from seatmap.faults import Fault
from seatmap.inventory.scripts import compose, read_files
from tests.model.inventory.machine import ShowMachine
from tests.model.inventory.store import Store

LONG = bool(os.environ.get("FRONTROW_LONG"))
SEQUENCES, STEPS = (2500, 40) if LONG else (40, 25)
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture
def store(valkey_url: str) -> Iterator[Store]:
    """The inventory as shipped."""
    store = Store(valkey_url)
    yield store
    store.close()


@pytest.mark.longer
@pytest.mark.timeout(3600 if LONG else 120)
def test_store_and_rule_agree(store: Store) -> None:
    """After any sequence of verbs, waits, failures and rebuilds, answers, feed and contents are the rule's."""
    run_state_machine_as_test(
        lambda: ShowMachine(store),  # type: ignore[arg-type]  # any factory will do
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
    "live holds do not keep their seats": ("shared/checks", "if not is_due(hold, now) then return true end", ""),
    "sold seats can be held": (
        "shared/checks",
        "if state == SOLD or state == HELD",
        "if state == HELD",
    ),
    "a hold lapses one millisecond late": ("shared/holds", "hold[EXPIRES] <= now", "hold[EXPIRES] < now"),
    "commands are forgotten": ("shared/show", "  if not reply then\n", "  if true then\n"),
    "lapsed places stay counted": ("shared/holds", "count(demand, 'held', -1)", "count(demand, 'held', 0)"),
    "a retyped seat keeps its old quota": ("hold_places", "add_quotas(demand, category, held[at + 1], -1)", ""),
    "holds are extended twice": ("extend_hold", "hold[EXTENDED] == 1 or ", ""),
    "holds live longer than the maximum": ("extend_hold", "hold[STARTED] + config.life_max_ms", "hold[EXPIRES] * 2"),
    "an order sells twice": ("sell_late", "if known then", "if false then"),
    "visitors have no limit": ("hold_places", "config.visitor_max > 0", "config.visitor_max > 99"),
    "a refund can be repeated": ("unsell_order", "pack({ visitor, seats, areas })", "known"),
    "holds in payment lapse": ("shared/holds", "return hold[ORDER] == '' and", "return"),
    "a rebuild oversells areas": ("open_show", "remaining(name) < places", "remaining(name) < 0"),
    "a pass is not asked for": ("hold_places", "config.pass_required == 1 and", "false and"),
    "a rebuild keeps the epoch": ("open_show", "tonumber(args[3]) + 1", "tonumber(args[3])"),
}


# Rare enough to need many sequences: the long mode looks for them.
RARE = {
    "holds in payment lapse",
    "a hold lapses one millisecond late",
    "a rebuild oversells areas",
    "holds are extended twice",
    "a retyped seat keeps its old quota",
    "an order sells twice",
    "visitors have no limit",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in RARE)) for name in MUTATIONS])
def test_a_broken_function_is_noticed(name: str, valkey_url: str) -> None:
    """Negative control: with one condition taken out of the Lua, the same machine fails."""
    file, right, wrong = MUTATIONS[name]
    files = read_files()
    assert files[file].count(right) == 1
    files[file] = files[file].replace(right, wrong)
    store = Store(valkey_url, compose(files))
    hunt = settings(
        max_examples=1500,
        stateful_step_count=40,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=CHECKS,
        report_multiple_bugs=False,
        derandomize=True,
    )
    try:
        with pytest.raises((AssertionError, Fault)):
            run_state_machine_as_test(lambda: ShowMachine(store), settings=hunt)  # type: ignore[arg-type]
    finally:
        store.close()
