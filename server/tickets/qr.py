"""The picture of a ticket code: QR version 6 at level M, 41 modules a side, as PNG and SVG.

The `qrcode` package needs 6 ms a code, most of it to compare eight masks; with the mask fixed still 0.8 ms. Every ticket code
has the same version, level and mask, so we learn once from the package where each bit goes and what Reed-Solomon makes of each
byte, and then a code is table look-ups: 0.1 ms. A test holds the result to the package's, module by module.
"""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from operator import itemgetter, xor

from qrcode import QRCode
from qrcode.base import RSBlock
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.base import BaseImage
from qrcode.util import ALPHA_NUM, BitBuffer, create_bytes

from server.faults import Misuse

VERSION = 6
MODULES = 41  # a side
QUIET = 4  # modules of white that the standard asks for around the symbol
MASK = 2  # columns in threes; any mask is legal, and on signed data (evenly mixed) none is better for a camera
CHARS_MAX = 154

_BLOCKS, _DATA_BYTES, _PARITY_BYTES = 4, 27, 16
_BITS = _BLOCKS * (_DATA_BYTES + _PARITY_BYTES) * 8
_PARITY_BITS = _PARITY_BYTES * 8
_ALPHANUMERIC, _COUNT_BITS = 0b0010, 9
_DARK_RUN = re.compile("1+")

Rows = tuple[str, ...]


def symbol(text: str) -> Rows:
    """Lay *text* out as 41 rows of 41 letters, 1 for dark. At most 154 letters of the alphanumeric set, or Misuse."""
    data = _codewords(text)
    tables = _tables()
    blocks = [data[start : start + _DATA_BYTES] for start in range(0, len(data), _DATA_BYTES)]
    parities = [
        reduce(xor, (table[byte] for table, byte in zip(tables.parity, block, strict=True))).to_bytes(_PARITY_BYTES)
        for block in blocks
    ]
    words = bytes(byte for column in zip(*blocks, strict=True) for byte in column)
    words += bytes(byte for column in zip(*parities, strict=True) for byte in column)
    bits = f"{int.from_bytes(words) ^ tables.mask:0{_BITS}b}"
    cells = "".join(tables.cells(bits + "01"))
    return tuple(cells[start : start + MODULES] for start in range(0, MODULES * MODULES, MODULES))


def png(rows: Rows, *, scale: int = 6) -> bytes:
    """Draw *rows* black on white with the quiet zone, *scale* pixels a module, one bit a pixel."""
    side = (len(rows) + 2 * QUIET) * scale
    line_bytes = (side + 7) // 8
    padding = line_bytes * 8 - side
    white = b"\0" + b"\xff" * line_bytes
    as_above = (b"\2" + b"\0" * line_bytes) * (scale - 1)  # filter "Up": packs in half the time, and smaller
    lines = [white * (QUIET * scale)]
    margin, widened = "1" * (QUIET * scale), {ord("0"): "1" * scale, ord("1"): "0" * scale}
    end = margin + "0" * padding
    for row in rows:
        lines += (b"\0" + int(margin + row.translate(widened) + end, 2).to_bytes(line_bytes), as_above)
    lines.append(white * (QUIET * scale))
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(lines), 1)  # 760 bytes in 13 us; level 6 makes 690 in 40
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def svg(rows: Rows, *, title: str = "") -> str:
    """Draw *rows* as an SVG element of its own, one path, white ground included (it must scan in dark pages too)."""
    side = len(rows) + 2 * QUIET
    path = "".join(
        f"M{run.start() + QUIET} {y}h{run.end() - run.start()}v1h{run.start() - run.end()}z"
        for y, row in enumerate(rows, QUIET)
        for run in _DARK_RUN.finditer(row)
    )
    label = f' role="img" aria-label="{_escape(title)}"' if title else ' aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"{label}>'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )


@dataclass(frozen=True, slots=True)
class _Tables:
    """What the package taught us about 6-M with our mask.

    *parity* has for each of a block's 27 places and each byte the Reed-Solomon remainder it adds; *mask* flips the bits that
    the mask flips; *cells* picks, for each module, its bit out of the 1,376 or one of the two constants behind them.
    """

    parity: tuple[tuple[int, ...], ...]
    mask: int
    cells: Callable[[str], tuple[str, ...]]


@cache
def _tables() -> _Tables:
    plain = _package_cells(0)
    # Write every bit's own number, one binary digit per picture, and read it off the modules.
    numbers = [0] * len(plain)
    for digit in range(_BITS.bit_length()):
        picture = int("".join("1" if bit >> digit & 1 else "0" for bit in range(1, _BITS + 1)), 2)
        for cell, (here, before) in enumerate(zip(_package_cells(picture), plain, strict=True)):
            numbers[cell] |= (here != before) << digit
    mask = 0
    for number, dark in zip(numbers, plain, strict=True):
        if number and dark:
            mask |= 1 << (_BITS - number)
    source = [number - 1 if number else _BITS + dark for number, dark in zip(numbers, plain, strict=True)]
    return _Tables(_parity_tables(), mask, itemgetter(*source))


def _package_cells(bits: int) -> list[bool]:
    """Let the package draw a symbol whose interleaved codewords are *bits*."""
    code = QRCode[BaseImage](version=VERSION, error_correction=ERROR_CORRECT_M, mask_pattern=MASK)
    code.data_cache = list(bits.to_bytes(_BITS // 8))
    code.make(fit=False)
    assert len(code.modules) == MODULES
    return [bool(module) for row in code.modules for module in row]


def _parity_tables() -> tuple[tuple[int, ...], ...]:
    """Remainder of each byte at each place. A place further left is the one right of it, shifted through the divisor."""
    last = [0] * 256
    for digit in range(8):
        unit = BitBuffer()
        unit.buffer = [0] * (_DATA_BYTES - 1) + [1 << digit]
        block = create_bytes(unit, [RSBlock(_DATA_BYTES + _PARITY_BYTES, _DATA_BYTES)])
        remainder = int.from_bytes(bytes(block[_DATA_BYTES:]))
        for value in range(1 << digit, 2 << digit):
            last[value] = last[value - (1 << digit)] ^ remainder
    low = (1 << (_PARITY_BITS - 8)) - 1
    places = [tuple(last)]
    while len(places) < _DATA_BYTES:
        places.append(tuple((before & low) << 8 ^ last[before >> (_PARITY_BITS - 8)] for before in places[-1]))
    return tuple(reversed(places))


def _codewords(text: str) -> bytes:
    """Encode *text* in alphanumeric mode, with terminator and padding, as the 108 data bytes (ISO/IEC 18004, 7.4)."""
    try:
        values = [_VALUES[letter] for letter in text]
    except KeyError as cause:
        raise Misuse("a ticket code has only letters of the QR alphanumeric set") from cause
    if len(values) > CHARS_MAX:
        raise Misuse(f"{len(values)} letters do not fit QR version {VERSION}")
    bits, used = _ALPHANUMERIC << _COUNT_BITS | len(values), 4 + _COUNT_BITS
    for first, second in zip(values[::2], values[1::2], strict=False):
        bits, used = bits << 11 | first * 45 + second, used + 11
    if len(values) % 2:
        bits, used = bits << 6 | values[-1], used + 6
    room = _BLOCKS * _DATA_BYTES * 8 - used
    closing = min(4, room)
    closing += -(used + closing) % 8
    data = (bits << closing).to_bytes((used + closing) // 8)
    padding = _BLOCKS * _DATA_BYTES - len(data)
    return data + (b"\xec\x11" * padding)[:padding]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


_VALUES = {chr(letter): value for value, letter in enumerate(ALPHA_NUM)}
