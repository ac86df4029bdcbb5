"""`frontrow audit`: seats, tickets, money, letters and pictures agree, or here is what does not.

On a running sale some things agree only a moment later (a ticket is committed before its seat turns sold), so whatever looks
wrong is looked at again for a few seconds and reported only when it stays.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from asyncpg import Connection

from seatmap.inventory.model import ShowKey, Snapshot
from server.orders.desk import Desk, desk_of
from server.orders.finding import Finding
from server.orders.reconcile import intent_pages, known_attempts, refund_pages
from server.sql_blocks import load_blocks

CHECKS = load_blocks(__package__, "audit.sql")
FACTS = load_blocks(__package__, "facts_for_audit.sql")
AGAIN_S = 1.0
SOLD = 2


async def audit_installation(desk: Desk, *, since_ms: int = 0) -> list[Finding]:
    """Check everything once. *since_ms* bounds the comparison with the provider's lists."""
    findings: list[Finding] = []
    async with desk.database.installation() as connection:
        organisations = [row["org_id"] for row in await connection.fetch("select org_id from all_organisations()")]
        shows = await connection.fetch("select org_id, event_id, show_id from sellable_shows()")
    for org_id in organisations:
        async with desk.database.tenant(org_id) as connection:
            for name, check in CHECKS.items():
                findings += [Finding(name, *row.values()) for row in await connection.fetch(check)]
    for org_id, event_id, show_id in shows:
        findings += await _audit_stock(desk, org_id, ShowKey(event_id, show_id))
    findings += await _audit_provider(desk, organisations, since_ms)
    return sorted(findings)


async def audit_until_still(desk: Desk, *, patience_s: float, since_ms: int = 0) -> list[Finding]:
    """Check again while something is found, for *patience_s*, and return what was found every time."""
    lasting: set[Finding] | None = None
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        found = set(await audit_installation(desk, since_ms=since_ms))
        lasting = found if lasting is None else lasting & found
        if not lasting or asyncio.get_running_loop().time() >= deadline:
            return sorted(lasting)
        await asyncio.sleep(AGAIN_S)


async def _audit_stock(desk: Desk, org_id: int, show: ShowKey) -> list[Finding]:
    """Compare what Valkey shows as sold with the live tickets."""
    subject = f"show {show.show_id}"
    async with desk.database.tenant(org_id) as connection:
        ticketed, places = await _tickets(connection, show.show_id)
    snapshot = await desk.inventory.read(show)
    if snapshot is None:
        return [Finding("show_lost", subject, "Valkey does not know it")]
    findings = []
    sold = sold_seats(snapshot)
    if missing := sorted(ticketed - sold):
        findings.append(
            Finding("sold_not_shown", subject, f"tickets for seats {_few(missing)} that are not shown as sold")
        )
    if extra := sorted(sold - ticketed):
        findings.append(Finding("shown_not_sold", subject, f"seats {_few(extra)} shown as sold without a ticket"))
    facts = await desk.shows.show(show.show_id)
    for a, remaining in enumerate(snapshot.remaining):
        capacity = 0 if facts is None else facts.chart.areas[a].capacity
        if remaining + places.get(a, 0) > capacity:
            says = f"area {a}: {remaining} left and {places.get(a, 0)} tickets in {capacity} places"
            findings.append(Finding("area_miscounted", subject, says))
    return findings


async def _tickets(connection: Connection[Any], show_id: int) -> tuple[set[int], dict[int, int]]:
    seats = {row["k"] for row in await connection.fetch(FACTS["ticketed_seats"], show_id)}
    areas = {row["area"]: row["places"] for row in await connection.fetch(FACTS["ticketed_areas"], show_id)}
    return seats, areas


def sold_seats(snapshot: Snapshot) -> set[int]:
    """Return the seats a snapshot shows as sold."""
    packed = np.frombuffer(snapshot.seats, np.uint8)
    states = np.stack([packed >> shift & 3 for shift in (6, 4, 2, 0)], axis=1).ravel()[: snapshot.seat_count]
    return {int(k) for k in np.flatnonzero(states == SOLD)}


async def _audit_provider(desk: Desk, organisations: Sequence[int], since_ms: int) -> list[Finding]:
    """Walk the provider's payments and refunds and ours: no orphan on either side (M6)."""
    findings: list[Finding] = []
    ours, refunds = await _our_money(desk, organisations, since_ms)
    async for intents in intent_pages(desk, since_ms):
        known = await known_attempts(desk, [intent.intent_id for intent in intents])
        for intent in intents:
            mine = ours.pop(intent.intent_id, None)
            if intent.status != "succeeded":
                if mine is not None:
                    findings.append(
                        Finding("payment_not_theirs", intent.intent_id, f"ours succeeded, theirs is {intent.status}")
                    )
            elif mine is None:
                state = known[intent.intent_id][3] if intent.intent_id in known else "unknown to us"
                findings.append(Finding("payment_not_ours", intent.intent_id, f"theirs succeeded, ours is {state}"))
            elif mine != (intent.amount_received, intent.currency):
                findings.append(
                    Finding("payment_differs", intent.intent_id, f"{mine} here, {intent.amount_received} there")
                )
    findings += [Finding("payment_not_theirs", intent, "they do not list it") for intent in ours]
    async for page in refund_pages(desk, since_ms):
        for refund in page:
            mine_refund = refunds.pop(refund.refund_id, None)
            if mine_refund is None:
                findings.append(Finding("refund_not_ours", refund.refund_id, f"{refund.amount} {refund.currency}"))
            elif mine_refund != refund.amount:
                findings.append(
                    Finding("refund_differs", refund.refund_id, f"{mine_refund} here, {refund.amount} there")
                )
    findings += [Finding("refund_not_theirs", refund, "they do not list it") for refund in refunds]
    return findings


async def _our_money(
    desk: Desk, organisations: Sequence[int], since_ms: int
) -> tuple[dict[str, tuple[int, str]], dict[str, int]]:
    since = datetime.fromtimestamp(since_ms / 1000, UTC)
    attempts: dict[str, tuple[int, str]] = {}
    refunds: dict[str, int] = {}
    for org_id in organisations:
        async with desk.database.tenant(org_id) as connection:
            for intent_id, received, currency in await connection.fetch(
                FACTS["succeeded_attempts"], desk.provider.name, since
            ):
                attempts[intent_id] = (received, currency)
            for refund_id, amount, _ in await connection.fetch(FACTS["made_refunds"], since):
                refunds[refund_id] = amount
    return attempts, refunds


def _few(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    return shown if len(numbers) <= 8 else f"{shown} and {len(numbers) - 8} more"


def main(arguments: list[str]) -> int:
    """Audit the installation of this environment; exit code 1 when something does not agree."""
    parser = argparse.ArgumentParser(prog="frontrow audit", description=__doc__)
    parser.add_argument(
        "--viewers",
        type=int,
        default=3,
        help="how many viewers compare deltas with a fresh picture, 0 for none (%(default)s)",
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="how long they watch (%(default)s)")
    parser.add_argument("--patience", type=float, default=8.0, help="how long a difference has to last (%(default)s s)")
    parser.add_argument("--server", default="", help="address of the pages (default: this installation's own port)")
    parser.add_argument("--live", default="", help="address of the live socket (default: this installation's own port)")
    return asyncio.run(_main(parser.parse_args(arguments)))


async def _main(options: argparse.Namespace) -> int:
    from server.app import open_services  # only the command composes; the checks do not
    from server.orders.audit_viewers import audit_viewers
    from server.settings import read
    from server.supervisor.attach import attached

    settings = attached(read())
    server = options.server or f"http://127.0.0.1:{settings.port}"
    live = options.live or f"ws://127.0.0.1:{settings.live_port}/live"
    async with open_services(settings, "audit") as services:
        desk = desk_of(services)
        findings = await audit_until_still(desk, patience_s=options.patience)
        async with services.database.installation() as connection:
            shows = [row["show_id"] for row in await connection.fetch("select show_id from sellable_shows()")]
        if options.viewers > 0:
            findings += await audit_viewers(server, live, shows, viewers=options.viewers, seconds=options.seconds)
    for finding in findings:
        print(finding)
    print(f"{len(shows)} shows audited, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0
