"""Import a list of seats (CSV, one per line) and lay it out: a list says who sits beside whom, but not where."""

import csv
import io
import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass, field

from seatmap.chart.attributes import BITS
from seatmap.chart.findings import Finding, error, note, warning
from seatmap.chart.imports.assembly import Assembly, LooseSeat
from seatmap.chart.imports.options import Imported, ImportOptions
from seatmap.chart.imports.reading import refuse
from seatmap.chart.imports.ring_layout import balance, lay_out, wedge_outline
from seatmap.chart.model import SEAT_PITCH_M, SEATS_MAX, Focal
from seatmap.chart.numbering import letters_value

# What other systems call the columns, lower case, without blanks, dashes and underscores.
COLUMNS: dict[str, tuple[str, ...]] = {
    "section": ("section", "zone", "block", "sector", "area", "stand", "sectionname", "bereich", "區", "区"),
    "row": ("row", "rowname", "rownumber", "rowlabel", "reihe", "rang", "排"),
    "seat": ("seat", "seatnumber", "seatname", "seatlabel", "number", "col", "column", "colnumber", "platz", "座"),
    "position": ("position", "positioncolnumber", "seatposition", "offset", "x"),
    "category": ("category", "pricecategory", "tier", "price", "level", "kategorie"),
    "floor": ("floor", "storey", "etage", "deck"),
    "venue": ("venue", "field", "hall", "stadium", "house"),
    "key": ("guid", "seatguid", "id", "seatid", "key", "externalid"),
    "attributes": ("attributes", "flags", "accessible", "type", "spacetype"),
    "entrance": ("entrance", "gate", "door"),
}
REQUIRED = ("section", "row", "seat")
UPPER_WORDS = ("upper", "balcony", "gallery", "oberrang", "上")
LOWER_WORDS = ("lower", "stalls", "parterre", "unterrang", "下")


@dataclass(slots=True)
class RosterSection:
    name: str
    floor: str
    entrance: str
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def import_roster(text: str, options: ImportOptions) -> Imported:
    """Read a roster; columns are found by their names, in several languages and spellings."""
    lines, columns = _read(text)
    findings: list[Finding] = []
    sections = _group(lines, findings)
    venue = next((line["venue"] for line in lines if line.get("venue")), "")
    assembly = Assembly(options.name or venue or "Roster", venue)
    _arrange(assembly, sections, findings)
    read = [f"{header} is the {name}" for name, header in columns.items()]
    findings.append(
        note(
            "layout_invented",
            "The list has no coordinates, so the drawing was invented: neighbours are right, places are a guess.",
            read,
        )
    )
    return Imported(assembly.finish(), findings, "roster")


def _read(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    first = text.lstrip("\ufeff\r\n ").splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter)
    try:
        header = next(reader)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (csv.Error, StopIteration) as cause:
        raise refuse("csv_broken", f"The list can't be read: {cause}.", f"line {reader.line_num}") from cause
    columns = _columns(header)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        known = "; ".join(f"{name}: {', '.join(COLUMNS[name][:4])}" for name in missing)
        raise refuse(
            "column_missing",
            f"The first line must name the columns. Missing: {known}.",
            *[h.strip()[:40] for h in header],
        )
    if len(rows) > SEATS_MAX:
        raise refuse("too_many_seats", f"The list has {len(rows):,} seats; the most is {SEATS_MAX:,}.")
    if not rows:
        raise refuse("plan_empty", "The list has a header but no seats.")
    lines = []
    for number, row in rows:
        line = {name: row[index].strip() if index < len(row) else "" for name, index in columns.items()}
        lines.append(line | {"line": str(number)})
    return lines, {name: header[index] for name, index in columns.items()}


def _columns(header: list[str]) -> dict[str, int]:
    plain = [re.sub(r"[\s_\-.]", "", cell).casefold() for cell in header]
    found: dict[str, int] = {}
    for name, words in COLUMNS.items():
        for word in words:
            if word in plain and plain.index(word) not in found.values():
                found[name] = plain.index(word)
                break
    return found


def _group(lines: list[dict[str, str]], findings: list[Finding]) -> list[RosterSection]:
    sections: dict[str, RosterSection] = {}
    seen: dict[tuple[str, str, str], str] = {}
    incomplete, repeated = [], []
    for line in lines:
        place = (line["section"], line["row"], line["seat"])
        if not all(place):
            incomplete.append(f"line {line['line']}")
            continue
        if place in seen:
            repeated.append(f"line {line['line']}: {' '.join(place)} (as in line {seen[place]})")
            continue
        seen[place] = line["line"]
        section = sections.setdefault(
            place[0], RosterSection(place[0], line.get("floor", ""), line.get("entrance", ""))
        )
        section.rows.setdefault(place[1], []).append(line)
    if incomplete:
        findings.append(error("line_incomplete", "These lines lack a section, a row or a seat.", incomplete))
    if repeated:
        findings.append(
            error("seat_label_repeated", f"{len(repeated)} lines name a seat for the second time.", repeated)
        )
    if not sections:
        raise refuse("plan_empty", "No line names a section, a row and a seat.")
    return list(sections.values())


def _arrange(assembly: Assembly, sections: list[RosterSection], findings: list[Finding]) -> None:
    shapes = [[_spots(row) for row in _sorted_rows(section)] for section in sections]
    widths = [[(spots[-1] - spots[0]) * SEAT_PITCH_M for _, _, spots in rows] for rows in shapes]
    tiers = _tiers(sections, widths)
    wedges, free = lay_out([[widths[index] for index in tier] for tier in tiers])
    uncategorised = all(
        not line.get("category") for section in sections for row in section.rows.values() for line in row
    )
    if uncategorised:
        findings.append(
            note("category_missing", "The list names no categories; all seats are in one. Paint them later.")
        )
    names = _tier_names(sections, tiers)
    unknown: Counter[str] = Counter()
    for tier, (indices, places) in enumerate(zip(tiers, wedges, strict=True)):
        for index, wedge in zip(indices, places, strict=True):
            section = sections[index]
            floor = assembly.floor(section.floor or names[tier])
            outline = wedge_outline(wedge, widths[index])
            drawn = assembly.section(section.name, floor, outline=outline, entrance=section.entrance)
            for at, (label, lines, spots) in enumerate(shapes[index]):
                middle = (spots[0] + spots[-1]) / 2
                seats = []
                for line, spot in zip(lines, spots, strict=True):
                    x, y = wedge.seat(at, (spot - middle) * SEAT_PITCH_M)
                    category = line.get("category") or "Standard"
                    seats.append(
                        LooseSeat(x, y, line["seat"], category, line.get("key", ""), _attributes(line, unknown))
                    )
                assembly.row(drawn, label, seats)
    if unknown:
        findings.append(
            warning(
                "attribute_unknown", f"Unknown attributes were left out; known are {', '.join(BITS)}.", sorted(unknown)
            )
        )
    bowl = len(tiers[0]) > 1 and free >= 20
    half = (free * 0.6, free * 0.45) if bowl else (6.0, 2.5)
    middle = 0.0 if bowl else free * 0.3
    corners = [
        (-half[0], middle - half[1]),
        (half[0], middle - half[1]),
        (half[0], middle + half[1]),
        (-half[0], middle + half[1]),
    ]
    outline = [(round(x, 1), round(y, 1)) for x, y in corners]
    assembly.chart.focal.append(
        Focal(kind="pitch" if bowl else "stage", name="Field" if bowl else "Stage", outline=outline)
    )


Spots = tuple[str, list[dict[str, str]], list[float]]


def _sorted_rows(section: RosterSection) -> list[tuple[str, list[dict[str, str]]]]:
    return sorted(section.rows.items(), key=lambda item: natural(item[0]))


def _spots(row: tuple[str, list[dict[str, str]]]) -> Spots:
    """Sort the seats of a row and give each its place; a numeric position column keeps gaps, labels alone do not."""
    label, lines = row
    positions = [_number(line.get("position", "")) for line in lines]
    known = [position for position in positions if position is not None]
    if len(known) == len(lines) and len(set(known)) == len(known):
        pairs = sorted(zip(known, lines, strict=True), key=lambda pair: pair[0])
        steps = [b[0] - a[0] for a, b in itertools.pairwise(pairs)]
        unit = min(steps, default=1.0)
        return (
            label,
            [line for _, line in pairs],
            [min(position - pairs[0][0], 500 * unit) / unit for position, _ in pairs],
        )
    lines = sorted(lines, key=lambda line: natural(line["seat"]))
    return label, lines, [float(index) for index in range(len(lines))]


def _tiers(sections: list[RosterSection], widths: list[list[float]]) -> list[list[int]]:
    """Group sections into tiers: by floor if the list names floors, by upper and lower in the names, else by size."""
    floors = list(dict.fromkeys(section.floor for section in sections))
    if len(floors) > 1:
        return [[i for i, s in enumerate(sections) if s.floor == floor] for floor in floors]
    upper = [i for i, s in enumerate(sections) if _has(s.name, UPPER_WORDS)]
    lower = [i for i, s in enumerate(sections) if i not in upper and _has(s.name, LOWER_WORDS)]
    if upper and lower and len(upper) + len(lower) == len(sections):
        return [lower, upper]
    return balance(widths)


def _tier_names(sections: list[RosterSection], tiers: list[list[int]]) -> list[str]:
    if len(tiers) == 1:
        return ["Main"]
    if len(tiers) == 2 and all(_has(sections[i].name, UPPER_WORDS) for i in tiers[1]):
        return ["Lower tier", "Upper tier"]
    return [f"Tier {number + 1}" for number in range(len(tiers))]


def _has(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name.casefold() for word in words)


def _attributes(line: dict[str, str], unknown: Counter[str]) -> list[str]:
    names = []
    for word in re.split(r"[\s,;|]+", line.get("attributes", "").casefold()):
        if word in ("", "seat", "0", "no", "false", "standard", "normal"):
            continue
        name = {
            "1": "wheelchair_space",
            "yes": "wheelchair_space",
            "true": "wheelchair_space",
            "wheelchair": "wheelchair_space",
        }.get(word, word)
        if name in BITS:
            names.append(name)
        else:
            unknown[word] += 1
    return names


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that counts: A before B before AA, 2 before 10."""
    alone = letters_value(text)
    if alone is not None:
        return ((1, alone, ""),)
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part.casefold()) for part in parts)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e6 else None
