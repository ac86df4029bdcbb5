"""Stripe's error envelope. Raising `Refused` loses what the request had prepared; a decline keeps it and is returned."""

from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """An error answer. *early* ones happened before anything was executed: their idempotency key stays unused."""

    def __init__(self, status: int, error: Json, *, early: bool = False) -> None:
        super().__init__(error.get("message"))
        self.status = status
        self.body = {"error": {name: value for name, value in error.items() if value is not None}}
        self.early = early


def invalid(
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    status: int = 400,
    early: bool = False,
    **more: Any,
) -> Refused:
    """Make an `invalid_request_error`. *more* adds objects, such as `payment_intent` for a wrong state."""
    doc = f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}" if code else None
    error = {"type": "invalid_request_error", "code": code, "message": message, "param": param, "doc_url": doc, **more}
    return Refused(status, error, early=early)


def missing(kind: str, object_id: str, param: str, *, status: int = 404) -> Refused:
    """Say that an object does not exist: 404 for an id in the path, 400 for one in a parameter."""
    return invalid(f"No such {kind}: '{object_id}'", code="resource_missing", param=param, status=status)


def card_error(message: str, *, code: str, param: str | None = None) -> Refused:
    """Refuse card data that cannot be a card; nothing has been tried yet."""
    return Refused(402, {"type": "card_error", "code": code, "message": message, "param": param})


def key_reused(key: str) -> Refused:
    """Refuse other parameters under a known idempotency key."""
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return Refused(400, {"type": "idempotency_error", "message": message}, early=True)
