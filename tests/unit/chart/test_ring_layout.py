"""Outlines made for sections of which only the sizes are known."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from seatmap.chart.imports.ring_layout import _bend, _corners


@given(st.floats(3, 60), st.integers(3, 80))
def test_a_gentle_curve_keeps_its_shape(radius: float, count: int) -> None:
    """No point that was dropped is farther than 3 cm from the outline that is left, however slowly it bends."""
    curve = [(radius * math.cos(i / 40), radius * math.sin(i / 40)) for i in range(count)]
    kept = _corners(curve)
    assert kept[0] == curve[0] and kept[-1] == curve[-1]
    places = [curve.index(point) for point in kept]
    for start, end in itertools.pairwise(places):
        assert all(_bend(curve[start], curve[at], curve[end]) < 0.03 for at in range(start + 1, end))
