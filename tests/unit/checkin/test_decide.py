"""The door's decision, against the table it shares with the browser."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from server.checkin.decide import (
    Admit,
    Decision,
    Deny,
    Gate,
    Leave,
    Presence,
    Presented,
    Reason,
    Rule,
    TicketFacts,
    after,
    colour,
    decide,
)
from server.tickets.code import CodeRefusal, Kind

TABLE = json.loads(Path("tests/vectors/checkin.json").read_text(encoding="utf-8"))
CASES = TABLE["cases"]


def laid_over_base(case: dict[str, Any]) -> dict[str, Any]:
    """A case with everything it does not say taken from the base."""
    full = {}
    for key, base in TABLE["base"].items():
        own = case.get(key, base)
        full[key] = base | own if isinstance(base, dict) and isinstance(own, dict) and "refused" not in own else own
    return full


def decided(case: dict[str, Any]) -> Decision:
    full = laid_over_base(case)
    presented = full["presented"]
    ticket = full["ticket"] and TicketFacts(**(full["ticket"] | {"kind": Kind(full["ticket"]["kind"])}))
    return decide(
        presented["refused"] if "refused" in presented else Presented(**presented),
        ticket,
        Presence(**full["presence"]),
        Rule(**full["rule"]),
        Gate(**(full["gate"] | {"classes": frozenset(full["gate"]["classes"])})),
        full["now_ms"],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    """The decision, its reason, the first admission it names and its colour are those of the table."""
    decision, expect = decided(case), case["expect"]
    match decision:
        case Admit(again):
            assert {"decision": "admit", "again": again, "colour": colour(decision)} == expect
        case Leave():
            assert {"decision": "leave", "colour": colour(decision)} == expect
        case Deny(reason, first_ms, first_gate):
            told: dict[str, object] = {"decision": "deny", "reason": reason.value, "colour": colour(decision)}
            if first_ms is not None:
                told |= {"first_ms": first_ms, "first_gate": first_gate}
            assert told == expect


def test_every_reason_has_a_case() -> None:
    """A reason nobody tests is a reason nobody can trust."""
    assert {case["expect"].get("reason") for case in CASES} - {None} == {reason.value for reason in Reason}


def test_every_refusal_of_a_code_is_a_reason() -> None:
    """What `code.verify` refuses, the door can say."""
    assert set(get_args(CodeRefusal)) <= {reason.value for reason in Reason}


def test_after_an_admission_the_first_one_is_remembered() -> None:
    """A re-entry counts, but time and gate stay those of the first admission."""
    once = after(Presence(), Admit(), 10, "North")
    assert once == Presence(True, 1, 10, "North")
    left = after(once, Leave(), 20, "South")
    assert left == Presence(False, 1, 10, "North")
    assert after(left, Admit(again=True), 30, "South") == Presence(True, 2, 10, "North")
    assert after(once, Deny(Reason.ALREADY_INSIDE), 40, "South") == once
