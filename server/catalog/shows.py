"""Add and change shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
from msgspec import UNSET

from seatmap.chart.compiled import CompiledChart
from server.accounts import audit
from server.catalog.desk import SQL, Desk, touch
from server.catalog.facts import ShowFacts
from server.catalog.inputs import NewShow, ShowChange, moment
from server.catalog.sale import follow_phase, open_in_inventory
from server.principal import Principal
from server.refusals import Refusal
from server.sql_blocks import load_blocks

_FACTS = load_blocks(__package__, "facts.sql")
_TIMES = ("starts_at", "doors_at", "ends_at", "sale_opens_at", "sale_closes_at")
_LIMITS = ("hold_s", "extension_s", "per_order_max", "per_visitor_max")


async def add_show(desk: Desk, who: Principal, event_id: int, new: NewShow) -> ShowFacts | Refusal:
    """Add a show to an event, as a draft; its categories are the chart's. A waiting room before the whole event covers it at once.

    Refusals: `event_unknown event_cancelled venue_unknown chart_unknown times_contradict`.
    """
    times = {name: _moment(getattr(new, f"{name}_ms")) for name in _TIMES}
    if _contradict(times):
        return Refusal("times_contradict")
    async with desk.database.tenant(who.org_id) as connection:
        event = await connection.fetchrow(SQL["lock_event"], event_id)
        if event is None:
            return Refusal("event_unknown")
        if event["status"] == "cancelled":
            return Refusal("event_cancelled")
        if not await connection.fetchval(SQL["venue_exists"], new.venue_id):
            return Refusal("venue_unknown", field="/venue_id")
        wire = await connection.fetchval(_FACTS["chart_wire"], new.chart_id, new.chart_rev)
        if wire is None:
            return Refusal("chart_unknown", field="/chart_id")
        show_id: int = await connection.fetchval(
            SQL["insert_show"], event_id, new.venue_id, new.chart_id, new.chart_rev, new.label,
            *(times[name] for name in _TIMES), *(getattr(new, name) for name in _LIMITS),
        )  # fmt: skip
        chart = CompiledChart.load(wire)
        for category, name, color, capacity in categories_of(chart):
            await connection.execute(SQL["insert_category"], show_id, category, name, color, capacity)
        await connection.execute(SQL["cover_by_rooms"], event_id, show_id)
        await touch(connection, event_id)
        await audit.record(connection, who, "show.created", f"show:{show_id}")
    await desk.changed(who.org_id, event_id)
    return await desk.show_of(who.org_id, show_id)


async def change_show(desk: Desk, who: Principal, show_id: int, change: ShowChange) -> ShowFacts | Refusal:
    """Change dates, sale window and limits; a show on sale follows at once. Refusals: `show_unknown times_contradict`."""
    async with desk.database.tenant(who.org_id) as connection:
        await connection.execute(SQL["lock_event_of_show"], show_id)
        row = await connection.fetchrow(SQL["lock_show"], show_id)
        if row is None:
            return Refusal("show_unknown")
        values = _changed(row, change)
        if _contradict(values):
            return Refusal("times_contradict")
        await connection.execute(
            SQL["update_show"], show_id, values["label"], *(values[name] for name in (*_TIMES, *_LIMITS))
        )
        await touch(connection, row["event_id"])
        fields = sorted(name for name in values if values[name] != row[name])
        await audit.record(connection, who, "show.changed", f"show:{show_id}", fields=fields)
    await desk.changed(who.org_id, row["event_id"])
    facts = await desk.show_of(who.org_id, show_id)
    if isinstance(facts, ShowFacts) and facts.show.state != "draft":
        if set(fields) & set(_LIMITS):
            await open_in_inventory(desk, show_id)
        elif set(fields) & {"sale_opens_at", "sale_closes_at"}:
            await follow_phase(desk, facts.event, facts.show)
    return facts


def categories_of(chart: CompiledChart) -> Iterator[tuple[int, str, str, int]]:
    """Yield index, name, colour and capacity of each category: its seats that exist and its standing places."""
    seats = np.bincount(chart.category[~chart.removed], minlength=len(chart.categories))
    for index, category in enumerate(chart.categories):
        places = sum(area.capacity for area in chart.areas if area.category == index)
        yield index, category.name or category.id, category.color.lower(), int(seats[index]) + places


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else moment(at_ms)


def _changed(row: Any, change: ShowChange) -> dict[str, Any]:
    values = {name: row[name] for name in ("label", *_TIMES, *_LIMITS)}
    for name in ("label", *_LIMITS):
        if (value := getattr(change, name)) is not UNSET:
            values[name] = value
    for name in _TIMES:
        if (value := getattr(change, f"{name}_ms")) is not UNSET:
            values[name] = _moment(value)
    return values


def _contradict(times: dict[str, Any]) -> bool:
    doors, starts, ends = times["doors_at"], times["starts_at"], times["ends_at"]
    wrong_order = (doors is not None and doors > starts) or (ends is not None and ends <= starts)
    return bool(wrong_order or times["sale_closes_at"] <= times["sale_opens_at"])
