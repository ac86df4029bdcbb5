"""Make of a room's last copy what is written to the store that lost it. The rule is `rules/rebuilding.py`, its other half `rebuild_line`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from waitingroom import keys, wire
from waitingroom.draw import Positions
from waitingroom.model import IDENTITY_BYTES, LineCopy, Lobby, Phase, PlaceState, RoomPlan

_FRESH: Final = wire.LineRecord(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0, [])


class Made(NamedTuple):
    """*buckets*: the small hashes identity → place, each with its fields and values in turn. *record* is the rest but two strings."""

    buckets: list[tuple[int, list[bytes | int]]]
    states: bytes
    positions: bytes
    record: bytes


def prepare(
    plan: RoomPlan,
    copy: LineCopy | None,
    places: Lobby | None,
    positions: Positions | None,
    *,
    paused: bool,
    passthrough: bool,
) -> Made:
    """Lay out the room as it goes on. Without a copy nobody is known to have a place, and all that may be is skipped."""
    copied = None if copy is None else wire.copy_record.decode(copy.record)
    before = None if copied is None else wire.plan_record.decode(copied.plan)
    line = _FRESH if copied is None else wire.line_record.decode(copied.line)
    count, lobby = (copied.next, before.lobby if before.drawn else 0) if copied and before else (0, 0)
    slots = np.arange(count)
    if lobby:
        assert positions is not None and len(positions) == lobby
        slots[:lobby] = positions
    states = wire.unpack_states(b"" if copied is None else copied.states, count).copy()
    owners = np.zeros(count, dtype=np.uint64)
    known = 0 if places is None else min(count, len(places.identities))
    assert known >= lobby, "a lobby that was drawn is on record"
    if places is not None:
        owners[:known] = places.identities[:known]
    # Nobody has it any more, or nobody knows who: the line goes past it until a token says otherwise.
    states[slots[known:]] = PlaceState.LEFT
    waits_for_nobody = (owners == 0) & (states[slots] == PlaceState.WAITING)
    states[slots[waits_for_nobody]] = PlaceState.LEFT
    held = np.flatnonzero((owners != 0) & (states[slots] != PlaceState.LEFT))
    called = states[: line.served]
    visits = [] if copied is None else _visits(copied, states)
    record = {
        "plan": _settings(plan, before) | {"paused": int(paused), "passthrough": int(passthrough)},
        "line": msgspec.structs.replace(
            line,
            pending=int((called == PlaceState.WAITING).sum()),
            lapses=int((called == PlaceState.LAPSED).sum()),
        ),
        "next": count,
        "skip_from": known,
        "called": [] if copied is None else _rows(copied.called),
        "admitted": [] if copied is None else _rows(copied.admitted),
        "visits": visits,
    }
    buckets = [] if places is None else _buckets(owners[held], held, places.tiers[held])
    written = wire.write_positions(positions) if lobby and positions is not None else b""
    return Made(buckets, wire.pack_states(states), written, wire.encode(record))


def _settings(plan: RoomPlan, before: wire.PlanRecord | None) -> dict[str, object]:
    happened = {"phase": Phase.PLANNED.value, "lobby": 0, "drawn": "", "epoch": 0, "clock_ms": 0}
    if before is not None:
        happened = {name: getattr(before, name) for name in happened}
    settings: dict[str, object] = msgspec.msgpack.decode(wire.write_plan(plan))
    return settings | happened


def _pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _rows(listed: list[bytes]) -> list[object]:
    """Turn the store's row, turn, row, turn … round."""
    return [part for row, turn in _pairs(listed) for part in (int(turn), row.decode())]


def _visits(copied: wire.CopyRecord, states: npt.NDArray[np.uint8]) -> list[object]:
    who = dict(_pairs(copied.holders))
    return [
        part
        for position, ends in _pairs(copied.visits)
        if position in who and states[int(position)] == PlaceState.CLAIMED
        for part in (int(position), int(ends), who[position].decode())
    ]


def _buckets(
    owners: npt.NDArray[np.uint64], indices: npt.NDArray[np.intp], tiers: npt.NDArray[np.uint8]
) -> list[tuple[int, list[bytes | int]]]:
    found: dict[int, list[bytes | int]] = {}
    for identity, place in zip(owners.tolist(), (indices * wire.TIERS + tiers).tolist(), strict=True):
        bucket, field = keys.bucket_of(identity.to_bytes(IDENTITY_BYTES, "big"))
        found.setdefault(bucket, []).extend((field, place))
    return list(found.items())
