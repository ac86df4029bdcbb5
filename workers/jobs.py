"""The jobs. Thin: each calls one deed of `server`; a store that is away puts it off.

| job | when | does |
|---|---|---|
| drain | woken once per burst of orders | brings seats up to date (finalise), sends letters and refunds (deliver) |
| tick | every second | applies webhooks, most of them old news since the buyer's browser came back; the same for what nobody |
|      |              | woke it for; ends unpaid orders (R5), lets lapsed holds go, rebuilds shows that Valkey lost |
| reconcile | every 5 min | walks the provider's lists and takes up what was missed (M6) |
| measure | every 15 s | counts what waits, is overdue or dead |

One tick and not a job each: an arq job costs some 3 ms of processor time, and an idle installation should be idle.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from server.logs import logger
from server.orders import metrics
from server.orders.desk import Desk
from server.orders.reconcile import reconcile_payments
from server.orders.sweep import end_due_orders
from server.outbox.drain import STOCK, deliver, drain_outbox, finalise
from workers.bench import Bench


def _bench(ctx: dict[Any, Any]) -> Bench:
    return cast(Bench, ctx["bench"])


async def drain(ctx: dict[Any, Any], *_: Any, **__: Any) -> None:
    """Bring seats up to date and deliver whatever is due."""
    bench = _bench(ctx)
    await bench.singly("finalise", lambda: drain_outbox(bench.courier, STOCK))
    await bench.singly("deliver", lambda: deliver(bench.courier))


async def _hear(ctx: dict[Any, Any]) -> None:
    bench = _bench(ctx)
    await bench.singly("hear", lambda: finalise(bench.courier))
    await drain(ctx)


async def tick(ctx: dict[Any, Any], *_: Any, **__: Any) -> None:
    """Do what time brings. Side by side: a provider that does not answer must not hold up the rest."""
    bench = _bench(ctx)
    await asyncio.gather(
        _hear(ctx),
        bench.singly("sweep", lambda: _sweep(bench.courier.desk)),
        bench.singly("reopen", bench.reopen_lost),
    )


async def reconcile(ctx: dict[Any, Any], *_: Any, **__: Any) -> None:
    """Compare the provider's lists with ours, and apply what was missed."""
    bench = _bench(ctx)
    await bench.singly("reconcile", lambda: _reconcile(bench.courier.desk))


async def measure(ctx: dict[Any, Any], *_: Any, **__: Any) -> None:
    """Set the gauges of what waits, and raise the alarm about what waits too long."""
    bench = _bench(ctx)
    await bench.singly("measure", lambda: _measure(bench.courier.desk))


async def _sweep(desk: Desk) -> None:
    ended = await end_due_orders(desk)
    lapsed = await desk.inventory.lapse_due()
    if ended or lapsed:
        logger().info("sweep.done", orders=ended, holds=lapsed)


async def _reconcile(desk: Desk) -> None:
    if taken_up := await reconcile_payments(desk):
        logger().warning("reconcile.took_up", payments=taken_up)


async def _measure(desk: Desk) -> None:
    async with desk.database.installation() as connection:
        rows = await connection.fetch("select box, waiting, dead, overdue, oldest_s from delivery_backlog()")
    for box, waiting, dead, overdue, oldest_s in rows:
        metrics.WAITING.labels(box).set(waiting)
        metrics.DEAD.labels(box).set(dead)
        metrics.OVERDUE.labels(box).set(overdue)
        if dead or overdue:
            logger().error("delivery.alarm", box=box, dead=dead, overdue=overdue, oldest_s=oldest_s)
