"""Give seats their permanent numbers, and judge what a new revision changes for those who already hold or own seats."""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from seatmap.chart.compiled import CompiledChart
from seatmap.chart.findings import Finding, error, note
from seatmap.chart.model import Chart, Row, Table
from seatmap.chart.numbering import labels_of
from seatmap.faults import Misuse

Run = tuple[int, int]
# A seat that moves less than this (0.3 of a seat distance) is the same seat redrawn.
REDRAWN_M = 0.15


def drawing_order(chart: Chart) -> Iterator[Row | Table]:
    """Walk rows and tables in drawing order: floor, section, then rows before tables."""
    rank = {floor.id: index for index, floor in enumerate(chart.floors)}
    parts: dict[str, list[Row | Table]] = {section.id: [] for section in chart.sections}
    for row in chart.rows:
        parts[row.section].append(row)
    for table in chart.tables:
        parts[table.section].append(table)
    for section in sorted(chart.sections, key=lambda section: rank[section.floor]):
        yield from parts[section.id]


def number_seats(chart: Chart, previous: Chart | None = None) -> Chart:
    """Fill in `k` for seats that have none; numbers are appended in drawing order and never given twice.

    A seat without a number that *previous* knows, by its foreign id or else by section, row and label, keeps
    its number there. Seats that only *previous* has become tombstones.
    """
    previous = number_seats(previous) if previous is not None else None
    known = _identities(previous) if previous is not None else {}
    used = {k for part in drawing_order(chart) for k in _expand(part.k)}
    gone = set(_expand(chart.tombstones))
    if previous is not None:
        gone |= set(_expand(previous.tombstones))
    fresh = max((*used, *gone, *known.values()), default=-1) + 1
    numbered: dict[str, list[Run]] = {}
    for part in drawing_order(chart):
        if part.k:
            continue
        if not known:
            numbered[part.id] = [(fresh, _seats(part))]
            fresh += _seats(part)
            continue
        ks = []
        for identity in _names(part):
            k = next((known[name] for name in identity if name in known and known[name] not in used), None)
            if k is None:
                k, fresh = fresh, fresh + 1
            used.add(k)
            ks.append(k)
        numbered[part.id] = _runs(ks)
    if previous is not None:
        gone |= {k for part in drawing_order(previous) for k in _expand(part.k)}
    return msgspec.structs.replace(
        chart,
        rows=[msgspec.structs.replace(row, k=numbered[row.id]) if row.id in numbered else row for row in chart.rows],
        tables=[msgspec.structs.replace(t, k=numbered[t.id]) if t.id in numbered else t for t in chart.tables],
        tombstones=_runs(sorted(gone - used)),
    )


class ChangeReport(msgspec.Struct, frozen=True):
    """What a revision does. *level* 0 redrawn, 1 relabelled, 2 seats added or free ones removed, 3 refused.

    The lists are k. *refused* tells that publishing would touch somebody's seat.
    """

    level: int
    findings: list[Finding]
    added: list[int]
    removed: list[int]
    relocated: list[int]
    relabelled: list[int]
    recategorised: list[int]
    reattributed: list[int]

    @property
    def refused(self) -> bool:
        return self.level == 3


def compare(old: CompiledChart, new: CompiledChart, taken: NDArray[np.bool_] | None = None) -> ChangeReport:
    """Judge the step from *old* to *new* by the levels L0-L3.

    *taken* marks, by k, the seats that are sold or held; without it every seat may be. Both are revisions of one chart.
    """
    if taken is None:
        taken = np.ones(old.n, dtype=bool)
    if len(taken) != old.n:
        raise Misuse(f"taken has {len(taken)} entries for {old.n} seats")
    findings = _broken_identity(old, new)
    n = min(old.n, new.n)
    both = ~old.removed[:n] & ~new.removed[:n]
    removed = ~old.removed[:n] & new.removed[:n]
    relocated = both & _relocated(old, new, both)
    names_changed = np.zeros(n, dtype=bool)
    for k in np.flatnonzero(both).tolist():
        names_changed[k] = old.place(k) != new.place(k)
    recategorised = both & (old.category[:n] != new.category[:n])
    reattributed = both & (old.attributes[:n] != new.attributes[:n])
    added = np.flatnonzero(~new.removed[old.n :]) + old.n
    for code, mask, text in (
        ("taken_seat_removed", removed, "are sold or held and would disappear"),
        ("taken_seat_relocated", relocated, "are sold or held and would stand elsewhere"),
        ("taken_seat_recategorised", recategorised, "are sold or held and would change category"),
    ):
        touched = np.flatnonzero(mask & taken[:n])
        if len(touched):
            places = [" ".join(old.place(k)) for k in touched.tolist()]
            findings.append(error(code, f"{len(touched)} seats {text}; move these buyers first.", places))
    swapped = _swapped(old, new, names_changed)
    if len(swapped):
        places = [" ".join(old.place(k)) for k in swapped]
        findings.append(error("seats_renumbered", "These seats would change their permanent number.", places))
    level = _level(
        bool(findings), len(added) or removed.any() or relocated.any(), names_changed | recategorised | reattributed
    )
    if level < 3 and not findings:
        findings.append(note("revision_safe", f"This revision can be published (level L{level})."))
    return ChangeReport(
        level=level,
        findings=findings,
        added=added.tolist(),
        removed=np.flatnonzero(removed).tolist(),
        relocated=np.flatnonzero(relocated).tolist(),
        relabelled=np.flatnonzero(names_changed).tolist(),
        recategorised=np.flatnonzero(recategorised).tolist(),
        reattributed=np.flatnonzero(reattributed).tolist(),
    )


def _level(refused: bool, stock_changed: object, described: NDArray[np.bool_]) -> int:
    if refused:
        return 3
    if stock_changed:
        return 2
    return 1 if described.any() else 0


def _broken_identity(old: CompiledChart, new: CompiledChart) -> list[Finding]:
    findings = []
    if new.n < old.n:
        findings.append(
            error(
                "seats_forgotten",
                f"{old.n} seats were numbered and only {new.n} are left; removed ones stay as tombstones.",
            )
        )
    n = min(old.n, new.n)
    revived = np.flatnonzero(old.removed[:n] & ~new.removed[:n])
    if len(revived):
        findings.append(error("number_reused", "Numbers of removed seats are used again.", map(str, revived.tolist())))
    for word, before, after in (
        ("categories", [c.id for c in old.categories], [c.id for c in new.categories]),
        ("areas", [a.id for a in old.areas], [a.id for a in new.areas]),
    ):
        if after[: len(before)] != before:
            findings.append(
                error(f"{word}_renumbered", f"The {word} must keep their order; append new ones at the end.", before)
            )
    return findings


def _relocated(old: CompiledChart, new: CompiledChart, both: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark seats that moved against the rest; shifting the whole drawing is not a move."""
    n = len(both)
    dx, dy = new.x[:n] - old.x[:n], new.y[:n] - old.y[:n]
    if both.any():
        dx, dy = dx - np.median(dx[both]), dy - np.median(dy[both])
    moved: NDArray[np.bool_] = np.hypot(dx, dy) > REDRAWN_M
    return moved


def _swapped(old: CompiledChart, new: CompiledChart, changed: NDArray[np.bool_]) -> list[int]:
    """List old seats whose printed place now belongs to another number."""
    candidates = np.flatnonzero(changed).tolist()
    if not candidates:
        return []
    owner = {new.place(k): k for k in range(new.n) if not new.removed[k]}
    return [k for k in candidates if owner.get(old.place(k), k) != k]


def _identities(chart: Chart) -> dict[tuple[str, ...], int]:
    known: dict[tuple[str, ...], int] = {}
    for part in drawing_order(chart):
        ks = _expand(part.k)
        for names, k in zip(_names(part), ks, strict=True):
            for name in names:
                known.setdefault(name, k)
    return known


def _names(part: Row | Table) -> Iterator[list[tuple[str, ...]]]:
    """Name each seat of a row the ways it can be found again: foreign id first, then what is printed."""
    if isinstance(part, Row):
        row, labels = part.label, labels_of(part.numbering, part.n)
    else:
        row, labels = part.name, [str(number) for number in range(1, part.seats + 1)]
    for position, label in enumerate(labels):
        printed = ("place", part.section, row, label)
        yield [("key", part.keys[position]), printed] if part.keys and part.keys[position] else [printed]


def _seats(part: Row | Table) -> int:
    return part.n if isinstance(part, Row) else part.seats


def _expand(runs: Iterable[Run]) -> list[int]:
    return [k for start, count in runs for k in range(start, start + count)]


def _runs(ks: Iterable[int]) -> list[Run]:
    """Join consecutive numbers into (start, count)."""
    runs: list[Run] = []
    for k in ks:
        if runs and runs[-1][0] + runs[-1][1] == k:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((k, 1))
    return runs
