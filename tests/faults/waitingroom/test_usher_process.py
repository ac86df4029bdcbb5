"""The usher as the workers run it: by the wall clock, all rooms at once, handing over when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.rooms.frames import frame_key
from server.rooms.notices import ask_notice
from server.rooms.plan import room_key
from tests.integration.installation import Installation
from tests.integration.rooms.hall import Hall, now_ms, paying_installation
from waitingroom.frame import LineFrame, decode_frame
from waitingroom.keys import part_key
from waitingroom.model import Joined
from workers.usher.board import decode_pace
from workers.usher.usher import Usher, ushering

DEADLINE_S = 20.0


@pytest.fixture
async def server(database_url: str, valkey_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Installation]:
    """A server on an empty database and an empty store, and a payment provider that answers."""
    async with paying_installation(database_url, valkey_url, tmp_path) as running:
        yield running


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it happened."""
    async with asyncio.timeout(DEADLINE_S):
        while not await happened():
            await asyncio.sleep(0.02)


async def test_a_room_opens_calls_and_writes_letters_by_itself(hall: Hall, tmp_path: Path) -> None:
    """Nobody touches it: the draw comes at its second, people are called, who asked gets a letter, and frames tell of it."""
    services = hall.server.services
    facts = await hall.room(opens_lobby_ms=now_ms() - 60_000, draws_ms=now_ms() + 1_000)
    key = room_key(facts)
    for number in range(30):
        joined = await services.line.join(key, (number + 1).to_bytes(8, "big"), 4)
        assert isinstance(joined, Joined)
    await ask_notice(hall.desk, facts, 7, "fan@example.org", "de")

    async def shown() -> LineFrame | None:
        raw = await services.redis.get(frame_key(key))
        return None if raw is None else decode_frame(raw)

    async def called() -> bool:
        frame = await shown()
        return frame is not None and frame.phase == "open" and frame.served > 0

    async def written() -> bool:
        return any(
            b"fan@example.org" in path.read_bytes()
            for path in tmp_path.rglob("*")
            if path.is_file() and "mail" in str(path)
        )

    async with ushering(services):
        await eventually(called)
        await eventually(written)
        pace = decode_pace(await services.redis.get(part_key(key, "pace")))
        assert pace.target > 0 and pace.seats_left
    state = await services.line.read(key)
    assert state is not None
    successor = Usher(services, "successor")
    assert await services.line.lead(key, "successor", 1_000) is not None, (
        "who stops resigns: nobody waits for the lease"
    )
    await successor.close()


async def test_a_room_in_trouble_holds_up_no_other(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """One room's step breaks in every tick; the other is led, drawn and told of as ever."""
    services = hall.server.services
    whole = await hall.room(draws_ms=now_ms() + 3_600_000)
    broken = await hall.room(slug="broken", shows=(), rehearsal_of=whole.room_id)
    usher = Usher(services, "one")
    await usher.tick(0.0)

    async def fail() -> None:
        raise RuntimeError("a defect of this room")

    monkeypatch.setattr(usher._ushers[broken.room_id], "step", fail)
    before = await services.redis.get(frame_key(room_key(whole)))
    joined = await services.line.join(room_key(whole), bytes(7) + b"\1", 4)
    assert isinstance(joined, Joined)
    await usher.tick(1.0)
    after = await services.redis.get(frame_key(room_key(whole)))
    assert before is not None and after is not None
    assert decode_frame(after).waiting == decode_frame(before).waiting + 1
    await usher.close()
