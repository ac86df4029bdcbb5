"""The inbox: webhooks stored once, applied afterwards by fetching what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from server.faults import Unavailable
from server.logs import logger
from server.orders.desk import Desk
from server.orders.refund import adopt_refund, apply_refund
from server.orders.settle import settle
from server.payments.provider import Intent, ProviderRefused, WebhookEvent

Stored = Literal["stored", "repeated", "already_applied", "ignored"]
_ABOUT_INTENTS = "payment_intent."
_ABOUT_REFUNDS = "refund."


@dataclass(frozen=True, slots=True)
class Hint:
    """A claimed inbox row. *org_id* and *attempt_id* are None while nobody knows whose payment it is about."""

    id: int
    org_id: int | None
    kind: str
    object_id: str
    attempt_id: int | None
    order_id: int | None
    tries: int


async def store_event(desk: Desk, event: WebhookEvent, body: bytes) -> Stored:
    """Store a verified event once. Nobody is woken for it: the workers look every second.

    The buyer's browser comes back at the same time and settles the payment while the buyer waits; applying both would ask
    the provider twice. The webhook is for those whose browser does not come back, and they look at no page.
    """
    attempt = event.metadata.get("attempt", "")
    async with desk.database.statement() as connection:
        row = await connection.fetchrow(
            "select id, settled from store_event($1, $2, $3, $4, $5, $6, $7)",
            desk.provider.name,
            event.event_id,
            event.kind,
            event.object_id,
            event.intent_id,
            int(attempt) if attempt.isascii() and attempt.isdigit() and len(attempt) < 19 else None,
            body,
        )
    if row is None:
        return "repeated"
    return "already_applied" if row["settled"] else "stored"


async def apply_hint(desk: Desk, hint: Hint) -> str:
    """Fetch what *hint* is about and apply it; return the outcome to keep. Raises faults, which mean: try again."""
    if hint.kind.startswith(_ABOUT_INTENTS):
        return await _apply_intent(desk, hint)
    if hint.kind.startswith(_ABOUT_REFUNDS):
        return await _apply_refund(desk, hint.object_id)
    return "ignored"


async def _apply_intent(desk: Desk, hint: Hint) -> str:
    intent = await desk.provider.retrieve_intent(hint.object_id)
    if isinstance(intent, ProviderRefused):
        return intent.code
    if hint.org_id is not None and hint.order_id is not None and hint.attempt_id is not None:
        return await settle(desk, hint.org_id, hint.order_id, hint.attempt_id, intent, cause="webhook")
    row = await _attempt_of(desk, intent)
    if row is None:
        if intent.amount_received:
            logger().error("payment.unknown", intent=intent.intent_id, amount=intent.amount_received)
        return "not_ours"
    return await settle(desk, row["org_id"], row["order_id"], row["attempt_id"], intent, cause="webhook")


async def _attempt_of(desk: Desk, intent: Intent) -> Any:
    """Find whose payment it is, when the webhook was stored before anybody knew."""
    number = intent.metadata.get("attempt", "")
    async with desk.database.installation() as connection:
        row = await connection.fetchrow(
            "select org_id, order_id, attempt_id from attempts_of_intents($1, $2)",
            desk.provider.name,
            [intent.intent_id],
        )
        if row is None and number.isascii() and number.isdigit() and len(number) < 19:
            # The webhook overtook the answer to our call (race 3): the number we sent says whose it is.
            row = await connection.fetchrow(
                "select org_id, order_id, $1::bigint as attempt_id from owner_of_attempt($1) "
                "where provider = $2 and intent_id is null",
                int(number),
                desk.provider.name,
            )
    return row


async def _apply_refund(desk: Desk, refund_id: str) -> str:
    truth = await desk.provider.retrieve_refund(refund_id)
    if isinstance(truth, ProviderRefused):
        return truth.code
    own = truth.metadata.get("refund", "")
    number = int(own) if own.isascii() and own.isdigit() and len(own) < 19 else None
    async with desk.database.installation() as connection:
        row = await connection.fetchrow(
            "select id, org_id, order_id from refunds_of_provider($1, $2)",
            [refund_id],
            [] if number is None else [number],
        )
        attempt = None
        if row is None and truth.intent_id is not None:
            attempt = await connection.fetchrow(
                "select org_id, order_id, attempt_id, state from attempts_of_intents($1, $2)",
                desk.provider.name,
                [truth.intent_id],
            )
    if row is not None:
        return await apply_refund(desk, row["org_id"], row["order_id"], row["id"], truth, cause="webhook")
    if attempt is None:
        return "not_ours"
    if attempt["state"] != "succeeded":
        raise Unavailable("a refund came before its payment was applied")
    return await adopt_refund(desk, attempt["org_id"], attempt["order_id"], attempt["attempt_id"], truth)
