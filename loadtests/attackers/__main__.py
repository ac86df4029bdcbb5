"""Run every attack against a running installation and print what it was told; exit code 1 when one of them gained anything."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx

from loadtests.attackers import clocks, gateway, headers, storm, tabs, tokens, work
from loadtests.attackers.report import Report
from loadtests.attackers.target import Target

Attack = Callable[[Target], Awaitable[Report]]
ATTACKS: dict[str, Attack] = {
    "tokens": tokens.replay_and_share,
    "forge": tokens.forge,
    "tabs": tabs.farm_tabs,
    "clocks": clocks.turn_clocks,
    "headers": headers.spoof_headers,
    "gateway": gateway.go_around,
    "work": work.replay_work,
}
AGENT = "Frontrow attacker"
TIMEOUT_S = 30.0


async def target_of(url: str, live_url: str, show: int, http: httpx.AsyncClient) -> Target:
    """Find the room a show is sold through. Raises `SystemExit` when there is none."""
    room = await http.get(f"/api/v1/shows/{show}/room")
    if not room.is_success:
        raise SystemExit(f"show {show} is not sold through a waiting room")
    prices = (await http.get(f"/api/v1/shows/{show}")).json()["prices"]
    return Target(url, live_url, show, int(room.json()["id"]), int(prices[0]["type_id"]), http)


def client(url: str) -> httpx.AsyncClient:
    """Return a client that names itself, waits for the slowest answer, and keeps no cookies: everybody shares it."""
    http = httpx.AsyncClient(base_url=url, headers={"user-agent": AGENT}, timeout=TIMEOUT_S)
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


async def _run(options: argparse.Namespace) -> int:
    parts = urlsplit(options.url)
    live_url = options.live_url or f"ws://{parts.hostname}:{(parts.port or 80) + 1}/live"
    broken = 0
    async with client(options.url) as http:
        target = await target_of(options.url, live_url, options.show, http)
        for name in options.attacks or ATTACKS:
            report = await ATTACKS[name](target)
            print("\n".join(report.lines()))
            broken += len(report.broken)
        if options.storm:
            report = await storm.storm_claims(target, options.cap, options.storm)
            print("\n".join(report.lines()))
            broken += len(report.broken)
    return 1 if broken else 0


def main() -> int:
    """Parse, attack, report."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.attackers", description=__doc__)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(ATTACKS)} (default: all)")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the installation (%(default)s)")
    parser.add_argument("--live-url", default="", help="its gateway (default: the next port)")
    parser.add_argument("--show", type=int, required=True, help="a show sold through an open waiting room")
    parser.add_argument("--storm", type=int, default=0, metavar="PEOPLE", help="claim storm of so many people")
    parser.add_argument("--cap", type=int, default=0, help="visits the room takes, for the storm")
    options = parser.parse_args()
    if unknown := set(options.attacks) - set(ATTACKS):
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    return asyncio.run(_run(options))


if __name__ == "__main__":
    sys.exit(main())
