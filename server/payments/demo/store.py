"""The demo provider's memory: one SQLite file, written behind in batches.

A request collects its changes in a `Changes` and applies them at once: visible to the next request immediately,
committed together with everything else of this turn of the event loop. Nobody is answered before the commit, so what was
answered survives a kill -9 (the WAL is in the kernel's hands by then). A power cut may cost the last moment: it is a demo,
not a bank.
"""

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import msgspec

from server.payments.demo.records import AnyRecord, Charge, Event, Record, Refund, Transaction

R = TypeVar("R", bound=Record)
# Records kept decoded; a payment touches its handful within seconds and is then read once or twice.
CACHE_RECORDS_MAX = 5_000
CHECKPOINT_EVERY_S = 2.0
# Stripe forgets keys after a day at the earliest.
ANSWER_TTL_S = 24 * 3600

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyRecord).decode


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it went out. *asked* is the hash of the request it belongs to."""

    status: int
    body: bytes
    asked: bytes = b""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint."""

    event: str
    endpoint: str
    number: int
    tries: int
    due_ms: int


@dataclass(slots=True)
class Changes:
    """What one request wants to change. Dropped as a whole when the request is refused."""

    records: dict[str, AnyRecord] = field(default_factory=dict)
    timers: list[tuple[str, str, int]] = field(default_factory=list)


class Store:
    """Records by id, lists by kind or parent, answers by key. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch(mode=0o600)  # signing secrets of webhook endpoints are in it
        self._db = sqlite3.connect(path, isolation_level=None, cached_statements=64)
        self._db.executescript("pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 0;")
        self._db.executescript(files(__package__).joinpath("schema.sql").read_text())
        self._cache: OrderedDict[str, AnyRecord] = OrderedDict()
        self._numbers: dict[str, int] = {}  # of records in the cache
        self._answers: dict[str, Answer] = {}  # of this turn
        self._writes: list[tuple[str, tuple[object, ...]]] = []
        self._committed: asyncio.Future[None] | None = None
        self._unfolded = True
        self._next = int(self._db.execute("select coalesce(max(number), 0) + 1 from objects").fetchone()[0])
        self.on_commit: Callable[[], None] | None = None

    @property
    def next_number(self) -> int:
        """The number the next new record gets."""
        return self._next

    def get(self, object_id: str, kind: type[R]) -> R | None:
        """Find a record of that kind, or None."""
        record = self._cache.get(object_id)
        if record is None:
            row = self._db.execute("select number, body from objects where id = ?", (object_id,)).fetchone()
            if row is None:
                return None
            record = _decode(row[1])
            self._remember(record, row[0])
        else:
            self._cache.move_to_end(object_id)
        return record if isinstance(record, kind) else None

    def apply(self, changes: Changes) -> None:
        """Take over the changes of a request, all of them."""
        for record in changes.records.values():
            number = self._numbers.get(record.id)
            if number is not None:
                self._write("update objects set body = ? where number = ?", _encode(record), number)
            else:
                number, self._next = self._next, self._next + 1
                kind = str(record.__struct_config__.tag)
                row = (number, record.id, kind, record.created, _parent(record), _encode(record))
                self._write("insert into objects values (?, ?, ?, ?, ?, ?)", *row)
            if isinstance(record, Transaction):
                net = record.amount - record.fee
                self._write(_ADD_BALANCE, record.currency, net)
            self._remember(record, number)
        for timer in changes.timers:
            self._write("insert or replace into timers values (?, ?, ?)", *timer)

    def page(
        self,
        kind: type[R],
        *,
        parent: str | None = None,
        created: dict[str, int] | None = None,
        older_than: str | None = None,
        newer_than: str | None = None,
        limit: int,
    ) -> tuple[list[R], bool]:
        """List records of *kind*, newest first, and say whether there are more. Cursors are ids that exist."""
        self.flush()
        where, values = ["kind = ?"], [kind.__struct_config__.tag]
        if parent is not None:
            where.append("parent = ?")
            values.append(parent)
        for bound, at in (created or {}).items():
            where.append(f"created {_COMPARE[bound]} ?")
            values.append(at)
        for cursor, sign in ((older_than, "<"), (newer_than, ">")):
            if cursor is not None:
                where.append(f"number {sign} (select number from objects where id = ?)")
                values.append(cursor)
        order = "asc" if newer_than is not None else "desc"
        sql = f"select body from objects where {' and '.join(where)} order by number {order} limit ?"
        rows = self._db.execute(sql, (*values, limit + 1)).fetchall()
        records = [_decode(row[0]) for row in rows[:limit]]
        if newer_than is not None:
            records.reverse()
        return [record for record in records if isinstance(record, kind)], len(rows) > limit

    def answer(self, key: str) -> Answer | None:
        """Find what was answered under an idempotency key."""
        if key in self._answers:
            return self._answers[key]
        row = self._db.execute("select status, body, asked from answers where key = ?", (key,)).fetchone()
        return None if row is None else Answer(*row)

    def keep_answer(self, key: str, answer: Answer, now_s: int) -> None:
        """Remember what was answered under an idempotency key."""
        self._answers[key] = answer
        self._write("insert into answers values (?, ?, ?, ?, ?)", key, answer.asked, answer.status, answer.body, now_s)

    def balances(self) -> dict[str, int]:
        """Sum all balance transactions per currency."""
        self.flush()
        return dict(self._db.execute("select currency, net from balances order by currency"))

    def deliveries(self) -> list[Delivery]:
        """List what is still to be delivered, in the order of events."""
        self.flush()
        rows = self._db.execute("select event, endpoint, number, tries, due_ms from deliveries order by number")
        return [Delivery(*row) for row in rows]

    def put_delivery(self, delivery: Delivery) -> None:
        """Remember (or postpone) a delivery."""
        row = (delivery.event, delivery.endpoint, delivery.number, delivery.tries, delivery.due_ms)
        self._write("insert or replace into deliveries values (?, ?, ?, ?, ?)", *row)

    def drop_delivery(self, delivery: Delivery) -> None:
        """Forget a delivery: done, or given up."""
        self._write("delete from deliveries where event = ? and endpoint = ?", delivery.event, delivery.endpoint)

    def timers(self) -> list[tuple[str, str, int]]:
        """List (object, deed, due in ms), soonest first."""
        self.flush()
        return list(self._db.execute("select object, deed, due_ms from timers order by due_ms"))

    def drop_timer(self, object_id: str, deed: str) -> None:
        """Forget a timer: its deed is done."""
        self._write("delete from timers where object = ? and deed = ?", object_id, deed)

    def count_pending(self, event: str) -> int:
        """Count the endpoints an event has not reached yet."""
        self.flush()
        return int(self._db.execute("select count(*) from deliveries where event = ?", (event,)).fetchone()[0])

    def forget(self, object_id: str) -> None:
        """Delete a record for good."""
        self._cache.pop(object_id, None)
        self._numbers.pop(object_id, None)
        self._write("delete from objects where id = ?", object_id)

    async def committed(self) -> None:
        """Wait until everything applied so far is in the file."""
        if self._committed is not None:
            await asyncio.shield(self._committed)

    def flush(self) -> None:
        """Commit what is waiting."""
        if not self._writes:
            return
        writes, self._writes = self._writes, []
        waiting, self._committed = self._committed, None
        self._answers.clear()
        execute = self._db.execute
        try:
            execute("begin")
            for sql, values in writes:
                execute(sql, values)
            execute("commit")
            self._unfolded = True
        except sqlite3.Error as error:
            # The memory is ahead of the file now. There is no honest way on: fail everyone waiting and stop.
            if waiting is not None:
                waiting.set_exception(error)
            raise SystemExit(f"the demo provider cannot write {self._path}: {error}") from error
        if waiting is not None:
            waiting.set_result(None)
        if self.on_commit is not None:
            self.on_commit()

    async def tend(self, now_s: Callable[[], int]) -> None:
        """Fold the WAL into the file beside the loop, and forget old idempotency keys, for ever."""
        forget_at = 0
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY_S)
            if self._unfolded:
                self._unfolded = False
                await asyncio.to_thread(self._checkpoint)
                # Only the writer can start the WAL anew while it writes; nearly nothing is left to fold by now.
                self._db.execute("pragma wal_checkpoint(truncate)")
            if now_s() >= forget_at:
                forget_at = now_s() + 3600
                self._write("delete from answers where created < ?", now_s() - ANSWER_TTL_S)

    def close(self) -> None:
        """Commit and close."""
        self.flush()
        self._db.close()

    def _checkpoint(self) -> None:
        with sqlite3.connect(self._path) as other:
            other.execute("pragma wal_checkpoint(passive)")
        other.close()

    def _write(self, sql: str, *values: object) -> None:
        self._writes.append((sql, values))
        if self._committed is None:
            loop = asyncio.get_running_loop()
            self._committed = loop.create_future()
            loop.call_soon(self.flush)

    def _remember(self, record: AnyRecord, number: int) -> None:
        self._cache[record.id] = record
        self._numbers[record.id] = number
        while len(self._cache) > CACHE_RECORDS_MAX:
            # Never one that waits to be written: those are among the newest of the turn.
            oldest, _ = self._cache.popitem(last=False)
            del self._numbers[oldest]


_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_ADD_BALANCE = "insert into balances values (?, ?) on conflict (currency) do update set net = net + excluded.net"


def _parent(record: Record) -> str | None:
    if isinstance(record, Charge | Refund):
        return record.intent
    if isinstance(record, Transaction):
        return record.source
    return record.about if isinstance(record, Event) else None
