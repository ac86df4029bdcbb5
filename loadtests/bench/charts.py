"""Charts: bytes on the wire and time to judge 60,000 seats."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from loadtests.bench.figures import Figure
from seatmap.chart.compiled import CompiledChart
from seatmap.chart.compiler import compile_chart
from seatmap.chart.generators import generate_stadium
from seatmap.chart.model import Chart
from seatmap.chart.validate import validate

ROUNDS = 7


def measure() -> list[Figure]:
    """Measure the generated stadium, and the same one as if drawn by hand."""
    chart = generate_stadium(1)
    compiled = compile_chart(chart)
    assert compiled.seat_count == 60_000
    stored = compiled.dump()
    check, check_cpu = _seconds(lambda: validate(chart)), _seconds(lambda: validate(chart), time.process_time)
    return [
        Figure("chart_kb", len(stored) / 1000, "kB", 50, note="60,000 seats with labels, brotli"),
        Figure("chart_drawn_kb", len(compile_chart(drawn_by_hand(chart)).dump()) / 1000, "kB", 50,
               note="every row a few centimetres off"),
        Figure("chart_check_s", check, "s", 1, note="60,000 seats: structure, compilation, geometry"),
        Figure("chart_check_cpu_s", check_cpu, "s", note="the same, processor time alone"),
        Figure("chart_compile_s", _seconds(lambda: compile_chart(chart)), "s"),
        Figure("chart_load_ms", _seconds(lambda: CompiledChart.load(stored)) * 1000, "ms"),
    ]  # fmt: skip


def drawn_by_hand(chart: Chart) -> Chart:
    """Move the ends of every row by some 3 cm: what no generator and no ruler can compress away."""
    noise = np.random.default_rng(7)
    for row in chart.rows:
        a, b, sagitta = row.curve.arc or (*(row.curve.line or ((0.0, 0.0), (0.0, 0.0))), 0.0)
        off = noise.normal(0, 0.03, 4).tolist()
        row.curve.line = None
        row.curve.arc = ((a[0] + off[0], a[1] + off[1]), (b[0] + off[2], b[1] + off[3]), sagitta)
    return chart


def _seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time *work* a few times and take the best: what else the machine did only ever adds."""
    times = []
    for _ in range(ROUNDS):
        began = clock()
        work()
        times.append(clock() - began)
    return min(times)
