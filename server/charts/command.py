"""`frontrow chart`: import, check, export and generate charts as files, without a database."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from seatmap.chart.exports import export_pretix
from seatmap.chart.findings import Finding, error, has_errors
from seatmap.chart.generators import GENERATORS
from seatmap.chart.imports import FORMATS, Imported, ImportOptions, import_chart
from seatmap.chart.model import Chart, write_chart
from seatmap.chart.validate import validate

# How many places of a finding are printed; --json has all.
PLACES_SHOWN = 8


def main(arguments: list[str]) -> int:
    """Run `frontrow chart`; exit code 0 when all is well, 1 when there are errors to repair, 2 for wrong usage."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:
        return 0 if stop.code == 0 else 2
    try:
        return int(options.run(options))
    except OSError as cause:
        print(f"frontrow chart: {cause.filename}: {cause.strerror}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="frontrow chart", description="Import, check, export or generate seating charts."
    )
    actions = parser.add_subparsers(title="actions", required=True)

    importing = actions.add_parser("import", help="read a plan of any known format and write it as chart/1")
    _reading(importing)
    importing.add_argument(
        "--out", type=Path, help="where the chart goes (default: beside the file, as NAME.chart.json)"
    )
    importing.set_defaults(run=_import)

    checking = actions.add_parser("check", help="say what is wrong with a plan")
    _reading(checking)
    checking.set_defaults(run=_check)

    exporting = actions.add_parser("export", help="write a plan in another format")
    _reading(exporting)
    exporting.add_argument("--to", choices=("chart", "pretix", "wire"), default="pretix")
    exporting.add_argument("--out", type=Path, help="where it goes (default: standard output)")
    exporting.set_defaults(run=_export)

    generating = actions.add_parser("generate", help="draw an invented venue")
    generating.add_argument("kind", choices=sorted(GENERATORS))
    generating.add_argument("--seed", type=int, default=1, help="the same seed draws the same venue")
    generating.add_argument("--out", type=Path, help="where the chart goes (default: standard output)")
    generating.set_defaults(run=_generate)
    return parser


def _reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--format", choices=FORMATS, help="what the file is (default: found by looking)")
    parser.add_argument("--name", default="", help="the chart's name")
    parser.add_argument("--suffix-duplicates", action="store_true", help="rename repeated seat ids")
    parser.add_argument("--drop-overlaps", action="store_true", help="leave out seats that lie on an earlier one")
    parser.add_argument("--zones", choices=("section", "floor"), default="section", help="what a pretix zone is")
    parser.add_argument("--scale", type=float, metavar="METRES", help="metres per unit of the drawing")
    parser.add_argument("--capacity", action="append", default=[], metavar="SECTION=PEOPLE", help="fill a section")
    parser.add_argument("--capacity-each", type=int, metavar="PEOPLE", help="fill every section without seats")
    parser.add_argument("--standing", action="append", default=[], metavar="SECTION", help="this section has no seats")
    parser.add_argument(
        "--floor", action="append", default=[], metavar="SECTION=FLOOR", help="put a section on a floor"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def _import(options: argparse.Namespace) -> int:
    chart, findings = _read(options)
    _tell(options, chart, findings)
    if chart is None or has_errors(findings):
        return 1
    out: Path = options.out or options.file.with_suffix(".chart.json")
    out.write_bytes(write_chart(chart))
    print(f"written to {out}", file=sys.stderr)
    return 0


def _check(options: argparse.Namespace) -> int:
    chart, findings = _read(options)
    _tell(options, chart, findings)
    return 1 if has_errors(findings) else 0


def _export(options: argparse.Namespace) -> int:
    chart, findings = _read(options)
    if chart is None or has_errors(findings):
        _tell(options, chart, findings)
        return 1
    compiled, _ = validate(chart)
    assert compiled is not None, "a chart without errors compiles"
    if options.to == "pretix":
        _write(options.out, export_pretix(chart, compiled))
    else:
        _write(options.out, write_chart(chart) if options.to == "chart" else compiled.to_wire())
    return 0


def _generate(options: argparse.Namespace) -> int:
    _write(options.out, write_chart(GENERATORS[options.kind](options.seed)))
    return 0


def _read(options: argparse.Namespace) -> tuple[Chart | None, list[Finding]]:
    """Import and check a file; the chart is there even with errors, as far as it was understood."""
    pairs = [item.partition("=") for item in (*options.capacity, *options.floor)]
    wrong = ["".join(pair) for pair in pairs if not all(pair)]
    wrong += [item for item in options.capacity if not item.rpartition("=")[2].isdecimal()]
    if wrong:
        return None, [error("option_wrong", "Write --capacity SECTION=PEOPLE and --floor SECTION=FLOOR.", wrong)]
    wanted = ImportOptions(
        name=options.name,
        suffix_duplicates=options.suffix_duplicates,
        drop_overlaps=options.drop_overlaps,
        zones=options.zones,
        metres_per_unit=options.scale,
        capacities={name: int(people) for name, _, people in pairs[: len(options.capacity)]},
        capacity_each=options.capacity_each,
        standing=options.standing,
        floors={name: floor for name, _, floor in pairs[len(options.capacity) :]},
    )
    imported: Imported = import_chart(options.file.read_bytes(), wanted, options.format)
    if imported.chart is None:
        return None, imported.findings
    _, findings = validate(imported.chart)
    return imported.chart, imported.findings + findings


def _tell(options: argparse.Namespace, chart: Chart | None, findings: list[Finding]) -> None:
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(findings), indent=1).decode())
        return
    for finding in findings:
        print(f"{finding.severity}: {finding.message} [{finding.code}]")
        total = finding.count or len(finding.where)
        for place in finding.where[:PLACES_SHOWN]:
            print(f"    {place}")
        if total > PLACES_SHOWN:
            print(f"    … and {total - PLACES_SHOWN} more (--json lists them)")
    if chart is not None:
        people = sum(area.capacity for area in chart.areas)
        standing = f", {people:,} standing places in {len(chart.areas)} areas" if chart.areas else ""
        print(f"{chart.name or 'chart'}: {chart.seat_count():,} seats in {len(chart.sections)} sections{standing}")


def _write(out: Path | None, data: bytes) -> None:
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        out.write_bytes(data)
