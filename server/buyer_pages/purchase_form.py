"""The checkout form: read what a person typed, and say field by field what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from server.orders.views import Attendee

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_FIELDS_MAX = 300
# Names of attendee fields: a seat by number, or the n-th place of an area and ticket type.
_SEAT = re.compile(r"attendee-k(\d{1,9})", re.ASCII)
_PLACE = re.compile(r"attendee-a(\d{1,5})-t(\d{1,15})-(\d{1,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class PurchaseForm:
    """What was typed. *errors* maps a field to the key of the message that says what to do."""

    name: str = ""
    email: str = ""
    terms: bool = False
    idempotency_key: str = ""
    expected_total: int | None = None
    attendees: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def named(self) -> tuple[Attendee, ...]:
        """Return the attendees that have a name."""
        found = (_attendee(key, name) for key, name in self.attendees.items() if name)
        return tuple(one for one in found if one is not None)


def read_purchase(body: bytes) -> PurchaseForm:
    """Read the form-encoded *body*. What cannot be read at all counts as not filled in."""
    try:
        pairs = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError:
        pairs = {}
    name, email = pairs.get("name", "").strip(), pairs.get("email", "").strip()
    total = pairs.get("expected_total", "")
    errors = {}
    if not name or len(name) > 200:
        errors["name"] = "checkout.error_name"
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        errors["email"] = "checkout.error_email"
    if "terms" not in pairs:
        errors["terms"] = "checkout.error_terms"
    return PurchaseForm(
        name=name,
        email=email,
        terms="terms" in pairs,
        idempotency_key=pairs.get("idempotency_key", "")[:80],
        expected_total=int(total) if total.isascii() and total.isdigit() and len(total) < 16 else None,
        attendees={key: value.strip()[:200] for key, value in pairs.items() if key.startswith("attendee-")},
        errors=errors,
    )


def _attendee(key: str, name: str) -> Attendee | None:
    if seat := _SEAT.fullmatch(key):
        return Attendee(name, k=int(seat[1]))
    if spot := _PLACE.fullmatch(key):
        return Attendee(name, area=int(spot[1]), type=int(spot[2]))
    return None
