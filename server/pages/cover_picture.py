"""The cover as a picture of points, for sites that show a link with an image and cannot draw SVG."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from random import Random

import numpy as np
from numpy.typing import NDArray

from server.pages.covers import PALETTES

WIDTH, HEIGHT = 1200, 630


@lru_cache(maxsize=64)
def cover_picture(palette: str, seed: int) -> bytes:
    """Return a PNG of 1200 × 630: the palette's ground, rows of a house around a stage, and one light. Some 100 ms of CPU, once."""
    ground, ground_to, motif, lit, _ = (_colour(text) for text in PALETTES.get(palette, PALETTES["ember"]))
    random = Random(f"{palette} {seed}")
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    across = ((x / WIDTH + y / HEIGHT) / 2)[..., None]
    picture = ground_to * (1 - across) + ground * across
    stage_x, stage_y = random.randint(400, 800), HEIGHT + 60
    distance = np.hypot(x - stage_x, y - stage_y)
    rows = ((distance % 68 < 26) & (distance > 150))[..., None] * np.float32(0.35)
    picture = picture * (1 - rows) + motif * rows
    light = np.hypot(x - random.randint(300, 900), y - random.randint(120, 300))[..., None]
    glow = np.clip(1 - light / 260, 0, 1) ** 2 * np.float32(0.5) + (light < 34)
    picture = picture * (1 - np.clip(glow, 0, 1)) + lit * np.clip(glow, 0, 1)
    return _png(np.clip(picture + 0.5, 0, 255).astype(np.uint8))


def _colour(text: str) -> NDArray[np.float32]:
    return np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.float32)


def _png(picture: NDArray[np.uint8]) -> bytes:
    """Write eight-bit RGB. Each row is filtered by the pixel to its left, which makes gradients ten times smaller."""
    differences = picture.copy()
    differences[:, 1:] -= picture[:, :-1]
    height, width, _ = picture.shape
    rows = np.concatenate([np.full((height, 1), 1, np.uint8), differences.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
