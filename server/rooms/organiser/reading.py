"""Read everything the live page shows: the line every time, Postgres and the checkout's health a little less often."""

from __future__ import annotations

import time
from typing import Final

import msgspec
from redis.exceptions import RedisError

from server.faults import Unavailable
from server.rooms.door.reviews import AbuseCounts, abuse
from server.rooms.facts import RoomFacts
from server.rooms.organiser.figures import Business, Checkout, Deed, Flow, RoomFigures, Signal, compose
from server.rooms.organiser.watch import Gone
from server.rooms.plan import room_key
from server.services import Services
from server.sql_blocks import load_blocks
from waitingroom.health import LATENCIES, PAYMENT_ERRORS_MAX, Health
from waitingroom.keys import part_key

SQL = load_blocks(__package__, "organiser.sql")
BUSINESS_EVERY_S: Final = 3.0
TRAIL: Final = 20


class RoomReader:
    """Reads one room again and again."""

    def __init__(self, services: Services, room_id: int) -> None:
        self._services, self._room_id = services, room_id
        self._flow = Flow()
        self._business, self._abuse, self._read_at = Business(), tuple[tuple[str, int], ...](), 0.0

    async def __call__(self) -> RoomFigures:
        """Return the figures of now. Raises `Gone` when there is no such room any more, `Unavailable` when a store is away."""
        facts = await self._services.rooms.find(self._room_id)
        if facts is None:
            raise Gone
        state = await self._services.line.read(room_key(facts))
        if time.monotonic() - self._read_at > BUSINESS_EVERY_S:
            self._business, self._abuse = await read_business(self._services, facts)
            self._read_at = time.monotonic()
        checkout = await read_checkout(self._services, facts)
        flow = () if state is None else self._flow.take(state)
        return compose(facts, state, flow, self._business, checkout, self._abuse, time.time_ns() // 1_000_000)


async def read_business(services: Services, facts: RoomFacts) -> tuple[Business, tuple[tuple[str, int], ...]]:
    """Read what Postgres knows of a room."""
    async with services.database.tenant(facts.org_id) as connection:
        orders = await connection.fetchval(SQL["room_orders"], list(facts.shows), facts.draws_ms)
        rows = await connection.fetch(SQL["room_trail"], f"room:{facts.room_id}", TRAIL)
    trail = tuple(
        Deed(round(row["at"].timestamp() * 1000), row["who"], row["deed"], msgspec.json.decode(row["details"]))
        for row in rows
    )
    counts = await abuse(services, facts.org_id, facts.room_id)
    return Business(orders, counts.contests_open, trail), abuse_rows(counts)


def abuse_rows(counts: AbuseCounts) -> tuple[tuple[str, int], ...]:
    """Return the counts worth a line on the screen, in the order of the door's ladder."""
    names = (
        "price_raised",
        "second_steps",
        "lower_tier",
        "held",
        "rate_limited",
        "trapped",
        "contests_open",
        "overturned",
    )
    return tuple((name, getattr(counts, name)) for name in names)


class PaceNote(msgspec.Struct, frozen=True):
    """What the usher leaves behind with every tick (`workers/usher/board.py:Pace`): what is needed of it here."""

    target: float
    level: float
    verdict: str
    signals: tuple[str, ...]
    health: Health
    seats_left: int | None = None


_decode_pace = msgspec.json.Decoder(PaceNote).decode


async def read_checkout(services: Services, facts: RoomFacts) -> Checkout:
    """Read how the usher sees the checkout. It writes that every tick, and what it wrote is gone when it stands still."""
    key = room_key(facts)
    try:
        text = await services.redis.get(part_key(key, "pace"))
        pace = None if text is None else _decode_pace(text)
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error
    except msgspec.DecodeError:
        pace = None  # of another version of Frontrow
    kept = await services.frames.find(key)
    frame = None if kept is None else kept.frame
    reason, left, sold_out = (None, None, False) if frame is None else (frame.reason, frame.left, frame.sold_out)
    if pace is None:
        return Checkout(signals_of(Health(), ()), None, reason, left, sold_out)
    return Checkout(
        signals=signals_of(pace.health, pace.signals),
        limit_per_min=round(pace.target) if pace.level < 1 else None,
        reason=reason,
        seats_left=pace.seats_left if left is None else left,
        sold_out=sold_out,
    )


def signals_of(health: Health, troubles: tuple[str, ...]) -> tuple[Signal, ...]:
    """Return a line for each signal, in the order a purchase meets them. *troubles* names those in breach."""
    found = [_signal(name, getattr(health, name), LATENCIES[name].ceiling, name in troubles) for name in LATENCIES]
    share = health.payment_errors / health.payments if health.payments else (1.0 if health.provider_down else None)
    return (*found, _signal("payment_error_share", share, PAYMENT_ERRORS_MAX, "payments" in troubles))


def _signal(name: str, value: float | None, limit: float, trouble: bool) -> Signal:
    return Signal(name, value, limit, "trouble" if trouble else "silent" if value is None else "ok")
