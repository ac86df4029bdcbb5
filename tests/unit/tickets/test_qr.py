"""Pictures of ticket codes: the package's own modules, drawn faster."""

import base64
import io
import os
import re

import pytest
from PIL import Image
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.base import BaseImage

from server.faults import Misuse
from server.tickets import qr
from tests.vectors import make_qr


def random_text(length: int) -> str:
    return ("T1." + base64.b32encode(os.urandom(160)).decode())[:length]


@pytest.mark.parametrize("length", [1, 2, 17, 143, 144, 153, 154])
def test_the_modules_are_those_of_the_package(length: int) -> None:
    """Look-up tables and the package draw the same symbol, padding and all, at every length."""
    text = random_text(length)
    package = QRCode[BaseImage](qr.VERSION, ERROR_CORRECT_M, mask_pattern=qr.MASK)
    package.add_data(text, optimize=0)
    package.make(fit=False)
    assert [[module == "1" for module in row] for row in qr.symbol(text)] == package.modules


def test_the_longest_code_is_version_6() -> None:
    """A code with a rotating part needs version 6 and not more, so that it reads at 25 mm."""
    package = QRCode[BaseImage](error_correction=ERROR_CORRECT_M)
    package.add_data(make_qr.texts()[2])
    package.make(fit=True)
    assert package.version == 6


def test_the_decoder_s_vectors_are_current() -> None:
    """qr.json, which zxing reads back in the browser's tests, is what we draw today."""
    assert make_qr.PATH.read_text(encoding="utf-8") == make_qr.rendered()


@pytest.mark.parametrize("scale", [1, 3, 6, 8])
def test_the_png_shows_every_module_inside_the_quiet_zone(scale: int) -> None:
    """An imaging library finds each module where it belongs, and white around them."""
    rows = qr.symbol(random_text(144))
    picture = Image.open(io.BytesIO(qr.png(rows, scale=scale))).convert("L")
    side = (qr.MODULES + 2 * qr.QUIET) * scale
    assert picture.size == (side, side)
    seen = picture.resize((side // scale, side // scale), Image.Resampling.NEAREST)
    for y in range(side // scale):
        for x in range(side // scale):
            inside = qr.QUIET <= x < qr.QUIET + qr.MODULES and qr.QUIET <= y < qr.QUIET + qr.MODULES
            dark = inside and rows[y - qr.QUIET][x - qr.QUIET] == "1"
            assert (seen.getpixel((x, y)) == 0) == dark


def test_the_svg_covers_exactly_the_dark_modules() -> None:
    """Every run of the path covers dark modules, and none is left out."""
    rows = qr.symbol(random_text(144))
    drawn = {
        (int(y) - qr.QUIET, column)
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)", qr.svg(rows))
        for column in range(int(x) - qr.QUIET, int(x) - qr.QUIET + int(width))
    }
    assert drawn == {(y, x) for y, row in enumerate(rows) for x, module in enumerate(row) if module == "1"}


def test_a_title_in_the_svg_is_escaped() -> None:
    """The title comes from a person's name."""
    assert 'aria-label="&lt;b> &amp; &quot;c&quot;"' in qr.svg(qr.symbol("T1."), title='<b> & "c"')


@pytest.mark.parametrize("text", ["t1.abc", "T1.Ä", "A" * 155])
def test_what_cannot_be_drawn_is_our_mistake(text: str) -> None:
    """Lower case, foreign letters and texts of 155 letters do not fit."""
    with pytest.raises(Misuse):
        qr.symbol(text)
