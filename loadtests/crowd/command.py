"""`frontrow crowd`: play buyers against a running installation, through its public interfaces only."""

import argparse
import asyncio
import signal
import sys
from urllib.parse import urlsplit

import uvloop

from loadtests.crowd.crowd import Crowd, Plan
from loadtests.crowd.live import Dropped
from loadtests.crowd.shop import Unreachable
from loadtests.crowd.tally import Tally
from server.settings import read

EPILOG = """\
Exit code 0: everything the crowd can check held (no answer of 500 and above, every command answered, every paid order has its
tickets, no seat sold twice, the watchers' pictures equal a fresh read; with --until-sold-out: sold out). 1: something did not.
2: the installation could not be reached, or nothing is on sale."""


def main(arguments: list[str]) -> int:
    """Parse the options, play, and tell."""
    plan = _plan(arguments)
    tally = Tally()
    try:
        sold_out = uvloop.run(_play(plan, tally))
    except (Unreachable, Dropped, OSError) as error:
        print(tally.table())
        print(f"frontrow crowd: {error}", file=sys.stderr)
        return 2
    print(tally.table())
    if not sold_out:
        print("the show is not sold out", file=sys.stderr)
    return 1 if tally.violations or not sold_out else 0


def _plan(arguments: list[str]) -> Plan:
    settings = read()
    parser = argparse.ArgumentParser(
        prog="frontrow crowd", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--url", default=f"http://127.0.0.1:{settings.port}", help="where the shop is (%(default)s)")
    add("--live", help=f"where the live gateway is (port {settings.live_port} of the shop's host)")
    add("--show", type=int, help="which show (the first on sale)")
    add("--buyers", type=int, default=100, help="how many come; with --forever how many are about (%(default)s)")
    add("--rate", type=float, help="arrivals per second after the rush of the opening (buyers / 60)")
    add("--at-once", type=int, default=400, help="how many may be about at a time (%(default)s)")
    add("--seed", type=int, default=1, help="the same seed draws the same buyers (%(default)s)")
    add("--pace", type=float, default=1.0, help="how slowly people think: 0 for machines (%(default)s)")
    add("--watchers", type=int, default=3, help="viewers whose picture is checked at the end (%(default)s)")
    add(
        "--until-sold-out",
        action="store_true",
        help="come until nothing is left; nobody only looks or lets seats lapse",
    )
    add("--forever", action="store_true", help="keep --buyers about on all shows until stopped")
    add(
        "--in-line",
        type=int,
        default=0,
        help="how many more come for each show sold through a waiting room (%(default)s)",
    )
    add("--faults", action="store_true", help="faults are made on purpose: 503 is counted, not held against the shop")
    options = parser.parse_args(arguments)
    for name, least in (("buyers", 1), ("at_once", 1), ("watchers", 1), ("pace", 0)):
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')} is at least {least}")
    rate = options.rate if options.rate is not None else max(options.buyers / 60, 0.5)
    if rate <= 0:
        parser.error("--rate is more than 0")
    parts = urlsplit(options.url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return Plan(
        url=options.url,
        live_url=options.live or settings.live_url or f"{scheme}://{parts.hostname}:{settings.live_port}/live",
        show=options.show,
        buyers=options.buyers,
        rate=rate,
        at_once=min(options.at_once, options.buyers) if options.forever else options.at_once,
        seed=options.seed,
        pace=options.pace,
        watchers=options.watchers,
        until_sold_out=options.until_sold_out,
        forever=options.forever,
        faults=options.faults,
        in_line=max(options.in_line, 0),
    )


async def _play(plan: Plan, tally: Tally) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    crowd = Crowd(plan, tally)
    telling = asyncio.create_task(_tell(crowd, tally))
    try:
        return await crowd.play(stop)
    finally:
        telling.cancel()
        if sys.stdout.isatty():
            print()


async def _tell(crowd: Crowd, tally: Tally) -> None:
    """Rewrite one line on a terminal; elsewhere add one now and then."""
    terminal = sys.stdout.isatty()
    while True:
        await asyncio.sleep(0.5 if terminal else 10)
        line = tally.line(crowd.about, crowd.free)
        print(f"\r\x1b[K{line}" if terminal else line, end="" if terminal else "\n", flush=True)
