"""Charts in Postgres: revisions, their drawings and what may not be changed any more."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
import numpy as np
from numpy.typing import NDArray

from seatmap.chart.compiled import CompiledChart
from seatmap.chart.model import Chart
from server.database import Database
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "charts.sql")
# Published drawings never change, and everybody wants the same few at an on-sale.
WIRES_KEPT = 32


@dataclass(frozen=True, slots=True)
class Head:
    """The newest revision of a chart."""

    chart_id: int
    rev: int
    venue_id: int | None
    name: str
    chart: Chart | None
    compiled: CompiledChart


class PostgresCharts:
    """Reads of one process; published drawings are remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wires: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    async def published(self, chart_id: int, rev: int) -> bytes | None:
        """Return the compressed drawing of a chart that a published event uses."""
        known = self._wires.get((chart_id, rev))
        if known is not None:
            self._wires.move_to_end((chart_id, rev))
            return known
        async with self._database.installation() as connection:
            wire: bytes | None = await connection.fetchval(SQL["published_chart"], chart_id, rev)
        if wire is not None:
            self._wires[chart_id, rev] = wire
            while len(self._wires) > WIRES_KEPT:
                self._wires.popitem(last=False)
        return wire

    async def own(self, org_id: int, chart_id: int, rev: int) -> bytes | None:
        """Return the compressed drawing of an organisation's own chart, published or not."""
        async with self._database.tenant(org_id) as connection:
            wire: bytes | None = await connection.fetchval(SQL["chart_wire"], chart_id, rev)
        return wire

    async def source(self, org_id: int, chart_id: int, rev: int) -> tuple[Chart | None, CompiledChart] | None:
        """Return what was drawn (None for charts stored compiled only) and what was compiled from it."""
        async with self._database.tenant(org_id) as connection:
            row = await connection.fetchrow(SQL["chart_source"], chart_id, rev)
        if row is None:
            return None
        return _chart(row["authoring"]), CompiledChart.load(row["wire"])

    async def page(self, org_id: int, before: int, limit: int) -> list[asyncpg.Record]:
        """List the newest revisions of charts with a number below *before*."""
        async with self._database.tenant(org_id) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(SQL["charts"], before, limit)
        return rows

    async def revision(self, org_id: int, chart_id: int, rev: int) -> asyncpg.Record | None:
        """Return the facts of one revision."""
        async with self._database.tenant(org_id) as connection:
            row: asyncpg.Record | None = await connection.fetchrow(SQL["chart_revision"], chart_id, rev)
        return row


async def head(connection: asyncpg.Connection[Any], chart_id: int) -> Head | None:
    """Read the newest revision, and keep others from publishing the next one until the transaction ends."""
    await connection.execute(SQL["lock_chart"], chart_id)
    row = await connection.fetchrow(SQL["chart_head"], chart_id)
    if row is None:
        return None
    compiled = CompiledChart.load(row["wire"])
    return Head(row["id"], row["rev"], row["venue_id"], row["name"], _chart(row["authoring"]), compiled)


async def taken(connection: asyncpg.Connection[Any], chart_id: int, seats: int) -> NDArray[np.bool_]:
    """Mark the seats somebody has a live ticket for, in any show on this chart."""
    mask = np.zeros(seats, dtype=bool)
    for row in await connection.fetch(SQL["seats_of_tickets"], chart_id):
        mask[row["k"]] = True
    return mask


def _chart(authoring: str | None) -> Chart | None:
    return None if authoring is None else msgspec.json.decode(authoring, type=Chart)
