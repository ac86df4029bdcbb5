"""An organisation's accent colour as a stylesheet, after a contrast check: it may paint the page, not make it unreadable."""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

_HEX = re.compile(r"[0-9a-f]{6}", re.ASCII)
# The grounds of web/src/styles/tokens.css that accent text stands on.
_LIGHT_GROUND, _DARK_GROUND = "fbfaf7", "22201c"
_TEXT = 4.5  # WCAG 2.2, 1.4.3
_DAY_S = 86_400


def luminance(colour: str) -> float:
    """Return the relative luminance of `rrggbb` as WCAG defines it, 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def mix(a: str, b: str, share: float) -> str:
    """Return *a* with *share* of *b* in it."""
    parts = (round(int(a[i : i + 2], 16) * (1 - share) + int(b[i : i + 2], 16) * share) for i in (0, 2, 4))
    return "".join(f"{part:02x}" for part in parts)


def readable(colour: str, ground: str) -> str:
    """Move *colour* towards black or white, in steps of 5 %, until text in it reads on *ground*."""
    towards = "000000" if luminance(ground) > 0.18 else "ffffff"
    steps = (mix(colour, towards, step / 20) for step in range(21))
    return next(one for one in steps if contrast(one, ground) >= _TEXT)


@lru_cache(maxsize=256)
def accent_css(accent: str) -> str:
    """Return the tokens that *accent* (`rrggbb`) replaces, for both themes."""
    # Of pure black and white one always reaches 4.58:1; a softer black would not on some middle tones.
    ink = max(("000000", "ffffff"), key=lambda one: contrast(one, accent))
    hover = mix(accent, "ffffff" if ink == "000000" else "000000", 0.12)  # away from its text: contrast only grows
    shared = f"--accent:#{accent};--accent-hover:#{hover};--accent-on:#{ink};"
    light, dark = readable(accent, _LIGHT_GROUND), readable(accent, _DARK_GROUND)
    in_light = f"{shared}--accent-ink:#{light};--focus:#{light};--accent-soft:#{mix(_LIGHT_GROUND, accent, 0.12)}"
    in_dark = f"{shared}--accent-ink:#{dark};--focus:#{dark};--accent-soft:#{mix(_DARK_GROUND, accent, 0.14)}"
    return (
        f":root{{{in_light}}}"
        f'@media (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{in_dark}}}}}'
        f':root[data-theme="dark"]{{{in_dark}}}'
    )


async def theme_stylesheet(request: Request) -> Response:
    """`/theme/<rrggbb>.css`: no store is asked, and the answer never changes for a release."""
    accent = request.path_params["accent"].lower()
    if not _HEX.fullmatch(accent):
        return Response(status_code=404)
    headers = {"Cache-Control": f"public, max-age={_DAY_S}"}
    return Response(accent_css(accent), headers=headers, media_type="text/css")
