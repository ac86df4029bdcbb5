"""`expand[]`: references in an answer replaced by the objects themselves, up to four levels deep."""

from typing import Any

from server.payments.demo import wire
from server.payments.demo.errors import invalid
from server.payments.demo.records import Charge, Intent, Method, Record, Transaction
from server.payments.demo.world import Call

EXPANDABLE: dict[str, dict[str, type[Record]]] = {
    "payment_intent": {"latest_charge": Charge, "payment_method": Method},
    "charge": {"balance_transaction": Transaction, "payment_intent": Intent},
    "refund": {
        "balance_transaction": Transaction,
        "charge": Charge,
        "failure_balance_transaction": Transaction,
        "payment_intent": Intent,
    },
    "balance_transaction": {"source": Record},
}
DEPTH_MAX = 4


def expand(call: Call, body: wire.Json, paths: list[str]) -> wire.Json:
    """Replace what *paths* name; refuse what can't be expanded."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEPTH_MAX:
            raise invalid(f"You cannot expand more than {DEPTH_MAX} levels of a property ({path}).", early=True)
        if body.get("object") == "list" and parts[0] == "data":
            for item in body["data"]:
                _walk(call, item, parts[1:])
        else:
            _walk(call, body, parts)
    return body


def _walk(call: Call, node: dict[str, Any], parts: list[str]) -> None:
    if not parts:
        return
    name, *rest = parts
    kind = EXPANDABLE.get(str(node.get("object")), {}).get(name)
    if kind is None:
        raise invalid(f"This property cannot be expanded ({name}).", early=True)
    value = node.get(name)
    if isinstance(value, str):
        record = call.get(kind, value)
        assert record is not None, f"{name} refers to {value}, which does not exist"
        value = node[name] = wire.render(record, call.method)
    if isinstance(value, dict):
        _walk(call, value, rest)
