"""The table of T1-T65 in docs/waiting-room.md. `python -m tests.waiting_room_table` writes the tests that exist into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "waiting-room.md"
BEGIN, END = "<!-- T-table: begin -->", "<!-- T-table: end -->"
ROW = re.compile(r"^\| T(\d+) \| (.+?) \| (.*?) \| (.*?) \|$", re.MULTILINE)


@lru_cache
def functions_of(path: Path) -> tuple[str, ...]:
    """Return the names of the functions of a file, in order."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return tuple(node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))


def tests_of(number: int) -> Iterator[tuple[Path, list[str]]]:
    """Find the tests that carry a number in their name, file by file."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if names := [name for name in functions_of(path) if re.match(rf"test_(t\d+_)*t{number}_", name)]:
            yield path, names


def table() -> str:
    """Return the table as it is written."""
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def cell(number: int) -> str:
    """Return what the column of tests should say."""
    files = ((path.relative_to(ROOT / "tests"), names) for path, names in tests_of(number))
    return "<br>".join(f"`{path}`: " + ", ".join(f"`{name}`" for name in sorted(names)) for path, names in files)


def written(text: str) -> str:
    """Return *text* with the tests that exist in its rows; the other columns are people's."""
    return ROW.sub(lambda row: f"| T{row[1]} | {row[2]} | {cell(int(row[1]))} | {row[4]} |", text)


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(table(), written(table())), encoding="utf-8")


if __name__ == "__main__":
    main()
