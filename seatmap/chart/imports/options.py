"""What a person can decide when a file leaves something open, and what an import answers."""

from typing import Literal

import msgspec

from seatmap.chart.findings import Finding
from seatmap.chart.model import Chart

Format = Literal["chart", "pretix", "roster", "declarative", "svg", "geojson"]
FORMATS: tuple[Format, ...] = ("chart", "pretix", "roster", "declarative", "svg", "geojson")


class ImportOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Answers to the questions that findings ask.

    *suffix_duplicates* renames repeated seat ids ("…-2"); *drop_overlaps* leaves out every seat that lies on an earlier
    one. *zones* says what a pretix zone is. *metres_per_unit* is the drawing's scale. *capacities* (by section name)
    and *capacity_each* lay out seats in outlines that have none; sections named in *standing* become standing areas;
    *floors* puts sections on floors, both by name.
    """

    name: str = ""
    suffix_duplicates: bool = False
    drop_overlaps: bool = False
    zones: Literal["section", "floor"] = "section"
    metres_per_unit: float | None = None
    capacities: dict[str, int] = {}
    capacity_each: int | None = None
    standing: list[str] = []
    floors: dict[str, str] = {}


class Imported(msgspec.Struct):
    """The chart a file describes, as far as it could be understood, and what there is to say about it."""

    chart: Chart | None
    findings: list[Finding]
    format: Format | None = None
