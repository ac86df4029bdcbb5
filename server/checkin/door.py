"""The door: judge a scan and write it down, in one transaction per scan.

    answer = await door.scan(org_id, scan, staff_id)

The ticket's row is locked first. Whoever comes second reads what the first wrote, so of any number of scanners that see one
ticket at the same moment one says yes, and the others say when and where that was.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from asyncpg import Connection, Record

from server.checkin.decide import (
    Admit,
    Decision,
    Deny,
    Gate,
    Leave,
    Presence,
    Presented,
    Reason,
    Rule,
    TicketFacts,
    after,
    colour,
    decide,
)
from server.checkin.scan import Scan, ScanAnswer, ScannedTicket, ScanRefused
from server.database import Database
from server.faults import Unavailable
from server.refusals import Refusal
from server.sql_blocks import load_blocks
from server.tickets.code import CodeRefusal, CodeRefused, Kind, parse
from server.tickets.keyring import Keyring
from server.tickets.number import read_number, write_number

_SQL = load_blocks(__package__, "checkin.sql")
KEPT_S = 5.0
SHOWS_MAX = 500


class GateFacts(msgspec.Struct, frozen=True):
    """A gate of the venue; no classes means that everybody may pass."""

    id: int
    name: str
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShowDoor:
    """What a process keeps in mind about a show's door."""

    show: int
    event: int
    gates: Mapping[int, GateFacts]


class Door:
    """Scans and undoes, for one process."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database, self._keyring = database, keyring
        self._doors: dict[tuple[int, int], tuple[float, ShowDoor | None]] = {}

    async def scan(self, org_id: int, scan: Scan, staff_id: int | None) -> ScanAnswer | ScanRefused:
        """Judge *scan* and write it down. The same (device, seq) gets the same answer, however often it comes."""
        door = await self._door(org_id, scan.show, scan.gate)
        if door is None:
            return ScanRefused(scan.device, scan.seq, "show_unknown")
        if scan.gate not in door.gates:
            return ScanRefused(scan.device, scan.seq, "gate_unknown")
        ticket_id, presented = await self._presented(scan.code, door.event)
        async with self._database.tenant(org_id) as connection:
            for _ in range(2):
                found = await connection.fetchrow(_SQL["lock_ticket"], scan.device, scan.seq, scan.show, ticket_id)
                assert found is not None
                if (known := _answered_before(scan, found)) is not None:
                    return known
                answer = await _judge(connection, org_id, scan, staff_id, door, presented, found)
                if answer is not None:
                    return answer
        raise Unavailable("the device used this number for another scan at the same moment")

    async def undo(
        self, org_id: int, scan_id: int, device: int, seq: int, staff_id: int | None
    ) -> ScanAnswer | Refusal:
        """Take back a ticket's last admission or exit. Refusals: scan_unknown, scan_not_undoable, device_unknown, …"""
        async with self._database.tenant(org_id) as connection:
            scan = await connection.fetchrow(_SQL["read_scan"], scan_id)
            if scan is None:
                return Refusal("scan_unknown")
            found = await connection.fetchrow(_SQL["lock_ticket"], device, seq, scan["show_id"], scan["ticket_id"])
            assert found is not None
            if found["device_alive"] is not True:
                return Refusal("device_unknown" if found["device_alive"] is None else "device_revoked")
            if found["stored_id"] is not None:
                same = found["stored_direction"] == "undo" and found["stored_digest"] == scan["code_digest"]
                return (
                    _undone(device, seq, found["stored_id"], found["stored_at"], found, True)
                    if same
                    else Refusal("scan_key_reused")
                )
            if scan["decision"] not in ("admit", "leave") or found["last_scan_id"] != scan_id:
                return Refusal("scan_not_undoable")
            entered = scan["decision"] == "admit"
            entries = found["entries"] - 1 if entered else found["entries"]
            written = await connection.fetchrow(
                _SQL["record_scan"], org_id, device, seq, scan["show_id"], scan["gate_id"], "undo", "lookup",
                scan["ticket_id"], found["generation"], scan["code_digest"], "undo", "",
                found["first_scan_id"] if entries else None, scan_id, staff_id, None, not entered, entries,
            )  # fmt: skip
        if written is None:
            raise Unavailable("the device used this number for another scan at the same moment")
        return _undone(device, seq, written["id"], written["scanned_at"], found, False)

    async def _presented(self, text: str, event: int) -> tuple[int | None, Presented | CodeRefusal]:
        """Read a code or a number: which ticket it claims to be, and whether to believe that."""
        if (number := read_number(text)) is not None:
            return number, Presented(None)
        parsed = parse(text)
        facts = parsed if isinstance(parsed, CodeRefused) else await self._keyring.verify(parsed, event)
        if isinstance(facts, CodeRefused):
            return None, facts.code
        return facts.ticket_id, Presented(facts.generation)

    async def _door(self, org_id: int, show: int, gate: int) -> ShowDoor | None:
        """Recall a show's door, or read it; read it again for a gate that may have been added a moment ago."""
        kept = self._doors.get((org_id, show))
        fresh = kept is not None and kept[0] > time.monotonic()
        if kept is None or not fresh or kept[1] is None or gate not in kept[1].gates:
            async with self._database.tenant(org_id) as connection:
                row = await connection.fetchrow(_SQL["read_door"], show)
            if len(self._doors) >= SHOWS_MAX:
                self._doors.clear()
            kept = self._doors[org_id, show] = (time.monotonic() + KEPT_S, _door_of(row))
        return kept[1]


async def _judge(
    connection: Connection[Any], org_id: int, scan: Scan, staff_id: int | None, door: ShowDoor,
    presented: Presented | CodeRefusal, found: Record,
) -> ScanAnswer | None:  # fmt: skip
    """Decide on a locked ticket and write that down; None when the device's number was taken at the same moment."""
    gate = door.gates[scan.gate]
    now = datetime.now(UTC)
    before = Presence(found["inside"], found["entries"], _ms(found["first_at"]), found["first_gate"])
    decision = decide(
        presented,
        _facts(found),
        before,
        Rule(),
        Gate(scan.show, scan.direction, frozenset(gate.classes)),
        _ms(now) or 0,
    )
    changed = None if isinstance(decision, Deny) else after(before, decision, _ms(now) or 0, gate.name)
    word, reason = _words(decision)
    written = await connection.fetchrow(
        _SQL["record_scan"], org_id, scan.device, scan.seq, scan.show, scan.gate, scan.direction, scan.method,
        found["ticket_id"], presented.generation if isinstance(presented, Presented) else None, _digest(scan.code),
        word, reason, found["first_scan_id"], None, staff_id,
        None if scan.at_ms is None else datetime.fromtimestamp(scan.at_ms / 1000, UTC),
        changed and changed.inside, changed and changed.entries,
    )  # fmt: skip
    if written is None:
        return None
    first = decision if isinstance(decision, Deny) else None
    return ScanAnswer(
        device=scan.device,
        seq=scan.seq,
        scan=written["id"],
        decision=word,
        colour=colour(decision),
        reason=reason,
        at_ms=_ms(written["scanned_at"]) or 0,
        first_ms=None if first is None else first.first_ms,
        first_gate=None if first is None else first.first_gate,
        again=isinstance(decision, Admit) and decision.again,
        ticket=_ticket(found),
    )


def _answered_before(scan: Scan, found: Record) -> ScanAnswer | ScanRefused | None:
    """Refuse a device that is none of ours; repeat the answer this scan got before; None for a new scan."""
    if found["device_alive"] is not True:
        return ScanRefused(
            scan.device, scan.seq, "device_unknown" if found["device_alive"] is None else "device_revoked"
        )
    if found["stored_id"] is None:
        return None
    if found["stored_digest"] != _digest(scan.code) or found["stored_direction"] != scan.direction:
        return ScanRefused(scan.device, scan.seq, "scan_key_reused")
    denied = Deny(Reason(found["stored_reason"])) if found["stored_decision"] == "deny" else Leave()
    shows_first = found["stored_decision"] == "deny" and found["stored_reason"] in _NAMES_FIRST
    return ScanAnswer(
        device=scan.device,
        seq=scan.seq,
        scan=found["stored_id"],
        decision=found["stored_decision"],
        colour=colour(denied),
        reason=found["stored_reason"],
        at_ms=_ms(found["stored_at"]) or 0,
        first_ms=_ms(found["stored_first_at"]) if shows_first else None,
        first_gate=found["stored_first_gate"] if shows_first else None,
        again=found["stored_decision"] == "admit" and found["stored_first_at"] is not None,
        repeated=True,
        ticket=_ticket(found),
    )


_NAMES_FIRST = frozenset({Reason.ALREADY_INSIDE.value, Reason.ALREADY_USED.value})


def _words(decision: Decision) -> tuple[Any, str]:
    match decision:
        case Admit():
            return "admit", ""
        case Leave():
            return "leave", ""
        case Deny(reason):
            return "deny", reason.value


def _undone(device: int, seq: int, scan: int, at: datetime, found: Record, repeated: bool) -> ScanAnswer:
    return ScanAnswer(
        device=device, seq=seq, scan=scan, decision="undo", colour="green", reason="", at_ms=_ms(at) or 0,
        repeated=repeated, ticket=_ticket(found),
    )  # fmt: skip


def _facts(found: Record) -> TicketFacts | None:
    if found["ticket_id"] is None:
        return None
    return TicketFacts(found["show_id"], found["state"], found["generation"], found["category"], Kind.ADMISSION)


def _ticket(found: Record) -> ScannedTicket | None:
    if found["ticket_id"] is None:
        return None
    return ScannedTicket(
        number=write_number(found["ticket_id"]),
        show=found["show_id"],
        category=found["category_name"],
        type=found["type_name"],
        section=found["section"],
        row=found["row_label"],
        seat=found["seat_label"],
        holder=found["holder_name"],
    )


def _door_of(row: Record | None) -> ShowDoor | None:
    if row is None:
        return None
    gates = msgspec.json.decode(row["gates"], type=tuple[GateFacts, ...])
    return ShowDoor(row["id"], row["event_id"], {gate.id: gate for gate in gates})


def _digest(code: str) -> bytes:
    """Tell equal codes from different ones, without keeping what strangers hold up to the camera."""
    return hashlib.blake2b(code.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)
