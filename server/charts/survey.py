"""Read and judge an uploaded plan: the slow part, done in a thread so that nobody else waits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from seatmap.chart.compiled import CompiledChart
from seatmap.chart.findings import Finding, has_errors
from seatmap.chart.model import Chart
from seatmap.chart.publish import number_seats

# Plans being judged at once in one process: each holds up to a few hundred megabytes of a large drawing.
SURVEYS_MAX = 2
_surveys = asyncio.Semaphore(SURVEYS_MAX)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What became of an upload. *chart* is numbered when there are no errors; *stored* is the compressed wire form."""

    format: str | None
    chart: Chart | None
    compiled: CompiledChart | None
    findings: list[Finding]

    @property
    def usable(self) -> bool:
        return self.compiled is not None and not has_errors(self.findings)


async def survey(data: bytes, options: bytes, format: str | None, previous: Chart | None = None) -> Surveyed:
    """Import and validate *data*; *options* is `ImportOptions` as JSON. Seats of *previous* keep their numbers."""
    async with _surveys:
        return await asyncio.to_thread(_survey, data, options, format, previous)


def _survey(data: bytes, options: bytes, format: str | None, previous: Chart | None) -> Surveyed:
    # Shapely and the importers cost some 20 MiB; a process that never sees a plan never loads them.
    import msgspec

    from seatmap.chart.imports import FORMATS, ImportOptions, import_chart
    from seatmap.chart.validate import validate

    known = next((name for name in FORMATS if name == format), None)
    imported = import_chart(data, msgspec.json.decode(options, type=ImportOptions), known)
    if imported.chart is None:
        return Surveyed(imported.format, None, None, imported.findings)
    compiled, findings = validate(imported.chart, previous)
    chart = imported.chart if compiled is None else number_seats(imported.chart, previous)
    return Surveyed(imported.format, chart, compiled, imported.findings + findings)
