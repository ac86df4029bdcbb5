"""A measured figure beside its bound, and the table of them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. *bound* is what it must not exceed (or reach, with *sense* "at least"); None means for the record."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    sense: Literal["at most", "at least"] = "at most"
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value keeps its bound."""
        if self.bound is None:
            return True
        return self.value <= self.bound if self.sense == "at most" else self.value >= self.bound

    def record(self) -> dict[str, Any]:
        """Return the figure as it is written to `var/bench/latest.json`."""
        return asdict(self) | {"holds": self.holds}


def machine() -> dict[str, Any]:
    """Name the machine: figures mean nothing without it."""
    model = "unknown processor"
    memory_kib = 0
    cpuinfo, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    if meminfo.exists():
        memory_kib = int(meminfo.read_text().split(maxsplit=2)[1])
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kib / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as aligned text."""
    rows = [("name", "value", "unit", "bound", "")]
    for figure in figures:
        sign = {"at most": "≤", "at least": "≥"}[figure.sense]
        bound = "" if figure.bound is None else f"{sign} {figure.bound:g}"
        verdict = "" if figure.bound is None else ("holds" if figure.holds else "BROKEN")
        rows.append(
            (
                figure.name,
                f"{figure.value:,.4g}" if figure.value < 1000 else f"{figure.value:,.0f}",
                figure.unit,
                bound,
                verdict,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
