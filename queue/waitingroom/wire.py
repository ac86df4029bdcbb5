"""Translate between the line's values and the bytes the Lua functions read and write (docs/keys.md)."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.msgpack import Decoder

from waitingroom.draw import Positions
from waitingroom.model import LineState, Phase, RoomPlan

encode = msgspec.msgpack.Encoder().encode

TIERS = 8  # a place is stored as index * TIERS + tier: four bytes for a million of them


class PlanRecord(msgspec.Struct):
    """The `plan` key: settings, then what happened to the room. Truths as 0 and 1."""

    opens_lobby_ms: int
    draws_ms: int
    closes_ms: int
    cap: int
    rate_per_min: int
    claim_window_ms: int
    visit_ms: int
    reentries: int
    fail_open: int
    auto_passthrough: int
    capacity_max: int
    shows: list[int]
    phase: str
    paused: int
    passthrough: int
    lobby: int
    drawn: str
    epoch: int
    clock_ms: int


class LineRecord(msgspec.Struct, array_like=True):
    """The `line` key, in the order of lua/shared/room.lua."""

    served: int
    calls: int
    pending: int
    turn_ms: int
    seen_ms: int
    lapsed_to: int
    claims: int
    lapses: int
    leaves: int
    reentries: int
    ended: int
    fence: int
    leader: str
    lead_until_ms: int
    gaps: list[int]


class CopyRecord(msgspec.Struct):
    """What `copy_line` replies: `plan` and `line` as they are stored, ledgers and visits as the store lists them."""

    plan: bytes
    line: bytes
    next: int
    states: bytes
    called: list[bytes]
    admitted: list[bytes]
    visits: list[bytes]
    holders: list[bytes]


plan_record = Decoder(PlanRecord)
line_record = Decoder(LineRecord)
copy_record = Decoder(CopyRecord)


def write_plan(plan: RoomPlan) -> bytes:
    """Write the settings."""
    return encode(
        {
            "opens_lobby_ms": plan.opens_lobby_ms,
            "draws_ms": plan.draws_ms,
            "closes_ms": plan.closes_ms,
            "cap": plan.cap,
            "rate_per_min": plan.rate_per_min,
            "claim_window_ms": plan.claim_window_ms,
            "visit_ms": plan.visit_ms,
            "reentries": plan.reentries,
            "fail_open": int(plan.fail_open),
            "auto_passthrough": int(plan.auto_passthrough),
            "capacity_max": plan.capacity_max,
            "shows": plan.shows,
        }
    )


def read_plan(record: PlanRecord) -> RoomPlan:
    """Read the settings."""
    return RoomPlan(
        opens_lobby_ms=record.opens_lobby_ms,
        draws_ms=record.draws_ms,
        closes_ms=record.closes_ms,
        cap=record.cap,
        rate_per_min=record.rate_per_min,
        claim_window_ms=record.claim_window_ms,
        visit_ms=record.visit_ms,
        reentries=record.reentries,
        fail_open=bool(record.fail_open),
        auto_passthrough=bool(record.auto_passthrough),
        capacity_max=record.capacity_max,
        shows=tuple(record.shows),
    )


def read_state(reply: list[Any]) -> LineState:
    """Read the reply of `read_line`."""
    plan, line = plan_record.decode(reply[0]), line_record.decode(reply[1])
    now_ms, next_index, waiting, visits, called_min, claimed_min = reply[2:]
    return LineState(
        plan=read_plan(plan),
        phase=Phase(plan.phase),
        paused=bool(plan.paused),
        passthrough=bool(plan.passthrough),
        now_ms=now_ms,
        turn_ms=line.turn_ms,
        epoch=plan.epoch,
        lobby=plan.lobby,
        next=next_index,
        served=line.served,
        waiting=waiting,
        pending=line.pending,
        visits=visits,
        called=line.calls,
        claimed=line.claims,
        lapsed=line.lapses,
        left=line.leaves,
        reentered=line.reentries,
        ended=line.ended,
        called_min=called_min,
        claimed_min=claimed_min,
        fence=line.fence,
        leader=line.leader,
        drawn=plan.drawn,
    )


def unpack_states(packed: bytes, count: int) -> npt.NDArray[np.uint8]:
    """Read *count* two-bit states; places the string does not reach are waiting."""
    whole = np.frombuffer(packed.ljust((count + 3) // 4, b"\0"), dtype=np.uint8)
    return np.stack([whole >> shift & 3 for shift in (6, 4, 2, 0)], axis=1).reshape(-1)[:count]


def pack_states(states: npt.NDArray[np.uint8]) -> bytes:
    """Write two-bit states, four to a byte, the first in the highest bits."""
    four = np.zeros((len(states) + 3) // 4 * 4, dtype=np.uint8)
    four[: len(states)] = states
    a, b, c, d = four.reshape(-1, 4).T
    return bytes(a << 6 | b << 4 | c << 2 | d)


def write_positions(positions: Positions) -> bytes:
    """Write positions as four big-endian bytes each."""
    return positions.astype(">u4").tobytes()


def read_positions(packed: bytes) -> Positions:
    """Read positions."""
    return np.frombuffer(packed, dtype=">u4").astype(np.uint32)
