"""The acceptance suite of the waiting room: docs/waiting-room.md says where each of T1-T65 is tested, and says it truly."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST, LAST = 1, 65


@lru_cache
def rows() -> dict[int, tuple[str, str]]:
    """Return by number what a row names: tests, and what is elsewhere or not here."""
    text = (ROOT / "docs" / "waiting-room.md").read_text(encoding="utf-8")
    table = text.split("<!-- T-table: begin -->")[1].split("<!-- T-table: end -->")[0]
    found: dict[int, tuple[str, str]] = {}
    for number, _, tests, elsewhere in re.findall(r"^\| T(\d+) \| (.+?) \| (.*?) \| (.*?) \|$", table, re.MULTILINE):
        assert int(number) not in found, f"T{number} is listed twice"
        found[int(number)] = tests, elsewhere
    return found


@lru_cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, functions))


@lru_cache
def figures() -> str:
    """Return the source of the benches, where figures are named."""
    return "".join(path.read_text() for path in sorted((ROOT / "loadtests" / "bench").glob("*.py")))


def test_every_number_has_its_row() -> None:
    """None is left out, and none is made up."""
    assert sorted(rows()) == list(range(FIRST, LAST + 1))


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
    """Whoever adds a test of the suite adds it to the table."""
    listed = {name for tests, _ in rows().values() for name in re.findall(r"`(test_\w+)`", tests)}
    present = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in functions_of(path)
        if re.match(r"test_t\d+_", name)
    }
    assert present - listed == set()
