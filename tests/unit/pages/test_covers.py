"""Covers: well formed for any title, nothing that the content policy bars."""

from __future__ import annotations

import zlib
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.inputs import Cover
from server.pages.cover_picture import HEIGHT, WIDTH, cover_picture
from server.pages.covers import PALETTES, cover

TITLES = st.text(st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="\ufffe\uffff"), max_size=200)


@given(
    TITLES,
    st.sampled_from(sorted(PALETTES)),
    st.sampled_from(["rays", "waves", "arcs", "grid", "dots", "odd"]),
    st.integers(0, 9999),
)
def test_every_title_makes_a_well_formed_picture(title: str, palette: str, motif: str, seed: int) -> None:
    """Markup in a title is text, and no style, script or link gets in."""
    drawn = cover(title or "x", {"palette": palette, "motif": motif, "seed": seed}, key="c1", label=title)
    root = ElementTree.fromstring(str(drawn))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "defs", "linearGradient", "stop", "path", "circle", "text", "tspan"}
    assert not any(name.startswith("on") or name in ("style", "href") for e in root.iter() for name in e.attrib)


def test_the_same_event_always_has_the_same_cover() -> None:
    """A cover follows from its specification alone; another seed draws another one."""
    spec = {"palette": "dusk", "motif": "waves", "seed": 5}
    assert cover("A", spec, key="c") == cover("A", spec, key="c") != cover("A", {**spec, "seed": 6}, key="c")


@pytest.mark.parametrize("palette", sorted(PALETTES))
def test_every_palette_is_offered_by_the_api(palette: str) -> None:
    """What can be drawn can be asked for."""
    assert palette in Cover.__annotations__["palette"]


def test_the_shared_picture_is_a_whole_png() -> None:
    """Size and checksums are right, and the picture is not one colour."""
    picture = cover_picture("ember", 3)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(picture[16:20]) == WIDTH
    assert int.from_bytes(picture[20:24]) == HEIGHT
    at, kinds, data = 8, [], b""
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4])
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        assert int.from_bytes(picture[at + 8 + length : at + 12 + length]) == zlib.crc32(kind + body)
        kinds.append(kind)
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    rows = zlib.decompress(data)
    assert len(rows) == HEIGHT * (3 * WIDTH + 1)
    assert len(set(rows)) > 50
