"""Drain inbox and outbox: claim a handful, do them side by side, say in one statement what came of them.

A row comes back by itself when the worker dies (its lease ends), and later and later when it fails. After `TRIES_MAX` it is dead:
it stays, counts in an alarm, and opens an incident. Everything here may happen twice; nothing has twice the effect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import orjson

from server.faults import Fault
from server.logs import logger
from server.orders import metrics
from server.orders.desk import Desk
from server.outbox.carry_out import Courier, Due, carry_out
from server.outbox.effects import EffectKind
from server.webhooks.inbox import Hint, apply_hint

# Enough for a burst, few enough that a dead worker's rows are back soon.
BATCH = 40
LEASE_S = 60
# Seats are brought up to date in milliseconds: whatever a dead worker had claimed of these is shown as sold five seconds later.
STOCK_LEASE_S = 5
# At once 6 need a database connection; the pool has 8.
SIDE_BY_SIDE = 6
TRIES_MAX = 40
STOCK: Final[tuple[EffectKind, ...]] = ("sell", "unsell", "release")
OUTSIDE: Final[tuple[EffectKind, ...]] = ("mail", "refund", "cancel_intent")
BACKOFF_MAX_S = 300.0
T = TypeVar("T", Hint, Due)


@dataclass(frozen=True, slots=True)
class Drained:
    """How many rows were settled and how many were put off."""

    settled: int
    postponed: int


def backoff_s(tries: int) -> float:
    """Return how long to wait after the *tries*-th failure: 1, 2, 4 … 300 s; forty of them take three hours."""
    return min(BACKOFF_MAX_S, 2.0 ** min(tries - 1, 9))


async def finalise(courier: Courier) -> Drained:
    """Apply webhooks, then bring seats up to date (what the first put there included), as far as rows are due."""
    began = time.perf_counter()
    hints = await drain_inbox(courier.desk)
    effects = await drain_outbox(courier, STOCK)
    metrics.DRAIN_SECONDS.observe(time.perf_counter() - began)
    return Drained(hints.settled + effects.settled, hints.postponed + effects.postponed)


async def deliver(courier: Courier) -> Drained:
    """Talk to mail server and provider: letters, refunds. Apart from `finalise`, which must not wait for either."""
    return await drain_outbox(courier, OUTSIDE)


async def drain_inbox(desk: Desk) -> Drained:
    """Apply every webhook that is due."""
    total = Drained(0, 0)
    while True:
        async with desk.database.statement() as connection:
            rows = await connection.fetch(
                "select id, org_id, kind, object_id, attempt_id, order_id, tries from claim_inbox($1, $2)",
                BATCH,
                LEASE_S,
            )
        hints = sorted((Hint(*row.values()) for row in rows), key=lambda hint: hint.id)
        total = await _work(desk, "inbox", hints, lambda hint: apply_hint(desk, hint), total)
        if len(rows) < BATCH:
            return total


async def drain_outbox(courier: Courier, kinds: Sequence[EffectKind], *, of_order: int | None = None) -> Drained:
    """Carry out every effect of *kinds* that is due; with *of_order*, only that order's."""
    desk, total = courier.desk, Drained(0, 0)
    lease_s = STOCK_LEASE_S if kinds is STOCK else LEASE_S
    while True:
        async with desk.database.statement() as connection:
            rows = await connection.fetch("select * from claim_outbox($1, $2, $3, $4)", BATCH, lease_s, kinds, of_order)
        due = [_due(list(row.values())) for row in rows]
        total = await _work(desk, "outbox", due, lambda one: carry_out(courier, one), total)
        if changed := {(one.org_id, one.show_id) for one in due if one.kind != "mail"}:
            await courier.announce(changed)
        if len(rows) < BATCH:
            return total


async def _work(
    desk: Desk, box: str, rows: Sequence[T], deed: Callable[[T], Awaitable[str]], total: Drained
) -> Drained:
    """Do *deed* for each row, a few at a time, and settle those that went well in one statement."""
    if not rows:
        return total
    gate = asyncio.Semaphore(SIDE_BY_SIDE)
    failed: list[tuple[T, Exception]] = []
    done: list[tuple[int, str]] = []

    async def one(row: T) -> None:
        async with gate:
            try:
                done.append((row.id, await deed(row)))
            except Exception as error:  # noqa: BLE001 (the outermost loop: one row's defect must not stop the others)
                failed.append((row, error))

    await asyncio.gather(*(one(row) for row in rows))
    if done:
        async with desk.database.statement() as connection:
            done.sort()  # as every worker does: one whose lease ended may still settle the same rows
            ids, outcomes = [row_id for row_id, _ in done], [outcome for _, outcome in done]
            await connection.execute(f"select settle_{box}($1, $2)", ids, outcomes)
    for row, error in failed:
        await _postpone(desk, box, row, error)
    return Drained(total.settled + len(done), total.postponed + len(failed))


async def _postpone(desk: Desk, box: str, row: Hint | Due, error: Exception) -> None:
    dead = row.tries >= TRIES_MAX
    words = f"{type(error).__name__}: {error}"
    log = logger().warning if isinstance(error, Fault) and not dead else logger().error
    log(f"{box}.dead" if dead else f"{box}.postponed", kind=row.kind, row=row.id, tries=row.tries, reason=words)
    metrics.EFFECTS.labels(row.kind, "dead" if dead else "postponed").inc()
    async with desk.database.statement() as connection:
        await connection.execute(f"select postpone_{box}($1, $2, $3, $4)", row.id, backoff_s(row.tries), words, dead)


def _due(values: list[object]) -> Due:
    values[4] = orjson.loads(values[4])  # type: ignore[arg-type]
    return Due(*values)  # type: ignore[arg-type]
