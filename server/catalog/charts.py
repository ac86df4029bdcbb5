"""Keep charts: a number for each chart, a revision for each published drawing of it."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson

from seatmap.chart.compiled import CompiledChart
from server.catalog.desk import SQL


async def save_chart(
    connection: asyncpg.Connection[Any],
    name: str,
    compiled: CompiledChart,
    *,
    authoring: bytes | None = None,
    findings: list[Any] | None = None,
    venue_id: int | None = None,
    chart_id: int | None = None,
    rev: int = 1,
) -> tuple[int, int]:
    """Store one revision and return (chart, revision). Without *chart_id* it is a new chart.

    *authoring* is the `chart/1` document it was compiled from, *findings* what validation said of it.
    """
    number = chart_id or await connection.fetchval(SQL["next_chart"])
    await connection.execute(
        SQL["insert_chart"], number, rev, venue_id, name, compiled.seat_count,
        None if authoring is None else authoring.decode(), compiled.dump(), orjson.dumps(findings or []).decode(),
    )  # fmt: skip
    return number, rev
