"""Start an order from a hold: price it, write it down, freeze the hold, open the payment.

Each step leaves a row that says how far it came: a crash anywhere is taken up by the same request sent again, or by the sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from asyncpg import Connection

from seatmap.inventory.model import Hold, HoldState, Refused
from server.catalog.facts import ShowFacts
from server.faults import Misuse, Unavailable
from server.logs import logger
from server.orders.close import abandon
from server.orders.desk import Desk
from server.orders.lines import Line, Named, Totals, lines_of, totals_of
from server.orders.record import AttemptRecord, OrderRecord
from server.orders.references import new_key, new_ref
from server.orders.settle import settle_free
from server.orders.tariff import ShowTariff
from server.orders.views import view_lines
from server.payments.provider import Intent, NewIntent, ProviderRefused
from server.refusals import Refusal
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "orders.sql")


@dataclass(frozen=True, slots=True)
class Purchase:
    """A request to buy what *visitor* holds. (*actor*, *key*) names the request, *digest* (16 bytes) is its content."""

    show_id: int
    visitor: str
    actor: str
    key: str
    digest: bytes
    name: str
    email: str
    terms: bool
    attendees: tuple[Named, ...] = ()
    expected_total: int | None = None
    currency: str | None = None
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Placed:
    """The order of a request; *again* tells that it was there before. *record* is what a read would say, when that is known already."""

    org_id: int
    ref: str
    again: bool = False
    record: OrderRecord | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    order_id: int
    attempt_id: int | None
    record: OrderRecord


async def start_order(desk: Desk, purchase: Purchase) -> Placed | Refusal:
    """Carry out *purchase*; the same request answers with the same order.

    Refusals: terms_not_accepted show_unknown hold_gone hold_paying attendee_unknown amount_changed currency_changed
    per_person_limit idempotency_key_reused hold_not_yours.
    """
    if not purchase.terms:
        return Refusal("terms_not_accepted", field="/terms")
    facts = await desk.shows.show(purchase.show_id)
    if facts is None or not facts.show.listed or facts.show.state == "cancelled":
        return Refusal("show_unknown")
    hold = await desk.inventory.read_hold(facts.key, purchase.visitor)
    if hold is None or hold.state is HoldState.PAYING:
        return await _known_order(desk, facts, purchase, hold)
    lines = lines_of(hold, ShowTariff(facts), purchase.attendees)
    if isinstance(lines, Refusal):
        return lines
    totals = totals_of(lines)
    if purchase.currency not in (None, facts.currency):
        return Refusal("currency_changed", {"currency": facts.currency})
    if purchase.expected_total not in (None, totals.total):
        return Refusal("amount_changed", {"total": totals.total, "currency": facts.currency})
    written = await _write(desk, facts, purchase, hold, lines, totals)
    return written if not isinstance(written, _Written) else await _begin(desk, facts, purchase, hold, written, totals)


async def open_payment(desk: Desk, org_id: int, order_id: int, attempt_id: int) -> Refusal | None:
    """Make sure the attempt has its intent at the provider; repeating it finds the first one (race 4).

    Raises `Unavailable` when the provider does not answer: the attempt stays and is asked for again. Refusals:
    payment_refused (the provider will not take such an amount).
    """
    async with desk.database.tenant(org_id) as connection:
        row = await connection.fetchrow(
            "select o.ref, a.amount, a.currency, a.idempotency_key, a.intent_id, a.number from attempts a "
            "join orders o on o.id = a.order_id where a.id = $1",
            attempt_id,
        )
    if row is None:
        raise Misuse(f"attempt {attempt_id} is not this organisation's")
    if row["intent_id"] is not None:
        return None
    intent = await _create_intent(
        desk, org_id, attempt_id, row["ref"], row["amount"], row["currency"], row["idempotency_key"]
    )
    return intent if isinstance(intent, Refusal) else None


async def _create_intent(
    desk: Desk, org_id: int, attempt_id: int, ref: str, amount: int, currency: str, idempotency_key: str
) -> Intent | Refusal:
    wanted = NewIntent(
        amount, currency, metadata={"order": ref, "attempt": str(attempt_id)}, description=f"Frontrow order {ref}"
    )
    answer = await desk.provider.create_intent(wanted, idempotency_key=idempotency_key)
    if isinstance(answer, ProviderRefused):
        return Refusal("payment_refused", {"reason": answer.code})
    async with desk.database.statement() as connection:
        await connection.fetchval(
            "select store_intent($1, $2, $3, $4)", org_id, attempt_id, answer.intent_id, answer.client_secret
        )
    return answer


async def _known_order(desk: Desk, facts: ShowFacts, purchase: Purchase, hold: Hold | None) -> Placed | Refusal:
    """Answer a request that comes too late to begin anything: it was made before, or another tab made the order."""
    async with desk.database.tenant(facts.org_id) as connection:
        earlier = await _earlier(connection, facts, purchase)
        if earlier is not None or hold is None:
            return earlier or Refusal("hold_gone")
        ref = await connection.fetchval(
            "select ref from orders where id = $1 and visitor = $2", hold.order_id, purchase.visitor
        )
    return Placed(facts.org_id, ref, again=True) if ref else Refusal("hold_paying")


async def _earlier(connection: Connection[Any], facts: ShowFacts, purchase: Purchase) -> Placed | Refusal | None:
    request = await connection.fetchrow(SQL["find_request"], facts.org_id, purchase.actor, purchase.key)
    if request is None:
        return None
    if request["request_hash"] != purchase.digest:
        return Refusal("idempotency_key_reused")
    return Placed(facts.org_id, request["ref"], again=True)


async def _write(
    desk: Desk, facts: ShowFacts, purchase: Purchase, hold: Hold, lines: Sequence[Line], totals: Totals
) -> _Written | Placed | Refusal:
    until_ms = max(hold.expires_at_ms, desk.now_ms() + 1000 * desk.grace_s)
    record = OrderRecord(
        ref=new_ref(),
        key=new_key(),
        state="awaiting_payment",
        show_id=facts.show_id,
        name=purchase.name,
        email=purchase.email,
        locale=purchase.locale,
        currency=facts.currency,
        subtotal=totals.subtotal,
        fees=totals.buyer_fees,
        total=totals.total,
        pay_until_ms=until_ms,
        doubted=False,
        lines=view_lines(lines),
    )
    async with desk.database.statement() as connection:
        row = await connection.fetchrow(
            SQL["place_order"],
            facts.org_id,
            facts.show.per_visitor_max,
            purchase.actor,
            purchase.key,
            purchase.digest,
            record.ref,
            record.key,
            facts.event_id,
            facts.show_id,
            purchase.visitor,
            hold.hold_id,
            hold.started_at_ms,
            hold.extended,
            facts.currency,
            totals.subtotal,
            totals.buyer_fees,
            totals.organiser_fees,
            purchase.name,
            purchase.email,
            purchase.locale,
            datetime.fromtimestamp(until_ms / 1000, UTC),
            *_columns(lines),
            desk.provider.name,
        )
    assert row is not None, "place_order answers one row"
    if row["order_id"] is not None:
        return _Written(row["order_id"], row["attempt_id"], record)
    async with desk.database.tenant(facts.org_id) as connection:
        earlier = await _earlier(connection, facts, purchase)
        if row["over_limit"]:
            limit = Refusal("per_person_limit", {"limit": facts.show.per_visitor_max, "bought": row["bought"]})
            return earlier or await _order_of_hold(connection, facts, hold) or limit
    if earlier is None:
        raise Unavailable("the other order of this hold has just ended; nothing was written")
    return earlier


async def _order_of_hold(connection: Connection[Any], facts: ShowFacts, hold: Hold) -> Placed | None:
    ref = await connection.fetchval(
        "select ref from orders where hold_id = $1 and state = 'awaiting_payment'", hold.hold_id
    )
    return Placed(facts.org_id, ref, again=True) if ref else None


def _columns(lines: Sequence[Line]) -> tuple[list[object], ...]:
    """Turn lines into the arrays of `place_order`."""
    return (
        [line.k for line in lines],
        [line.area for line in lines],
        [line.category for line in lines],
        [line.type_id for line in lines],
        [line.price_version for line in lines],
        [line.amount for line in lines],
        [line.buyer_fee for line in lines],
        [line.organiser_fee for line in lines],
        [line.category_name for line in lines],
        [line.type_name for line in lines],
        [line.section for line in lines],
        [line.row for line in lines],
        [line.seat for line in lines],
        [line.attendee for line in lines],
    )


async def _begin(
    desk: Desk, facts: ShowFacts, purchase: Purchase, hold: Hold, written: _Written, totals: Totals
) -> Placed | Refusal:
    """Freeze the hold for the order just written, then open its payment (none: issue the tickets)."""
    until_ms = max(hold.expires_at_ms, desk.now_ms() + 1000 * desk.grace_s)
    frozen = await desk.inventory.begin_payment(facts.key, purchase.visitor, hold.hold_id, written.order_id, until_ms)
    if isinstance(frozen, Refused):
        await abandon(desk, facts.org_id, written.order_id, cause=frozen.code)
        if frozen.code == "show_unknown":
            raise Unavailable("the seats of this show are being rebuilt")
        return Refusal(frozen.code)
    placed = Placed(facts.org_id, written.record.ref)
    if _places(frozen.hold) != _places(hold):
        # The other tab changed the hold between our reading and freezing it: what was written is not what is held.
        await abandon(desk, facts.org_id, written.order_id, cause="hold_changed", keep_seats=True)
        return Refusal("amount_changed", {"total": totals.total, "currency": facts.currency})
    if written.attempt_id is None:
        await settle_free(desk, facts.org_id, written.order_id)
        return placed
    ref = written.record.ref
    try:
        intent = await _create_intent(
            desk, facts.org_id, written.attempt_id, ref, totals.total, facts.currency, f"{ref}:1:create:0"
        )
    except Unavailable as fault:
        # The order stands and its seats are safe; the page asks for the payment again (race 25).
        logger().warning("payment.not_opened", ref=ref, reason=str(fault))
        return placed
    if isinstance(intent, Refusal):
        await abandon(desk, facts.org_id, written.order_id, cause="payment_refused", keep_seats=True)
        return intent
    attempt = AttemptRecord(1, "created", intent.client_secret, None, totals.total, facts.currency)
    return replace(placed, record=msgspec.structs.replace(written.record, attempt=attempt))


def _places(hold: Hold) -> tuple[object, object]:
    return sorted(hold.seats), sorted(hold.areas)
