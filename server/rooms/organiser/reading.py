"""Read everything the live page shows: the line every time, Postgres and the checkout's health a little less often."""

from __future__ import annotations

import time
from typing import Any, Final

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
from waitingroom.health import LATENCIES, PAYMENT_ERRORS_MAX

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


async def read_checkout(services: Services, facts: RoomFacts) -> Checkout:
    """Read how the usher sees the checkout. It writes that every tick, and what it wrote is gone when it stands still."""
    key = room_key(facts)
    try:
        text = await services.redis.get(f"{{e:{key.event_id}}}:r:{key.room_id}:pace")
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error
    kept = await services.frames.find(key)
    frame = None if kept is None else kept.frame
    reason, left, sold_out = (None, None, False) if frame is None else (frame.reason, frame.left, frame.sold_out)
    if text is None:
        return Checkout(signals_of({}, ()), None, reason, left, sold_out)
    pace: dict[str, Any] = msgspec.json.decode(text)
    health = pace.get("health") or {}
    breach = pace.get("breach")
    limit = pace.get("limit")
    return Checkout(
        signals_of(health, (breach,) if isinstance(breach, str) else tuple(breach or ())),
        None if limit is None else round(limit),
        reason,
        health.get("seats_left") if left is None else left,
        sold_out,
    )


def signals_of(health: dict[str, Any], breach: tuple[str, ...]) -> tuple[Signal, ...]:
    """Return a line for each signal, in the order a purchase meets them. *breach* names those in trouble."""
    latencies = [
        Signal(name, health.get(name), LATENCIES[name].ceiling, _state(health.get(name), name in breach))
        for name in LATENCIES
    ]
    share = health.get("payment_error_share")
    if share is None and health.get("payments"):
        share = health.get("payment_errors", 0) / health["payments"]
    trouble = "payments" in breach or "payment_error_share" in breach
    return (*latencies, Signal("payment_error_share", share, PAYMENT_ERRORS_MAX, _state(share, trouble)))


def _state(value: float | None, trouble: bool) -> Any:
    if trouble:
        return "trouble"
    return "silent" if value is None else "ok"
