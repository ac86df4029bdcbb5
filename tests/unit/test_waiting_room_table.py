"""The acceptance suite of the waiting room: docs/waiting-room.md says where each of T1-T65 is tested, and says it truly."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from tests.waiting_room_table import ROOT, ROW, functions_of, table, written

FIRST, LAST = 1, 65


@lru_cache
def rows() -> dict[int, tuple[str, str]]:
    """Return by number what a row names: tests, and what is elsewhere or not here."""
    return {int(number): (tests, elsewhere) for number, _, tests, elsewhere in ROW.findall(table())}


@lru_cache
def figures() -> str:
    """Return the source of the benches, where figures are named."""
    return "".join(path.read_text() for path in sorted((ROOT / "loadtests" / "bench").glob("*.py")))


def test_every_number_has_one_row() -> None:
    """None is left out, none is listed twice, and none is made up."""
    assert [int(number) for number, *_ in ROW.findall(table())] == list(range(FIRST, LAST + 1))


@pytest.mark.parametrize("number", range(FIRST, LAST + 1))
def test_a_row_names_tests_that_exist(number: int) -> None:
    """Each test named is in its file and carries the number; a row without tests names a figure that is measured instead."""
    tests, elsewhere = rows()[number]
    named = [
        (ROOT / "tests" / path, name)
        for path, names in re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", tests)
        for name in re.findall(r"`(\w+)`", names)
    ]
    for path, name in named:
        assert name in functions_of(path), f"T{number}: {path.name} has no {name}"
        assert f"t{number}_" in name, f"T{number}: {name} is another number's"
    measured = re.findall(r"bench `(\w+)`", elsewhere)
    assert all(f'"{figure}"' in figures() for figure in measured), f"T{number}: no bench measures {measured}"
    assert named or measured, f"T{number} is neither tested nor measured"


def test_no_test_of_a_number_is_left_out() -> None:
    """Whoever adds a test of the suite runs `python -m tests.waiting_room_table`, which adds it to the table."""
    assert table() == written(table())
