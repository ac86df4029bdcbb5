"""`python -m realtime`: one gateway process."""

from __future__ import annotations

import resource
import sys

import uvloop

from realtime.app import run
from server import logs, settings
from server.collector import spare_what_stays
from server.faults import Fault


def main() -> int:
    """Serve until SIGTERM; sockets are sent to the other processes first."""
    try:
        current = settings.read()
    except Fault as fault:
        print(f"realtime: {fault}", file=sys.stderr)
        return 2
    logs.configure("realtime", current.log_level)
    _allow_sockets()
    spare_what_stays()
    try:
        uvloop.run(run(current))
    except Fault as fault:
        print(f"realtime: {fault}", file=sys.stderr)
        return 1
    return 0


def _allow_sockets() -> None:
    """Use all the open files that the system grants: the usual 1,024 are fewer sockets than one sale has viewers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
