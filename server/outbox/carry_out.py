"""Carry out one effect. Each is idempotent by the order's, the refund's or the letter's own name, so at least once is enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, assert_never

import orjson

from seatmap.inventory.model import Refused, ShowKey
from server.faults import Unavailable
from server.logs import logger
from server.orders import metrics
from server.orders.desk import Desk
from server.orders.refund import make_refund
from server.outbox.effects import SQL as ORDERS
from server.outbox.effects import EffectKind
from server.outbox.letters import SQL, LetterWriter
from server.payments.provider import ProviderRefused


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed outbox row with what of its order it needs: the columns of `claim_outbox()`."""

    id: int
    org_id: int
    order_id: int
    kind: EffectKind
    payload: dict[str, Any]
    tries: int
    ref: str
    event_id: int
    show_id: int
    visitor: str
    hold_id: str
    total: int
    currency: str
    places: int

    @property
    def show(self) -> ShowKey:
        """Name the show in the inventory."""
        return ShowKey(self.event_id, self.show_id)


@dataclass(frozen=True, slots=True)
class Courier:
    """Who carries effects out. *reopen* rebuilds a show's seats from Postgres; *announce* tells (organisation, show) pairs' watchers;
    *bought* hears whose seats became sold.
    """

    desk: Desk
    letters: LetterWriter
    reopen: Callable[[int], Awaitable[None]]
    announce: Callable[[set[tuple[int, int]]], Awaitable[None]]
    bought: Callable[[ShowKey, str], Awaitable[None]] | None = None


async def carry_out(courier: Courier, due: Due) -> str:
    """Do it and return what came of it. Raises faults, which mean: again, later."""
    outcome = await _deed(courier, due)
    metrics.EFFECTS.labels(due.kind, "done").inc()
    return outcome


async def _deed(courier: Courier, due: Due) -> str:
    match due.kind:
        case "sell":
            outcome = await _sell(courier, due)
            if courier.bought is not None:
                await courier.bought(due.show, due.visitor)
            return outcome
        case "unsell":
            command = f"{due.payload.get('command', 'refund')}:{due.order_id}"
            return _said(await courier.desk.inventory.unsell(due.show, due.order_id, command), "order_unknown")
        case "release":
            keep = bool(due.payload.get("keep_seats"))
            answer = await courier.desk.inventory.end_payment(due.show, due.hold_id, due.order_id, release=not keep)
            return _said(answer, "hold_gone", "hold_paying")
        case "mail":
            return await courier.letters.send(due.org_id, due.order_id, due.payload)
        case "refund":
            return await make_refund(courier.desk, due.org_id, due.payload["refund"])
        case "cancel_intent":
            return await _cancel_intent(courier.desk, due)
        case _:
            assert_never(due.kind)


def _said(answer: object, *harmless: str) -> str:
    """Return the outcome of a call to the inventory; a refusal that means "already so" is one."""
    if not isinstance(answer, Refused):
        return "done"
    if answer.code == "show_unknown":
        raise Unavailable("the seats of this show are being rebuilt")
    if answer.code in harmless:
        return answer.code
    raise Unavailable(f"the inventory refused: {answer.code}")


async def _sell(courier: Courier, due: Due) -> str:
    """Mark the order's places sold. Postgres owns them already, so whoever else holds them in Valkey has to yield."""
    inventory = courier.desk.inventory
    answer = await inventory.sell(due.show, due.order_id, due.hold_id)
    if not isinstance(answer, Refused):
        return "done"
    if answer.code == "show_unknown":
        raise Unavailable("the seats of this show are being rebuilt")
    async with courier.desk.database.tenant(due.org_id) as connection:
        state = await connection.fetchval("select state from orders where id = $1", due.order_id)
        rows = await connection.fetch(SQL["order_places"], due.order_id)
    if state not in ("paid", "partly_refunded"):
        return "refunded_since"
    seats = [(row["k"], row["type_id"]) for row in rows if row["k"] is not None]
    areas = [(row["area"], row["type_id"], row["places"]) for row in rows if row["area"] is not None]
    late = await inventory.sell_late(due.show, due.order_id, due.visitor, seats, areas)
    if not isinstance(late, Refused):
        return "sold_late"
    if late.code == "show_unknown":
        raise Unavailable("the seats of this show are being rebuilt")
    # Ticketed in Postgres, but somebody else's in Valkey: the picture is wrong, so it is painted anew from the facts.
    logger().error("stock.conflict", ref=due.ref, code=late.code, seats=list(late.seats))
    metrics.INCIDENTS.labels("stock_conflict").inc()
    await courier.reopen(due.show_id)
    async with courier.desk.database.tenant(due.org_id) as connection:
        details = orjson.dumps({"code": late.code, "seats": list(late.seats), "settled": "rebuilt"}).decode()
        await connection.execute(ORDERS["open_incident"], due.org_id, due.order_id, "stock_conflict", details)
        await connection.execute(ORDERS["settle_incidents"], due.order_id, ["stock_conflict"], "rebuilt")
    return "rebuilt"


async def _cancel_intent(desk: Desk, due: Due) -> str:
    """Go on trying to cancel an intent whose stock was let go in doubt. A success takes rule R6 through its webhook."""
    async with desk.database.tenant(due.org_id) as connection:
        row = await connection.fetchrow("select intent_id, number from attempts where id = $1", due.payload["attempt"])
    if row is None or row["intent_id"] is None:
        return "no_intent"
    answer = await desk.provider.cancel_intent(row["intent_id"], idempotency_key=f"{due.ref}:{row['number']}:cancel:0")
    return answer.code if isinstance(answer, ProviderRefused) else "cancelled"
