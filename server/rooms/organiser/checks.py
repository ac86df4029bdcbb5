"""Gather the facts of the pre-event checklist from the stores, and put its points into words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from redis.exceptions import RedisError, ResponseError

from server.accounts.roles import ROLES, scopes_of
from server.faults import Unavailable
from server.rooms.facts import RoomFacts
from server.rooms.organiser.checklist import Facts, Point, Verdict, checklist
from server.rooms.organiser.reading import SQL
from server.rooms.plan import room_key
from server.services import Services
from server.vitals import HEALTH_KEY

STEER = "stock:write"
FIRST_WORD_S = 2.0


@dataclass(frozen=True, slots=True)
class WordedPoint:
    """One point of the list, ready to print."""

    key: str
    verdict: Verdict
    text: str


async def points_of(services: Services, facts: RoomFacts, t: Callable[..., str]) -> list[WordedPoint]:
    """Return the checklist of a room, what must be mended first."""
    points = checklist(await facts_of(services, facts))
    return [WordedPoint(point.key, point.verdict, _worded(point, t)) for point in points]


def _worded(point: Point, t: Callable[..., str]) -> str:
    key = f"rooms.check.{point.key}.{point.verdict}"
    return t(key) if point.verdict == "ok" else t(key, **point.facts)


async def facts_of(services: Services, room: RoomFacts) -> Facts:
    """Read what the points are judged by."""
    event = await services.shows.event(event_id=room.event_id)
    shows = [] if event is None else [show for show in event.shows if show.show_id in room.shows]
    steering = [role for role in ROLES if STEER in scopes_of(role)]
    async with services.database.tenant(room.org_id) as connection:
        rehearsed = await connection.fetchval(SQL["last_rehearsal"], f"room:{room.room_id}")
        stewards = await connection.fetchval(SQL["stewards"], steering)
    evicts, free_bytes, health_heard = await _store(services)
    return Facts(
        now=datetime.now(UTC),
        lobby_opens_at=_at(room.opens_lobby_ms),
        draws_at=_at(room.draws_ms),
        closes_at=_at(room.closes_ms),
        sale_opens_at=tuple(show.sale_opens_at for show in shows),
        shows_on_sale=sum(show.state == "on_sale" for show in shows),
        shows_priced=sum(bool(show.prices) for show in shows),
        shows=len(room.shows),
        places=sum(show.capacity for show in shows),
        rate_per_min=room.rate_per_min,
        cap=room.cap,
        identity="email" if "email" in room.identities else room.identities[0],
        mail_is_real=not services.settings.capture_mail,
        capacity_max=room.capacity_max,
        usher_seen_ms=await _usher_seen_ms(services, room),
        store_evicts=evicts,
        store_free_bytes=free_bytes,
        health_heard=health_heard,
        seed_committed=bool(room.commitment),
        rehearsed_at=rehearsed,
        stewards=stewards,
    )


async def _usher_seen_ms(services: Services, room: RoomFacts) -> int | None:
    """Return how old the usher's last frame is, by the store's clock; None when there is none."""
    kept = await services.frames.find(room_key(room))
    if kept is None:
        # A room that was made a moment ago: the usher's first word about it comes within a tick or two.
        try:
            async with asyncio.timeout(FIRST_WORD_S):
                kept = await services.frames.after(room.room_id, None)
        except TimeoutError:
            return None
    state = await services.line.read(room_key(room))
    now_ms = time.time_ns() // 1_000_000 if state is None else state.now_ms
    return max(0, now_ms - kept.frame.now_ms)


async def _store(services: Services) -> tuple[bool, int | None, bool]:
    """Return whether the store evicts, the bytes it has left (None: no limit), and whether anybody reports the checkout's health.

    A hosted store may not say how it is set; then its policy counts as it reports it in INFO, which every one answers.
    """
    try:
        memory = await services.redis.info("memory")
        heard: int = await services.redis.hlen(HEALTH_KEY)  # type: ignore[misc]
    except ResponseError:
        return False, None, False
    except (RedisError, OSError) as error:
        raise Unavailable(f"Valkey does not answer: {error}") from error
    limit = int(memory.get("maxmemory", 0))
    evicts = memory.get("maxmemory_policy", "noeviction") != "noeviction"
    return evicts, None if limit == 0 else max(0, limit - int(memory.get("used_memory", 0))), heard > 0


def _at(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, UTC)
