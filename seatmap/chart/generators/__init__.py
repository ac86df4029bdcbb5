"""Invented venues with plausible geometry, the same for the same seed; names are neutral on purpose."""

from collections.abc import Callable

from seatmap.chart.generators.arena import generate_arena
from seatmap.chart.generators.festival import generate_festival
from seatmap.chart.generators.stadium import generate_stadium
from seatmap.chart.generators.theatre import generate_theatre
from seatmap.chart.model import Chart

GENERATORS: dict[str, Callable[[int], Chart]] = {
    "theatre": generate_theatre,
    "arena": generate_arena,
    "stadium": generate_stadium,
    "festival": generate_festival,
}

__all__ = ["GENERATORS", "generate_arena", "generate_festival", "generate_stadium", "generate_theatre"]
