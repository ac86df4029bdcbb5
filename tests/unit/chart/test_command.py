"""`frontrow chart` on files."""

import json
from pathlib import Path

import pytest

from seatmap.chart import CompiledChart
from server.charts.command import main

FIXTURES = Path(__file__).parents[2] / "fixtures" / "charts"


def test_generate_check_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A generated venue is written, found sound, and exported in each format."""
    plan, out = tmp_path / "theatre.json", tmp_path / "out.json"
    assert main(["generate", "theatre", "--seed", "3", "--out", str(plan)]) == 0
    assert main(["check", str(plan)]) == 0
    assert "1,239 seats in 11 sections" in capsys.readouterr().out
    assert main(["export", str(plan), "--to", "pretix", "--out", str(out)]) == 0
    assert len(json.loads(out.read_text())["zones"]) == 12
    assert main(["export", str(plan), "--to", "wire", "--out", str(out)]) == 0
    assert CompiledChart.from_wire(out.read_bytes()).seat_count == 1239


def test_errors_are_printed_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An import with errors prints the findings with their places, exits with 1 and writes no file."""
    out = tmp_path / "chart.json"
    assert main(["import", str(FIXTURES / "pretix-repeated.json"), "--out", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "[seat_key_repeated]" in printed
    assert "g-A-1 (occurrence 2 of 2" in printed
    assert not out.exists()


def test_options_repair_and_findings_come_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Repairs asked for on the command line are carried out; --json prints findings for programs."""
    out = tmp_path / "chart.json"
    arguments = ["import", str(FIXTURES / "sections.svg"), "--capacity", "101=50", "--capacity-each", "40"]
    arguments += [
        "--standing",
        "102",
        "--floor",
        "103=Upper",
        "--name",
        "Mine",
        "--scale",
        "0.1",
        "--out",
        str(out),
        "--json",
    ]
    assert main(arguments) == 0
    assert {finding["code"] for finding in json.loads(capsys.readouterr().out)} >= {"accessible_missing"}
    chart = json.loads(out.read_text())
    assert chart["name"] == "Mine"
    assert [floor["name"] for floor in chart["floors"]] == ["Main", "Upper"]
    assert sum(row["n"] for row in chart["rows"]) == 90
    assert chart["areas"][0]["capacity"] == 40


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["draw"], 2),
        (["check"], 2),
        (["check", "/nowhere/plan.csv"], 2),
        (["generate", "castle"], 2),
        (["check", str(FIXTURES / "roster.csv"), "--capacity", "A"], 1),
        (["check", str(FIXTURES / "roster.csv"), "--capacity", "A=many"], 1),
        (["check", str(FIXTURES / "roster.csv"), "--floor", "=Upper"], 1),
        (["--help"], 0),
    ],
)
def test_wrong_usage_is_told_by_the_exit_code(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage exits with 2, errors in files or answers with 1; neither is a stack trace."""
    assert main(arguments) == code
    assert "Traceback" not in capsys.readouterr().err
