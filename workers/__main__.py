"""`python -m workers`: one process of jobs."""

from __future__ import annotations

import sys

import uvloop

from server import logs, settings
from server.collector import spare_what_stays
from server.faults import Fault
from workers.app import run


def main() -> int:
    """Work until SIGTERM."""
    try:
        current = settings.read()
        logs.configure("workers", current.log_level)
        spare_what_stays()
        uvloop.run(run(current))
    except Fault as fault:
        print(f"workers: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
