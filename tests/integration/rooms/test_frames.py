"""Telling where the line is over HTTP: the file that any cache may keep, and the event stream."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from redis.asyncio import Redis

from server.rooms import event_stream
from server.rooms.facts import RoomFacts
from server.rooms.frames import Frames, frame_key
from server.rooms.plan import room_key
from server.streaming_server import StreamingServer
from tests.integration.rooms.hall import HOUR_MS, Hall, now_ms
from waitingroom.frame import FRAMES_CHANNEL, LineFrame, encode_frame

WAIT_S = 8.0


class Usher:
    """Says where the line of a room is, as the real one does."""

    def __init__(self, redis: Redis, facts: RoomFacts) -> None:
        self.redis, self.key = redis, room_key(facts)
        self.frame = LineFrame(
            room=facts.room_id,
            epoch=facts.epoch,
            tick=0,
            now_ms=now_ms(),
            phase="open",
            next=50_000,
            rate=(9.0, 10.0, 11.0),
        )

    async def say(self, *, store: bool = True, publish: bool = True, **change: Any) -> LineFrame:
        self.frame = msgspec.structs.replace(self.frame, tick=self.frame.tick + 1, now_ms=now_ms(), **change)
        raw = encode_frame(self.frame)
        if store:
            await self.redis.set(frame_key(self.key), raw)
        if publish:
            await self.redis.publish(FRAMES_CHANNEL, raw)
        return self.frame


@pytest.fixture
async def facts(hall: Hall) -> RoomFacts:
    return await hall.room()


@pytest.fixture
async def usher(redis: Redis, facts: RoomFacts) -> Usher:
    usher = Usher(redis, facts)
    await usher.say()
    return usher


def path(facts: RoomFacts) -> str:
    return f"/api/v1/rooms/{facts.room_id}/state.json"


async def test_the_file_is_the_frame_and_any_cache_may_keep_it(hall: Hall, facts: RoomFacts, usher: Usher) -> None:
    """The bytes are the usher's; no cookie is set and the answer differs for nobody."""
    async with hall.server.client() as guest:
        answer = await guest.get(path(facts))
        assert answer.status_code == 200
        assert answer.content == encode_frame(usher.frame)
        assert "public" in answer.headers["cache-control"]
        assert "max-age=1" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
        assert "cookie" not in answer.headers.get("vary", "").lower()
        visitor = await hall.visitor(facts)
        same = await visitor.client.get(path(facts))
        assert (same.content, "set-cookie" in same.headers) == (answer.content, False)


async def test_an_unchanged_file_is_not_sent_again(hall: Hall, facts: RoomFacts, usher: Usher) -> None:
    """The ETag names the frame; the next frame has another."""
    async with hall.server.client() as guest:
        first = await guest.get(path(facts))
        again = await guest.get(path(facts), headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        said = await usher.say()
        await _until_told(guest, facts, said)
        assert (await guest.get(path(facts), headers={"If-None-Match": first.headers["etag"]})).status_code == 200


async def test_t55_a_status_costs_the_store_nothing(hall: Hall, facts: RoomFacts, usher: Usher, redis: Redis) -> None:
    """T55: a thousand people ask where the line is, and the store hears of none of them."""
    async with hall.server.client() as guest:
        await guest.get(path(facts))
        before = await _commands(redis)
        for _ in range(1000):
            assert (await guest.get(path(facts))).status_code == 200
        after = await _commands(redis)
    spent = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    # What the process does by itself, once in a while, however many ask.
    assert sum(count for name, count in spent.items() if name != "info") < 20, spent


async def test_t47_a_reset_leaves_no_stale_frame(hall: Hall, facts: RoomFacts, usher: Usher) -> None:
    """T47: the first frame of a new epoch replaces the last of the old one, and a late one of the old does not come back."""
    old = await usher.say(served=40_000)
    async with hall.server.client() as guest:
        await _until_told(guest, facts, old)
        usher.frame = msgspec.structs.replace(usher.frame, tick=0)
        new = await usher.say(epoch=facts.epoch + 1, served=0, next=0)
        await _until_told(guest, facts, new)
        await usher.redis.publish(FRAMES_CHANNEL, encode_frame(old))
        last = await usher.say()
        await _until_told(guest, facts, last)
        assert (await guest.get(path(facts))).json()["epoch"] == facts.epoch + 1


async def test_a_room_nobody_has_heard_of(hall: Hall, facts: RoomFacts) -> None:
    """Unknown numbers and nonsense are one refusal."""
    async with hall.server.client() as guest:
        for number in ("999999", "0", "x", "99999999999999999999", "-1", "٣"):
            answer = await guest.get(f"/api/v1/rooms/{number}/state.json")
            assert (answer.status_code, answer.json()["code"]) == (404, "room_unknown")


async def test_before_the_usher_the_facts_speak(hall: Hall) -> None:
    """A room whose lobby is still to open says when it does."""
    opens = now_ms() + HOUR_MS
    facts = await hall.room(opens_lobby_ms=opens, draws_ms=opens + HOUR_MS)
    async with hall.server.client() as guest:
        told = (await guest.get(path(facts))).json()
    assert (told["phase"], told["opens_ms"]) == ("planned", opens)


async def test_a_room_without_an_usher_is_unavailable(hall: Hall, facts: RoomFacts) -> None:
    """A lobby that should be open and has no frame is a fault with a time to come back, not a wrong answer."""
    async with hall.server.client() as guest:
        answer = await guest.get(path(facts))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_who_comes_before_the_first_frame_waits_for_it(hall: Hall, redis: Redis, facts: RoomFacts) -> None:
    """A lobby that opens as its room is made is shown as soon as the usher has looked, not refused until then."""
    async with hall.server.client() as guest:
        asked = asyncio.create_task(guest.get(path(facts)))
        await _until(lambda: facts.room_id in hall.server.services.frames._news)  # somebody waits
        usher = Usher(redis, facts)
        said = await usher.say()
        answer = await asked
    assert (answer.status_code, answer.content) == (200, encode_frame(said))


async def test_a_process_that_starts_late_reads_the_stored_frame(redis: Redis, facts: RoomFacts, usher: Usher) -> None:
    """It needs no tick to know where the line is; one command for all who ask."""
    frames = Frames(redis)
    before = await _commands(redis)
    found = await asyncio.gather(*(frames.find(room_key(facts)) for _ in range(50)))
    after = await _commands(redis)
    assert {kept.frame.tick if kept is not None else None for kept in found} == {usher.frame.tick}
    assert after["get"] - before.get("get", 0) == 1


async def test_what_was_said_during_a_break_is_read_afterwards(redis: Redis, facts: RoomFacts, usher: Usher) -> None:
    """A listener whose connection broke reads the stored frame when it is back, without waiting for the next tick."""
    frames = Frames(redis)
    await frames.open()
    await frames.find(room_key(facts))
    await _until(lambda: frames.connected)
    await redis.client_kill_filter(_type="pubsub")
    said = await usher.say(publish=False)
    await _until(lambda: (kept := frames.latest(facts.room_id)) is not None and kept.frame == said)
    await frames.close()


async def test_what_is_no_frame_is_ignored(redis: Redis, facts: RoomFacts, usher: Usher) -> None:
    """Whatever somebody publishes by mistake, the last frame stands and the next one is heard."""
    frames = Frames(redis)
    await frames.open()
    await _until(lambda: frames.connected)
    for junk in (b"", b"{", b"[]", b'{"t":"line"}', b"\xff" * 100):
        await redis.publish(FRAMES_CHANNEL, junk)
    said = await usher.say()
    await _until(lambda: (kept := frames.latest(facts.room_id)) is not None and kept.frame == said)
    await frames.close()


async def test_the_stream_begins_with_the_newest_frame_and_follows(hall: Hall, facts: RoomFacts, usher: Usher) -> None:
    """The first event is there at once; near the front every tick follows, far away only news."""
    async with (
        served(hall) as address,
        httpx.AsyncClient(timeout=WAIT_S) as http,
        _stream(http, address, facts, position=0) as near,
        _stream(http, address, facts, position=40_000) as far,
    ):
        assert await near.frame() == await far.frame() == usher.frame
        for _ in range(3):
            said = await usher.say()
            assert await near.frame() == said
        news = await usher.say(sold_out=True)
        assert await near.frame() == news
        assert await far.frame() == news


async def test_a_stream_calls_who_is_called(hall: Hall, facts: RoomFacts, usher: Usher) -> None:
    """The frame that passes the reader's place comes at once, however far away they were told they are."""
    async with (
        served(hall) as address,
        httpx.AsyncClient(timeout=WAIT_S) as http,
        _stream(http, address, facts, position=40_000) as far,
    ):
        await far.frame()
        await usher.say(served=30_000)
        called = await usher.say(served=40_001)
        assert await far.frame() == called


async def test_readers_come_back_spread(hall: Hall, facts: RoomFacts, usher: Usher) -> None:
    """Each stream names a delay of its own for the day it breaks."""
    delays = set()
    async with served(hall) as address, httpx.AsyncClient(timeout=WAIT_S) as http:
        for _ in range(12):
            async with _stream(http, address, facts) as stream:
                await stream.frame()
                delays.add(stream.retry_ms)
    assert len(delays) > 8
    low, high = event_stream.RECONNECT_MS
    assert high - low >= 15_000
    assert all(low <= delay <= high for delay in delays)


async def test_streams_are_counted(hall: Hall, facts: RoomFacts, usher: Usher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a reader is sent to the file; whoever leaves makes room."""
    monkeypatch.setattr(event_stream, "STREAMS_MAX", 1)
    async with served(hall) as address, httpx.AsyncClient(timeout=WAIT_S) as http:
        url = f"{address}/api/v1/rooms/{facts.room_id}/events"
        async with _stream(http, address, facts) as first:
            await first.frame()
            assert (await http.get(url)).status_code == 503

        async def again() -> bool:
            async with http.stream("GET", url) as answer:
                return answer.status_code == 200

        await _until(again)


class Reader:
    """One reader of an event stream."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.headers["content-type"].startswith("text/event-stream")
        self._lines = answer.aiter_lines()
        self.retry_ms = 0

    async def frame(self) -> LineFrame:
        """Return the next frame."""
        async for line in self._lines:
            if line.startswith("retry: "):
                self.retry_ms = int(line.removeprefix("retry: "))
            if line.startswith("data: "):
                return msgspec.json.decode(line.removeprefix("data: "), type=LineFrame)
        raise AssertionError("the stream has ended")


@asynccontextmanager
async def _stream(
    http: httpx.AsyncClient, address: str, facts: RoomFacts, position: int | None = None
) -> AsyncIterator[Reader]:
    query = "" if position is None else f"?position={position}"
    async with http.stream("GET", f"{address}/api/v1/rooms/{facts.room_id}/events{query}") as answer:
        yield Reader(answer)


@asynccontextmanager
async def served(hall: Hall) -> AsyncIterator[str]:
    """Serve the application on a free port: a stream needs a real connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(hall.server.app, log_config=None, lifespan="off", ws="none")
    server = StreamingServer(config, hall.server.app.state.streams)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 5)


async def _until_told(guest: httpx.AsyncClient, facts: RoomFacts, frame: LineFrame) -> None:
    async def told() -> bool:
        found = (await guest.get(path(facts))).json()
        return (found["epoch"], found["tick"]) == (frame.epoch, frame.tick)

    await _until(told)


async def _until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while True:
        found = condition()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def _commands(redis: Redis) -> dict[str, int]:
    stats = await redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): found["calls"] for name, found in stats.items()}
