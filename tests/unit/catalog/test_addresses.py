"""Addresses made from titles."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.addresses import SLUG_MAX, slug_of


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("The Glass Orchard", "the-glass-orchard"),
        ("  Größe & Éclat – live!  ", "groesse-eclat-live"),
        ("Œuvre d'Øyvind Łódź", "oeuvre-d-oyvind-lodz"),
        ("東京", "event"),
        ("", "event"),
    ],
)
def test_a_title_becomes_plain_letters(title: str, slug: str) -> None:
    """Accents and ligatures become the letters people type; a title without any is still an address."""
    assert slug_of(title) == slug


@given(st.text(max_size=300), st.integers(1, 60))
def test_every_address_is_one_the_database_takes(title: str, number: int) -> None:
    """Whatever the title, the address fits the check of the column, with its number kept at the end."""
    slug = slug_of(title, number)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= SLUG_MAX
    assert number == 1 or slug.endswith(f"-{number}")
