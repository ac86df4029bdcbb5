"""Compare the provider's lists with ours (M6) and take up what was missed: a webhook that never came, a crash at a bad moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from server.logs import logger
from server.orders.desk import Desk
from server.orders.refund import adopt_refund, apply_refund
from server.orders.settle import settle
from server.payments.provider import Intent, Page
from server.payments.provider import Refund as ProviderRefund

# How far back a look goes by itself. Stripe's webhooks are retried for three days; this is for what was lost for good.
LOOK_BACK_MS = 2 * 3600_000
# Younger ones are left to the webhook and the browser.
SETTLING_MS = 20_000
_MONEY = frozenset({"succeeded"})


@dataclass(frozen=True, slots=True)
class Orphans:
    """What one side knows and the other does not."""

    intents_unknown: list[str] = field(default_factory=list)
    intents_unapplied: list[str] = field(default_factory=list)
    refunds_unknown: list[str] = field(default_factory=list)


async def reconcile_payments(desk: Desk, *, since_ms: int | None = None) -> int:
    """Walk intents and refunds since *since_ms* (default: two hours), apply what we missed, and say how many that were."""
    since = desk.now_ms() - LOOK_BACK_MS if since_ms is None else since_ms
    taken_up = 0
    async for page in intent_pages(desk, since):
        taken_up += await _take_up_intents(desk, page)
    async for refunds in refund_pages(desk, since):
        taken_up += await _take_up_refunds(desk, refunds)
    return taken_up


async def intent_pages(desk: Desk, since_ms: int) -> AsyncIterator[list[Intent]]:
    """Walk the provider's payments, newest first."""
    cursor: str | None = None
    while True:
        page: Page[Intent] = await desk.provider.list_intents(since_ms=since_ms, cursor=cursor)
        yield list(page.items)
        if (cursor := page.cursor) is None:
            return


async def refund_pages(desk: Desk, since_ms: int) -> AsyncIterator[list[ProviderRefund]]:
    """Walk the provider's refunds, newest first."""
    cursor: str | None = None
    while True:
        page: Page[ProviderRefund] = await desk.provider.list_refunds(since_ms=since_ms, cursor=cursor)
        yield list(page.items)
        if (cursor := page.cursor) is None:
            return


async def _take_up_intents(desk: Desk, page: list[Intent]) -> int:
    known = await known_attempts(desk, [intent.intent_id for intent in page])
    taken_up = 0
    for listed in page:
        if listed.status not in _MONEY or listed.created_ms > desk.now_ms() - SETTLING_MS:
            continue
        ours = known.get(listed.intent_id) or await _by_metadata(desk, listed)
        if ours is None:
            logger().error("payment.unknown", intent=listed.intent_id, amount=listed.amount_received)
            continue
        org_id, order_id, attempt_id, state = ours
        if state == "succeeded":
            continue
        intent = await desk.provider.retrieve_intent(listed.intent_id)
        if isinstance(intent, Intent):
            outcome = await settle(desk, org_id, order_id, attempt_id, intent, cause="reconcile")
            taken_up += outcome not in ("nothing", "open")
    return taken_up


async def _take_up_refunds(desk: Desk, page: list[ProviderRefund]) -> int:
    taken_up = 0
    for refund in page:
        own = refund.metadata.get("refund", "")
        number = int(own) if own.isascii() and own.isdigit() and len(own) < 19 else None
        async with desk.database.installation() as connection:
            row = await connection.fetchrow(
                "select id, org_id, order_id, state from refunds_of_provider($1, $2)",
                [refund.refund_id],
                [] if number is None else [number],
            )
        if row is not None:
            said = await apply_refund(desk, row["org_id"], row["order_id"], row["id"], refund, cause="reconcile")
            taken_up += said != "nothing"
        elif refund.intent_id is not None:
            ours = (await known_attempts(desk, [refund.intent_id])).get(refund.intent_id)
            if ours is not None and ours[3] == "succeeded":
                await adopt_refund(desk, ours[0], ours[1], ours[2], refund)
                taken_up += 1
    return taken_up


async def known_attempts(desk: Desk, intents: list[str]) -> dict[str, tuple[int, int, int, str]]:
    """Return, per intent we know, (organisation, order, attempt, state of the attempt)."""
    async with desk.database.installation() as connection:
        rows = await connection.fetch(
            "select intent_id, org_id, order_id, attempt_id, state from attempts_of_intents($1, $2)",
            desk.provider.name,
            intents,
        )
    return {row["intent_id"]: (row["org_id"], row["order_id"], row["attempt_id"], row["state"]) for row in rows}


async def _by_metadata(desk: Desk, intent: Intent) -> tuple[int, int, int, str] | None:
    number = intent.metadata.get("attempt", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    async with desk.database.installation() as connection:
        row = await connection.fetchrow(
            "select org_id, order_id from owner_of_attempt($1) where intent_id is null", int(number)
        )
    return None if row is None else (row["org_id"], row["order_id"], int(number), "created")
