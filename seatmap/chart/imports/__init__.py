"""Read charts from other systems' files. Every importer answers with a chart, or with findings that say what to do."""

import msgspec

from seatmap.chart.findings import Finding, error
from seatmap.chart.imports.declarative import import_declarative
from seatmap.chart.imports.geojson import import_geojson
from seatmap.chart.imports.options import FORMATS, Format, Imported, ImportOptions
from seatmap.chart.imports.pretix import import_pretix
from seatmap.chart.imports.reading import Refused, read_json, read_text, refuse
from seatmap.chart.imports.roster import import_roster
from seatmap.chart.imports.svg import import_svg
from seatmap.chart.model import Chart, Floor

__all__ = ["FORMATS", "Finding", "Format", "ImportOptions", "Imported", "detect_format", "import_chart"]


def import_chart(data: bytes, options: ImportOptions | None = None, format: Format | None = None) -> Imported:
    """Read a file in any of the known formats; the format is found by looking at the content.

    Never raises for what a file contains. A chart that comes with errors is good enough to look at, not to publish.
    """
    known: Format | None = format
    try:
        text = read_text(data)
        known = known or detect_format(text)
        if known is None:
            message = "This is no known kind of chart: not chart/1, pretix or declarative JSON, CSV, SVG or GeoJSON."
            raise refuse("format_unknown", message)
        imported = IMPORTERS[known](text, options or ImportOptions())
    except Refused as refusal:
        return Imported(None, [refusal.finding], known)
    except RecursionError:
        return Imported(None, [error("file_too_deep", "The file is nested too deeply.")], known)
    if imported.chart is not None and options is not None and options.floors:
        _assign_floors(imported.chart, options.floors)
    return imported


def _assign_floors(chart: Chart, floors: dict[str, str]) -> None:
    """Put sections on floors by their names; floors that lose all sections disappear."""
    ids = {floor.name: floor.id for floor in chart.floors}
    for section in chart.sections:
        name = floors.get(section.name)
        if name is None:
            continue
        if name not in ids:
            ids[name] = f"floor-{len(ids)}"
            chart.floors.append(Floor(id=ids[name], name=name))
        section.floor = ids[name]
        for area in chart.areas:
            area.floor = section.floor if area.section == section.id else area.floor
    used = {place.floor for place in (*chart.sections, *chart.areas)}
    chart.floors = [floor for floor in chart.floors if floor.id in used]


def detect_format(text: str) -> Format | None:
    """Tell the format from the first character and, for JSON, from the keys at the top."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return "svg"
    if start.startswith(("{", "[")):
        top = read_json(text, object)
        if not isinstance(top, dict):
            return None
        if str(top.get("format", "")).startswith("chart/"):
            return "chart"
        if top.get("type") in ("FeatureCollection", "Feature") or "features" in top:
            return "geojson"
        if "zones" in top:
            return "pretix"
        return "declarative" if "sections" in top else None
    first = start.split("\n", 1)[0]
    return "roster" if any(delimiter in first for delimiter in ",;\t|") else None


class _Header(msgspec.Struct):
    format: str = ""


def _import_own(text: str, options: ImportOptions) -> Imported:
    if read_json(text, _Header).format != "chart/1":
        raise refuse("format_unknown", 'A chart of our own says "format": "chart/1".')
    chart = read_json(text, Chart)
    if options.name:
        chart.name = options.name
    return Imported(chart, [], "chart")


IMPORTERS = {
    "chart": _import_own,
    "pretix": import_pretix,
    "roster": import_roster,
    "declarative": import_declarative,
    "svg": import_svg,
    "geojson": import_geojson,
}
