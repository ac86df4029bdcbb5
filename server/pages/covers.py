"""Covers drawn by us: a gradient, one motif, and the title in type. SVG with presentation attributes only (the policy bars style)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 1600, 900
LINES_MAX, LINE_CHARACTERS = 4, 18
# name → ground from, ground to, motif, lit part, type. Type on the darker end of the ground has at least 7:1.
PALETTES = {
    "ember": ("#2b0f0a", "#7a2312", "#e2682f", "#ffc36b", "#fff3e0"),
    "dusk": ("#14122b", "#3b2a5e", "#7d5ba6", "#ffb88a", "#f7efff"),
    "meadow": ("#0d1f17", "#1f4a35", "#5f9a62", "#f4d47a", "#f3f8e8"),
    "harbour": ("#07182b", "#14406b", "#3e83b8", "#ffd166", "#eef6ff"),
    "velvet": ("#1d0716", "#561036", "#a8325e", "#ffb3c1", "#fff0f4"),
    "noon": ("#2a1d05", "#7a5a0c", "#d19a1c", "#fff0b8", "#fffbea"),
}


def cover(title: str, spec: Mapping[str, Any], *, key: str, label: str = "") -> Markup:
    """Return the cover as inline SVG; *key* keeps its ids apart from others on the page. Decorative unless *label* names it."""
    ground, ground_to, motif, lit, ink = PALETTES.get(str(spec.get("palette")), PALETTES["ember"])
    draw = _MOTIFS.get(str(spec.get("motif")), _rays)
    shapes = draw(Random(f"{spec.get('seed', 1)}"), motif, lit)
    lines = _wrap(title)
    size = min(150, math.floor(1360 / (0.56 * max(len(line) for line in lines))))
    first = HEIGHT - 90 - (len(lines) - 1) * size * 1.04
    text = "".join(
        f'<tspan x="90" y="{first + number * size * 1.04:.0f}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(
        f'<svg class="cover" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="xMidYMid slice" {role}>'
        f'<defs><linearGradient id="g-{escape(key)}" x1="0" y1="0" x2="1" y2="1"><stop stop-color="{ground_to}"/>'
        f'<stop offset="1" stop-color="{ground}"/></linearGradient>'
        f'<linearGradient id="v-{escape(key)}" x1="0" y1="0" x2="0" y2="1"><stop offset=".25" stop-color="{ground}" stop-opacity="0"/>'
        f'<stop offset="1" stop-color="{ground}" stop-opacity=".92"/></linearGradient></defs>'
        f'<path fill="url(#g-{escape(key)})" d="M0 0h{WIDTH}v{HEIGHT}H0z"/>{shapes}'
        f'<path fill="url(#v-{escape(key)})" d="M0 0h{WIDTH}v{HEIGHT}H0z"/>'
        f'<text fill="{ink}" font-family="Inter, system-ui, sans-serif" font-size="{size}" font-weight="750" '
        f'letter-spacing="-{size * 0.03:.1f}">{text}</text></svg>'
    )


def _wrap(title: str) -> list[str]:
    """Break *title* into at most four lines of about 18 characters; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in title.split():
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= LINE_CHARACTERS or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > LINES_MAX:
        lines = [*lines[: LINES_MAX - 1], lines[LINES_MAX - 1] + " …"]
    return [line if len(line) <= 2 * LINE_CHARACTERS else line[: 2 * LINE_CHARACTERS - 1] + "…" for line in lines]


def _rays(random: Random, motif: str, lit: str) -> str:
    x, y = random.randint(900, 1300), random.randint(120, 320)
    count = random.randint(14, 22)
    rays = []
    for number in range(count):
        turn = 2 * math.pi * (number + random.random() * 0.4) / count
        spread = 0.05 + random.random() * 0.05
        ends = [(x + 1900 * math.cos(turn + side), y + 1900 * math.sin(turn + side)) for side in (-spread, spread)]
        rays.append(f"M{x} {y}L{ends[0][0]:.0f} {ends[0][1]:.0f} {ends[1][0]:.0f} {ends[1][1]:.0f}z")
    radius = random.randint(70, 110)
    return (
        f'<path fill="{motif}" fill-opacity=".38" d="{"".join(rays)}"/>'
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{lit}"/><circle cx="{x}" cy="{y}" r="{radius + 46}" fill="{lit}" fill-opacity=".18"/>'
    )


def _waves(random: Random, motif: str, lit: str) -> str:
    parts, lit_wave = [], random.randint(2, 5)
    for number in range(8):
        y, swing, shift = 90 + number * 92, random.randint(34, 90), random.randint(-300, 0)
        path = f"M{shift} {y}" + "".join(
            f"q200 {-swing if turn % 2 else swing} 400 0" for turn in range(math.ceil((WIDTH - shift) / 400))
        )
        colour, opacity, width = (lit, 0.95, 14) if number == lit_wave else (motif, 0.25 + number * 0.07, 26)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity:.2f}" stroke-linecap="round"/>'
        )
    return "".join(parts)


def _arcs(random: Random, motif: str, lit: str) -> str:
    """Rows of a house seen from the stage, one seat lit."""
    x, y = random.randint(700, 1100), 1010
    parts = []
    for row in range(9):
        radius = 260 + row * 104
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="{motif}" stroke-width="40" '
            f'stroke-opacity="{0.62 - row * 0.05:.2f}" stroke-dasharray="34 14"/>'
        )
    turn, radius = math.radians(random.randint(235, 300)), 260 + random.randint(3, 6) * 104
    parts.append(
        f'<circle cx="{x + radius * math.cos(turn):.0f}" cy="{y + radius * math.sin(turn):.0f}" r="30" fill="{lit}"/>'
    )
    return "".join(parts)


def _grid(random: Random, motif: str, lit: str) -> str:
    """A pitch under floodlights."""
    cells = []
    for column in range(16):
        for row in range(9):
            if random.random() < 0.34:
                opacity = 0.14 + random.random() * 0.4
                cells.append(
                    f'<path fill="{motif}" fill-opacity="{opacity:.2f}" d="M{column * 100} {row * 100}h100v100h-100z"/>'
                )
    x, y = random.randint(9, 14) * 100, random.randint(1, 3) * 100
    return "".join(cells) + f'<path fill="{lit}" d="M{x} {y}h100v100h-100z"/>'


def _dots(random: Random, motif: str, lit: str) -> str:
    dots = [
        f'<circle cx="{random.randint(0, WIDTH)}" cy="{random.randint(0, 640)}" r="{random.randint(10, 84)}" '
        f'fill="{motif}" fill-opacity="{0.12 + random.random() * 0.4:.2f}"/>'
        for _ in range(34)
    ]
    return (
        "".join(dots)
        + f'<circle cx="{random.randint(900, 1400)}" cy="{random.randint(120, 380)}" r="96" fill="{lit}"/>'
    )


_MOTIFS: dict[str, Callable[[Random, str, str], str]] = {
    "rays": _rays,
    "waves": _waves,
    "arcs": _arcs,
    "grid": _grid,
    "dots": _dots,
}
