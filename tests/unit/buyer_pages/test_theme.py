"""An organisation's accent paints the page only as far as it stays readable."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from server.buyer_pages.theme import accent_css, contrast, readable

colours = st.integers(0, 0xFFFFFF).map(lambda n: f"{n:06x}")


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21, a colour on itself is 1, and the order does not matter."""
    assert round(contrast("000000", "ffffff"), 6) == 21
    assert contrast("8a5300", "8a5300") == 1
    assert contrast("767676", "ffffff") == contrast("ffffff", "767676") >= 4.5


@given(colours)
def test_any_accent_gives_readable_text(accent: str) -> None:
    """Text in the accent reads on both grounds, and text on the accent reads too, whatever colour somebody chose."""
    for ground in ("fbfaf7", "22201c"):
        assert contrast(readable(accent, ground), ground) >= 4.5
    tokens = dict(re.findall(r"--([\w-]+):#([0-9a-f]{6})", accent_css(accent).partition("@media")[0]))
    assert contrast(tokens["accent-on"], tokens["accent"]) >= 4.5
    assert contrast(tokens["accent-on"], tokens["accent-hover"]) >= 4.5


def test_a_readable_accent_stays_as_it_is() -> None:
    """Nobody's brand colour is bent without need."""
    assert readable("1a4b8c", "fbfaf7") == "1a4b8c"
