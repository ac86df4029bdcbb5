"""The command line: `frontrow <command>`. A table; each command lives in its context and is imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

from server.faults import Fault

COMMANDS = {
    "run": ("server.supervisor.run:main", "start everything on this machine, seeded, with a crowd to watch"),
    "migrate": ("server.supervisor.stores:main", "bring the database at DATABASE_URL up to date"),
    "settings": ("server.settings:main", "list every setting with its default and meaning"),
    "chart": ("server.charts.command:main", "import, check, export or generate a seating chart"),
    "sell": ("server.catalog.command:main", "import a seating plan and put it on sale in one step"),
    "crowd": ("loadtests.crowd.command:main", "play buyers against a running installation"),
    "verify-draw": ("server.rooms.verify_draw:main", "draw a waiting room's lobby again and compare every place"),
    "refund": ("server.orders.command:main", "refund an order in full"),
    "audit": ("server.orders.audit:main", "check that seats, tickets, money and pictures agree"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. A fault is one line on standard error, exit code 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in {"-h", "--help", "help"} or arguments[0] not in COMMANDS:
        known = not arguments or arguments[0] in {"-h", "--help", "help"}
        print(_usage(), file=sys.stdout if known else sys.stderr)
        return 0 if known else 2
    module, _, function = COMMANDS[arguments[0]][0].partition(":")
    try:
        return int(getattr(import_module(module), function)(arguments[1:]))
    except Fault as fault:
        print(f"frontrow {arguments[0]}: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _usage() -> str:
    width = max(map(len, COMMANDS))
    rows = (f"  {name:<{width}}  {meaning}" for name, (_, meaning) in COMMANDS.items())
    return "usage: frontrow <command> [options]\n\n" + "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
