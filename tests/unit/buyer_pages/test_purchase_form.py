"""The checkout form is read without trusting it, and says field by field what is missing."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from server.buyer_pages.purchase_form import read_purchase
from server.orders.views import Attendee

GOOD = {
    "name": " Ada Byron ",
    "email": "ada@example.org",
    "terms": "yes",
    "idempotency_key": "k",
    "expected_total": "9350",
}


def test_a_filled_form_has_no_errors() -> None:
    """Blanks around are cut off; the total that was shown comes along."""
    form = read_purchase(urlencode(GOOD).encode())
    assert form.errors == {}
    assert (form.name, form.email, form.terms, form.expected_total) == ("Ada Byron", "ada@example.org", True, 9350)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("email", ""),
        ("email", "ada"),
        ("email", "ada@example"),
        ("email", "a b@example.org"),
        ("terms", None),
    ],
)
def test_each_field_at_fault_is_named(field: str, value: str | None) -> None:
    """One wrong field, one error, and the others keep what was typed."""
    typed = {key: text for key, text in (GOOD | {field: value or ""}).items() if not (key == field and value is None)}
    assert list(read_purchase(urlencode(typed).encode()).errors) == [field]


def test_attendees_are_named_by_seat_or_by_place() -> None:
    """Empty names and names of nothing are left out."""
    typed = GOOD | {"attendee-k4711": "Ada", "attendee-k4712": " ", "attendee-a0-t3-2": "Mary", "attendee-evil": "Eve"}
    form = read_purchase(urlencode(typed).encode())
    assert form.named() == (Attendee("Ada", k=4711), Attendee("Mary", area=0, type=3))


@pytest.mark.parametrize(
    "body", [b"\xff\xfe=1", b"&".join(b"a=1" for _ in range(500)), b"", b"expected_total=%EF%BC%91"]
)
def test_an_unreadable_body_counts_as_empty(body: bytes) -> None:
    """Broken bytes and floods of fields are an empty form, never an exception."""
    form = read_purchase(body)
    assert set(form.errors) == {"name", "email", "terms"}
    assert form.expected_total is None
