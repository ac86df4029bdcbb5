"""Every adverse action, kept with its reason and the time it covers, so that it can be told, contested and taken back.

Actions are counted in memory and written once a second: a flood of refusals is one row with a count, and Postgres being away
holds nobody up. What does not fit any more is kept as a count without its subject, never dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal

import asyncpg

from server.database import Database
from server.faults import Fault
from server.logs import logger
from server.rooms.door.metrics import ACTIONS, UNWRITTEN
from server.sql_blocks import load_blocks

SQL = load_blocks(__package__, "door.sql")
Action = Literal["price_raised", "second_step", "tier_lowered", "held", "rate_limited"]
FLUSH_EVERY_S: Final = 1.0
KEPT_MAX: Final = 20_000
ROWS_AT_ONCE: Final = 1_000
PERSONLESS: Final = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """One adverse action. *subject* is `place:<epoch>:<index>` or a digest; *reasons* are the five heaviest, with weights."""

    org_id: int
    room_id: int
    subject: str
    action: Action
    reason: str
    reasons: tuple[str, ...] = ()
    model: str = "none"
    log_odds: float = 0.0
    place_index: int | None = None
    tier_was: int | None = None
    tier_became: int | None = None


@dataclass(slots=True)
class _Count:
    times: int
    first_ms: int
    last_ms: int


class Journal:
    """A process's record of adverse actions on their way to Postgres."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._pending: dict[Deed, _Count] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def note(self, deed: Deed, now_ms: int) -> None:
        """Remember one action."""
        ACTIONS.labels(deed.action, deed.reason).inc()
        self._add(deed, _Count(1, now_ms, now_ms))

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="door.journal")

    async def close(self) -> None:
        """Write what is left, if Postgres is there."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(Fault):
            await self.flush()

    async def flush(self) -> None:
        """Write everything that is pending. Raises `Unavailable`; nothing is lost then."""
        async with self._writing:
            left, self._pending = self._pending, {}
            try:
                for org_id, room_id in {(deed.org_id, deed.room_id) for deed in left}:
                    own = {
                        deed: count for deed, count in left.items() if (deed.org_id, deed.room_id) == (org_id, room_id)
                    }
                    await self._write(org_id, room_id, own)
                    for deed in own:
                        del left[deed]
            finally:
                for deed, count in left.items():
                    self._add(deed, count)
                UNWRITTEN.set(len(self._pending))

    def _add(self, deed: Deed, count: _Count) -> None:
        if deed not in self._pending and len(self._pending) >= KEPT_MAX:
            # Somebody's proof stays only as a count: better than forgetting that it happened.
            deed = replace(
                deed, subject=PERSONLESS, reasons=(), log_odds=0.0, place_index=None, tier_was=None, tier_became=None
            )
        known = self._pending.get(deed)
        if known is None:
            self._pending[deed] = count
        else:
            known.times += count.times
            known.first_ms, known.last_ms = min(known.first_ms, count.first_ms), max(known.last_ms, count.last_ms)

    async def _write(self, org_id: int, room_id: int, pending: dict[Deed, _Count]) -> None:
        rows = [
            (
                deed.room_id, deed.subject, deed.action, deed.reason, list(deed.reasons), deed.model, deed.log_odds,
                deed.place_index, deed.tier_was, deed.tier_became, count.times, _at(count.first_ms), _at(count.last_ms),
            )
            # In one order: another process that counts the same people up would wait for this one while this waits for it.
            for deed, count in sorted(pending.items(), key=lambda item: (item[0].subject, item[0].action, item[0].reason))
        ]  # fmt: skip
        try:
            async with self.database.tenant(org_id) as connection:
                await connection.execute(SQL["keep_room"], room_id)
                for at in range(0, len(rows), ROWS_AT_ONCE):
                    await connection.executemany(SQL["note_action"], rows[at : at + ROWS_AT_ONCE])
        except asyncpg.ForeignKeyViolationError:
            # A rehearsal that was deleted meanwhile: it was nobody real, and its actions go with it.
            logger().info("door.room_gone", room=room_id, actions=len(pending))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                if self._pending:
                    await self.flush()
            except Fault as fault:
                logger().warning("door.unwritten", pending=len(self._pending), reason=str(fault))


def place_subject(epoch: int, index: int) -> str:
    """Name a place as a subject."""
    return f"place:{epoch}:{index}"


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
