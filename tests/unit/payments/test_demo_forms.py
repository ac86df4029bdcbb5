"""Bracket-nested forms: what they nest into, and what they refuse."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from server.payments.demo.cards import CARDS, passes_luhn
from server.payments.demo.errors import Refused
from server.payments.demo.fees import fee
from server.payments.demo.forms import Spec, decode, integer, metadata, read, text


@pytest.mark.parametrize(
    ("form", "nested"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("expand[]=x&expand[]=y.z", {"expand": ["x", "y.z"]}),
        ("items[0][id]=7&items[1][id]=8", {"items": {"0": {"id": "7"}, "1": {"id": "8"}}}),
        ("a=%C3%A4+b%26", {"a": "ä b&"}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
    ],
)
def test_brackets_nest(form: str, nested: dict[str, Any]) -> None:
    """Dicts, lists and indexed lists, escaped or not."""
    assert decode(form)[0] == nested


@pytest.mark.parametrize(
    "form",
    ["a=1&a=2", "a[b]=1&a[b]=2", "a=1&a[b]=2", "a[]=1&a[b]=2", "a[b]=1&a[]=2", "[a]=1", "=1", "a=%FF", "a[b][c][d][e][f][g]=1", "&".join(f"a{i}=1" for i in range(501))],
)  # fmt: skip
def test_what_does_not_nest_is_refused(form: str) -> None:
    """Twice the same name, a value that is also an object, bytes that are no text, depth and number beyond bounds."""
    with pytest.raises(Refused) as caught:
        decode(form)
    assert (caught.value.status, caught.value.early) == (400, True)


@given(st.dictionaries(st.text("abc_", min_size=1, max_size=5), st.text(max_size=20), max_size=5))
def test_what_the_sdk_encodes_comes_back(values: dict[str, str]) -> None:
    """The official encoder and our decoder are inverse."""
    encoded = urlencode(list(_api_encode({"metadata": values})))
    assert decode(encoded)[0].get("metadata", {}) == values


@given(st.text(max_size=60))
def test_noise_is_decoded_or_refused(noise: str) -> None:
    """No input raises anything but a refusal."""
    try:
        decode(noise)
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017  (either way is right; only a crash is wrong)


def test_specifications_name_what_is_wrong() -> None:
    """Unknown, missing and ill-typed parameters are called by their full name."""
    spec: Spec = {"amount!": integer, "card": {"number!": text}, "metadata": metadata}
    assert read({"amount": "5", "card": {"number": "1"}}, spec) == {"amount": 5, "card": {"number": "1"}}
    for form, param in (
        ({}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "٣"}, "amount"),
        ({"amount": ["1"]}, "amount"),
        ({"amount": "1", "card": {}}, "card[number]"),
        ({"amount": "1", "card": "x"}, "card"),
        ({"amount": "1", "card": {"number": "1", "pin": "2"}}, "card[pin]"),
        ({"amount": "1", "metadata": {"a": {"b": "c"}}}, "metadata"),
        ({"amount": "1", "amount!": "2"}, "amount!"),
    ):
        with pytest.raises(Refused) as caught:
            read(form, spec)
        assert caught.value.body["error"]["param"] == param


def test_every_test_card_is_a_possible_number() -> None:
    """The numbers pass the check digit, so a form that checks it accepts them; the known bad one does not."""
    assert all(passes_luhn(card.number) for card in CARDS)
    assert not passes_luhn("4242424242424241")
    assert len({card.shorthand for card in CARDS}) == len({card.number for card in CARDS}) == len(CARDS)


@pytest.mark.parametrize(("amount", "currency", "kept"), [(5400, "eur", 106), (1000, "usd", 59), (20, "eur", 20), (3333, "jpy", 120)])  # fmt: skip
def test_the_fee_is_percent_and_fixed(amount: int, currency: str, kept: int) -> None:
    """Rounded half up, and never more than the charge."""
    assert fee(amount, currency) == kept
