"""Refunds: never more than was taken, pending ones counted; some settle or fail by themselves later."""

from typing import Any

from msgspec.structs import replace

from server.payments.demo.cards import BY_SHORTHAND
from server.payments.demo.errors import invalid, missing
from server.payments.demo.forms import EXPAND, LIST, Spec, choice, integer, metadata, text
from server.payments.demo.records import Charge, Intent, Refund, Transaction
from server.payments.demo.world import Call

CREATE: Spec = {
    "amount": integer,
    "charge": text,
    "payment_intent": text,
    "metadata": metadata,
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
    **EXPAND,
}
UPDATE: Spec = {"metadata": metadata, **EXPAND}
REFUND_LIST: Spec = {**LIST, "charge": text, "payment_intent": text}
# How long a bank of the cards 7726 and 5126 takes.
SETTLES_AFTER_MS = 3_000


def create(call: Call, values: dict[str, Any]) -> Refund:
    """POST /v1/refunds."""
    charge = _charge(call, values)
    left = charge.amount - charge.amount_refunded
    if left == 0:
        raise invalid(f"Charge {charge.id} has already been refunded.", code="charge_already_refunded")
    amount = values.get("amount", left)
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        wanted, rest = (f"{value} {charge.currency}" for value in (amount, left))
        raise invalid(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({rest})", param="amount")
    behaviour = BY_SHORTHAND[call.method(charge.method).behaviour].refund
    refund = Refund(
        id=call.new_id("re"),
        created=call.now,
        charge=charge.id,
        intent=charge.intent,
        amount=amount,
        currency=charge.currency,
        status="pending" if behaviour == "later" else "succeeded",
        reason=values.get("reason"),
        metadata={name: value for name, value in values.get("metadata", {}).items() if value},
    )
    movement = _movement(call, refund, "refund", -amount)
    refund = replace(refund, balance_transaction=movement.id)
    charge = replace(charge, amount_refunded=charge.amount_refunded + amount)
    assert charge.amount_refunded <= charge.amount
    for record in (movement, refund, charge):
        call.put(record)
    if behaviour != "at once":
        call.later(refund.id, "settle" if behaviour == "later" else "fail", SETTLES_AFTER_MS)
    call.emit("refund.created", refund, charge.intent)
    call.emit("charge.refunded", charge, charge.intent)
    return refund


def update(call: Call, values: dict[str, Any], refund: Refund) -> Refund:
    """POST /v1/refunds/{id}: metadata only."""
    merged = {**refund.metadata, **values.get("metadata", {})}
    changed = replace(refund, metadata={name: value for name, value in merged.items() if value})
    call.put(changed)
    call.emit("refund.updated", changed, refund.intent)
    return changed


def settle(call: Call, refund: Refund) -> None:
    """Let a pending refund arrive."""
    if refund.status == "pending":
        settled = replace(refund, status="succeeded")
        call.put(settled)
        call.emit("refund.updated", settled, refund.intent)


def fail(call: Call, refund: Refund) -> None:
    """Let a refund come back: the money is ours again, and can be refunded again."""
    if refund.status in ("failed", "canceled"):
        return
    charge = call.get(Charge, refund.charge)
    assert charge is not None
    movement = _movement(call, refund, "refund_failure", refund.amount)
    failed = replace(
        refund,
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=movement.id,
    )
    call.put(movement)
    call.put(failed)
    call.put(replace(charge, amount_refunded=charge.amount_refunded - refund.amount))
    call.emit("refund.updated", failed, refund.intent)
    call.emit("refund.failed", failed, refund.intent)


def _charge(call: Call, values: dict[str, Any]) -> Charge:
    if ("charge" in values) == ("payment_intent" in values):
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge.", early=True
        )
    if "charge" in values:
        charge = call.need(Charge, values["charge"], "charge")
    else:
        intent = call.get(Intent, values["payment_intent"])
        if intent is None:
            raise missing("payment_intent", values["payment_intent"], "payment_intent")
        found = call.get(Charge, intent.latest_charge) if intent.latest_charge else None
        if found is None:
            raise invalid(f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.")
        charge = found
    if not charge.paid:
        raise invalid(f"This PaymentIntent ({charge.intent}) does not have a successful charge to refund.")
    return charge


def _movement(call: Call, refund: Refund, kind: Any, amount: int) -> Transaction:
    return Transaction(
        id=call.new_id("txn"),
        created=call.now,
        kind=kind,
        source=refund.id,
        amount=amount,
        currency=refund.currency,
        description="REFUND FOR CHARGE" if kind == "refund" else "REFUND FAILURE",
    )
