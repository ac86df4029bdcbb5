"""`make sell-out PLAN=…`: start an empty installation, put a plan on sale, let the crowd buy all of it, audit the books, stop."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from loadtests.bench.installation import Installation, foreign_environment, installation


def main(arguments: list[str]) -> int:
    """Sell out and return the first exit code that is not 0."""
    parser = argparse.ArgumentParser(prog="make sell-out", description=__doc__)
    parser.add_argument("plan", type=Path, help="a plan of any format that `frontrow chart import` reads")
    parser.add_argument("--rate", default="60", help="arrivals per second (%(default)s)")
    parser.add_argument("--at-once", default="40", help="buyers about at a time (%(default)s)")
    options = parser.parse_args(arguments)
    if not options.plan.is_file():
        parser.error(f"{options.plan}: no such file")
    with installation("--no-seed") as running:
        selling = frontrow(running, "sell", str(options.plan.resolve()), told=subprocess.PIPE)
        print(selling.stdout, end="", flush=True)
        show = re.search(r"as show (\d+)", selling.stdout or "")
        if selling.returncode or show is None:
            return selling.returncode or 1
        crowd = frontrow(
            running, "crowd", "--show", show[1], "--until-sold-out", "--pace", "0",
            "--rate", options.rate, "--at-once", options.at_once,
        )  # fmt: skip
        audit = frontrow(running, "audit")
    return crowd.returncode or audit.returncode


def frontrow(running: Installation, *arguments: str, told: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command with the settings of *running*; *told* is where its output goes (ours)."""
    return subprocess.run(
        [sys.executable, "-m", "server.command", *arguments],
        env=foreign_environment() | running.settings, stdout=told, text=True, check=False,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
