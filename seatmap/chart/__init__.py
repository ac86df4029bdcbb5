"""Charts: the drawing of a venue, compiled so that every seat has a permanent number k.

`Chart` is what organisers edit, `CompiledChart` what everybody else uses. Importing this package brings no shapely;
`seatmap.chart.validate` does.
"""

from seatmap.chart.attributes import Attribute
from seatmap.chart.compiled import CompiledChart, Place
from seatmap.chart.compiler import compile_chart
from seatmap.chart.findings import Finding, has_errors
from seatmap.chart.model import Chart, write_chart
from seatmap.chart.publish import ChangeReport, compare, number_seats

__all__ = [
    "Attribute",
    "ChangeReport",
    "Chart",
    "CompiledChart",
    "Finding",
    "Place",
    "compare",
    "compile_chart",
    "has_errors",
    "number_seats",
    "write_chart",
]
