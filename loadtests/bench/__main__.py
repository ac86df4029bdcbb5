"""`make bench`: measure everything, print the table, write var/bench/latest.json; exit 1 when a bound is broken."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from loadtests.bench.figures import Figure, machine, table

# Each area is a module with `measure() -> list[Figure]`. Quiet ones first: the later ones heat the machine.
AREAS = ("charts", "inventory", "line", "waiting", "room_page", "room_simulation", "gateway", "browser", "sale")
Measure = Callable[[], list[Figure]]


def main() -> int:
    """Measure the areas asked for (default: all) and report."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("areas", nargs="*", default=AREAS, metavar="AREA", help=f"one of {', '.join(AREAS)}")
    parser.add_argument("--out", type=Path, default=Path("var/bench/latest.json"))
    options = parser.parse_args()
    figures: list[Figure] = []
    for area in options.areas:
        began = time.monotonic()
        measure: Measure = import_module(f"loadtests.bench.{area}").measure
        figures += measure()
        print(f"measured {area} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    result: dict[str, Any] = {
        "machine": machine(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "figures": [figure.record() for figure in figures],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    named = result["machine"]
    print(f"\n{named['processor']}, {named['cores']} cores, {named['memory_gib']} GiB, Python {named['python']}\n")
    print(table(figures))
    broken = [figure.name for figure in figures if not figure.holds]
    if broken:
        print(f"\nbroken: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
