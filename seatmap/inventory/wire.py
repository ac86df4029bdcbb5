"""Translate between the inventory's values and the bytes the Lua functions read and write (docs/keys.md)."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.msgpack import Decoder

from seatmap.inventory.model import (
    AreaLine,
    Cause,
    Change,
    Hold,
    HoldState,
    Position,
    PriceList,
    Refused,
    SeatLine,
    Sold,
)

encode = msgspec.msgpack.Encoder().encode


class ShowConfig(msgspec.Struct):
    """The `config` key. Durations in milliseconds, truths as 0 and 1; *quotas* and *areas* are how many there are."""

    seats: int
    areas: int
    quotas: int
    epoch: int
    opens_at_ms: int
    closes_at_ms: int
    paused: int
    pass_required: int
    order_max: int
    visitor_max: int
    ttl_ms: int
    extension_ms: int
    life_max_ms: int
    retry_ms: int
    price_version: int
    clock_ms: int


class HoldRecord(msgspec.Struct, array_like=True):
    """A hold as stored: *seats* flat triples k, type, price version; *areas* flat quadruples with quantity third."""

    hold_id: str
    started_at_ms: int
    expires_at_ms: int
    extended: int
    order_id: str
    paying_until_ms: int
    seats: list[int]
    areas: list[int]


class OrderRecord(msgspec.Struct, array_like=True):
    """A sale as stored: *seats* flat pairs k, type; *areas* flat triples a, type, quantity."""

    visitor: str
    seats: list[int]
    areas: list[int]


class RefusalRecord(msgspec.Struct, array_like=True):
    """The body of a refusal; *limit* -1 stands for none."""

    seats: list[int]
    areas: list[int]
    limit: int


class FeedRecord(msgspec.Struct, array_like=True):
    """The feed's `c` field. The first three values are public: state, its seats, flat pairs area, remaining."""

    state: int
    seats: list[int]
    areas: list[int]
    cause: Cause
    visitor: str
    hold_id: str
    order_id: str


_hold = Decoder(HoldRecord)
_order = Decoder(OrderRecord)
_refusal = Decoder(RefusalRecord)
_feed = Decoder(FeedRecord)
config = Decoder(ShowConfig)
_prices = msgspec.json.Decoder(dict[int, dict[int, int]])


def values(lines: Iterable[Sequence[int]]) -> list[int]:
    """Lay lines out as one flat list."""
    return [value for line in lines for value in line]


def flat(lines: Iterable[Sequence[int]]) -> bytes:
    """Encode lines as one flat list."""
    return encode(values(lines))


def by(width: int, values: list[int]) -> tuple[tuple[Any, ...], ...]:
    """Cut a flat list into lines of *width*."""
    return tuple(zip(*[iter(values)] * width, strict=True))


def read_reply(reply: bytes) -> tuple[str, Position | None, bytes]:
    """Split `code \\n position \\n body`."""
    code, position, body = reply.split(b"\n", 2)
    return code.decode(), read_position(position) if position else None, body


def read_position(entry_id: bytes) -> Position:
    """Read a feed entry's id."""
    epoch, _, seq = entry_id.partition(b"-")
    return Position(int(epoch), int(seq))


def read_refusal(code: str, body: bytes) -> Refused:
    """Read a refusal's body."""
    record = _refusal.decode(body)
    return Refused(code, tuple(record.seats), tuple(record.areas), None if record.limit < 0 else record.limit)


def read_hold(body: bytes) -> Hold:
    """Read a hold."""
    record = _hold.decode(body)
    return Hold(
        hold_id=record.hold_id,
        visitor=record.hold_id.rpartition(".")[0],
        started_at_ms=record.started_at_ms,
        expires_at_ms=record.expires_at_ms,
        extended=bool(record.extended),
        state=HoldState.PAYING if record.order_id else HoldState.ACTIVE,
        order_id=int(record.order_id) if record.order_id else None,
        paying_until_ms=record.paying_until_ms,
        seats=tuple(map(SeatLine._make, by(3, record.seats))),
        areas=tuple(map(AreaLine._make, by(4, record.areas))),
    )


def hold_record(hold: Hold) -> HoldRecord:
    """Write a hold."""
    return HoldRecord(
        hold_id=hold.hold_id,
        started_at_ms=hold.started_at_ms,
        expires_at_ms=hold.expires_at_ms,
        extended=int(hold.extended),
        order_id="" if hold.order_id is None else str(hold.order_id),
        paying_until_ms=hold.paying_until_ms,
        seats=values(hold.seats),
        areas=values(hold.areas),
    )


def read_order(order_id: int, body: bytes, position: Position | None) -> Sold:
    """Read a sale."""
    record = _order.decode(body)
    return Sold(order_id, record.visitor, by(2, record.seats), by(3, record.areas), position)


def read_change(entry_id: bytes, fields: list[bytes]) -> Change:
    """Read a feed entry, its fields as Valkey lists them: c, change, h, hold."""
    record, hold = _feed.decode(fields[1]), fields[3]
    return Change(
        position=read_position(entry_id),
        cause=record.cause,
        seats=tuple((k, record.state) for k in record.seats),
        areas=by(2, record.areas),
        visitor=record.visitor or None,
        hold_id=record.hold_id or None,
        order_id=int(record.order_id) if record.order_id else None,
        hold=read_hold(hold) if hold else None,
    )


def write_prices(prices: PriceList) -> str:
    """Write a price list as JSON: the scripts never look inside, people do."""
    return msgspec.json.encode({category: dict(types) for category, types in prices.items()}).decode()


def read_prices(body: bytes) -> PriceList:
    """Read a price list."""
    return _prices.decode(body)
